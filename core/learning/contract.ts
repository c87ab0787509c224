import type { Role } from '../assistants/role.ts';
import type { Action, Stance } from '../assistants/speech.ts';
import type { ControlArms } from '../debate/arms.ts';
import type { VerdictKind } from '../debate/tally.ts';
import type { RegimeWeights } from '../debate/weights.ts';
import type { Regime } from '../features/reading.ts';
import type {
  AssistantScore,
  DebateWorth,
  PairedMean,
  RingScore,
  Score,
} from '../judgement/assessment.ts';
import type { Outcome } from '../judgement/outcome.ts';
import type { Forecast } from '../models/forecast.ts';

/** One market whose outcomes, models and weights belong together. */
export interface Market {
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: string;
}

/** What one assistant said of a motion, and stood for at its end. */
export interface SettledOpinion {
  readonly role: Role;
  /** Its opinion of round 1; `null`: it was silent. */
  readonly first: Stance | null;
  readonly firstConfidenceBp: number;
  readonly last: Stance | null;
  readonly choice: Action | 'ABSTAIN' | null;
}

/** A motion whose outcome is known, with everything that was foretold of it. In order of close
 * times wherever several are. */
export interface SettledMotion extends Market {
  readonly eventId: string;
  readonly closeTimeMs: number;
  readonly regime: Regime;
  readonly outcome: Outcome;
  /** In the order of `ROLES`. */
  readonly opinions: readonly SettledOpinion[];
  /** What was decided for the first user by name; `null`: nothing yet. */
  readonly decision: {
    readonly action: Action;
    readonly verdict: VerdictKind;
    readonly stance: Stance | null;
    readonly arms: ControlArms;
    readonly contested: boolean;
    readonly rounds: number;
  } | null;
  /** What the champion and its challengers said of it. */
  readonly forecasts: readonly {
    readonly part: 'champion' | 'challenger';
    readonly forecast: Forecast;
  }[];
}

/** How everybody did in one market, or in all: what `corro assistants` shows. JSON-safe. */
export interface RingScores {
  readonly motions: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly ring: RingScore | null;
  readonly assistants: readonly AssistantScore[];
  readonly bySymbol: readonly {
    readonly symbol: string;
    readonly ring: Score | null;
    readonly assistants: readonly { readonly role: Role; readonly score: Score }[];
  }[];
  /** What debate brought, by the outcomes alone: no account was traded, so `difference` is `null`.
   * The verdict is that against the vote without debate, by what the actions made. */
  readonly debate: DebateWorth;
  /** The ring against each way of deciding without debate. */
  readonly arms: readonly ArmWorth[];
}

/** Ways to decide by round 1 alone, as they are recorded beside every verdict. */
export const ARMS = [
  'voteWithoutDebate',
  'bestSingle',
  'hold',
] as const satisfies readonly (keyof ControlArms)[];
export type Arm = (typeof ARMS)[number];

/** The ring less one arm, motion by motion, from the same outcomes. */
export interface ArmWorth {
  readonly arm: Arm;
  readonly motions: number;
  /** Motions in which the two wanted something else. */
  readonly differing: number;
  /** Net return of the ring's action less that of the arm's, a fraction of the price: BUY makes the
   * move less costs, SELL (out, or short) the opposite move less costs, HOLD nothing. */
  readonly net: PairedMean;
  /** Brier score of what the arm believed less that of what the assistants together believed at the
   * end: above zero, the debate left them nearer to what came. */
  readonly brier: PairedMean;
  readonly verdict: DebateWorth['verdict'];
  /** One sentence for a reader. */
  readonly words: string;
}

/** Weights that scores have earned, and why. */
export interface EarnedWeights {
  readonly weights: RegimeWeights;
  /** One line for a reader. */
  readonly reason: string;
  /** Outcomes settled until then were counted; `null`: none. */
  readonly learnedToMs: number | null;
  /** JSON-safe: what each weight follows from. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** Answers of a model out of sample, row by row as the folds of its validation came. */
export interface ValidationRow {
  readonly closeTimeMs: number;
  readonly settledAtMs: number;
  readonly fold: number;
  readonly label: Action;
  /** Exit / entry − 1 before costs, signed; from the matrix. */
  readonly move: number;
  readonly buy: number;
  readonly sell: number;
  readonly hold: number;
  readonly confidence: number;
  readonly magnitude: number;
  readonly risk: number;
}

export const LEARNING_VERDICTS = ['promoted', 'shadow', 'rejected', 'untrained'] as const;
export type LearningVerdict = (typeof LEARNING_VERDICTS)[number];

/** One condition of a promotion, what was found and what was needed. */
export interface PromotionCheck {
  readonly name: 'better' | 'pays' | 'calibrated' | 'features' | 'shadow' | 'gate';
  readonly passed: boolean;
  /** One sentence with the figures, for a reader. */
  readonly words: string;
  readonly figures: Readonly<Record<string, number | string | null>>;
}
