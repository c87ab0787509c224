import type { Reading } from '../features/reading.ts';
import type { Candle, Timeframe } from '../market/candle.ts';
import { estimateLiquidity } from '../market/liquidity.ts';
import type { Forecast } from '../models/forecast.ts';
import type { Holdings, NewsDigest, Snapshot, Trigger } from './snapshot.ts';

/** Candles a snapshot carries, and those the spread is estimated from. */
export const SNAPSHOT_CANDLES = 32;
const LIQUIDITY_CANDLES = 20;

export interface Facts {
  readonly eventId: string;
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly trigger: Trigger;
  /** Closed candles, oldest first; only the newest 32 are kept. At least one. */
  readonly candles: readonly Candle[];
  readonly reading: Reading;
  readonly holdings: Holdings;
  readonly news: NewsDigest | null;
  readonly forecast?: Forecast | undefined;
}

/** Freezes the facts of one motion; the last candle's close is the moment it is about. */
export function freezeSnapshot(facts: Facts): Snapshot {
  const last = facts.candles.at(-1);
  if (last === undefined) throw new RangeError('candles must not be empty');
  // Named one by one: what the wire does not carry must not be in the hash.
  const { eventId, venue, symbol, timeframe, trigger, reading, holdings, news } = facts;
  const { forecast } = facts;
  return {
    ...{ eventId, venue, symbol, timeframe, trigger, reading, holdings, news },
    closeTimeMs: last.closeTimeMs,
    candles: facts.candles.slice(-SNAPSHOT_CANDLES),
    liquidity: estimateLiquidity(facts.candles, LIQUIDITY_CANDLES),
    ...(forecast === undefined ? {} : { forecast }),
  };
}
