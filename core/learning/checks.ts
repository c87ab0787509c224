import type { Interval } from '../judgement/assessment.ts';
import { bootstrapIntervals } from '../judgement/bootstrap.ts';
import { CALIBRATION_BINS } from '../judgement/score.ts';
import type { PromotionCheck, ValidationRow } from './contract.ts';
import type { DriftFigures } from './drift.ts';
import {
  CloseSums,
  estimateMean,
  leastBlockOf,
  levelOfEach,
  meanOfColumn,
  studentAbove,
} from './mean-test.ts';
import type { CandidateFacts, GateFinding, PromotionTerms } from './promotion.ts';
import { type Answer, brierOfAnswer, callOf } from './validation.ts';

/** Rows that are a test of both, and what the candidate is held against on them. */
export interface Comparison {
  readonly name: 'champion' | 'label shares';
  readonly rows: readonly ValidationRow[];
  readonly other: readonly Answer[];
  readonly base: readonly Answer[];
  /** The champion had seen some of these rows: the comparison favours it. */
  readonly favoursOther: boolean;
}

/** Only rows that close after the champion's own training set are a test of it. Where they are too
 * few, all are taken: what it has seen it answers better than it should, so the candidate has the
 * harder stand, and the words say so. */
export function comparisonOf(
  { candidate, base, champion }: CandidateFacts,
  { freshRows }: PromotionTerms,
): Comparison {
  if (champion === null) {
    const rows = candidate;
    return { name: 'label shares', rows, other: base, base, favoursOther: false };
  }
  const { answers, trainedToMs } = champion;
  const first = candidate.findIndex(({ closeTimeMs }) => closeTimeMs > trainedToMs);
  const fresh = first === -1 ? 0 : candidate.length - first;
  const from = fresh >= freshRows ? first : 0;
  return {
    name: 'champion',
    rows: candidate.slice(from),
    other: answers.slice(from),
    base: base.slice(from),
    favoursOther: from < (first === -1 ? candidate.length : first),
  };
}

/** Words on rows the champion knew; nothing when it knew none. */
export function favourWords({ favoursOther }: Comparison): string {
  return favoursOther ? ', on rows the champion had seen (which favours it)' : '';
}

/** Brier score of the other less the candidate's, on the same rows: shown to be above zero when so
 * many errors (Student's t, by the blocks there are) above it that the best of all trials without
 * skill would pass with a chance of `level` alone. Beside a champion the candidate must not be
 * worse than the label shares either. */
export function betterCheck(facts: CandidateFacts, terms: PromotionTerms): PromotionCheck {
  const comparison = comparisonOf(facts, terms);
  const { rows, other, base, name } = comparison;
  const sums = new CloseSums(2);
  rows.forEach((row, at) => {
    const own = brierOfAnswer(row, row.label);
    const gain = brierOfAnswer(other[at] as Answer, row.label) - own;
    sums.add(row.closeTimeMs, [gain, brierOfAnswer(base[at] as Answer, row.label) - own]);
  });
  const stretches = sums.stretches();
  const gain = estimateMean(stretches, 1, leastBlockOf(facts.label));
  const overBase = meanOfColumn(stretches, 2);
  const brier = meanOf(rows.map((row) => brierOfAnswer(row, row.label)));
  const each = levelOfEach(terms.level, facts.trials);
  const figures = {
    comparedWith: name,
    rows: rows.length,
    brier,
    gain: gain.mean,
    error: gain.error,
    gainOverLabelShares: overBase,
    trials: facts.trials,
    level: each,
  };
  if (gain.mean === null || gain.error === null) {
    const words = `${rows.length} rows out of sample are too few to be better than the ${name}`;
    return { name: 'better', passed: false, words, figures: { ...figures, needed: null } };
  }
  const needed = studentAbove(each, gain.freedom) * gain.error;
  const shown = gain.mean > needed;
  const knows = overBase !== null && overBase > 0;
  const size =
    `Brier score ${fixed(brier)}, ${signed(gain.mean)} against the ${name} ` +
    `on ${rows.length} rows; ` +
    `${signed(needed)} is needed after ${trials(facts.trials)}${favourWords(comparison)}`;
  const than = knows ? '' : ', and worse than always saying the label shares';
  const words = shown
    ? `${knows ? 'better' : 'not better'} than the ${name}${than}: ${size}`
    : `not shown to be better than the ${name}${than}: ${size}`;
  return { name: 'better', passed: shown && knows, words, figures: { ...figures, needed } };
}

function trials(count: number): string {
  return count === 1 ? 'one trial' : `${count} trials`;
}

/** Expected calibration error of the likeliest label in ten bins (Naeini, Cooper & Hauskrecht
 * 2015), with its block bootstrap interval: passed when all of the interval is below the limit.
 * Noise alone makes the error larger, never smaller, so too few rows do not pass. */
export function calibratedCheck(facts: CandidateFacts, terms: PromotionTerms): PromotionCheck {
  const { candidate, label } = facts;
  const sums = new CloseSums(CALIBRATION_BINS);
  let claims = 0;
  for (const row of candidate) {
    const said = Math.max(row.buy, row.sell, row.hold);
    const gaps = Array.from({ length: CALIBRATION_BINS }, () => 0);
    const bin = Math.min(CALIBRATION_BINS - 1, Math.floor(said * CALIBRATION_BINS));
    gaps[bin] = said - (likeliest(row) === row.label ? 1 : 0);
    sums.add(row.closeTimeMs, gaps);
    claims += 1;
  }
  const stretches = sums.stretches();
  const errorOf = (totals: Float64Array): number[] => {
    let gap = 0;
    for (let bin = 1; bin <= CALIBRATION_BINS; bin += 1) gap += Math.abs(totals[bin] as number);
    return [gap / (totals[0] as number)];
  };
  const [error = Number.NaN] = claims === 0 ? [] : errorOf(stretches.totals());
  const [interval = null] = bootstrapIntervals(
    { stretches, statistics: errorOf, lengthFrom: [], leastLength: leastBlockOf(label) },
    terms.bootstrap,
  );
  const limit = terms.mostCalibrationError;
  const figures = {
    rows: claims,
    expectedError: Number.isFinite(error) ? error : null,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    limit,
  };
  if (interval === null) {
    const words = `${claims} rows out of sample are too few to know its calibration`;
    return { name: 'calibrated', passed: false, words, figures };
  }
  const passed = interval.high < limit;
  const size =
    `expected calibration error ${percent(error)} (${span(interval)}), ` +
    `limit ${percent(limit)}`;
  const words = `${passed ? 'calibrated' : 'not shown to be calibrated'}: ${size}`;
  return { name: 'calibrated', passed, words, figures };
}

/** Of equal shares the first: a claim is counted for every row. */
function likeliest(answer: Answer): ValidationRow['label'] {
  const call = callOf(answer);
  if (call !== 'HOLD' || answer.hold >= Math.max(answer.buy, answer.sell)) return call;
  return answer.buy >= answer.sell ? 'BUY' : 'SELL';
}

export function featuresCheck(drift: DriftFigures | null): PromotionCheck {
  if (drift === null) {
    const words = 'features of the newest candles were not held against the training set';
    return { name: 'features', passed: false, words, figures: { rows: null, drifted: null } };
  }
  const drifted = drift.features.filter(({ level }) => level === 'discounted');
  const worst = [...drift.features].sort((a, b) => b.psi - a.psi)[0];
  const figures = {
    rows: drift.rows,
    drifted: drifted.map(({ name }) => name).join(' '),
    worst: worst?.name ?? null,
    psi: worst?.psi ?? null,
    limit: worst?.limit ?? null,
  };
  const measured = drift.features.length > 0;
  return {
    name: 'features',
    passed: measured && drifted.length === 0,
    words: drift.words,
    figures,
  };
}

/** Answers of the serving path to live candles, held against the offline ones: exactly. */
export function shadowCheck(
  { answers, equal }: CandidateFacts['shadow'],
  needed: number,
): PromotionCheck {
  const figures = { answers, equal, needed };
  if (equal < answers) {
    const words = `${answers - equal} of ${answers} live answers differ from the offline ones`;
    return { name: 'shadow', passed: false, words, figures };
  }
  const passed = answers >= needed;
  const words = passed
    ? `all ${answers} live answers equal the offline ones`
    : `${answers} of ${needed} live answers so far, all equal to the offline ones`;
  return { name: 'shadow', passed, words, figures };
}

export function gateCheck(gate: GateFinding | null): PromotionCheck {
  if (gate === null) {
    const words = 'recorded debates were not replayed on it yet';
    return { name: 'gate', passed: false, words, figures: {} };
  }
  return { name: 'gate', ...gate };
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
}

function fixed(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function span({ low, high }: Interval): string {
  return `${percent(low)} to ${percent(high)}`;
}
