import type { Candle } from '../market/candle.ts';
import type { CandleWindow } from '../market/window.ts';
import type { Pattern } from './reading.ts';

/** Candles a pattern may look at: three that form it and the run that led there. */
export const PATTERN_CANDLES = 7;

/** The candlestick patterns (S. Nison, Japanese Candlestick Charting Techniques) that the newest
 * candle completes, in the order of `PATTERNS`. Rules on bodies and wicks only, no fitting.
 *
 * Ours, not the package's: its hammer and shooting star wait for a confirming candle and its stars
 * want price gaps, which a market that never closes does not have. The gaps are relaxed: a star's
 * body must stand at the first candle's close instead of beyond its range. */
export function patternsAt(window: CandleWindow): Pattern[] {
  const newest = window.at(0);
  if (newest === null) return [];
  const found: Pattern[] = [];
  const second = window.at(1);
  const first = window.at(2);
  if (second !== null && engulfs(second, newest, 1)) found.push('bullish_engulfing');
  if (second !== null && engulfs(second, newest, -1)) found.push('bearish_engulfing');
  if (hasLongTail(newest, 1) && cameFrom(window, -1)) found.push('hammer');
  if (hasLongTail(newest, -1) && cameFrom(window, 1)) found.push('shooting_star');
  if (isDoji(newest)) found.push('doji');
  if (first !== null && second !== null) {
    const star = starAt({ first, star: second, last: newest });
    if (star !== null) found.push(star);
  }
  return found;
}

/** +1: bullish, −1: bearish. */
type Direction = 1 | -1;

const TREND_CANDLES = 5;

function body(candle: Candle): number {
  return Math.abs(candle.close - candle.open);
}

function range(candle: Candle): number {
  return candle.high - candle.low;
}

/** Body at most a tenth of the range; a candle without any range says nothing. */
function isDoji(candle: Candle): boolean {
  return range(candle) > 0 && body(candle) <= 0.1 * range(candle);
}

/** The second body covers the first, in the other colour, and is larger. */
function engulfs(first: Candle, second: Candle, direction: Direction): boolean {
  return (
    direction * (first.open - first.close) > 0 &&
    direction * (first.close - second.open) >= 0 &&
    direction * (second.close - first.open) >= 0 &&
    body(second) > body(first)
  );
}

/** A wick at least twice the body on one side (+1: below), at most a quarter of it on the other,
 * and a body to speak of. */
function hasLongTail(candle: Candle, direction: Direction): boolean {
  const above = candle.high - Math.max(candle.open, candle.close);
  const below = Math.min(candle.open, candle.close) - candle.low;
  const tail = direction === 1 ? below : above;
  const other = direction === 1 ? above : below;
  return body(candle) > 0.05 * range(candle) && tail >= 2 * body(candle) && other <= 0.25 * tail;
}

/** The five candles before the newest rose (+1) or fell (−1), close to close. */
function cameFrom(window: CandleWindow, direction: Direction): boolean {
  const before = window.at(1);
  const start = window.at(1 + TREND_CANDLES);
  return before !== null && start !== null && direction * (before.close - start.close) > 0;
}

interface Three {
  readonly first: Candle;
  readonly star: Candle;
  readonly last: Candle;
}

/** A long candle, a small body at its close, and a candle back beyond the first one's middle. */
function starAt({ first, star, last }: Three): Pattern | null {
  const long = body(first);
  if (long === 0 || body(star) > 0.3 * long || long < 0.5 * range(first)) return null;
  const middle = (first.open + first.close) / 2;
  const bottom = Math.min(first.open, first.close);
  const top = Math.max(first.open, first.close);
  if (first.close < first.open) {
    const atLow = Math.max(star.open, star.close) <= bottom + 0.3 * long;
    return atLow && last.close > last.open && last.close > middle ? 'morning_star' : null;
  }
  const atHigh = Math.min(star.open, star.close) >= top - 0.3 * long;
  return atHigh && last.close < last.open && last.close < middle ? 'evening_star' : null;
}
