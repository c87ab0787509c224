import {
  type AnswerContent,
  type AnswerVerb,
  type Approved,
  answerText,
  approvedBy,
} from '../../core/debate/answer.ts';
import { askingHash, askingNonce } from '../../core/identity.ts';
import { decimal, format } from '../../core/market/money.ts';
import type { OrderInput } from '../../core/orders/leg.ts';
import { type Refusal, refusal, type Side } from '../../core/risk/facts.ts';
import { isSignedBy } from '../seal/signature.ts';
import { fromJson } from './json.ts';
import type { Reader } from './store.ts';

/** What a question's row must say for its answer to be checked again. */
interface StoredQuestion {
  readonly venue: string;
  readonly symbol: string;
  readonly side: Side;
  readonly asking: {
    readonly ask: number;
    readonly quantity: string | null;
    readonly limitPrice: string | null;
  };
}

/** What a person allowed of a decision: null when nobody was asked, a refusal when no valid yes is
 * on record. It trusts no outcome that another process wrote: the signature, the nonce and the
 * hash of what was shown are all derived again from the rows. */
export async function readApproved(
  db: Reader,
  { decisionId, side }: { readonly decisionId: string; readonly side: Side },
): Promise<Approved | Refusal | null> {
  const row = await db
    .selectFrom('escalations as e')
    .leftJoin('escalation_answers as a', (join) =>
      join
        .onRef('a.escalation_id', '=', 'e.id')
        .on('a.outcome', '=', 'accepted')
        .on('a.verb', 'in', ['approve', 'modify']),
    )
    .leftJoin('user_keys as k', (join) =>
      join.onRef('k.id', '=', 'a.key_id').onRef('k.user_id', '=', 'e.user_id'),
    )
    .select(['e.id', 'e.question', 'a.verb', 'a.ask', 'a.parameters', 'a.signature'])
    .select(['a.nonce', 'a.parameter_hash', 'a.expires_at', 'k.public_key', 'k.revoked_at'])
    .where('e.decision_id', '=', decisionId)
    .executeTakeFirst();
  if (!row) return null;
  if (row.verb === null) return refusal('not_approved', 'the question has no accepted yes');
  const { asking, ...asked } = fromJson<StoredQuestion>(row.question);
  if (asked.side !== side) return refusal('not_approved', `the question was about ${asked.side}`);
  const { signature, public_key: publicKey, expires_at: expiresAt } = row;
  if (row.ask !== asking.ask || !signature || !publicKey || !expiresAt) {
    return refusal('not_approved', 'the answer is not signed by a key of the user');
  }
  if (row.revoked_at !== null) {
    return refusal('not_approved', 'the key of the answer was revoked before its order');
  }
  const { quantity } = fromJson<{ readonly quantity?: string }>(row.parameters ?? {});
  const content: AnswerContent = {
    escalationId: row.id,
    decisionId,
    ask: asking.ask,
    verb: row.verb as AnswerVerb,
    quantity,
    nonce: askingNonce({ escalationId: row.id, ask: asking.ask }),
    parameterHash: askingHash({ ...asked, ...asking }),
    expiresAtMs: expiresAt.getTime(),
  };
  if (!isSignedBy(publicKey, answerText(content), signature)) {
    return refusal('not_approved', 'the signature does not fit the question');
  }
  return approvedBy(content, asking) ?? refusal('not_approved', 'the answer allows no quantity');
}

/** What other legs of the same decision have asked for already, base units: a yes is for all of
 * them together. */
export async function takenBefore(
  db: Reader,
  { legId, cause }: Pick<OrderInput, 'legId' | 'cause'>,
): Promise<string> {
  const { taken } = await db
    .selectFrom('intents')
    .select((eb) => eb.fn.coalesce(eb.fn.sum<string>('quantity'), eb.val('0')).as('taken'))
    .where('decision_id', '=', cause.id)
    .where('leg_id', '<>', legId)
    .executeTakeFirstOrThrow();
  return format(decimal(taken));
}
