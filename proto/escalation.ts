import type { OrderOutcome } from '../core/orders/leg.ts';
import type { Clock } from './docket.ts';

/** What a question to a person takes and gives, as JSON in Temporal's history. */

/** The question to a person. Prices and quantities are decimal strings. */
export interface EscalationInput {
  readonly namespace: string;
  readonly escalationId: string;
  readonly decisionId: string;
  readonly userId: string;
  readonly username: string;
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly side: 'BUY' | 'SELL';
  readonly confidenceBp: number;
  readonly text: string;
  readonly referencePrice: string;
  readonly askedAtMs: number;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

export const ANSWERS = ['approve', 'reject', 'modify'] as const;
export type AnswerVerb = (typeof ANSWERS)[number];

/** A person's answer. `modify` carries a base quantity of its own; the side stays as asked. */
export interface Answer {
  readonly verb: AnswerVerb;
  readonly quantity?: string;
  /** Who answered: `cli`, `temporal`, `web`… */
  readonly from?: string;
}

/** What became of an answer, told to whoever gave it. */
export interface AnswerReceipt {
  readonly outcome: 'accepted' | 'late' | 'asked_again' | 'refused';
  readonly reason: string;
  readonly order: OrderOutcome | null;
}

export type EscalationStatus = 'open' | 'approved' | 'rejected' | 'modified' | 'expired';

export interface EscalationResult {
  readonly escalationId: string;
  readonly status: EscalationStatus;
  readonly reason: string;
  readonly order: OrderOutcome | null;
}

export interface EscalationView {
  readonly status: EscalationStatus;
  readonly question: EscalationInput;
  readonly asks: number;
  readonly referencePrice: string;
}
