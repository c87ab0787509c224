import type { TrainingMatrix } from '../models/matrix.ts';

/** What the features of a training set look like: against it, newer rows are held. JSON-safe. */
export interface FeatureProfile {
  readonly featureHash: string;
  readonly rows: number;
  /** In the order of the matrix's features. */
  readonly features: readonly FeatureShape[];
}

export interface FeatureShape {
  readonly name: string;
  /** Where one bin of known values ends and the next begins, rising: deciles, equal ones once. A
   * value on an edge belongs above it. */
  readonly edges: readonly number[];
  /** Rows in each bin; the last is of rows without a value. */
  readonly counts: readonly number[];
  /** How far windows of the training set itself lie from all of it. */
  readonly noise: readonly WindowNoise[];
}

/** Stability index of windows of so many consecutive rows, cut from the training set one beside
 * the other, against the whole. */
export interface WindowNoise {
  readonly rows: number;
  readonly windows: number;
  readonly mean: number;
  readonly variance: number;
}

/** A row's features, in the order of `FEATURE_NAMES`; `null` where one is not known. */
export type FeatureRow = readonly (number | null)[];

const BINS = 10;
const SHORTEST_WINDOW = 32;
/** Fewer windows than these say too little of how windows differ. */
const LEAST_WINDOWS = 4;

/** Throws a `RangeError` for a matrix without rows. O(features × rows log rows). */
export function profileOf({ header, numbers }: TrainingMatrix): FeatureProfile {
  const { rows, columns, features } = header;
  if (rows === 0) throw new RangeError('a matrix must have rows to be profiled, had none');
  const shapes = features.names.map((name) => {
    const column = columns.indexOf(name);
    const values = new Float64Array(rows);
    for (let row = 0; row < rows; row += 1) {
      values[row] = numbers[row * columns.length + column] as number;
    }
    return shapeOf(name, values);
  });
  return { featureHash: features.hash, rows, features: shapes };
}

function shapeOf(name: string, values: Float64Array): FeatureShape {
  const edges = edgesOf(values);
  const bins = Uint8Array.from(values, (value) => binOf(edges, Number.isNaN(value) ? null : value));
  const counts = countsOf(bins, edges.length + 2);
  const noise: WindowNoise[] = [];
  for (let size = SHORTEST_WINDOW; size * LEAST_WINDOWS <= bins.length; size *= 2) {
    noise.push(noiseOf(bins, counts, size));
  }
  return { name, edges, counts, noise };
}

function edgesOf(values: Float64Array): number[] {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  const edges: number[] = [];
  for (let part = 1; part < BINS; part += 1) {
    const edge = known[Math.floor((part * known.length) / BINS)];
    // Below the least value there is nothing to count.
    const last = edges.at(-1) ?? known[0];
    if (edge !== undefined && last !== undefined && edge > last) edges.push(edge);
  }
  return edges;
}

/** Place of a value's bin; rows without one come last. */
export function binOf(edges: readonly number[], value: number | null): number {
  if (value === null) return edges.length + 1;
  let bin = 0;
  while (bin < edges.length && value >= (edges[bin] as number)) bin += 1;
  return bin;
}

function countsOf(bins: Uint8Array, size: number): number[] {
  const counts = Array.from({ length: size }, () => 0);
  for (const bin of bins) counts[bin] = (counts[bin] as number) + 1;
  return counts;
}

function noiseOf(bins: Uint8Array, whole: readonly number[], size: number): WindowNoise {
  const indices: number[] = [];
  for (let from = 0; from + size <= bins.length; from += size) {
    const window = countsOf(bins.subarray(from, from + size), whole.length);
    indices.push(stabilityIndex(whole, window));
  }
  const windows = indices.length;
  const mean = indices.reduce((sum, one) => sum + one, 0) / windows;
  const around = indices.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (windows - 1);
  // A window is a part of what it is held against; newer rows are not, and so lie further off.
  const apart = (bins.length + size) / (bins.length - size);
  return { rows: size, windows, mean: mean * apart, variance: around * apart * apart };
}

/** Population stability index (Siddiqi, "Credit risk scorecards", 2006): Σ (aᵢ − eᵢ) ln(aᵢ / eᵢ)
 * over bins, with half a row added to every bin on both sides, so that an empty one is rare and not
 * impossible. Bins that neither side has are left out. */
export function stabilityIndex(expected: readonly number[], actual: readonly number[]): number {
  const used = expected.map((count, bin) => count > 0 || (actual[bin] as number) > 0);
  const sizeOf = (counts: readonly number[]): number =>
    counts.reduce((sum, count, bin) => (used[bin] ? sum + count + SMOOTHING : sum), 0);
  const [all, some] = [sizeOf(expected), sizeOf(actual)];
  let index = 0;
  for (const [bin, isUsed] of used.entries()) {
    if (!isUsed) continue;
    const was = ((expected[bin] as number) + SMOOTHING) / all;
    const is = ((actual[bin] as number) + SMOOTHING) / some;
    index += (is - was) * Math.log(is / was);
  }
  return index;
}

const SMOOTHING = 0.5;
