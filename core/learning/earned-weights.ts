import { ROLES, type Role } from '../assistants/role.ts';
import {
  EQUAL_WEIGHTS,
  forEveryRole,
  type RegimeWeights,
  type Weights,
} from '../debate/weights.ts';
import { REGIMES, type Regime } from '../features/reading.ts';
import { brierOf } from '../judgement/score.ts';
import type { EarnedWeights, SettledMotion } from './contract.ts';
import { uniquenessOf } from './uniqueness.ts';

/** How scores become weights. Reasons for the figures: docs/learning.md. */
export interface EarningTerms {
  /** Independent opinions at which an assistant's own record counts as much as what is believed
   * without it. No ratio of variances: by that a few dozen would do. It is how long a record must
   * be before it says more than what kind of weeks these were. */
  readonly pseudoOpinions: number;
  /** An assistant better by so much in every opinion weighs as if that had lasted for so many
   * independent ones. */
  readonly memory: number;
  /** Bounds, as multiples of equal. */
  readonly least: number;
  readonly most: number;
  /** A weight that would move by less than this share of itself stays: no version for nothing. */
  readonly hysteresis: number;
}

export const EARNING_TERMS: EarningTerms = {
  pseudoOpinions: 600,
  memory: 4,
  least: 0.25,
  most: 4,
  hysteresis: 0.05,
};

/** What is known of one assistant, everywhere or in one regime. */
export interface EarnedRecord {
  /** Opinions that could be held against another's, and how many independent ones they are. */
  readonly opinions: number;
  readonly independent: number;
  /** Mean Brier score of these, and by how much it lies above the others' of the same motions
   * (below zero: better); `null` without any. */
  readonly brier: number | null;
  readonly excess: number | null;
  /** The excess that is believed: drawn towards the assistant's own of all regimes, and that
   * towards none. */
  readonly believed: number;
}

/** Why one weight is what it is. */
export interface WeightReason extends EarnedRecord {
  readonly regime: Regime;
  readonly role: Role;
  readonly before: number;
  /** What the record alone comes to, before hysteresis. */
  readonly earned: number;
  readonly after: number;
}

/** What each vote weighs, by what came of the first-round opinions. Brier scores are compared
 * within a motion: an assistant's less the mean of the others who spoke of it. So nobody gains by
 * keeping silent where it is hard, silence itself counts for nothing, and a motion of which one
 * alone spoke says nothing about weights. The mean of these, each motion by its uniqueness, is
 * drawn towards the assistant's own over all regimes, and that towards zero (partial pooling:
 * Efron & Morris, "Data analysis using Stein's estimator", JASA 70, 1975; towards equal weights:
 * Diebold & Pauly, International Journal of Forecasting 6, 1990). A weight is then exponential in
 * it (Vovk 1990; for the Brier score Vovk & Zhdanov, "Prediction with expert advice for the Brier
 * game", JMLR 10, 2009): equal × exp(−memory × excess), within bounds. It depends on the motions,
 * not on their order; a better Brier score never lowers a weight. Throws a `RangeError` when a
 * motion comes twice. */
export function earnWeights(
  motions: readonly SettledMotion[],
  before: RegimeWeights,
  terms: EarningTerms = EARNING_TERMS,
): EarnedWeights {
  requireTerms(terms);
  const inOrder = ordered(motions);
  const reasons = ROLES.flatMap((role) => reasonsOf(role, { inOrder, before, terms }));
  const weights = weightsOf(reasons);
  const changed = reasons.filter((one) => one.after !== one.before);
  return {
    weights,
    reason: words(motions.length, changed, terms),
    learnedToMs: inOrder.reduce<number | null>(
      (latest, { outcome }) => Math.max(latest ?? outcome.settledAtMs, outcome.settledAtMs),
      null,
    ),
    evidence: evidenceOf(inOrder, reasons, terms),
  };
}

function requireTerms({ pseudoOpinions, memory, least, most, hysteresis }: EarningTerms): void {
  if (!(pseudoOpinions > 0)) {
    throw new RangeError(`pseudoOpinions must be positive, was ${pseudoOpinions}`);
  }
  if (!(memory > 0)) throw new RangeError(`memory must be positive, was ${memory}`);
  if (!(least > 0 && least <= 1 && most >= 1 && most <= 100)) {
    throw new RangeError(`bounds must hold 1 and lie in 0 … 100, were ${least} … ${most}`);
  }
  if (!(hysteresis >= 0 && hysteresis < 1)) {
    throw new RangeError(`hysteresis must be in 0 … 1, was ${hysteresis}`);
  }
}

/** In an order of their own, so that sums are the same however they came. */
function ordered(motions: readonly SettledMotion[]): readonly SettledMotion[] {
  const sorted = [...motions].sort(
    (a, b) => a.closeTimeMs - b.closeTimeMs || (a.eventId < b.eventId ? -1 : 1),
  );
  const seen = new Set<string>();
  for (const { eventId } of sorted) {
    if (seen.has(eventId))
      throw new RangeError(`each motion must come once, ${eventId} came twice`);
    seen.add(eventId);
  }
  return sorted;
}

interface Inputs {
  readonly inOrder: readonly SettledMotion[];
  readonly before: RegimeWeights;
  readonly terms: EarningTerms;
}

function reasonsOf(role: Role, { inOrder, before, terms }: Inputs): readonly WeightReason[] {
  const compared = inOrder.flatMap((motion) => comparisonOf(motion, role) ?? []);
  const own = uniquenessOf(compared);
  const whole = new Sums();
  const byRegime = new Map(REGIMES.map((regime) => [regime, new Sums()]));
  compared.forEach((one, at) => {
    whole.add(one, own[at] as number);
    byRegime.get(one.regime)?.add(one, own[at] as number);
  });
  const everywhere = whole.record(0, terms.pseudoOpinions);
  return REGIMES.map((regime) => {
    const sums = byRegime.get(regime) as Sums;
    const record = sums.record(everywhere.believed, terms.pseudoOpinions);
    const earned = weightOf(role, record.believed, terms);
    const was = before[regime][role];
    const stays = Math.abs(earned - was) < terms.hysteresis * was;
    return { regime, role, ...record, before: was, earned, after: stays ? was : earned };
  });
}

/** One opinion beside the others' of the same motion. */
interface Comparison {
  readonly closeTimeMs: number;
  readonly settledAtMs: number;
  readonly regime: Regime;
  readonly brier: number;
  readonly excess: number;
}

/** `null`: it was silent, or nobody else spoke. */
function comparisonOf(motion: SettledMotion, role: Role): Comparison | null {
  const { closeTimeMs, regime, outcome } = motion;
  let [own, others, spoke] = [Number.NaN, 0, 0];
  for (const { role: by, first } of motion.opinions) {
    if (first === null) continue;
    const brier = brierOf(first, outcome.label);
    if (by === role) own = brier;
    else [others, spoke] = [others + brier, spoke + 1];
  }
  if (Number.isNaN(own) || spoke === 0) return null;
  const { settledAtMs } = outcome;
  return { closeTimeMs, settledAtMs, regime, brier: own, excess: own - others / spoke };
}

/** Sums by uniqueness. */
class Sums {
  #opinions = 0;
  #independent = 0;
  #brier = 0;
  #excess = 0;

  add({ brier, excess }: Comparison, own: number): void {
    this.#opinions += 1;
    this.#independent += own;
    this.#brier += own * brier;
    this.#excess += own * excess;
  }

  /** `prior` is believed as firmly as `pseudo` independent opinions would have it. */
  record(prior: number, pseudo: number): EarnedRecord {
    const independent = this.#independent;
    const known = this.#opinions > 0;
    return {
      opinions: this.#opinions,
      independent,
      brier: known ? this.#brier / independent : null,
      excess: known ? this.#excess / independent : null,
      believed: (this.#excess + pseudo * prior) / (independent + pseudo),
    };
  }
}

function weightOf(role: Role, believed: number, { memory, least, most }: EarningTerms): number {
  const factor = Math.min(most, Math.max(least, Math.exp(-memory * believed)));
  return Math.round(EQUAL_WEIGHTS[role] * factor);
}

function weightsOf(reasons: readonly WeightReason[]): RegimeWeights {
  const of = (regime: Regime): Weights => {
    return forEveryRole((role) => {
      const found = reasons.find((one) => one.regime === regime && one.role === role);
      return (found as WeightReason).after;
    });
  };
  return Object.fromEntries(REGIMES.map((regime) => [regime, of(regime)])) as Record<
    Regime,
    Weights
  >;
}

function words(motions: number, changed: readonly WeightReason[], terms: EarningTerms): string {
  if (motions === 0) return 'no motion is settled: nothing was earned, weights stay as they were';
  const share = `${Math.round(100 * terms.hysteresis)} %`;
  if (changed.length === 0) {
    return `${motions} settled motions: no weight would move by ${share} or more, all stay`;
  }
  const [most] = [...changed].sort(byStrength) as [WeightReason];
  const { role, regime, before, after, excess, independent } = most;
  const why =
    excess === null
      ? 'of which its record alone says nothing'
      : `its Brier score is ${Math.abs(excess).toFixed(3)} ${excess < 0 ? 'better' : 'worse'} ` +
        `than the others' there (${independent.toFixed(0)} independent opinions)`;
  return (
    `${motions} settled motions: ${changed.length} of ${ROLES.length * REGIMES.length} weights ` +
    `move, most ${role} in ${regime}, ${before} to ${after}: ${why}`
  );
}

/** The furthest moved first; of those at one bound, the one that is believed most. */
function byStrength(one: WeightReason, other: WeightReason): number {
  const far = ({ before, after }: WeightReason): number =>
    before > 0 ? Math.abs(Math.log(after / before)) : Number.MAX_VALUE;
  return far(other) - far(one) || Math.abs(other.believed) - Math.abs(one.believed);
}

function evidenceOf(
  motions: readonly SettledMotion[],
  reasons: readonly WeightReason[],
  terms: EarningTerms,
): Readonly<Record<string, unknown>> {
  return {
    formula: 'equal × exp(−memory × believed excess of the Brier score), within bounds',
    terms: { ...terms },
    motions: motions.length,
    fromMs: motions[0]?.closeTimeMs ?? null,
    toMs: motions.at(-1)?.closeTimeMs ?? null,
    weights: reasons.map((one) => ({
      ...one,
      independent: rounded(one.independent),
      brier: one.brier === null ? null : rounded(one.brier),
      excess: one.excess === null ? null : rounded(one.excess),
      believed: rounded(one.believed),
    })),
  };
}

/** For a reader: the weights themselves follow from all digits. JSON knows no −0. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6 + 0;
}
