import type { Role } from '../assistants/role.ts';
import type { Action } from '../assistants/speech.ts';
import { shareOf, topAction } from '../assistants/stance.ts';
import type { RegimeWeights } from '../debate/weights.ts';
import { REGIMES, type Regime } from '../features/reading.ts';
import type { DebateWorth } from '../judgement/assessment.ts';
import { brierOf } from '../judgement/score.ts';
import type {
  ArmWorth,
  EarnedWeights,
  LearningVerdict,
  Market,
  PromotionCheck,
  RingScores,
  SettledMotion,
} from './contract.ts';
import type { CalibrationDrift, DriftFigures } from './drift.ts';
import { nextSteps } from './next-steps.ts';
import type { Held } from './pays.ts';
import type { ModelWorth } from './worth.ts';

/** What one run of the learning loop found. */
export interface LearningFacts {
  readonly market: Market;
  /** The training window, Unix milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Of this market. */
  readonly scores: RingScores;
  /** The motions behind them. */
  readonly motions: readonly SettledMotion[];
  readonly weights: WeightsFacts;
  readonly model: ModelFacts;
  /** Of the champion that serves; `null`: there is none, or nothing was measured. */
  readonly drift: DriftFacts | null;
}

export interface WeightsFacts {
  readonly versionBefore: number;
  readonly version: number;
  readonly before: RegimeWeights;
  readonly earned: EarnedWeights;
}

export interface ModelFacts {
  readonly verdict: LearningVerdict;
  /** One sentence: the judgement's words, or why nothing was trained. */
  readonly words: string;
  /** sha256 of what was trained, and of who serves after the run. */
  readonly hash: string | null;
  readonly championHash: string | null;
  readonly rows: number | null;
  readonly checks: readonly PromotionCheck[];
  readonly held: Held | null;
  readonly folds: readonly FoldFigures[];
  /** By feature; sums to 1. */
  readonly importance: Readonly<Record<string, number>>;
}

export interface FoldFigures {
  readonly fold: number;
  readonly testFrom: string;
  readonly testTo: string;
  readonly testRows: number;
  readonly brier: number;
  readonly baseBrier: number;
  readonly netReturn: number | null;
}

export interface DriftFacts {
  readonly worth: ModelWorth;
  readonly population: DriftFigures | null;
  readonly calibration: CalibrationDrift | null;
}

/** Raised with every change of shape. */
export const INSIGHTS_VERSION = 1;

/** What changed, why, and what the ring got wrong. JSON-safe. */
export interface Insights {
  readonly version: typeof INSIGHTS_VERSION;
  readonly market: Market;
  readonly fromMs: number;
  readonly toMs: number;
  /** One line: motions, weights, model. */
  readonly headline: string;
  readonly motions: number;
  readonly ring: { readonly brier: number | null; readonly skill: number | null } | null;
  readonly assistants: readonly AssistantLine[];
  readonly weights: {
    readonly versionBefore: number;
    readonly version: number;
    readonly words: string;
    readonly changes: readonly WeightChange[];
  };
  readonly model: ModelFacts & {
    /** `null`: nothing was validated. */
    readonly beatsHolding: boolean | null;
  };
  readonly wrong: readonly WrongCall[];
  readonly regimes: readonly RegimeLine[];
  readonly debate: Pick<DebateWorth, 'motions' | 'changed' | 'brierGain' | 'verdict' | 'words'> & {
    /** The ring against each way of deciding without debate. */
    readonly arms: readonly ArmWorth[];
  };
  readonly drift: DriftFacts | null;
  /** What to look at next, each with its reason. */
  readonly next: readonly string[];
}

export interface AssistantLine {
  readonly role: Role;
  readonly settled: number;
  readonly brier: number | null;
  readonly skill: number | null;
  readonly calls: number;
  readonly hits: number;
  /** Brier gained by changes of mind; `null` without any. */
  readonly revisions: number | null;
}

export interface WeightChange {
  readonly role: Role;
  readonly regime: Regime;
  readonly before: number;
  readonly after: number;
}

/** An opinion that was sure of what did not come. */
export interface WrongCall {
  readonly role: Role;
  readonly eventId: string;
  readonly symbol: string;
  readonly closeTimeMs: number;
  readonly regime: Regime;
  readonly said: Action;
  readonly shareBp: number;
  readonly confidenceBp: number;
  readonly came: Action;
  readonly brier: number;
}

export interface RegimeLine {
  readonly regime: Regime;
  readonly motions: number;
  readonly labels: Readonly<Record<Action, number>>;
  readonly best: { readonly role: Role; readonly brier: number } | null;
  readonly worst: { readonly role: Role; readonly brier: number } | null;
}

/** The worst calls of each assistant that are told. */
const MOST_WRONG = 3;
/** Opinions of a regime below which nobody is called best or worst in it. */
const LEAST_OPINIONS = 20;

/** Gathers what a reader should know of one run; every sentence of it carries a figure. */
export function insightsOf(facts: LearningFacts): Insights {
  const { market, fromMs, toMs, scores, weights, model, drift, motions } = facts;
  const changes = changesOf(weights);
  const moved = weights.version !== weights.versionBefore;
  const weightWords = moved
    ? `weights ${weights.version} (${changes.length} moved)`
    : `weights stay at version ${weights.version}`;
  const { debate } = scores;
  const regimes = REGIMES.flatMap((regime) => regimeLine(regime, facts) ?? []);
  const beatsHolding = model.held?.beatsHolding ?? null;
  return {
    version: INSIGHTS_VERSION,
    ...{ market, fromMs, toMs },
    headline: `${scores.motions} motions settled; ${weightWords}; model ${model.verdict}`,
    motions: scores.motions,
    ring: scores.ring === null ? null : { brier: scores.ring.brier, skill: scores.ring.skill },
    assistants: scores.assistants.map(({ role, first, revisions }) => ({
      role,
      settled: first.settled,
      ...{ brier: first.brier, skill: first.skill, calls: first.calls, hits: first.hits },
      revisions: revisions.mean,
    })),
    weights: {
      ...{ versionBefore: weights.versionBefore, version: weights.version },
      words: weights.earned.reason,
      changes: moved ? changes : [],
    },
    model: { ...model, beatsHolding },
    wrong: wrongCalls(motions),
    regimes,
    debate: {
      ...{ motions: debate.motions, changed: debate.changed, brierGain: debate.brierGain },
      ...{ verdict: debate.verdict, words: debate.words, arms: scores.arms },
    },
    drift,
    next: nextSteps(facts, { beatsHolding }),
  };
}

/** The furthest moved first. */
function changesOf({ before, earned }: WeightsFacts): readonly WeightChange[] {
  const changes = REGIMES.flatMap((regime) => {
    const roles = Object.keys(earned.weights[regime]) as Role[];
    return roles.flatMap((role) => {
      const [was, is] = [before[regime][role], earned.weights[regime][role]];
      return was === is ? [] : [{ role, regime, before: was, after: is }];
    });
  });
  const far = ({ before: was, after }: WeightChange): number =>
    Math.abs(Math.log(Math.max(1, after) / Math.max(1, was)));
  return changes.sort((a, b) => far(b) - far(a));
}

function wrongCalls(motions: readonly SettledMotion[]): readonly WrongCall[] {
  const byRole = new Map<Role, WrongCall[]>();
  for (const motion of motions) {
    for (const { role, first, firstConfidenceBp } of motion.opinions) {
      if (first === null) continue;
      const said = topAction(first);
      const came = motion.outcome.label;
      if (said === null || said === came) continue;
      const { eventId, symbol, closeTimeMs, regime } = motion;
      const list = byRole.get(role) ?? [];
      byRole.set(role, list);
      list.push({
        ...{ role, eventId, symbol, closeTimeMs, regime, said, came },
        shareBp: shareOf(first, said),
        confidenceBp: firstConfidenceBp,
        brier: brierOf(first, came),
      });
    }
  }
  return [...byRole.values()].flatMap((list) =>
    list
      .sort(
        (a, b) =>
          b.brier - a.brier ||
          b.confidenceBp - a.confidenceBp ||
          b.closeTimeMs - a.closeTimeMs ||
          (a.eventId < b.eventId ? -1 : 1),
      )
      .slice(0, MOST_WRONG),
  );
}

function regimeLine(regime: Regime, { motions, scores }: LearningFacts): RegimeLine | null {
  const own = motions.filter((motion) => motion.regime === regime);
  if (own.length === 0) return null;
  const labels = { BUY: 0, SELL: 0, HOLD: 0 };
  for (const { outcome } of own) labels[outcome.label] += 1;
  const ranked = scores.assistants
    .flatMap(({ role, byRegime }) => {
      const score = byRegime.find((one) => one.regime === regime)?.score;
      if (score === undefined || score.brier === null || score.settled < LEAST_OPINIONS) return [];
      return [{ role, brier: score.brier }];
    })
    .sort((a, b) => a.brier - b.brier);
  const [best = null] = ranked;
  const worst = ranked.length > 1 ? (ranked.at(-1) ?? null) : null;
  return { regime, motions: own.length, labels, best, worst };
}
