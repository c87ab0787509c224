import type { MarketSeries } from '../../core/backtest/series.ts';
import { TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import type { CandleSeries } from '../../core/market/candle-series.ts';
import { CorroError } from '../../proto/errors.ts';
import type { Window } from './market-data.ts';

/** Days of the calendar, of 24 hours in UTC. */
const DAY_MS = 86_400_000;
/** More windows than this are a slip, not a study. */
const MOST_WINDOWS = 10_000;

export interface WalkPlan {
  readonly trainDays: number;
  readonly testDays: number;
  /** From one test window to the next; a test window's length unless given, and never less. */
  readonly stepDays?: number;
  /** Candles between the end of training and the start of the test: what is settled after a window
   * ends must not be learned in it. */
  readonly embargo: number;
  /** Train windows all begin where the data does, instead of moving along. */
  readonly anchored: boolean;
}

export interface Fold {
  readonly train: Window;
  readonly test: Window;
}

/** What is cut into windows. */
interface Cut {
  readonly timeframe: Timeframe;
  readonly series: readonly Pick<MarketSeries, 'candles'>[];
}

/** Train and test windows over the data: each test comes after its own training, and no candle is
 * in two tests. The embargo is counted in candles that there are, of every market: a night is none.
 * The last test may be shorter, and one without a candle (a weekend) is left out. Throws `usage`
 * for a plan that is none and when the data is too short for one fold. */
export function foldsOf(
  whole: Window,
  plan: WalkPlan,
  { timeframe, series }: Cut,
): readonly Fold[] {
  const lengthMs = TIMEFRAMES[timeframe];
  const [trainMs, testMs, stepMs] = [
    plan.trainDays,
    plan.testDays,
    plan.stepDays ?? plan.testDays,
  ].map((days) => days * DAY_MS) as [number, number, number];
  expectPlan({ trainMs, testMs, stepMs }, lengthMs);
  const all = series.map(({ candles }) => candles);
  const folds: Fold[] = [];
  let start = startAfter(all, whole.fromMs + trainMs, plan.embargo);
  for (; start < whole.toMs && folds.length <= MOST_WINDOWS; start += stepMs) {
    const test = { fromMs: start, toMs: Math.min(start + testMs, whole.toMs) };
    if (all.every((candles) => candles.between(test.fromMs, test.toMs).length === 0)) continue;
    const end = endBefore(all, start, plan.embargo);
    const fromMs = plan.anchored ? whole.fromMs : Math.max(whole.fromMs, end - trainMs);
    folds.push({ train: { fromMs, toMs: end }, test });
  }
  if (folds.length > MOST_WINDOWS) {
    throw new CorroError('usage', `at most ${MOST_WINDOWS} test windows, ask for longer ones`);
  }
  if (folds.length > 0) return folds;
  const held = ((whole.toMs - whole.fromMs) / DAY_MS).toFixed(1);
  const embargoDays = (plan.embargo * lengthMs) / DAY_MS;
  const needed = `the data to be longer than ${trainMs / DAY_MS + embargoDays} days`;
  throw new CorroError('usage', `--train and --embargo need ${needed}, it was ${held} days`);
}

/** Open from which on every market has had the embargo's candles since `timeMs`; infinite when none
 * has. */
function startAfter(all: readonly CandleSeries[], timeMs: number, embargo: number): number {
  if (embargo === 0) return timeMs;
  const opens = all.flatMap((candles) => {
    const candle = candles.at(countBefore(candles, timeMs) + embargo);
    return candle === null ? [] : [candle.openTimeMs];
  });
  return opens.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...opens);
}

/** Where training ends so that every market has the embargo's candles before `timeMs`. */
function endBefore(all: readonly CandleSeries[], timeMs: number, embargo: number): number {
  if (embargo === 0) return timeMs;
  const opens = all.map((candles) => {
    return candles.at(Math.max(0, countBefore(candles, timeMs) - embargo))?.openTimeMs ?? timeMs;
  });
  return Math.min(timeMs, ...opens);
}

function countBefore(candles: CandleSeries, timeMs: number): number {
  return candles.between(Number.NEGATIVE_INFINITY, timeMs).length;
}

function expectPlan(
  spans: { readonly trainMs: number; readonly testMs: number; readonly stepMs: number },
  lengthMs: number,
): void {
  const { trainMs, testMs, stepMs } = spans;
  for (const [option, spanMs] of [
    ['--train', trainMs],
    ['--test', testMs],
    ['--step', stepMs],
  ] as const) {
    if (spanMs % lengthMs === 0 && spanMs > 0) continue;
    const expected = `whole candles of ${lengthMs / 60_000} minutes`;
    throw new CorroError('usage', `${option} must be ${expected}, was ${spanMs / DAY_MS} days`);
  }
  if (stepMs >= testMs) return;
  const expected = `at least --test (${testMs / DAY_MS} days), or tests would overlap`;
  throw new CorroError('usage', `--step must be ${expected}, was ${stepMs / DAY_MS} days`);
}
