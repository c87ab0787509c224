import { basename } from 'node:path';
import { isTimeframe, TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import { type CandleFile, CandleFileReader } from '../../core/market/candle-file.ts';
import type { CandleReport } from '../../core/market/candle-report.ts';
import { CandleFileFault } from '../../core/market/candle-row.ts';
import type { CandleSeries } from '../../core/market/candle-series.ts';
import { isSymbol } from '../../core/market/instrument.ts';
import { TapeError } from './fault.ts';
import { expectFile, linesOf } from './lines.ts';

/** Most rows of one file: 20 million candles are 1 GB, and 38 years of minutes. */
const MAX_ROWS = 20_000_000;

/** The candles of one symbol and timeframe, as a file told them. */
export interface Tape {
  readonly path: string;
  /** From the file name; `null` when it does not say. */
  readonly venue: string | null;
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly timeframe: Timeframe;
  readonly candles: CandleSeries;
  /** What the whole file held, whatever range was asked for. */
  readonly report: CandleReport;
}

export interface TapeOptions {
  /** `BASE/QUOTE`; else the file name must say. */
  readonly symbol?: string | undefined;
  readonly timeframe?: Timeframe | undefined;
  /** Candles that open at this time or later. */
  readonly fromMs?: number | undefined;
  /** Candles that open before this time. */
  readonly toMs?: number | undefined;
}

/** Reads a candle file (Binance kline CSV or OHLCV CSV with a header, gzip or not) from disk, line
 * by line. The whole file must be sound, or a `TapeError` says what is wrong and nothing is kept.
 */
export async function readCandleFile(path: string, options: TapeOptions = {}): Promise<Tape> {
  const name = parseTapeName(path);
  const symbol = options.symbol ?? (name === null ? null : `${name.base}/${name.quote}`);
  if (symbol === null) await expectFile(path);
  if (symbol === null || !isSymbol(symbol)) {
    const detail =
      symbol === null
        ? 'name it <venue>-<base>-<quote>-<timeframe>.csv, or give the symbol'
        : `a symbol must be BASE/QUOTE in capitals, was ${symbol}`;
    throw new TapeError('unknown_symbol', path, { detail });
  }
  if (options.timeframe !== undefined && !isTimeframe(options.timeframe)) {
    const known = Object.keys(TIMEFRAMES).join(', ');
    const detail = `must be one of ${known}, was ${String(options.timeframe)}`;
    throw new TapeError('unknown_timeframe', path, { detail });
  }
  const reader = new CandleFileReader({
    timeframe: options.timeframe,
    namedTimeframe: name?.timeframe,
  });
  const { timeframe, series, report } = await readAll(path, reader);
  const candles = series.between(options.fromMs ?? -Infinity, options.toMs ?? Infinity);
  if (candles.length === 0) {
    const [first, last] = [report.firstMs, report.lastMs].map((ms) => new Date(ms).toISOString());
    throw new TapeError('empty_range', path, { detail: `it holds ${first} to ${last}` });
  }
  const [base, quote] = symbol.split('/') as [string, string];
  return { path, venue: name?.venue ?? null, symbol, base, quote, timeframe, candles, report };
}

async function readAll(path: string, reader: CandleFileReader): Promise<CandleFile> {
  let rows = 0;
  try {
    for await (const lines of linesOf(path)) {
      for (const line of lines) reader.line(line);
      rows += lines.length;
      if (rows > MAX_ROWS) {
        throw new TapeError('too_many_rows', path, { detail: `at most ${MAX_ROWS}` });
      }
    }
    return reader.finish();
  } catch (error) {
    if (!(error instanceof CandleFileFault)) throw error;
    const { message: detail, place } = error;
    throw new TapeError('bad_candles', path, { detail, place, cause: error });
  }
}

const NAME = /^([a-z0-9_]+)-([a-z0-9]+)-([a-z0-9]+)-([0-9]+[a-z]+)(?:[.-].*)?$/i;

/** What a name like `binance-BTC-USDT-5m.csv.gz` says; `null` when it is not of that form. */
function parseTapeName(path: string) {
  const match = NAME.exec(basename(path));
  const [venue, base, quote, timeframe] = match?.slice(1) ?? [];
  if (!venue || !base || !quote || !timeframe || !isTimeframe(timeframe)) return null;
  return { venue, base: base.toUpperCase(), quote: quote.toUpperCase(), timeframe };
}
