import { REGIMES } from '../features/reading.ts';
import type {
  BootstrapTerms,
  Difference,
  DifferenceVerdict,
  Interval,
  PairedMean,
} from './assessment.ts';
import { bootstrapIntervals, Stretches } from './bootstrap.ts';
import { riskFreeOfPeriod } from './metrics.ts';
import { known, momentsOf, sharpeOf } from './moments.ts';
import { type Run, requireOneClock, returnsOf } from './returns.ts';
import { ratio, sharpeOfSums } from './sums.ts';
import { wordsOf } from './words.ts';

export interface DifferenceOptions {
  readonly names: { readonly judged: string; readonly other: string };
  /** Regime in which each return began, places in `REGIMES`. */
  readonly regimes: Uint8Array;
  readonly bootstrap: BootstrapTerms;
  readonly riskFree: number;
}

/** Logarithmic returns that differ by less than this are equal up to rounding. */
const SAME = 1e-12;

/** Series that are resampled together: how many, the gap of logarithmic returns, each run's
 * returns around their mean and those squared; then for every regime how many and their gaps. */
const [COUNT, GAP, LEFT, LEFT_SQUARES, RIGHT, RIGHT_SQUARES, BY_REGIME] = [0, 1, 2, 3, 4, 5, 6];

/** The judged run against another, close by close: what one made less what the other made at the
 * same time, so that what moved both cancels. Both are resampled at the same closes (a paired block
 * bootstrap; Ledoit & Wolf, "Robust performance hypothesis testing with the Sharpe ratio", Journal
 * of Empirical Finance 15, 2008, say why). Throws a `RangeError` when the two have not the same
 * closes. */
export function differenceOf(judged: Run, other: Run, options: DifferenceOptions): Difference {
  requireOneClock(judged, other);
  const { names, bootstrap } = options;
  const [one, two] = [returnsOf(judged), returnsOf(other)];
  const { periodsPerYear } = one;
  const free = riskFreeOfPeriod(options.riskFree, periodsPerYear);
  const [left, right] = [momentsOf(one.values, free), momentsOf(two.values, free)];
  const { stretches, widest } = paired(
    { values: one.values, mean: left.mean + free },
    { values: two.values, mean: right.mean + free },
    options.regimes,
  );
  const scale = Math.sqrt(periodsPerYear);
  const statistics = (sums: Float64Array): number[] => {
    const count = sums[COUNT] as number;
    const of = (from: number, mean: number): number =>
      sharpeOfSums({ count, sum: sums[from] as number, squares: sums[from + 1] as number, mean });
    const sharpe = (of(LEFT, left.mean) - of(RIGHT, right.mean)) * scale;
    const growths = REGIMES.map((_, kind) => ratio(sums, BY_REGIME + 2 * kind) * periodsPerYear);
    return [((sums[GAP] as number) / count) * periodsPerYear, sharpe, ...growths];
  };
  const totals = stretches.totals();
  const observed = statistics(totals).map(known);
  const lengthFrom = [GAP, LEFT, RIGHT];
  const intervals = bootstrapIntervals({ stretches, statistics, lengthFrom }, bootstrap);
  const part = (at: number): { growth: number | null; growthInterval: Interval | null } => {
    return { growth: observed[at] ?? null, growthInterval: intervals[at] ?? null };
  };
  // Where one of the two has no Sharpe ratio, there is no difference of them.
  const both = sharpeOf(left) !== null && sharpeOf(right) !== null;
  const figures = {
    ...part(0),
    sharpe: both ? (observed[1] ?? null) : null,
    sharpeInterval: both ? (intervals[1] ?? null) : null,
    verdict: verdictOf({ ...part(0), widest: Math.max(...widest) }),
  };
  return {
    ...figures,
    words: wordsOf(figures, names),
    byRegime: REGIMES.flatMap((regime, kind) => {
      const returns = totals[BY_REGIME + 2 * kind] as number;
      if (returns === 0) return [];
      const own = part(2 + kind);
      const verdict = verdictOf({ ...own, widest: widest[kind] as number });
      return [{ regime, returns, ...own, verdict }];
    }),
  };
}

interface Side {
  readonly values: Float64Array;
  readonly mean: number;
}

/** In one pass, without a copy of the series. `widest`: the largest gap in each regime. */
function paired(
  left: Side,
  right: Side,
  regimes: Uint8Array,
): { readonly stretches: Stretches; readonly widest: Float64Array } {
  const count = left.values.length;
  const stretches = new Stretches(count, BY_REGIME + 2 * REGIMES.length);
  const widest = new Float64Array(REGIMES.length);
  for (let at = 0; at < count; at += 1) {
    const one = left.values[at] as number;
    const two = right.values[at] as number;
    const gap = Math.log1p(one) - Math.log1p(two);
    const kind = regimes[at] as number;
    stretches.add(COUNT, at, 1);
    stretches.add(GAP, at, gap);
    stretches.add(LEFT, at, one - left.mean);
    stretches.add(LEFT_SQUARES, at, (one - left.mean) ** 2);
    stretches.add(RIGHT, at, two - right.mean);
    stretches.add(RIGHT_SQUARES, at, (two - right.mean) ** 2);
    stretches.add(BY_REGIME + 2 * kind, at, 1);
    stretches.add(BY_REGIME + 2 * kind + 1, at, gap);
    widest[kind] = Math.max(widest[kind] as number, Math.abs(gap));
  }
  return { stretches, widest };
}

interface Judged {
  readonly growth: number | null;
  readonly growthInterval: Interval | null;
  readonly widest: number;
}

function verdictOf({ growth, growthInterval, widest }: Judged): DifferenceVerdict {
  if (growth !== null && widest <= SAME) return 'equal';
  if (growth === null || growthInterval === null) return 'unknown';
  if (growthInterval.low > 0) return 'better';
  return growthInterval.high < 0 ? 'worse' : 'undecided';
}

/** Pairs of scores, gathered close by close in time order: what was said at one close stays
 * together when it is resampled. */
export class PairedScores {
  readonly #counts: number[] = [];
  readonly #sums: number[] = [];
  #closeTimeMs = Number.NaN;

  add(closeTimeMs: number, difference: number): void {
    if (closeTimeMs !== this.#closeTimeMs) {
      this.#closeTimeMs = closeTimeMs;
      this.#counts.push(0);
      this.#sums.push(0);
    }
    const last = this.#counts.length - 1;
    this.#counts[last] = (this.#counts[last] as number) + 1;
    this.#sums[last] = (this.#sums[last] as number) + difference;
  }

  result(bootstrap: BootstrapTerms): PairedMean {
    const series = [Float64Array.from(this.#counts), Float64Array.from(this.#sums)];
    const stretches = Stretches.of(series);
    const [pairs = 0, sum = 0] = stretches.totals();
    if (pairs === 0) return { pairs, mean: null, interval: null };
    const statistics = (sums: Float64Array): number[] => [ratio(sums, 0)];
    const inputs = { stretches, statistics, lengthFrom: [1] };
    const [interval = null] = bootstrapIntervals(inputs, bootstrap);
    return { pairs, mean: sum / pairs, interval };
  }
}
