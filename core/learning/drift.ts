import type { Action } from '../assistants/speech.ts';
import type { BootstrapTerms, Interval } from '../judgement/assessment.ts';
import { DEFAULT_BOOTSTRAP } from '../judgement/bootstrap.ts';
import { normalQuantile } from '../judgement/normal.ts';
import { CalibrationSheet } from '../judgement/score.ts';
import type { ValidationRow } from './contract.ts';
import { CloseSums, estimateMean, leastBlockOf, meanOfColumn, studentAbove } from './mean-test.ts';
import {
  binOf,
  type FeatureProfile,
  type FeatureRow,
  type FeatureShape,
  stabilityIndex,
  type WindowNoise,
} from './profile.ts';
import { type Answer, brierOfAnswer, stanceOfAnswer } from './validation.ts';

export const DRIFT_LEVELS = ['none', 'warned', 'discounted'] as const;
export type DriftLevel = (typeof DRIFT_LEVELS)[number];

/** Siddiqi (2006): below 0.1 nothing has changed, above 0.25 something has. */
export const PSI_WARNED = 0.1;
export const PSI_DRIFTED = 0.25;
/** Chance that any feature is called drifted when none is. */
const FALSE_ALARM = 0.01;
export const LEAST_DRIFT_ROWS = 50;

/** How far newer rows lie from those a model was trained on. JSON-safe. */
export interface DriftFigures {
  readonly rows: number;
  readonly level: DriftLevel;
  /** In the order of the profile. */
  readonly features: readonly FeatureDrift[];
  readonly words: string;
}

export interface FeatureDrift {
  readonly name: string;
  readonly psi: number;
  /** What windows of the training set itself, as long as this one, come to: the mean, and the most:
   * the furthest of them, or what one of all features passes with a chance of 1 % when that is
   * more. */
  readonly usual: number;
  readonly limit: number;
  readonly level: DriftLevel;
}

/** Feature by feature: is the stability index of these rows above Siddiqi's limit, and above what
 * windows of the training set of this length come to by themselves? So few rows, rows that hang
 * together and hours of the day or days of the week that a short window cannot all hold raise no
 * alarm: the training set's own short windows did not hold them either. `rows`: the newest, in the
 * order of time. Throws a `RangeError` when a row has another number of features. */
export function populationDrift(
  profile: FeatureProfile,
  rows: readonly FeatureRow[],
): DriftFigures {
  const width = profile.features.length;
  const other = rows.find(({ length }) => length !== width);
  if (other !== undefined) {
    throw new RangeError(`a row must have ${width} features, had ${other.length}`);
  }
  if (rows.length < LEAST_DRIFT_ROWS) {
    const words = `${rows.length} rows are too few to tell drift by (${LEAST_DRIFT_ROWS} needed)`;
    return { rows: rows.length, level: 'none', features: [], words };
  }
  const features = profile.features.map((shape, place) =>
    featureDrift(
      shape,
      rows.map((row) => row[place] ?? null),
      profile,
    ),
  );
  const level = worst(features.map((one) => one.level));
  return { rows: rows.length, level, features, words: populationWords(rows.length, features) };
}

function featureDrift(
  shape: FeatureShape,
  values: readonly (number | null)[],
  { rows, features }: FeatureProfile,
): FeatureDrift {
  const counts = shape.counts.map(() => 0);
  for (const value of values) {
    const bin = binOf(shape.edges, value);
    counts[bin] = (counts[bin] as number) + 1;
  }
  const psi = stabilityIndex(shape.counts, counts);
  const bins = Math.max(2, shape.counts.filter((count) => count > 0).length);
  const noise = noiseAt({ shape, size: values.length, trained: rows, bins });
  const chance = 1 - (1 - FALSE_ALARM) ** (1 / features.length);
  const limit = Math.max(noise.most, gammaAbove(chance, noise));
  const beyond = psi > limit;
  const level = beyond && psi > PSI_DRIFTED ? 'discounted' : null;
  return {
    name: shape.name,
    psi,
    usual: noise.mean,
    limit,
    level: level ?? (beyond && psi > PSI_WARNED ? 'warned' : 'none'),
  };
}

/** The index without any drift, for windows of `size` rows: what the two nearest lengths that were
 * measured have more, each as 1 / size + 1 / trained goes. Never less than for independent rows,
 * (bins − 1) (1 / size + 1 / trained) (Yurdakul & Naranjo, "Statistical properties of the
 * population stability index", Journal of Risk Model Validation 14, 2020), and never more degrees
 * of freedom than there are bins to differ in. */
function noiseAt(at: {
  readonly shape: FeatureShape;
  readonly size: number;
  readonly trained: number;
  readonly bins: number;
}): Pick<WindowNoise, 'mean' | 'variance' | 'most'> {
  const { shape, size, trained, bins } = at;
  const per = (rows: number): number => 1 / rows + 1 / trained;
  let mean = (bins - 1) * per(size);
  let [variance, most] = [0, 0];
  const above = shape.noise.find(({ rows }) => rows >= size);
  const below = shape.noise.findLast(({ rows }) => rows <= size);
  for (const near of [above, below]) {
    if (near === undefined) continue;
    const by = per(size) / per(near.rows);
    mean = Math.max(mean, near.mean * by);
    variance = Math.max(variance, near.variance * by * by);
    most = Math.max(most, near.most * by);
  }
  return { mean, variance: Math.max((2 * mean * mean) / (bins - 1), variance), most };
}

/** What a gamma variable of this mean and variance lies above with that probability: the sum of
 * weighted chi squares that an index is without drift (Rao & Scott, JASA 76, 1981), matched by two
 * moments (Satterthwaite 1946), by the cube root that is nearly normal (Wilson & Hilferty, PNAS 17,
 * 1931). */
export function gammaAbove(
  probability: number,
  { mean, variance }: Pick<WindowNoise, 'mean' | 'variance'>,
): number {
  const freedom = (2 * mean * mean) / variance;
  const part = 2 / (9 * freedom);
  return mean * Math.max(0, 1 - part - normalQuantile(probability) * Math.sqrt(part)) ** 3;
}

function populationWords(rows: number, features: readonly FeatureDrift[]): string {
  const most = (level: DriftLevel): readonly FeatureDrift[] =>
    features.filter((one) => one.level === level).sort((a, b) => b.psi - a.psi);
  const [drifted, warned] = [most('discounted'), most('warned')];
  const named = (list: readonly FeatureDrift[]): string =>
    list
      .map(({ name, psi, limit }) => `${name} ${psi.toFixed(2)} (${limit.toFixed(2)})`)
      .join(', ');
  if (drifted.length + warned.length === 0) {
    const [largest] = [...features].sort((a, b) => b.psi - a.psi);
    const what = largest === undefined ? '' : `, largest ${named([largest])}`;
    return `no feature of ${rows} rows has drifted: stability index (usual at most)${what}`;
  }
  const parts = [
    drifted.length > 0 ? `drifted: ${named(drifted)}` : '',
    warned.length > 0 ? `moved: ${named(warned)}` : '',
  ];
  const what = parts.filter((part) => part !== '').join('; ');
  return `${rows} rows, stability index (usual at most): ${what}`;
}

/** The worst of several; `none` of none. */
export function worst(levels: readonly DriftLevel[]): DriftLevel {
  return DRIFT_LEVELS[Math.max(0, ...levels.map((one) => DRIFT_LEVELS.indexOf(one)))] ?? 'none';
}

/** How a model did out of sample before it was served. JSON-safe. */
export interface ValidatedFigures {
  readonly rows: number;
  readonly brier: number;
  /** Standard error of it; `null`: not known. */
  readonly brierError: number | null;
  /** Brier of always saying the label shares of each fold's past. */
  readonly baseBrier: number;
  readonly expectedError: number | null;
}

/** A forecast that was served, and what came. */
export interface SettledForecast extends Answer {
  readonly closeTimeMs: number;
  readonly label: Action;
}

export interface CalibrationDrift {
  readonly forecasts: number;
  readonly level: DriftLevel;
  readonly brier: number | null;
  readonly expectedError: number | null;
  /** Brier now less Brier validated, above zero: worse; with an interval, `null` with too few. */
  readonly worse: number | null;
  readonly interval: Interval | null;
  /** Share of the validated skill over the label shares that is left, as far as it is shown to be
   * gone, 0 … 1. */
  readonly skillLeft: number;
  readonly words: string;
}

/** What validation said of a model: to be kept, and held against what it does when served. `base`:
 * the label shares, row by row. */
export function validatedFigures(
  rows: readonly ValidationRow[],
  base: readonly Answer[],
  horizonCandles: number,
): ValidatedFigures | null {
  if (rows.length === 0) return null;
  const sums = new CloseSums(2);
  const sheet = new CalibrationSheet();
  rows.forEach((row, at) => {
    const brier = brierOfAnswer(row, row.label);
    sums.add(row.closeTimeMs, [brier, brierOfAnswer(base[at] as Answer, row.label)]);
    sheet.add(stanceOfAnswer(row), row.label);
  });
  const stretches = sums.stretches();
  const own = estimateMean(stretches, 1, leastBlockOf({ horizonCandles }));
  return {
    rows: rows.length,
    brier: own.mean as number,
    brierError: own.error,
    baseBrier: meanOfColumn(stretches, 2) as number,
    expectedError: sheet.calibration().expectedError,
  };
}

/** Are the forecasts that were served worse than validation said? Both errors count: that of the
 * recent mean (block bootstrap, blocks at least as long as the horizon) and that of the validated.
 * Beyond noise it is `warned`; when half of the validated skill is shown to be gone, `discounted`.
 * `settled` in the order of close times. */
export function calibrationDrift(
  validated: ValidatedFigures,
  settled: readonly SettledForecast[],
  { horizonCandles, level = DEFAULT_BOOTSTRAP.level }: CalibrationTerms,
): CalibrationDrift {
  const sums = new CloseSums(1);
  const sheet = new CalibrationSheet();
  for (const one of settled) {
    sums.add(one.closeTimeMs, [brierOfAnswer(one, one.label)]);
    sheet.add(stanceOfAnswer(one), one.label);
  }
  const block = leastBlockOf({ horizonCandles });
  const { mean, error, freedom } = estimateMean(sums.stretches(), 1, block);
  const { expectedError } = sheet.calibration();
  const figures = { forecasts: settled.length, brier: mean, expectedError };
  if (mean === null || error === null) {
    const words = `${settled.length} settled forecasts are too few to hold against validation`;
    return { ...figures, level: 'none', worse: null, interval: null, skillLeft: 1, words };
  }
  const worse = mean - validated.brier;
  const both = Math.hypot(error, validated.brierError ?? 0);
  const reach = studentAbove((1 - level) / 2, freedom) * both;
  const interval = { low: worse - reach, high: worse + reach, level };
  const skill = validated.baseBrier - validated.brier;
  const lost = Math.max(0, interval.low);
  const skillLeft = lost === 0 ? 1 : skill > 0 ? Math.max(0, 1 - lost / skill) : 0;
  const found = lost === 0 ? 'none' : skillLeft < HALF_OF_SKILL ? 'discounted' : 'warned';
  const words = calibrationWords({ count: settled.length, mean, interval }, validated, found);
  return { ...figures, level: found, worse, interval, skillLeft, words };
}

const HALF_OF_SKILL = 0.5;

export interface CalibrationTerms {
  readonly horizonCandles: number;
  readonly level?: BootstrapTerms['level'];
}

function calibrationWords(
  now: { readonly count: number; readonly mean: number; readonly interval: Interval },
  validated: ValidatedFigures,
  level: DriftLevel,
): string {
  const { low, high } = now.interval;
  const range = `${low.toFixed(3)} to ${high.toFixed(3)}`;
  const figures =
    `Brier score ${now.mean.toFixed(3)} of ${now.count} settled forecasts, ` +
    `${validated.brier.toFixed(3)} when validated (difference between ${range})`;
  if (level === 'none') return `no worse than validated: ${figures}`;
  const how = level === 'warned' ? 'worse than validated' : 'most of its skill is gone';
  return `${how}: ${figures}`;
}
