import type { BacktestResult } from '../../../core/backtest/result.ts';
import { closesOf, type MarketSeries } from '../../../core/backtest/series.ts';
import { simulate } from '../../../core/backtest/simulate.ts';
import type { Decision, Strategy } from '../../../core/backtest/strategy.ts';
import { canonicalJson } from '../../../core/canonical.ts';
import { TIMEFRAMES } from '../../../core/market/candle.ts';
import type { AccountRequest } from '../terms.ts';
import { changeFuture, keepNextOpens, type Way } from './changed-future.ts';

/** Makes the strategy anew from the candles of one run: what it takes from them that is not yet
 * closed is what is looked for. */
export type Maker = (series: readonly MarketSeries[]) => Strategy | Promise<Strategy>;

/** What was decided or traded at one close, in a form that can be compared. */
export interface Mark {
  readonly kind: 'decision' | 'fill';
  readonly timeMs: number;
  readonly symbol: string;
  /** The short of it. */
  readonly says: string;
  /** All of it, canonical JSON. */
  readonly whole: string;
}

/** The first thing that moved when the future was another one. */
export interface Moved {
  readonly way: Way;
  /** Candles that opened later were changed. */
  readonly atMs: number;
  readonly timeMs: number;
  readonly symbol: string;
  readonly kind: Mark['kind'];
  /** `null`: there was, or is, nothing. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface FutureCheck {
  readonly series: readonly MarketSeries[];
  readonly make: Maker;
  readonly account: AccountRequest;
}

/** Everything decided and traded on the candles as they are. */
export async function marksOf({ series, make, account }: FutureCheck): Promise<readonly Mark[]> {
  const strategy = await make(series);
  return marksIn(simulate({ series, strategy, account, gear: 'lean' }));
}

/** Closes that are simulated past the change, for a loop that looks ahead of its own. */
const CLOSES_BEYOND = 40;

/** Runs on another future and compares everything up to the change: decisions and fills at `atMs`
 * and before it. The strategy is made from the changed candles. The account meets each market's
 * very next open as it was, and nothing else of it: an order of this close is filled there, and so
 * is what a guard sells at it, before anything is decided. `null`: nothing moved. */
export async function futureMoves(
  check: FutureCheck,
  change: { readonly atMs: number; readonly way: Way; readonly seed: number },
  marks: readonly Mark[],
): Promise<Moved | null> {
  const { atMs, way } = change;
  const changed = changeFuture(check.series, change);
  const strategy = await check.make(changed);
  const lengthMs = TIMEFRAMES[check.series[0]?.timeframe ?? '1d'];
  const near = changed.map((one) => ({
    ...one,
    candles: one.candles.between(Number.NEGATIVE_INFINITY, atMs + CLOSES_BEYOND * lengthMs),
  }));
  const series = keepNextOpens(near, check.series, atMs).filter(
    ({ candles }) => candles.length > 0,
  );
  const result = simulate({ series, strategy, account: check.account, gear: 'lean' });
  const known = (mark: Mark): boolean => mark.timeMs <= atMs;
  const first = firstDifference(marks.filter(known), marksIn(result).filter(known));
  return first === null ? null : { way, atMs, ...first };
}

/** Decisions and fills in the order of time. */
export function marksIn({ decisions, fills }: BacktestResult): readonly Mark[] {
  const decided = decisions.map((decision) => markOf(decision));
  const traded = fills.map((fill) => ({
    kind: 'fill' as const,
    timeMs: fill.timeMs,
    symbol: fill.symbol,
    says: `${fill.side} ${fill.quantity} at ${fill.price}`,
    whole: canonicalJson(fill),
  }));
  return [...decided, ...traded].sort((a, b) => a.timeMs - b.timeMs);
}

export function markOf(decision: Decision): Mark {
  const { closeTimeMs, symbol, action, confidenceBp, followUp } = decision;
  return {
    kind: 'decision',
    timeMs: closeTimeMs,
    symbol,
    says: `${action} ${Math.round(confidenceBp / 100)} % sure, then ${followUp.kind}`,
    whole: canonicalJson(decision),
  };
}

function firstDifference(
  before: readonly Mark[],
  after: readonly Mark[],
): Omit<Moved, 'way' | 'atMs'> | null {
  for (let at = 0; at < Math.max(before.length, after.length); at += 1) {
    const [was, is] = [before[at], after[at]];
    if (was?.whole === is?.whole && was?.kind === is?.kind) continue;
    const earlier = was === undefined || (is !== undefined && is.timeMs < was.timeMs) ? is : was;
    const { timeMs, symbol, kind } = earlier as Mark;
    const same = (mark: Mark | undefined): string | null =>
      mark?.timeMs === timeMs && mark.symbol === symbol && mark.kind === kind ? mark.says : null;
    return { timeMs, symbol, kind, before: same(was), after: same(is) };
  }
  return null;
}

/** Every close time of the markets, in order. */
export function closeTimesOf(series: readonly MarketSeries[]): readonly number[] {
  return Array.from(closesOf(series), ({ closeTimeMs }) => closeTimeMs);
}
