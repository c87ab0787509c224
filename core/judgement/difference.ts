import { REGIMES } from '../features/reading.ts';
import type {
  BootstrapTerms,
  Difference,
  DifferenceVerdict,
  Interval,
  PairedMean,
} from './assessment.ts';
import { bootstrapIntervals } from './bootstrap.ts';
import { riskFreeOfPeriod } from './metrics.ts';
import { known, momentsOf, sharpeOf } from './moments.ts';
import { logarithms, type Run, requireOneClock, returnsOf } from './returns.ts';
import { aroundMean, ratio, sharpeOfSums, squaresOf } from './sums.ts';
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

/** The judged run against another, close by close: what one made less what the other made at the
 * same time, so that what moved both cancels. Both are resampled at the same closes (a paired block
 * bootstrap; Ledoit & Wolf, "Robust performance hypothesis testing with the Sharpe ratio", Journal
 * of Empirical Finance 15, 2008, say why). Throws a `RangeError` when the two have not the same
 * closes. */
export function differenceOf(judged: Run, other: Run, options: DifferenceOptions): Difference {
  requireOneClock(judged, other);
  const { regimes, names, bootstrap } = options;
  const [one, two] = [returnsOf(judged), returnsOf(other)];
  const { periodsPerYear } = one;
  const free = riskFreeOfPeriod(options.riskFree, periodsPerYear);
  const left = aroundMean(one.values);
  const right = aroundMean(two.values);
  const gap = gapsOf(logarithms(one.values), logarithms(two.values));
  const byRegime = regimeColumns(gap, regimes);
  const scale = Math.sqrt(periodsPerYear);
  const statistics = (sums: Float64Array): number[] => {
    const count = sums[0] as number;
    const of = (from: number, mean: number): number =>
      sharpeOfSums({ count, sum: sums[from] as number, squares: sums[from + 1] as number, mean });
    const sharpe = (of(2, left.mean - free) - of(4, right.mean - free)) * scale;
    const growths = REGIMES.map((_, kind) => ratio(sums, 6 + 2 * kind) * periodsPerYear);
    return [((sums[1] as number) / count) * periodsPerYear, sharpe, ...growths];
  };
  const columns = [
    new Float64Array(gap.length).fill(1),
    ...[gap, left.values, squaresOf(left.values), right.values, squaresOf(right.values)],
    ...byRegime,
  ];
  const observed = statistics(Float64Array.from(columns, total)).map(known);
  const intervals = bootstrapIntervals({ columns, statistics, lengthFrom: [1, 2, 4] }, bootstrap);
  const [growth = null] = observed;
  const [growthInterval = null] = intervals;
  // Where one of the two has no Sharpe ratio, there is no difference of them.
  const both = [one, two].every(({ values }) => sharpeOf(momentsOf(values, free)) !== null);
  const [sharpe, sharpeInterval] = both
    ? [observed[1] ?? null, intervals[1] ?? null]
    : [null, null];
  const verdict = verdictOf({ growth, growthInterval, same: isSame(gap) });
  const figures = { growth, growthInterval, sharpe, sharpeInterval, verdict };
  return {
    ...figures,
    words: wordsOf(figures, names),
    byRegime: REGIMES.flatMap((regime, kind) => {
      const returns = total(columns[6 + 2 * kind] as Float64Array);
      if (returns === 0) return [];
      const part = {
        growth: observed[2 + kind] ?? null,
        growthInterval: intervals[2 + kind] ?? null,
      };
      const same = isSame(columns[7 + 2 * kind] as Float64Array);
      return [{ regime, returns, ...part, verdict: verdictOf({ ...part, same }) }];
    }),
  };
}

interface Judged {
  readonly growth: number | null;
  readonly growthInterval: Interval | null;
  readonly same: boolean;
}

function verdictOf({ growth, growthInterval, same }: Judged): DifferenceVerdict {
  if (growth !== null && same) return 'equal';
  if (growth === null || growthInterval === null) return 'unknown';
  if (growthInterval.low > 0) return 'better';
  return growthInterval.high < 0 ? 'worse' : 'undecided';
}

function isSame(gaps: Float64Array): boolean {
  return gaps.every((gap) => Math.abs(gap) <= SAME);
}

function gapsOf(left: Float64Array, right: Float64Array): Float64Array {
  return left.map((value, at) => value - (right[at] as number));
}

/** For every regime two columns: 1 where a return began in it, and the gap there. */
function regimeColumns(gap: Float64Array, regimes: Uint8Array): Float64Array[] {
  return REGIMES.flatMap((_, kind) => {
    const inside = Float64Array.from(regimes, (regime) => (regime === kind ? 1 : 0));
    return [inside, gap.map((value, at) => (regimes[at] === kind ? value : 0))];
  });
}

function total(column: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < column.length; at += 1) sum += column[at] as number;
  return sum;
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
    const columns = [Float64Array.from(this.#counts), Float64Array.from(this.#sums)];
    const pairs = total(columns[0] as Float64Array);
    if (pairs === 0) return { pairs, mean: null, interval: null };
    const statistics = (sums: Float64Array): number[] => [ratio(sums, 0)];
    const [interval = null] = bootstrapIntervals(
      { columns, statistics, lengthFrom: [1] },
      bootstrap,
    );
    return { pairs, mean: total(columns[1] as Float64Array) / pairs, interval };
  }
}
