import { canonicalJson } from '../canonical.ts';
import { Decimal, decimal, format, isAmount } from '../market/money.ts';
import { type Refusal, refusal, type Side } from '../risk/facts.ts';
import type { Sized } from '../risk/sizing.ts';

/** What a person signs when they answer a question, and what their yes allows. */

export const ANSWERS = ['approve', 'reject', 'modify'] as const;
export type AnswerVerb = (typeof ANSWERS)[number];

/** Exactly what the signature is over. */
export interface AnswerContent {
  readonly escalationId: string;
  readonly decisionId: string;
  /** Which asking it answers, from 1. */
  readonly ask: number;
  readonly verb: AnswerVerb;
  /** With `modify`: base units, decimal string. */
  readonly quantity?: string | undefined;
  /** Over what the person was shown. */
  readonly parameterHash: string;
  /** Of the asking. */
  readonly nonce: string;
  /** Market time after which the answer is void, Unix milliseconds. */
  readonly expiresAtMs: number;
}

/** The text whose UTF-8 bytes are signed: canonical JSON of the content and nothing else. */
export function answerText(content: AnswerContent): string {
  const { escalationId, decisionId, ask, verb, quantity } = content;
  const { parameterHash, nonce, expiresAtMs } = content;
  const named = { escalationId, decisionId, ask, verb, quantity };
  return canonicalJson({ ...named, parameterHash, nonce, expiresAtMs });
}

/** Why an answer is not acted on. Stored, audited and shown: codes are stable. */
export const ANSWER_REFUSALS = {
  malformed: 'it is no answer',
  unsigned: 'it carries no signature',
  unknown_key: 'nobody here has that key',
  revoked_key: 'its key was revoked',
  other_users_key: 'its key is another user’s',
  forged: 'the signature does not fit what it says',
  other_question: 'it was signed for another question',
  old_asking: 'it was signed for an asking that is over',
  used: 'an answer to this asking stands already',
  expired: 'its time is over',
  overlong: 'it would outlive its question',
  other_parameters: 'it was signed for other parameters than the question has',
  quantity_needed: 'no quantity was proposed: a yes must name one',
  nothing_proposed: 'the venue has no terms for this order: only a no can stand',
  nothing_to_sell: 'there is nothing to sell any more',
  too_many: 'too many answers to this question wait already',
  late: 'the question is closed',
} as const;
export type AnswerRefusalCode = keyof typeof ANSWER_REFUSALS;

export interface AnswerRefusal {
  readonly code: AnswerRefusalCode;
  /** For people: the code, its meaning, and what was found. */
  readonly reason: string;
}

export function refuseAnswer(code: AnswerRefusalCode, detail = ''): AnswerRefusal {
  const said = `${code}: ${ANSWER_REFUSALS[code]}`;
  return { code, reason: detail ? `${said} (${detail})` : said };
}

/** A question as it stands: what an answer to it must have been signed for. */
export interface AskedNow {
  readonly escalationId: string;
  readonly decisionId: string;
  readonly userId: string;
  readonly ask: number;
  readonly nonce: string;
  readonly parameterHash: string;
  /** Market time, Unix milliseconds. */
  readonly expiresAtMs: number;
}

/** What is known of an answer's key and of what came before it. */
export interface AnswerFacts {
  /** The key the answer names; null: there is none. */
  readonly key: { readonly userId: string; readonly revoked: boolean } | null;
  /** Whether the signature is that key's, over the answer's text. Asked only of a known key. */
  readonly genuine: () => boolean;
  /** An answer with this nonce was accepted before. */
  readonly nonceUsed: boolean;
  /** The market's time, Unix milliseconds. */
  readonly nowMs: number;
}

/** What is wrong with a signed answer, by the order of checks of SAFETY §2.10: the key and the
 * signature, the question and its asking, the nonce, the time, the parameters. Null: it is the
 * user's own, fresh answer to exactly this asking. */
export function objectionToAnswer(
  answer: AnswerContent,
  asked: AskedNow,
  facts: AnswerFacts,
): AnswerRefusal | null {
  const { key, nowMs } = facts;
  if (key === null) return refuseAnswer('unknown_key');
  if (key.userId !== asked.userId) return refuseAnswer('other_users_key');
  if (key.revoked) return refuseAnswer('revoked_key');
  if (!facts.genuine()) return refuseAnswer('forged');
  if (answer.escalationId !== asked.escalationId || answer.decisionId !== asked.decisionId) {
    return refuseAnswer('other_question', answer.escalationId.slice(0, 12));
  }
  if (answer.ask !== asked.ask || answer.nonce !== asked.nonce) {
    return refuseAnswer('old_asking', `${answer.ask}, now ${asked.ask}`);
  }
  if (facts.nonceUsed) return refuseAnswer('used');
  if (answer.expiresAtMs <= nowMs) return refuseAnswer('expired', timeText(answer.expiresAtMs));
  if (answer.expiresAtMs > asked.expiresAtMs) {
    return refuseAnswer('overlong', timeText(asked.expiresAtMs));
  }
  return answer.parameterHash === asked.parameterHash ? null : refuseAnswer('other_parameters');
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** What one order of a question may do at most, shown to the person before the answer. */
export interface Terms {
  readonly side: Side;
  /** Base units, decimal string; null: none could be proposed, for `noSize`. */
  readonly quantity: string | null;
  /** The worst price, quote per base; null: the venue does not trade the symbol. */
  readonly limitPrice: string | null;
  /** Why there is no quantity. */
  readonly noSize: string | null;
}

/** The question in words: what, at which price at worst, and why it is asked. */
export function questionText(
  given: Terms & {
    readonly symbol: string;
    readonly referencePrice: string;
    readonly why: string;
  },
): string {
  const { side, symbol, quantity, limitPrice, noSize, referencePrice, why } = given;
  const what = quantity === null ? `${side} ${symbol}` : `${side} ${quantity} ${symbol}`;
  const worst =
    limitPrice === null ? '' : `, at ${side === 'BUY' ? 'most' : 'least'} ${limitPrice}`;
  const size = quantity === null ? ` No quantity is proposed (${noSize ?? 'unknown'}).` : '';
  return `${what} near ${referencePrice}${worst}? ${why}.${size}`;
}

/** What a yes allows in all, decimal strings. */
export interface Approved {
  readonly quantity: string;
  readonly limitPrice: string;
}

/** The most that a yes to these terms allows; null when it allows nothing. */
export function approvedBy(
  answer: { readonly verb: AnswerVerb; readonly quantity?: string | undefined },
  terms: Pick<Terms, 'quantity' | 'limitPrice'>,
): Approved | null {
  const quantity = answer.verb === 'modify' ? (answer.quantity ?? null) : terms.quantity;
  if (answer.verb === 'reject' || quantity === null || terms.limitPrice === null) return null;
  return { quantity, limitPrice: terms.limitPrice };
}

/** An order cut to what a person approved: never more, at no worse a price. `taken` is what other
 * legs of the same decision have asked for already. */
export function withinApproval(
  sized: Sized | Refusal,
  bound: { readonly side: Side; readonly approved: Approved; readonly taken: string },
): Sized | Refusal {
  if ('refused' in sized) return sized;
  const { side, approved, taken } = bound;
  const left = decimal(approved.quantity, 'approved quantity').minus(taken);
  if (left.lte(0)) {
    return refusal('not_approved', `${approved.quantity} approved, ${taken} asked for before`);
  }
  const quantity = Decimal.min(decimal(sized.quantity, 'quantity'), left);
  const prices = [sized.limitPrice, approved.limitPrice].map((price) => decimal(price, 'price'));
  const limitPrice = side === 'BUY' ? Decimal.min(...prices) : Decimal.max(...prices);
  return { ...sized, quantity: format(quantity), limitPrice: format(limitPrice) };
}

/** True when the market has left the approved price behind, so that nothing could trade. */
export function isOutOfReach(side: Side, price: string, approved: Approved): boolean {
  if (!isAmount(price)) return true;
  const gap = decimal(price).minus(approved.limitPrice);
  return side === 'BUY' ? gap.gt(0) : gap.lt(0);
}
