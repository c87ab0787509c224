/** Candle files, good and bad. Failure would look like: a file half believed, or an error that does
 * not say where to look. */
import { describe, expect, test } from 'vitest';
import { type CandleFileOptions, CandleFileReader } from './candle-file.ts';
import { LISTED_FINDINGS } from './candle-report.ts';
import { CandleFileFault } from './candle-row.ts';

const START_MS = Date.UTC(2024, 0, 1);
const MINUTE_MS = 60_000;

function read(text: string, options: CandleFileOptions = {}) {
  const reader = new CandleFileReader(options);
  for (const line of text.split('\n')) reader.line(line);
  return reader.finish();
}

/** A sound kline row `minute` minutes after the start, with some cells replaced. */
function kline(minute: number, changed: Readonly<Record<number, string>> = {}): string {
  const openMs = START_MS + minute * MINUTE_MS;
  const cells = [openMs, 100, 101, 99, 100.5, 7.25, openMs + MINUTE_MS - 1, 0, 0, 0, 0, 0].map(
    String,
  );
  return cells.map((cell, place) => changed[place] ?? cell).join(',');
}

function klines(...rows: readonly string[]): string {
  return rows.join('\n');
}

const HEADER = 'Date,Open,High,Low,Close,Volume';
const ROW = '100,101,99,100.5,7.25';

function faultOf(text: string, options: CandleFileOptions = {}): CandleFileFault {
  try {
    read(text, options);
  } catch (error) {
    if (error instanceof CandleFileFault) return error;
    throw error;
  }
  throw new Error('the file was believed');
}

describe('candle file', () => {
  test('Binance klines - candles, timeframe and a clean report', () => {
    const { timeframe, series, report } = read(klines(kline(0), kline(1), kline(2)));
    expect(timeframe).toBe('1m');
    expect([...series][1]).toEqual({
      openTimeMs: START_MS + MINUTE_MS,
      closeTimeMs: START_MS + 2 * MINUTE_MS - 1,
      open: 100,
      high: 101,
      low: 99,
      close: 100.5,
      volume: 7.25,
    });
    const none = { count: 0, listed: [] };
    expect(report).toEqual({
      rows: 3,
      candles: 3,
      firstMs: START_MS,
      lastMs: START_MS + 2 * MINUTE_MS,
      holes: { count: 0, missing: 0, largest: [] },
      repeats: none,
      outOfOrder: none,
      absurd: none,
      rounded: 0,
    });
  });

  test('newer Binance dumps in microseconds - the same candles', () => {
    const openMs = START_MS + MINUTE_MS;
    const micro = kline(1, { 0: `${openMs}000`, 6: `${openMs + MINUTE_MS - 1}999` });
    expect([...read(klines(kline(0), micro)).series]).toEqual([
      ...read(klines(kline(0), kline(1))).series,
    ]);
  });

  test.each([
    ['ISO-8601 with Z', '2024-01-01T00:00:00Z', '2024-01-01T01:00:00Z'],
    ['ISO-8601 with an offset', '2024-01-01T02:00:00+02:00', '2024-01-01T03:00:00.000+0200'],
    ['a date and time without a zone (UTC)', '2024-01-01 00:00:00', '2024-01-01 01:00'],
    ['epoch seconds', '1704067200', '1704070800'],
    ['epoch milliseconds', '1704067200000', '1704070800000'],
    ['epoch microseconds', '1704067200000000', '1704070800000000'],
  ])('a header and times as %s - 1h candles from 2024-01-01', (_, first, second) => {
    const { timeframe, series } = read(`${HEADER}\n${first},${ROW}\n${second},${ROW}\n`);
    expect(timeframe).toBe('1h');
    expect([...series].map(({ openTimeMs }) => openTimeMs)).toEqual([
      START_MS,
      START_MS + 3_600_000,
    ]);
  });

  test('a header in another order, case and quoting, with more columns - found by name', () => {
    const text = [
      '\uFEFF"close","VOLUME",extra,"Open Time",LOW,high,open',
      '100.5,7.25,x,2024-01-01,99,101,100',
      '100.5,7.25,"y",2024-01-02,99,101,100',
    ].join('\n');
    const { timeframe, series } = read(text);
    expect(timeframe).toBe('1d');
    expect(series.at(1)).toMatchObject({
      open: 100,
      high: 101,
      low: 99,
      close: 100.5,
      volume: 7.25,
    });
  });

  test('blank lines at the end - nothing', () => {
    expect(read(`${kline(0)}\n${kline(1)}\n\n  \n`).report.rows).toBe(2);
  });
});

describe('candle file faults', () => {
  const at = (changed: Readonly<Record<number, string>>): string =>
    klines(kline(0), kline(1, changed));

  test.each<[string, string, string, string]>([
    ['nothing at all', '', 'empty_file', 'expected at least one row, found an empty file'],
    ['only a header', `${HEADER}\n`, 'empty_file', 'found only a header'],
    [
      'a header without volume',
      `date,open,high,low,close\n`,
      'missing_column',
      'line 1, column volume: expected a column named volume',
    ],
    ['a header with a column twice', 'date,open,open', 'repeated_column', '"open" twice'],
    [
      'klines of 11 columns',
      '1704067200000,1,1,1,1,1,1,0,0,0,0',
      'missing_column',
      'found 11 columns',
    ],
    [
      'a row cut short',
      klines(kline(0), '1704067260000,100,101'),
      'missing_column',
      'line 2, column low: expected 12 columns, found 3',
    ],
    ['a row too long', klines(kline(0), `${kline(1)},9`), 'column_count', 'line 2'],
    [
      'text for a number',
      at({ 4: 'abc' }),
      'not_a_number',
      'line 2, column close (5): expected a plain',
    ],
    ['NaN', at({ 1: 'NaN' }), 'not_a_number', 'line 2, column open (2): expected a plain decimal'],
    ['Infinity', at({ 2: 'Infinity' }), 'not_a_number', 'found "Infinity"'],
    ['an exponent', at({ 5: '1e5' }), 'not_a_number', 'no exponent'],
    ['a hexadecimal', at({ 5: '0x10' }), 'not_a_number', 'column volume (6)'],
    ['an empty cell', at({ 3: '' }), 'not_a_number', 'column low (4): expected a plain decimal'],
    ['a negative price', at({ 3: '-3' }), 'not_positive', 'line 2, column low (4)'],
    [
      'a negative volume',
      at({ 5: '-1' }),
      'not_positive',
      'a number that is not negative, found "-1"',
    ],
    ['a price of zero', at({ 3: '0' }), 'not_positive', 'expected a positive price, found "0"'],
    ['a price beyond the store', at({ 2: '100000000000000000000' }), 'out_of_range', 'below 1e20'],
    [
      'high below low',
      at({ 2: '98' }),
      'inconsistent_prices',
      'column high (3): expected high of at',
    ],
    [
      'open above high',
      at({ 1: '102' }),
      'inconsistent_prices',
      'column open (2): expected open in',
    ],
    ['close below low', at({ 4: '98.9' }), 'inconsistent_prices', 'column close (5)'],
    ['a time that is none', at({ 0: 'yesterday' }), 'bad_time', 'line 2, column open_time (1)'],
    [
      'a time in seconds in klines',
      at({ 0: '1704067260' }),
      'bad_time',
      'milliseconds, microseconds',
    ],
    [
      'a day that does not exist',
      `${HEADER}\n2024-02-30,${ROW}`,
      'bad_time',
      'line 2, column Date (1)',
    ],
    ['a year-month-day number', `${HEADER}\n20240105,${ROW}`, 'bad_time', 'found "20240105"'],
    [
      'a close time that does not fit',
      at({ 6: String(START_MS + 90_000) }),
      'bad_close_time',
      'column close_time (7): expected open time + 59999 ms, as in line 1, found open time + 3',
    ],
    [
      'klines of an unknown length',
      kline(0, { 6: String(START_MS + 44_999) }),
      'unknown_timeframe',
      'line 1, column close_time (7)',
    ],
    [
      'an open time between two minutes',
      at({ 0: String(START_MS + 61_000), 6: String(START_MS + 120_999) }),
      'misaligned_time',
      'line 2, column open_time (1): expected an open time that is a multiple of 1m in UTC',
    ],
    [
      'one time with two truths',
      klines(kline(0), kline(1), kline(2), kline(1, { 4: '100.6' })),
      'conflicting_repeat',
      'line 4, column open_time (1): expected what line 2 says of 2024-01-01T00:01',
    ],
    [
      'a blank line inside',
      klines(kline(0), '', kline(1)),
      'blank_line',
      'line 2: expected rows without',
    ],
    ['steps of no timeframe', steps(45, 45), 'unknown_timeframe', 'or the timeframe to be given'],
    ['a single candle under a header', steps(), 'unknown_timeframe', 'found a single candle'],
  ])('%s - refused, with the place', (_, text, code, message) => {
    const fault = faultOf(text);
    expect(fault.place.code).toBe(code);
    expect(fault.message).toContain(message);
  });

  test('a name that says another timeframe - refused; the caller stands above a header', () => {
    const hourly = steps(3_600, 3_600);
    expect(faultOf(hourly, { namedTimeframe: '1d' }).message).toContain(
      'expected 1d candles, as the file name says, found 1h candles',
    );
    expect(read(hourly, { timeframe: '30m' }).report.holes.count).toBe(2);
    expect(faultOf(kline(0), { timeframe: '5m' }).message).toContain(
      '5m candles, as asked, found 1m',
    );
  });

  test('a cell of a megabyte - quoted only in part', () => {
    expect(faultOf(at({ 1: 'x'.repeat(1_000_000) })).message.length).toBeLessThan(250);
  });

  function steps(...seconds: readonly number[]): string {
    let timeS = START_MS / 1_000;
    const rows = [0, ...seconds].map((step) => {
      timeS += step;
      return `${timeS},${ROW}`;
    });
    return [HEADER, ...rows].join('\n');
  }
});

describe('candle file irregularities', () => {
  test('holes - counted, the largest five told', () => {
    const minutes = [0, 2, 5, 6, 10, 12, 19, 21];
    const { holes } = read(klines(...minutes.map((minute) => kline(minute)))).report;
    expect(holes).toMatchObject({ count: 6, missing: 14 });
    expect(holes.largest.map(({ missing }) => missing)).toEqual([6, 3, 2, 1, 1]);
    expect(holes.largest[0]?.afterMs).toBe(START_MS + 12 * MINUTE_MS);
  });

  test('rows repeated digit for digit - dropped and told', () => {
    const { report, series } = read(klines(kline(0), kline(1), kline(1), kline(0)));
    expect(series.length).toBe(2);
    expect(report).toMatchObject({ rows: 4, candles: 2 });
    expect(report.repeats.count).toBe(2);
    expect(report.repeats.listed.map(({ line, text }) => [line, text])).toEqual([
      [4, 'the same as line 1'],
      [3, 'the same as line 2'],
    ]);
  });

  test('rows out of order - sorted and told', () => {
    const { report, series } = read(klines(kline(0), kline(3), kline(1), kline(2)));
    const opens = [...series].map(({ openTimeMs }) => (openTimeMs - START_MS) / MINUTE_MS);
    expect(opens).toEqual([0, 1, 2, 3]);
    expect(report.outOfOrder.listed.map(({ line }) => line)).toEqual([3]);
    expect(report.holes.count).toBe(0);
  });

  test('newest first - counted in full, listed only in part', () => {
    const rows = Array.from({ length: 500 }, (_, i) => kline(500 - i));
    const { outOfOrder } = read(klines(...rows)).report;
    expect([outOfOrder.count, outOfOrder.listed.length]).toEqual([499, LISTED_FINDINGS]);
  });

  test("a double's noise - read as what it stands for, and counted", () => {
    const noisy = kline(1, { 4: '100.49999999999999289' });
    const { report, series } = read(klines(kline(0), noisy));
    expect([report.rounded, series.at(1)?.close]).toEqual([1, 100.5]);
    const tiny = { 1: '0.0028669999999999998', 2: '0.0028669999999999998' };
    const cheap = kline(0, { ...tiny, 3: '0.0028669999999999998', 4: '0.0028669999999999998' });
    expect(read(cheap).series.at(0)?.open).toBe(0.002867);
  });

  const calm = (count: number): string[] => Array.from({ length: count }, (_, i) => kline(i));

  test.each<[string, Readonly<Record<number, string>>, string]>([
    ['a low of 0.06', { 1: '100.5', 3: '0.06' }, 'low 0.06 with the market at 100'],
    ['an open of 0.06', { 1: '0.06', 3: '0.06' }, 'open 0.06 after a close of 100.5'],
    ['a high of 2000', { 2: '2000' }, 'high 2000 with the market at 100.5'],
    ['a close of 50', { 3: '50', 4: '50' }, 'close 50 with the market at 100'],
  ])('an absurd print, %s - kept and told, and only that candle', (_, changed, text) => {
    const rows = [...calm(30), kline(30, changed), kline(31), kline(32)];
    const { report, series } = read(klines(...rows));
    expect(series.length).toBe(33);
    expect(report.absurd.count).toBe(1);
    expect(report.absurd.listed[0]).toMatchObject({ line: 31, text });
  });

  test('a wild market - its usual ranges are not absurd', () => {
    const wild = Array.from({ length: 60 }, (_, i) => kline(i, { 2: '112', 3: '89' }));
    expect(read(klines(...wild)).report.absurd.count).toBe(0);
  });

  test('a range of it - by open time, the end left out', () => {
    const { series } = read(klines(...calm(10)));
    const part = series.between(START_MS + 2 * MINUTE_MS, START_MS + 5 * MINUTE_MS);
    expect([...part].map(({ openTimeMs }) => (openTimeMs - START_MS) / MINUTE_MS)).toEqual([
      2, 3, 4,
    ]);
    expect([part.at(3), part.at(-1), part.at(0.5)]).toEqual([null, null, null]);
    expect(series.between(START_MS + 1, START_MS).length).toBe(0);
  });
});
