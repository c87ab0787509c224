import type { Trigger } from '../core/assistants/snapshot.ts';
import type { Action } from '../core/assistants/speech.ts';
import type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import type { EscalationInput } from './escalation.ts';

/** What a debate workflow takes and gives, as JSON in Temporal's history. */

/** Whose clock ends an open question: the tape's (the driver tells) or Temporal's timers. */
export type Clock = 'tape' | 'live';

/** One motion of a docket; its snapshot is already frozen in Postgres under `eventId`. */
export interface MotionInput {
  readonly eventId: string;
  readonly symbol: string;
  readonly trigger: Trigger;
  /** The candle's close, quote per base, as a decimal string. */
  readonly close: string;
}

export interface DocketInput {
  readonly namespace: string;
  readonly debateId: string;
  readonly venue: string;
  readonly timeframe: string;
  readonly closeTimeMs: number;
  readonly clock: Clock;
  /** How long one question to the ring may stay unanswered, wall-clock milliseconds. */
  readonly answerTimeoutMs: number;
  readonly motions: readonly MotionInput[];
}

/** What follows from one user's decision. */
export type FollowUp =
  | { readonly kind: 'order'; readonly order: OrderInput }
  | { readonly kind: 'escalate'; readonly escalation: EscalationInput }
  | { readonly kind: 'nothing'; readonly why: string };

/** One user's recorded decision, and what came of it. */
export interface DecisionOutcome {
  readonly decisionId: string;
  readonly userId: string;
  readonly username: string;
  readonly eventId: string;
  readonly symbol: string;
  readonly action: Action;
  readonly verdict: string;
  readonly confidenceBp: number;
  readonly followUp: FollowUp;
  readonly order: OrderOutcome | null;
}

export interface DocketResult {
  readonly debateId: string;
  readonly rounds: number;
  /** Symbols whose motion went through a debate round. */
  readonly contested: readonly string[];
  readonly decisions: readonly DecisionOutcome[];
}
