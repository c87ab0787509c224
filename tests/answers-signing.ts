import type { Kysely } from 'kysely';
import { signAnswer } from '../adapters/seal/answer.ts';
import { generateKeys } from '../adapters/seal/signature.ts';
import type { Database } from '../adapters/store/schema.ts';
import { addUserKey } from '../adapters/store/user-keys.ts';
import { askingHash, askingNonce } from '../core/identity.ts';
import type { AnswerWish, EscalationInput, SignedAnswer } from '../proto/escalation.ts';

/** People of tests who answer questions, and the questions they are asked. */

export interface Signatory {
  readonly keyId: string;
  readonly privatePem: string;
  sign(question: EscalationInput, wish: AnswerWish): SignedAnswer;
}

/** A user with a fresh key on record. */
export async function signatory(db: Kysely<Database>, username: string): Promise<Signatory> {
  const { privatePem, publicKey } = generateKeys();
  const { id } = await addUserKey(db, { username, publicKey, label: 'test', replaces: null });
  const sign = (question: EscalationInput, wish: AnswerWish): SignedAnswer =>
    signAnswer(privatePem, question, wish);
  return { keyId: id, privatePem, sign };
}

type Asked = Omit<EscalationInput, 'asking' | 'why' | 'text'> & {
  readonly ask?: number;
  readonly quantity?: string | null;
  readonly limitPrice?: string | null;
};

/** A question as the ring would ask it, with the nonce and the hash that belong to it. */
export function questionAbout(given: Asked): EscalationInput {
  const { ask = 1, quantity = '0.01', limitPrice = '50250', ...question } = given;
  const { escalationId, side, symbol } = question;
  const noSize = quantity === null ? 'the books do not say' : null;
  const nonce = askingNonce({ escalationId, ask });
  const parameterHash = askingHash({ ...question, quantity, limitPrice, ask });
  return {
    ...question,
    why: 'a test',
    text: `${side} ${symbol}?`,
    asking: { ask, quantity, limitPrice, noSize, nonce, parameterHash },
  };
}
