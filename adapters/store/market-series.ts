import type { Kysely } from 'kysely';
import type { MarketSeries } from '../../core/backtest/series.ts';
import { TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import { CandleSeries } from '../../core/market/candle-series.ts';
import { readCandles } from './candles.ts';
import { findInstrument } from './instruments.ts';
import type { Database } from './schema.ts';

/** Which candles: those that open at `fromMs` or later and close at `toMs` or before, Unix
 * milliseconds; without bounds all there are. */
export interface SeriesRange {
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Rows read at once: candles as objects take ten times as much as in a series. */
const PAGE_CANDLES = 20_000;

/** A stored market as backtests and training read one, 48 bytes a candle. Empty where nothing is
 * on record in the range. Throws UnknownError on a symbol the venue does not have. */
export async function readMarketSeries(
  db: Kysely<Database>,
  range: SeriesRange,
): Promise<MarketSeries> {
  const { venue, symbol, timeframe } = range;
  const instrument = await findInstrument(db, { venue, symbol });
  return { instrument, timeframe, candles: await readCandleSeries(db, range) };
}

/** The candles alone, also of a venue that nothing is traded at: an exchange's, imported. */
export async function readCandleSeries(
  db: Kysely<Database>,
  { venue, symbol, timeframe, fromMs, toMs = Number.MAX_SAFE_INTEGER }: SeriesRange,
): Promise<CandleSeries> {
  const extent = await extentOf(db, { venue, symbol, timeframe });
  const numbers: number[] = [];
  const lengthMs = TIMEFRAMES[timeframe];
  const first = Math.max(fromMs ?? extent.firstOpenMs, extent.firstOpenMs);
  const last = Math.min(toMs, extent.lastCloseMs);
  for (let from = first; from < last; from += PAGE_CANDLES * lengthMs) {
    const until = Math.min(last, from + PAGE_CANDLES * lengthMs - 1);
    const page = { venue, symbol, timeframe, fromMs: from, toMs: until };
    for (const { openTimeMs, open, high, low, close, volume } of await readCandles(db, page)) {
      numbers.push(openTimeMs, open, high, low, close, volume);
    }
  }
  return new CandleSeries(lengthMs, Float64Array.from(numbers));
}

async function extentOf(
  db: Kysely<Database>,
  { venue, symbol, timeframe }: SeriesRange,
): Promise<{ readonly firstOpenMs: number; readonly lastCloseMs: number }> {
  const row = await db
    .selectFrom('candles')
    .select(({ fn }) => [fn.min('open_time').as('first'), fn.max('close_time').as('last')])
    .where('venue', '=', venue)
    .where('symbol', '=', symbol)
    .where('timeframe', '=', timeframe)
    .executeTakeFirst();
  const { first = null, last = null } = row ?? {};
  if (first === null || last === null) return { firstOpenMs: 0, lastCloseMs: 0 };
  return { firstOpenMs: first.getTime(), lastCloseMs: last.getTime() };
}
