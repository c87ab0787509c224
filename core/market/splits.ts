import type { Candle } from './candle.ts';
import { CandleSeries } from './candle-series.ts';

/** A share split that a file's prices were not adjusted for: `shares` new ones for every `of` old
 * ones, so a price before it is worth `of / shares` of itself after. A reverse split has fewer new
 * ones (1 for 20). */
export interface Split {
  /** Open time of the first candle at the new price, Unix milliseconds. */
  readonly openTimeMs: number;
  readonly shares: number;
  readonly of: number;
  /** Its open over the close before it: the split and what the market did overnight. */
  readonly jump: number;
}

/** Ratios that companies use: n for 1, and n + 1 for n. */
const RATIOS: readonly (readonly [number, number])[] = [
  ...[2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100].map((n) => [n, 1] as const),
  ...[
    [3, 2],
    [4, 3],
    [5, 4],
  ].map(([n = 1, of = 1]) => [n, of] as const),
];

/** A market may move this much on the day of a split beside it, as a log ratio. */
const SMALL_SLACK = 0.05;
const LARGE_SLACK = 0.2;
const LARGE_RATIO = 5;
/** The jump against the usual step from close to close, and against what the candles on both sides
 * of it cover: a crash is wild on both sides, a split is one step between two quiet candles. */
const LEAST_STEPS = 12;
const LEAST_RANGES = 3;
const USUAL_CANDLES = 20;

/** Finds jumps that look like splits. A jump counts when it is near a ratio that companies use, at
 * least twelve usual steps and at least three times the range of either candle beside it. */
export function findSplits(series: CandleSeries): readonly Split[] {
  const splits: Split[] = [];
  let before: Candle | null = null;
  let usual = 0;
  let known = 0;
  for (const candle of series) {
    const split = known < USUAL_CANDLES || before === null ? null : splitAt(before, candle, usual);
    if (split !== null) splits.push(split);
    if (before !== null && split === null) {
      known = Math.min(known + 1, USUAL_CANDLES);
      usual += (Math.abs(Math.log(candle.close / before.close)) - usual) / known;
    }
    before = candle;
  }
  return splits;
}

function splitAt(before: Candle, candle: Candle, usual: number): Split | null {
  const jump = candle.open / before.close;
  const size = Math.abs(Math.log(jump));
  if (size < LEAST_STEPS * usual) return null;
  if (size < LEAST_RANGES * Math.max(rangeOf(before), rangeOf(candle))) return null;
  const ratio = nearestRatio(jump);
  if (ratio === null) return null;
  const [shares, of] = jump < 1 ? ratio : [ratio[1], ratio[0]];
  return { openTimeMs: candle.openTimeMs, shares, of, jump };
}

function rangeOf({ high, low }: Candle): number {
  return Math.log(high / low);
}

function nearestRatio(jump: number): readonly [number, number] | null {
  const size = Math.abs(Math.log(jump));
  const away = ([n, of]: readonly [number, number]) => Math.abs(size - Math.log(n / of));
  const nearest = RATIOS.reduce((best, next) => (away(next) < away(best) ? next : best));
  const slack = nearest[0] / nearest[1] >= LARGE_RATIO ? LARGE_SLACK : SMALL_SLACK;
  return away(nearest) <= slack ? nearest : null;
}

/** The series with everything before each split in terms of what was traded after it: prices times
 * `of / shares`, volumes times `shares / of`. `lengthMs`: of one candle. */
export function adjustForSplits(
  series: CandleSeries,
  splits: readonly Split[],
  lengthMs: number,
): CandleSeries {
  const numbers = new Float64Array(series.length * 6);
  const ahead = [...splits].sort((a, b) => a.openTimeMs - b.openTimeMs);
  let factor = ahead.reduce((product, { shares, of }) => (product * of) / shares, 1);
  let at = 0;
  for (const { openTimeMs, open, high, low, close, volume } of series) {
    while (ahead[0] !== undefined && ahead[0].openTimeMs <= openTimeMs) {
      const [{ shares, of }] = ahead as [Split];
      factor = (factor * shares) / of;
      ahead.shift();
    }
    const prices = [open, high, low, close].map((price) => price * factor);
    numbers.set([openTimeMs, ...prices, volume / factor], at);
    at += 6;
  }
  return new CandleSeries(lengthMs, numbers);
}
