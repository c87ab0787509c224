import type { Candle } from '../market/candle.ts';

/** One technical indicator over closed candles. Every one has this shape, whoever computes it, and
 * takes O(1) time and bounded memory per candle: its windows are small and fixed. */
export interface Indicator<Value> {
  /** Candles until `value` is defined on any data that is not flat. */
  readonly warmUp: number;
  /** As of the newest candle; `null` before `warmUp`, or where the formula divides by zero. */
  readonly value: Value;
  push(candle: Candle): void;
}

/** NaN and infinity stop here: what the formula cannot answer is `null`, never a number. */
export function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** A spread below this fraction of its level is rounding, not movement: the range is flat. Doubles
 * carry about 16 digits and prices at most 15, so real movement is never this small. */
export const FLAT = 1e-12;
