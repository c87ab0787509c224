import { AMOUNT_LIMIT } from './candle.ts';
import type { CandleRow } from './candle-series.ts';
import { parseTime, type TimeUnit } from './candle-time.ts';

export const CANDLE_FAULTS = [
  'empty_file',
  'missing_column',
  'repeated_column',
  'column_count',
  'blank_line',
  'not_a_number',
  'not_positive',
  'out_of_range',
  'inconsistent_prices',
  'bad_time',
  'bad_close_time',
  'misaligned_time',
  'conflicting_repeat',
  'unknown_timeframe',
  'timeframe_conflict',
] as const;
export type CandleFaultCode = (typeof CANDLE_FAULTS)[number];

export interface CandleFaultPlace {
  readonly code: CandleFaultCode;
  /** 1 is the file's first line; `null` where the fault is the whole file's. */
  readonly line: number | null;
  /** As in the header, or as Binance's documentation names it, with its 1-based number. */
  readonly column: string | null;
  readonly expected: string;
  readonly found: string;
}

const FOUND_LENGTH = 60;

/** A candle file that cannot be believed: what, where, expected, found. Nothing of it is used. */
export class CandleFileFault extends Error {
  readonly place: CandleFaultPlace;

  constructor(place: CandleFaultPlace) {
    const column = place.column === null ? '' : `, column ${place.column}`;
    const where = place.line === null ? '' : `line ${place.line}${column}: `;
    const found =
      place.found.length > FOUND_LENGTH ? `${place.found.slice(0, FOUND_LENGTH)}…` : place.found;
    super(`${where}expected ${place.expected}, found ${found}`);
    this.name = 'CandleFileFault';
    this.place = { ...place, found };
  }
}

const FIELDS = ['time', 'open', 'high', 'low', 'close', 'volume'] as const;
type Field = (typeof FIELDS)[number];

/** Where each field stands in a row. */
export interface Dialect {
  readonly kind: 'binance_kline' | 'header';
  readonly width: number;
  readonly columns: Readonly<Record<Field, number>>;
  /** Names by place, for messages. */
  readonly names: readonly string[];
  /** Place of the close time where the dialect has one that must agree. */
  readonly closeTime: number | null;
  readonly timeUnits: readonly TimeUnit[];
}

const KLINE_NAMES = [
  'open_time',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'close_time',
  'quote_volume',
  'trades',
  'taker_base',
  'taker_quote',
  'ignore',
];

const KLINE: Dialect = {
  kind: 'binance_kline',
  width: KLINE_NAMES.length,
  columns: { time: 0, open: 1, high: 2, low: 3, close: 4, volume: 5 },
  names: KLINE_NAMES,
  closeTime: 6,
  timeUnits: ['milliseconds', 'microseconds'],
};

/** Header names that mean a field, best first; compared in lower case, spaces and dashes as `_`. */
const ALIASES: Readonly<Record<Field, readonly string[]>> = {
  time: ['open_time', 'opentime', 'open_time_ms', 'timestamp', 'time', 'datetime', 'date', 'unix'],
  open: ['open', 'o', 'open_price'],
  high: ['high', 'h', 'high_price'],
  low: ['low', 'l', 'low_price'],
  close: ['close', 'c', 'close_price'],
  volume: ['volume', 'v', 'vol', 'base_volume'],
};

/** Which dialect a file speaks, from its first line. A row that starts with a number is Binance's
 * kline CSV (12 columns, no header); anything else must be a header. Throws `CandleFileFault`. */
export function detectDialect(firstLine: string): { dialect: Dialect; isHeader: boolean } {
  const cells = splitRow(firstLine);
  if (!/^[-+]?\d/.test(cells[0] ?? '')) return { dialect: headerDialect(cells), isHeader: true };
  if (cells.length === KLINE.width) return { dialect: KLINE, isHeader: false };
  throw new CandleFileFault({
    code: 'missing_column',
    line: 1,
    column: null,
    expected: `a header line, or the ${KLINE.width} columns of a Binance kline`,
    found: `${cells.length} columns without a header`,
  });
}

function headerDialect(cells: readonly string[]): Dialect {
  const names = cells.map((cell) => cell.toLowerCase().replaceAll(/[\s-]+/g, '_'));
  const twice = names.findIndex((name, place) => names.indexOf(name) !== place);
  if (twice >= 0) {
    throw new CandleFileFault({
      code: 'repeated_column',
      line: 1,
      column: columnName(cells, twice),
      expected: 'each column once',
      found: `"${cells[twice]}" twice`,
    });
  }
  const columns = {} as Record<Field, number>;
  for (const field of FIELDS) {
    const alias = ALIASES[field].find((name) => names.includes(name));
    if (alias === undefined) throw missingColumn(field, cells);
    columns[field] = names.indexOf(alias);
  }
  const timeUnits: TimeUnit[] = ['seconds', 'milliseconds', 'microseconds', 'iso8601'];
  return { kind: 'header', width: cells.length, columns, names: cells, closeTime: null, timeUnits };
}

function missingColumn(field: Field, cells: readonly string[]): CandleFileFault {
  return new CandleFileFault({
    code: 'missing_column',
    line: 1,
    column: field,
    expected: `a column named ${ALIASES[field].join(', ')} (comma-separated)`,
    found: cells.join(','),
  });
}

export interface ParsedRow {
  readonly row: CandleRow;
  readonly closeTimeMs: number | null;
  /** A number had more digits than a double or the store carries, and was rounded. */
  readonly rounded: boolean;
}

/** One row by a dialect. Throws `CandleFileFault` for anything that is not a believable candle. */
export function parseRow(text: string, line: number, dialect: Dialect): ParsedRow {
  const cells = splitRow(text);
  if (cells.length !== dialect.width) {
    throw new CandleFileFault({
      code: cells.length < dialect.width ? 'missing_column' : 'column_count',
      line,
      column: dialect.names[Math.min(cells.length, dialect.width - 1)] ?? null,
      expected: `${dialect.width} columns`,
      found: `${cells.length}`,
    });
  }
  const source: RowSource = { cells, line, dialect };
  const { columns } = dialect;
  const [open, high, low, close] = [
    price(source, columns.open),
    price(source, columns.high),
    price(source, columns.low),
    price(source, columns.close),
  ];
  const volume = amount(source, columns.volume);
  const openTimeMs = time(source, columns.time);
  const row = { openTimeMs, open, high, low, close, volume };
  checkOrder(row, source);
  const closeTimeMs = dialect.closeTime === null ? null : time(source, dialect.closeTime);
  const rounded = FIELDS.some((field) => isLong(cells[columns[field]] ?? ''));
  return { row, closeTimeMs, rounded };
}

interface RowSource {
  readonly cells: readonly string[];
  readonly line: number;
  readonly dialect: Dialect;
}

/** Fields by commas, quotes around a field taken off. A field that holds a comma inside quotes is
 * no number, and shows up as a wrong count of columns. */
function splitRow(text: string): string[] {
  const cells = text.split(',');
  if (!text.includes('"')) return cells.map((cell) => cell.trim());
  return cells.map((cell) => {
    const trimmed = cell.trim();
    return /^".*"$/.test(trimmed) ? trimmed.slice(1, -1).trim() : trimmed;
  });
}

const PLAIN_DECIMAL = /^\d+(\.\d+)?$/;
const MAX_DIGITS = 40;

/** Plain decimals only: no sign, exponent, thousands mark, hexadecimal or bare point. */
function amount(source: RowSource, place: number): number {
  const text = source.cells[place] ?? '';
  if (!PLAIN_DECIMAL.test(text) || text.length > MAX_DIGITS) {
    const negative = /^-\d+(\.\d+)?$/.test(text);
    throw fault(source, place, {
      code: negative ? 'not_positive' : 'not_a_number',
      expected: negative
        ? 'a number that is not negative'
        : 'a plain decimal number (no exponent, at most 40 characters)',
    });
  }
  const value = isLong(text) ? shortened(text) : Number(text);
  if (value < AMOUNT_LIMIT) return value;
  throw fault(source, place, { code: 'out_of_range', expected: 'a number below 1e20' });
}

function price(source: RowSource, place: number): number {
  const value = amount(source, place);
  if (value > 0) return value;
  throw fault(source, place, { code: 'not_positive', expected: 'a positive price' });
}

const SURE_DIGITS = 15;
const STORED_DECIMALS = 18;

/** More digits than a double carries for certain, or more decimals than the store takes. */
function isLong(text: string): boolean {
  if (text.length <= SURE_DIGITS + 1 || !PLAIN_DECIMAL.test(text)) return false;
  const digits = text.replace('.', '').replace(/^0+/, '').length;
  const point = text.indexOf('.');
  return digits > SURE_DIGITS || (point >= 0 && text.length - point - 1 > STORED_DECIMALS);
}

/** 0.0028669999999999998 is a double's noise around 0.002867: read to 15 digits and 18 decimals. */
function shortened(text: string): number {
  const sure = Number(Number(text).toPrecision(SURE_DIGITS));
  return sure < 1 ? Number(sure.toFixed(STORED_DECIMALS)) : sure;
}

function time(source: RowSource, place: number): number {
  const parsed = parseTime(source.cells[place] ?? '', source.dialect.timeUnits);
  if (typeof parsed === 'number') return parsed;
  throw fault(source, place, { code: 'bad_time', expected: parsed.expected });
}

function checkOrder(row: CandleRow, source: RowSource): void {
  const { open, high, low, close } = row;
  const { columns } = source.dialect;
  const code = 'inconsistent_prices';
  const range = `low … high (${low} … ${high})`;
  if (high < low) {
    throw fault(source, columns.high, { code, expected: `high of at least low (${low})` });
  }
  if (open < low || open > high) {
    throw fault(source, columns.open, { code, expected: `open in ${range}` });
  }
  if (close < low || close > high) {
    throw fault(source, columns.close, {
      code,
      expected: `close in ${range}`,
    });
  }
}

function fault(
  source: RowSource,
  place: number,
  { code, expected }: { readonly code: CandleFaultCode; readonly expected: string },
): CandleFileFault {
  return new CandleFileFault({
    code,
    line: source.line,
    column: columnName(source.dialect.names, place),
    expected,
    found: source.cells[place] === '' ? 'nothing' : `"${source.cells[place]}"`,
  });
}

function columnName(names: readonly string[], place: number): string {
  return `${names[place] ?? '?'} (${place + 1})`;
}
