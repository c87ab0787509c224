import type { OutcomeTerms } from '../judgement/assessment.ts';
import { optimalBlockLength } from '../judgement/block-length.ts';
import { Stretches } from '../judgement/bootstrap.ts';
import { normalQuantile } from '../judgement/normal.ts';

/** Values gathered close by close in the order of time: what was said at one close stays together.
 * Several columns that belong to the same rows. */
export class CloseSums {
  readonly #width: number;
  readonly #counts: number[] = [];
  readonly #sums: number[][];
  #closeTimeMs = Number.NEGATIVE_INFINITY;

  constructor(width: number) {
    this.#width = width;
    this.#sums = Array.from({ length: width }, () => []);
  }

  /** Throws a `RangeError` when time goes back. */
  add(closeTimeMs: number, values: readonly number[]): void {
    if (closeTimeMs < this.#closeTimeMs) {
      throw new RangeError(`closeTimeMs must not go back, was ${closeTimeMs}`);
    }
    if (closeTimeMs > this.#closeTimeMs) {
      this.#closeTimeMs = closeTimeMs;
      this.#counts.push(0);
      for (const sums of this.#sums) sums.push(0);
    }
    const last = this.#counts.length - 1;
    this.#counts[last] = (this.#counts[last] as number) + 1;
    for (let at = 0; at < this.#width; at += 1) {
      const sums = this.#sums[at] as number[];
      sums[last] = (sums[last] as number) + (values[at] as number);
    }
  }

  /** How many rows first, then the columns. */
  stretches(): Stretches {
    return Stretches.of([this.#counts, ...this.#sums].map((one) => Float64Array.from(one)));
  }
}

/** A mean of values that hang together, and how far it may be off. */
export interface MeanEstimate {
  readonly rows: number;
  readonly closes: number;
  /** `null` without any row. */
  readonly mean: number | null;
  /** Its standard error; `null` with too few closes to know it. */
  readonly error: number | null;
  /** Degrees of freedom of the error: about how many blocks there are. */
  readonly freedom: number;
}

const LEAST_WEIGHT = 1e-4;
/** Blocks are at least so many horizons long: outcomes overlap over one, and a block that is no
 * longer loses a third of what overlaps at its ends. */
const BLOCK_HORIZONS = 2;

/** The least length of a block, in closes. */
export function leastBlockOf({ horizonCandles }: Pick<OutcomeTerms, 'horizonCandles'>): number {
  return BLOCK_HORIZONS * horizonCandles;
}

/** Below so many blocks nothing is known of the error. */
export const LEAST_FREEDOM = 10;

/** Mean of column `column` of `CloseSums.stretches()` over its rows. Its error is the one that
 * the stationary block bootstrap (Politis & Romano, JASA 89, 1994, lemma 1) would find with
 * resamples without end: γ₀ + 2 Σ bₖ γₖ, with bₖ = (1 − k/n)(1 − p)^k + (k/n)(1 − p)^(n − k) and
 * blocks of 1/p closes: as long as the data's dependence asks for (Politis & White 2004), and never
 * shorter than `leastBlock`, within which outcomes overlap. No resample is drawn: the tail that a
 * test for many trials needs would take millions. Freedom is n over the sum of squared lag weights
 * (as for spectral estimates, Priestley 1981). O(closes × block). */
export function estimateMean(
  stretches: Stretches,
  column: number,
  leastBlock: number,
): MeanEstimate {
  const [counts, sums] = [stretches.columns[0], stretches.columns[column]];
  if (counts === undefined || sums === undefined) throw new RangeError(`no column ${column}`);
  const rows = total(counts);
  const closes = stretches.count;
  if (rows === 0) return { rows, closes, mean: null, error: null, freedom: 0 };
  const mean = total(sums) / rows;
  const own = sums.map((sum, at) => sum - mean * (counts[at] as number));
  const least = leastBlock / stretches.each;
  const length = Math.max(1, least, optimalBlockLength(own));
  const goesOn = 1 - 1 / length;
  const size = own.length;
  let [variance, squares] = [0, 0];
  for (let lag = 0; lag < size; lag += 1) {
    const [fades, wraps] = [goesOn ** lag, goesOn ** (size - lag)];
    // What is left between both ends is far below the error of the estimate itself.
    if (fades < LEAST_WEIGHT && wraps < LEAST_WEIGHT) continue;
    const weight = (1 - lag / size) * fades + (lag / size) * wraps;
    const times = lag === 0 ? 1 : 2;
    variance += times * weight * covariance(own, lag);
    squares += times * fades * fades;
  }
  const freedom = size / squares - 1;
  const known = freedom >= LEAST_FREEDOM && variance >= 0;
  return { rows, closes, mean, error: known ? Math.sqrt(variance * size) / rows : null, freedom };
}

/** `null` without any row. */
export function meanOfColumn({ columns }: Stretches, column: number): number | null {
  const [counts, sums] = [columns[0] as Float64Array, columns[column] as Float64Array];
  const rows = total(counts);
  return rows === 0 ? null : total(sums) / rows;
}

function covariance(centred: Float64Array, lag: number): number {
  let sum = 0;
  for (let at = lag; at < centred.length; at += 1) {
    sum += (centred[at] as number) * (centred[at - lag] as number);
  }
  return sum / centred.length;
}

function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** The number that Student's t with so many degrees of freedom lies above with this probability,
 * 0 … 0.5: Abramowitz & Stegun (1964), 26.7.5, four terms. For ten degrees and more it is right to
 * 1 % down to one in a million. */
export function studentAbove(probability: number, freedom: number): number {
  if (!(probability > 0 && probability <= 0.5)) {
    throw new RangeError(`probability must be in 0 … 0.5, was ${probability}`);
  }
  if (!(freedom >= LEAST_FREEDOM)) {
    throw new RangeError(`freedom must be at least ${LEAST_FREEDOM}, was ${freedom}`);
  }
  const x = -normalQuantile(probability);
  const s = x * x;
  const first = ((s + 1) * x) / 4;
  const second = (((5 * s + 16) * s + 3) * x) / 96;
  const third = ((((3 * s + 19) * s + 17) * s - 15) * x) / 384;
  const fourth = (((((79 * s + 776) * s + 1_482) * s - 1_920) * s - 945) * x) / 92_160;
  return x + (first + (second + (third + fourth / freedom) / freedom) / freedom) / freedom;
}

/** The level of one of so many tests, so that the chance of any passing without skill is `level`:
 * 1 − (1 − level)^(1 / trials) (Šidák, JASA 62, 1967). */
export function levelOfEach(level: number, trials: number): number {
  if (!(Number.isInteger(trials) && trials >= 1)) {
    throw new RangeError(`trials must be a whole number from 1 on, was ${trials}`);
  }
  return -Math.expm1(Math.log1p(-level) / trials);
}
