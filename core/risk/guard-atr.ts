import type { Candle } from '../market/candle.ts';

/** Wilder's average true range as a value that can be stored and sent (J. Welles Wilder, "New
 * Concepts in Technical Trading Systems", 1978): the mean of the first fourteen true ranges, then
 * (13 × mean + range) / 14. Observations, quote units per base. */
export interface AtrFold {
  /** True ranges folded so far, counted up to the period. */
  readonly count: number;
  /** Their sum while the period is not full, the mean from then on. */
  readonly level: number;
  /** The newest close; null before the first candle. */
  readonly close: number | null;
}

export const ATR_PERIOD = 14;

export const NO_ATR: AtrFold = { count: 0, level: 0, close: null };

/** The fold with the next candle in it. */
export function foldAtr({ count, level, close }: AtrFold, candle: Candle): AtrFold {
  if (close === null) return { count, level, close: candle.close };
  const range = Math.max(candle.high, close) - Math.min(candle.low, close);
  if (count >= ATR_PERIOD) {
    const mean = (level * (ATR_PERIOD - 1) + range) / ATR_PERIOD;
    return { count, level: mean, close: candle.close };
  }
  const sum = level + range;
  const full = count + 1 === ATR_PERIOD;
  return { count: count + 1, level: full ? sum / ATR_PERIOD : sum, close: candle.close };
}

/** The average true range; null before fifteen candles. */
export function atrOf({ count, level }: AtrFold): number | null {
  return count >= ATR_PERIOD ? level : null;
}

/** A fold that goes on from a reading: an average true range and the close it was read at. */
export function atrFrom(atr: number, close: number): AtrFold {
  return { count: ATR_PERIOD, level: atr, close };
}

/** The fold before an entry: what the reading at its decision says, else from the candles that the
 * decision saw, oldest first. */
export function atrBefore(seen: {
  readonly candles: readonly Candle[];
  readonly atr14: number | null;
}): AtrFold {
  const last = seen.candles.at(-1);
  return seen.atr14 === null || !last
    ? seen.candles.reduce(foldAtr, NO_ATR)
    : atrFrom(seen.atr14, last.close);
}
