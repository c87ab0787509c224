import { canonicalJson } from '../core/canonical.ts';
import type { AnswerContent, AnswerRefusalCode, AnswerVerb } from '../core/debate/answer.ts';
import type { OrderOutcome } from '../core/orders/leg.ts';
import type { Clock } from './docket.ts';

/** What a question to a person takes and gives, as JSON in Temporal's history. */

/** What a person is asked to sign: one asking of a question. Asked again, all of it is new. */
export interface Asking {
  /** From 1. */
  readonly ask: number;
  /** What a yes trades at most, base units; null: nothing could be proposed, for `noSize`. */
  readonly quantity: string | null;
  /** The worst price a yes allows; null: the venue does not trade the symbol. */
  readonly limitPrice: string | null;
  readonly noSize: string | null;
  readonly nonce: string;
  /** Over venue, symbol, side, quantity, limit price and number of the asking. */
  readonly parameterHash: string;
}

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
  /** Why a person is asked. */
  readonly why: string;
  /** The newest asking in words. */
  readonly text: string;
  /** Of the newest asking, quote per base. */
  readonly referencePrice: string;
  readonly asking: Asking;
  readonly askedAtMs: number;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

/** A person's answer, as it may come from anywhere. `modify` carries a base quantity of its own;
 * the side stays as asked. Only one that is signed can stand. */
export interface Answer extends Partial<AnswerContent> {
  readonly verb: AnswerVerb;
  readonly keyId?: string | undefined;
  /** Ed25519 over `answerText`, 128 lower-case hex. */
  readonly signature?: string | undefined;
  /** Who handed it in, not signed: `cli`, `temporal`, `web`… */
  readonly from?: string | undefined;
}

export interface SignedAnswer extends AnswerContent {
  readonly keyId: string;
  readonly signature: string;
  readonly from?: string | undefined;
}

/** What a person wants to say, before it is signed. */
export interface AnswerWish {
  readonly verb: AnswerVerb;
  /** With `modify`: base units, decimal string. */
  readonly quantity?: string;
  /** Who hands it in: `cli`, `terminal`… */
  readonly from?: string;
  /** Market time after which it is void, Unix milliseconds; the question's deadline when not
   * said. */
  readonly expiresAtMs?: number;
}

const MOST_FIELDS = 16;
const LONGEST_FIELD = 200;

/** An answer's one text, by which a repeat is known; null for what is far from being one: not a
 * flat object of a few short fields. Never throws: anything may have been sent. */
export function answerKey(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields = Object.entries(value);
  const short = fields.every(([name, item]) => name.length <= LONGEST_FIELD && isShort(item));
  return fields.length <= MOST_FIELDS && short ? canonicalJson(value) : null;
}

function isShort(item: unknown): boolean {
  if (typeof item === 'string') return item.length <= LONGEST_FIELD;
  return typeof item === 'boolean' || Number.isFinite(item);
}

/** What became of an answer, told to whoever gave it. */
export interface AnswerReceipt {
  readonly outcome: 'accepted' | 'late' | 'asked_again' | 'refused';
  /** Why it is not acted on; null when it is, or when it must be given again at a new price. */
  readonly code: AnswerRefusalCode | null;
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
  /** As it was asked last. */
  readonly question: EscalationInput;
}

/** What a question takes along when its workflow goes on with a fresh history. */
export interface EscalationCarried {
  readonly question: EscalationInput;
  readonly tapeMs: number;
  readonly reminded: boolean;
  /** How many answers it has taken. */
  readonly taken: number;
  readonly late: number;
  /** Answers it has seen, by their one text, and what became of them. */
  readonly seen: readonly (readonly [string, AnswerReceipt])[];
  /** Answers nobody has judged yet, oldest first. */
  readonly waiting?: readonly unknown[];
}
