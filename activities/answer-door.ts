import { z } from 'zod';
import {
  ANSWERS,
  type AnswerRefusal,
  type AnswerVerb,
  refuseAnswer,
} from '../core/debate/answer.ts';
import { isHeld } from '../core/debate/holding.ts';
import { isAmount } from '../core/market/money.ts';
import type { Answer, SignedAnswer } from '../proto/escalation.ts';

/** What came through the door: a signed answer; one that is well-formed and not signed; or none. */
export type Read =
  | { readonly kind: 'signed'; readonly answer: SignedAnswer }
  | { readonly kind: 'unsigned'; readonly answer: Answer; readonly refusal: AnswerRefusal }
  | { readonly kind: 'malformed'; readonly refusal: AnswerRefusal };

const HASH = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex');
const MOST_ASKS = 1_000_000;
/** The last millisecond a Date can hold. */
const LAST_MS = 8_640_000_000_000_000;

const PLAIN = {
  verb: z.enum(ANSWERS),
  quantity: z
    .string()
    .refine((text) => isAmount(text) && isHeld(text), 'must be a positive decimal string')
    .optional(),
  from: z
    .string()
    .regex(/^[\x20-\x7e]{1,100}$/, 'must be 1 to 100 printable characters')
    .optional(),
};

const PROOF = {
  escalationId: HASH,
  decisionId: HASH,
  ask: z.int().min(1).max(MOST_ASKS),
  parameterHash: HASH,
  nonce: HASH,
  expiresAtMs: z.int().min(0).max(LAST_MS),
  keyId: HASH,
  signature: z.string().regex(/^[0-9a-f]{128}$/, 'must be 128 lower-case hex'),
};

const UNSIGNED = z.strictObject(PLAIN).refine(fits, 'quantity goes with modify, and only with it');
const SIGNED = z
  .strictObject({ ...PLAIN, ...PROOF })
  .refine(fits, 'quantity goes with modify, and only with it');

function fits({ verb, quantity }: { verb: AnswerVerb; quantity?: string | undefined }): boolean {
  return (verb === 'modify') === (quantity !== undefined);
}

/** Reads whatever was handed in as an answer. Nothing that is not exactly one gets further. */
export function readAnswer(given: unknown): Read {
  const signed = SIGNED.safeParse(given);
  if (signed.success) return { kind: 'signed', answer: signed.data };
  const plain = UNSIGNED.safeParse(given);
  if (plain.success) {
    return { kind: 'unsigned', answer: plain.data, refusal: refuseAnswer('unsigned') };
  }
  const claims = typeof given === 'object' && given !== null && 'signature' in given;
  return { kind: 'malformed', refusal: malformed(claims ? signed.error : plain.error) };
}

/** The faults, by field, without a word of what was sent. */
function malformed(error: z.ZodError): AnswerRefusal {
  const faults = error.issues.slice(0, 5).map((issue) => {
    const message =
      issue.code === 'unrecognized_keys' ? 'has fields it must not have' : issue.message;
    return `${issue.path.join('.') || 'answer'} ${message}`;
  });
  return refuseAnswer('malformed', faults.join('; '));
}
