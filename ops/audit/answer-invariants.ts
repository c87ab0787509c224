import { createPublicKey, verify } from 'node:crypto';
import { canonical, derivedId } from './canonical.ts';
import type { Context, Invariant } from './context.ts';
import type { Tally } from './finding.ts';
import { fixed, plain } from './fixed.ts';

/** 8: what a person was asked about happens only on that person's word. */
export const ANSWER_INVARIANTS: readonly Invariant[] = [
  {
    number: 8,
    says: 'An escalated order executes only with the person’s own, fresh, signed answer to it.',
    unchecked:
      'the market’s time at the moment of the answer (its order’s time is taken); refused ' +
      'answers are records, not proofs',
    check: answersSigned,
  },
];

interface Answer {
  readonly id: string;
  readonly escalation: string;
  readonly decision: string;
  readonly ask: number;
  readonly verb: string;
  readonly parameters: { readonly quantity?: string };
  readonly nonce: string | null;
  readonly parameter_hash: string | null;
  readonly expires: number | null;
  readonly signature: string | null;
  readonly recorded: number;
  readonly deadline: number;
  readonly asked_user: string;
  readonly key_user: string | null;
  readonly public_key: string | null;
  readonly revoked: number | null;
  readonly question: Question;
}

interface Question {
  readonly venue?: string;
  readonly symbol?: string;
  readonly side?: string;
  readonly asking?: {
    readonly ask: number;
    readonly quantity: string | null;
    readonly limitPrice: string | null;
  };
}

const ACCEPTED = `select a.id, e.id as escalation, e.decision_id as decision, a.ask, a.verb,
    a.parameters, a.nonce, a.parameter_hash, a.expires_at as expires, a.signature,
    a.recorded_at as recorded, e.deadline, e.user_id::text as asked_user,
    k.user_id::text as key_user, k.public_key, k.revoked_at as revoked, e.question
  from escalation_answers a join escalations e on e.id = a.escalation_id
  left join user_keys k on k.id = a.key_id where a.outcome = 'accepted'`;

async function answersSigned({ db }: Context, tally: Tally): Promise<void> {
  const answers = await db.rows<Answer>(ACCEPTED);
  tally.database += answers.length;
  const valid = new Map<string, Answer>();
  const nonces = new Set<string>();
  for (const answer of answers) {
    const fault = faultOf(answer);
    if (fault !== null) tally.violate(answer.id, fault);
    const nonce = answer.nonce ?? '';
    if (nonces.has(nonce)) tally.violate(answer.id, 'carries a nonce that was used before');
    else if (fault === null && answer.verb !== 'reject') valid.set(answer.decision, answer);
    nonces.add(nonce);
  }
  await ordersAnswered({ db, valid }, tally);
}

/** Every check, from the rows alone: nothing that another process concluded is believed. */
function faultOf(answer: Answer): string | null {
  const { question, escalation, ask } = answer;
  const { asking } = question;
  if (asking === undefined || asking.ask !== ask) return 'answers an asking that is over';
  const nonce = derivedId('nonce', { escalationId: escalation, ask });
  if (answer.nonce !== nonce) return 'carries another nonce than its asking';
  const parameterHash = derivedId('asking', {
    venue: question.venue,
    symbol: question.symbol,
    side: question.side,
    quantity: asking.quantity,
    limitPrice: asking.limitPrice,
    ask,
  });
  if (answer.parameter_hash !== parameterHash) return 'was given to other parameters';
  if (answer.expires === null || answer.expires > answer.deadline) return 'outlives its question';
  if (answer.key_user !== answer.asked_user) return 'is not signed by a key of whom was asked';
  if (answer.revoked !== null && answer.revoked < answer.recorded) return 'its key was revoked';
  return isSigned(answer, { nonce, parameterHash }) ? null : 'its signature does not fit';
}

function isSigned(
  answer: Answer,
  derived: { readonly nonce: string; readonly parameterHash: string },
): boolean {
  const text = canonical({
    ...derived,
    escalationId: answer.escalation,
    decisionId: answer.decision,
    ask: answer.ask,
    verb: answer.verb,
    quantity: answer.parameters.quantity,
    expiresAtMs: answer.expires,
  });
  try {
    const der = Buffer.from(answer.public_key ?? '', 'base64');
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ed25519') return false;
    return verify(null, Buffer.from(text), key, Buffer.from(answer.signature ?? '', 'hex'));
  } catch {
    return false;
  }
}

interface Leg {
  readonly id: string;
  readonly decision: string;
  readonly side: string;
  readonly quantity: string;
  readonly price: string | null;
  readonly market: number;
  readonly asked: boolean;
  readonly decided: boolean;
}

async function ordersAnswered(
  { db, valid }: Pick<Context, 'db'> & { readonly valid: ReadonlyMap<string, Answer> },
  tally: Tally,
): Promise<void> {
  const asked = await db.rows<Leg>(
    `select i.leg_id as id, i.decision_id as decision, i.side, i.quantity, i.limit_price as price,
       i.market_time as market, e.id is not null as asked,
       d.verdict = 'consensus' and d.action = i.side as decided
     from intents i join decisions d on d.id = i.decision_id
     left join escalations e on e.decision_id = i.decision_id
     where e.id is not null or d.verdict <> 'consensus' or d.action <> i.side`,
  );
  tally.database += asked.length;
  const taken = new Map<string, bigint>();
  for (const leg of asked) {
    const answer = valid.get(leg.decision);
    if (answer === undefined) {
      tally.violate(leg.id, leg.asked ? 'no valid answer allows it' : 'nobody decided it');
      continue;
    }
    const before = taken.get(leg.decision) ?? 0n;
    const sum = before + fixed(leg.quantity);
    taken.set(leg.decision, sum);
    const fault = overApproval(leg, answer, sum);
    if (fault !== null) tally.violate(leg.id, fault);
  }
}

/** A yes is for all legs of its decision together, at no worse a price than was shown. */
function overApproval(leg: Leg, { question, verb, parameters, expires }: Answer, sum: bigint) {
  const { asking, side } = question;
  if (leg.side !== side) return `is a ${leg.side}, the answer was to a ${side}`;
  const quantity = verb === 'modify' ? parameters.quantity : asking?.quantity;
  if (quantity === undefined || quantity === null) return 'the answer allows no quantity';
  if (sum > fixed(quantity)) return `takes ${plain(sum)}, ${quantity} was approved`;
  const most = asking?.limitPrice ?? null;
  if (most === null || leg.price === null) return 'the answer allows no price';
  const worse =
    leg.side === 'BUY' ? fixed(leg.price) - fixed(most) : fixed(most) - fixed(leg.price);
  if (worse > 0n) return `at ${leg.price} is worse than the approved ${most}`;
  return leg.market > (expires ?? 0) ? 'was made after the answer had expired' : null;
}
