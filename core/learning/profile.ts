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

/** Stability index of windows of so many consecutive rows of the training set, each a quarter of
 * its length after the one before it, against the whole. */
export interface WindowNoise {
  readonly rows: number;
  readonly windows: number;
  readonly mean: number;
  readonly variance: number;
  readonly most: number;
}

/** A row's features, in the order of `FEATURE_NAMES`; `null` where one is not known. */
export type FeatureRow = readonly (number | null)[];

const BINS = 10;
const SHORTEST_WINDOW = 32;
/** Windows are measured up to half of the training set, each length this many times the last. */
const NEXT_WINDOW = Math.SQRT2;
const OVERLAPS = 4;

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
  const running = runningCounts(values, edges);
  const counts = [...countsUntil(running, values.length)];
  const noise: WindowNoise[] = [];
  for (let size = SHORTEST_WINDOW; size * 2 <= values.length; size *= NEXT_WINDOW) {
    noise.push(noiseOf(running, Math.floor(size)));
  }
  return { name, edges, counts, noise };
}

/** Bin by bin, after each row: the rows in it until then; nothing before the first. */
interface Running {
  readonly rows: number;
  readonly bins: number;
  readonly counts: Int32Array;
}

function runningCounts(values: Float64Array, edges: readonly number[]): Running {
  const bins = edges.length + 2;
  const counts = new Int32Array((values.length + 1) * bins);
  for (let row = 0; row < values.length; row += 1) {
    const next = (row + 1) * bins;
    counts.copyWithin(next, row * bins, next);
    const value = values[row] as number;
    const bin = next + binOf(edges, Number.isNaN(value) ? null : value);
    counts[bin] = (counts[bin] as number) + 1;
  }
  return { rows: values.length, bins, counts };
}

function countsUntil({ bins, counts }: Running, row: number): Int32Array {
  return counts.subarray(row * bins, (row + 1) * bins);
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

function noiseOf(running: Running, size: number): WindowNoise {
  const { rows } = running;
  const whole = countsUntil(running, rows);
  const indices: number[] = [];
  for (let from = 0; from + size <= rows; from += Math.floor(size / OVERLAPS)) {
    const before = countsUntil(running, from);
    const window = countsUntil(running, from + size).map(
      (count, bin) => count - (before[bin] as number),
    );
    indices.push(stabilityIndex(whole, window));
  }
  const windows = indices.length;
  const mean = indices.reduce((sum, one) => sum + one, 0) / windows;
  const around = indices.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (windows - 1);
  // A window is a part of what it is held against; newer rows are not, and so lie further off.
  const apart = (rows + size) / (rows - size);
  return {
    ...{ rows: size, windows },
    mean: mean * apart,
    variance: around * apart * apart,
    most: Math.max(...indices) * apart,
  };
}

/** Population stability index (Siddiqi, "Credit risk scorecards", 2006): Σ (aᵢ − eᵢ) ln(aᵢ / eᵢ)
 * over bins, with half a row added to every bin on both sides, so that an empty one is rare and not
 * impossible. Bins that neither side has are left out. */
export function stabilityIndex(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  let [all, some, index] = [0, 0, 0];
  for (let bin = 0; bin < expected.length; bin += 1) {
    const [was, is] = [expected[bin] as number, actual[bin] as number];
    if (was + is === 0) continue;
    all += was + SMOOTHING;
    some += is + SMOOTHING;
  }
  for (let bin = 0; bin < expected.length; bin += 1) {
    if ((expected[bin] as number) + (actual[bin] as number) === 0) continue;
    const was = ((expected[bin] as number) + SMOOTHING) / all;
    const is = ((actual[bin] as number) + SMOOTHING) / some;
    index += (is - was) * Math.log(is / was);
  }
  return index;
}

const SMOOTHING = 0.5;
