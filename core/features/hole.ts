import { type Candle, TIMEFRAMES, type Timeframe } from '../market/candle.ts';

/** Missing candles that an engine carries on over as if there had been none. */
export const SHORT_HOLE_CANDLES = 12;

/** The longest ordinary closing of a market: a weekend between two holidays. */
export const LONGEST_CLOSING_MS = 5 * 86_400_000;

const DAY_MS = 86_400_000;

/** Must everything start again after the step from `last` to `next`?
 *
 * One candle cannot know whether a market was closed or the data is lost, so this is a rule, not
 * knowledge:
 *
 * - up to 12 missing candles: carry on;
 * - more, but the hole crosses 00:00 UTC and is at most 5 days: a night, a weekend, a holiday.
 *   Carry on, as every chart of a market with sessions does; the step shows as one large return;
 * - anything else is an outage (five hours lost in mid-day on a market that never closes) or
 *   another era: an average over it would describe a market nobody traded. Start again. */
export function startsAgain(last: Candle, next: Candle, timeframe: Timeframe): boolean {
  const stepMs = next.openTimeMs - last.openTimeMs;
  if (stepMs / TIMEFRAMES[timeframe] - 1 <= SHORT_HOLE_CANDLES) return false;
  const crossesMidnight =
    Math.floor(last.openTimeMs / DAY_MS) !== Math.floor(next.openTimeMs / DAY_MS);
  return !crossesMidnight || stepMs > LONGEST_CLOSING_MS;
}
