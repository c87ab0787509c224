import { Random } from '../random.ts';
import type { BootstrapTerms, Interval } from './assessment.ts';
import { optimalBlockLength } from './block-length.ts';

/** Enough for a 95 % interval to be steady in its second digit. */
export const DEFAULT_BOOTSTRAP: BootstrapTerms = { resamples: 1_000, seed: 'corro', level: 0.95 };

/** Values below which no interval is given: nothing is known of how they hang together. */
export const LEAST_VALUES = 30;
/** Longer series are resampled in stretches of neighbours, so that a million closes cost no more
 * than four thousand: blocks then begin and end on a grid. Sums over a stretch are exact, so the
 * statistic is that of the closes themselves. */
export const MOST_STRETCHES = 4_096;
/** Resamples without a defined statistic, as a share, from which there is no interval. */
const MOST_UNDEFINED = 0.05;

/** Several series of one length, as the sums of their stretches: what a bootstrap draws from. */
export class Stretches {
  /** Values of each series. */
  readonly count: number;
  readonly columns: readonly Float64Array[];
  /** Values to a stretch. */
  readonly each: number;

  constructor(count: number, width: number) {
    this.count = count;
    this.each = Math.max(1, Math.ceil(count / MOST_STRETCHES));
    const size = Math.ceil(count / this.each);
    this.columns = Array.from({ length: width }, () => new Float64Array(size));
  }

  static of(series: readonly Float64Array[]): Stretches {
    const count = series[0]?.length ?? 0;
    const stretches = new Stretches(count, series.length);
    for (const [column, values] of series.entries()) {
      if (values.length !== count) throw new RangeError('series must be of one length');
      for (let at = 0; at < count; at += 1) stretches.add(column, at, values[at] as number);
    }
    return stretches;
  }

  /** Adds to the value at `at` of a series. */
  add(column: number, at: number, value: number): void {
    const sums = this.columns[column] as Float64Array;
    const stretch = this.each === 1 ? at : Math.floor(at / this.each);
    sums[stretch] = (sums[stretch] as number) + value;
  }

  /** Of each series, all of it. */
  totals(): Float64Array {
    return Float64Array.from(this.columns, (sums) => sums.reduce((sum, one) => sum + one, 0));
  }
}

export interface BootstrapInputs {
  /** Series that are resampled together: what stood at one close stays together. */
  readonly stretches: Stretches;
  /** Statistics from the sums of a resample, series by series, as from those of the series
   * themselves. What is not defined is NaN. Only ratios of sums are sound: a resample may hold
   * slightly more or fewer values than the series, so let one series count. */
  readonly statistics: (sums: Float64Array) => readonly number[];
  /** Series whose dependence sets the length of the blocks (the longest of theirs is taken). */
  readonly lengthFrom: readonly number[];
  /** Blocks are never shorter on average than so many values: the reach of what overlaps. */
  readonly leastLength?: number;
}

/** One percentile interval for each statistic (Efron 1979), by the stationary bootstrap of Politis
 * & Romano ("The stationary bootstrap", JASA 89, 1994): blocks begin anywhere, have geometric
 * lengths and wrap around the end. `null` where there are too few values or the statistic is
 * undefined in more than a twentieth of the resamples. The same inputs and seed give the same
 * interval. */
export function bootstrapIntervals(
  { stretches, statistics, lengthFrom, leastLength = 1 }: BootstrapInputs,
  terms: BootstrapTerms = DEFAULT_BOOTSTRAP,
): readonly (Interval | null)[] {
  requireTerms(terms);
  const { count, columns } = stretches;
  const outcomes = statistics(stretches.totals()).length;
  if (count < LEAST_VALUES) return Array.from({ length: outcomes }, () => null);
  const lengths = lengthFrom.map((index) => optimalBlockLength(columns[index] as Float64Array));
  const least = leastLength / stretches.each;
  const sampler = new Sampler(columns, Math.max(1, least, ...lengths));
  const random = new Random(terms.seed, 'stationary bootstrap');
  const drawn = Array.from({ length: outcomes }, () => new Float64Array(terms.resamples));
  for (let turn = 0; turn < terms.resamples; turn += 1) {
    const values = statistics(sampler.draw(random));
    for (let index = 0; index < outcomes; index += 1) {
      (drawn[index] as Float64Array)[turn] = values[index] as number;
    }
  }
  return drawn.map((values) => percentileInterval(values, terms.level));
}

function requireTerms({ resamples, level }: BootstrapTerms): void {
  if (!(Number.isInteger(resamples) && resamples >= 100 && resamples <= 1_000_000)) {
    throw new RangeError(`resamples must be 100 … 1000000, was ${resamples}`);
  }
  if (!(level > 0 && level < 1)) throw new RangeError(`level must be in 0 … 1, was ${level}`);
}

/** Draws resamples as column sums. Sums from the start over two rounds make any block, wrapped or
 * not, one subtraction a column; the columns of one place lie side by side in memory. */
class Sampler {
  readonly #running: Float64Array;
  readonly #size: number;
  /** A block goes on while the next 32 random bits are at least this. */
  readonly #end: number;
  readonly #sums: Float64Array;

  constructor(columns: readonly Float64Array[], blockLength: number) {
    const width = columns.length;
    const size = columns[0]?.length ?? 0;
    this.#size = size;
    this.#end = 4_294_967_296 / blockLength;
    this.#sums = new Float64Array(width);
    this.#running = new Float64Array((2 * size + 1) * width);
    for (const [index, column] of columns.entries()) {
      let sum = 0;
      for (let at = 0; at < 2 * size; at += 1) {
        sum += column[at < size ? at : at - size] as number;
        this.#running[(at + 1) * width + index] = sum;
      }
    }
  }

  draw(random: Random): Float64Array {
    const size = this.#size;
    const sums = this.#sums.fill(0);
    let taken = 0;
    while (taken < size) {
      const start = random.whole(0, size - 1);
      let length = 1;
      while (taken + length < size && random.next() >= this.#end) length += 1;
      this.#addBlock(start, length);
      taken += length;
    }
    return sums;
  }

  #addBlock(start: number, length: number): void {
    const running = this.#running;
    const sums = this.#sums;
    const width = sums.length;
    const from = start * width;
    const to = (start + length) * width;
    for (let index = 0; index < width; index += 1) {
      const block = (running[to + index] as number) - (running[from + index] as number);
      sums[index] = (sums[index] as number) + block;
    }
  }
}

function percentileInterval(values: Float64Array, level: number): Interval | null {
  const defined = values.filter((value) => Number.isFinite(value)).sort();
  if (defined.length < (1 - MOST_UNDEFINED) * values.length) return null;
  const tail = (1 - level) / 2;
  return { low: quantile(defined, tail), high: quantile(defined, 1 - tail), level };
}

/** Linear between the two nearest of sorted values (Hyndman & Fan 1996, type 7). */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (place - below);
}
