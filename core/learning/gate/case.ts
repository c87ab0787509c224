import type { Memory } from '../../assistants/mind.ts';
import type { Role } from '../../assistants/role.ts';
import type { Snapshot } from '../../assistants/snapshot.ts';
import type { Action, Utterance } from '../../assistants/speech.ts';
import type { FollowUp } from '../../debate/follow-up.ts';
import type { DebateRules } from '../../debate/rules.ts';
import type { Silence } from '../../debate/silence.ts';
import type { VerdictKind } from '../../debate/tally.ts';
import type { UserConfig, UserRules } from '../../debate/user-config.ts';
import type { RegimeWeights } from '../../debate/weights.ts';
import type { DifferenceVerdict, Interval, PairedMean } from '../../judgement/assessment.ts';
import type { Outcome } from '../../judgement/outcome.ts';
import type { Forecast } from '../../models/forecast.ts';

/** One recorded motion as the gate judges it again: what was known, said and decided for one user,
 * with everything the decision names. Wherever there are several: in the order of closes, and of
 * one market without a gap, because assistants remember what they said before. */
export interface GateCase {
  readonly eventId: string;
  readonly debateId: string;
  readonly snapshot: Snapshot;
  /** Every stored utterance, late ones too. */
  readonly utterances: readonly Utterance[];
  /** Who was not heard in time. */
  readonly silent: readonly Silence[];
  /** `null`: nothing was decided for this user. Such a motion is remembered and not judged. */
  readonly recorded: RecordedDecision | null;
  /** `null`: it is not known yet. */
  readonly outcome: Outcome | null;
}

export interface RecordedDecision {
  readonly action: Action;
  readonly verdict: VerdictKind;
  readonly confidenceBp: number;
  readonly weights: RegimeWeights;
  readonly rules: DebateRules;
  readonly userConfig: UserConfig;
}

/** What the assistants remember of one market before its first case. */
export interface MarketMemory {
  readonly symbol: string;
  readonly memories: Readonly<Record<Role, Memory>>;
}

/** What wants to go live. `knowsToMs`: until when what came of the market has made it what it is,
 * Unix milliseconds; `null`: a person made it. */
export type GateCandidate =
  | {
      readonly kind: 'weights';
      readonly name: string;
      readonly weights: RegimeWeights;
      readonly knowsToMs: number | null;
    }
  | { readonly kind: 'rules'; readonly name: string; readonly rules: UserRules }
  /** What the model foretells of each motion, by event id; it has no answer where one is absent. */
  | {
      readonly kind: 'model';
      readonly name: string;
      readonly knowsToMs: number;
      readonly forecasts: ReadonlyMap<string, Forecast>;
    };

/** One decision that would have been another. */
export interface Flip {
  readonly eventId: string;
  readonly debateId: string;
  readonly symbol: string;
  readonly closeTimeMs: number;
  readonly before: Stand;
  readonly after: Stand;
  /** One line for a reader: whose weight, vote or rule made the difference. */
  readonly why: string;
}

export interface Stand {
  readonly action: Action;
  readonly verdict: VerdictKind;
  readonly confidenceBp: number;
  /** What follows from it for the user, whose position is taken to be the snapshot's. */
  readonly followUp: FollowUp;
}

/** What trading on one side's decisions would have come to, after fees, spread and guards. */
export interface SimulatedRun {
  readonly totalReturn: number | null;
  readonly maxDrawdown: number;
  readonly trades: number;
  /** Decimal string, quote units. */
  readonly feesPaid: string | null;
}

/** All the gate says of a candidate. JSON-safe. */
export interface GateReport {
  readonly candidate: { readonly kind: GateCandidate['kind']; readonly name: string };
  /** Motions judged twice. */
  readonly motions: number;
  /** Motions left out: not decided for this user; not decided anew as they are recorded (somebody
   * was late, or another version of the minds spoke), so that a difference would prove nothing. */
  readonly undecided: number;
  readonly unreproduced: number;
  /** Of `motions`, those of which the candidate knew what came: no test of it, and said to be
   * none. */
  readonly seen: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly actions: Sides<Readonly<Record<Action, number>>>;
  readonly verdicts: Sides<Readonly<Record<VerdictKind, number>>>;
  /** In the order of closes. */
  readonly flips: readonly Flip[];
  /** Brier score of the ring's belief before less after, where the outcome is known: above zero,
   * the candidate brings it nearer to what came. */
  readonly belief: PairedMean;
  /** `null` where there are no candles to trade on. Books in the snapshots are as recorded: what
   * the candidate would have held moves its account here, and no debate. */
  readonly money:
    | (Sides<SimulatedRun> & {
        readonly hold: SimulatedRun;
        /** After less before, annual growth. */
        readonly growth: number | null;
        readonly growthInterval: Interval | null;
        readonly verdict: DifferenceVerdict;
        readonly words: string;
      })
    | null;
  /** It is not shown to be worse. */
  readonly passed: boolean;
  /** One sentence for a reader. */
  readonly words: string;
}

export interface Sides<T> {
  readonly before: T;
  readonly after: T;
}
