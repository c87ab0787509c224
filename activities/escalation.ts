import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { FeedPublisher } from '../adapters/bus/feed.ts';
import { isSignedBy } from '../adapters/seal/signature.ts';
import { readCandles } from '../adapters/store/candles.ts';
import {
  askAgain,
  auditNoAnswer,
  closeEscalation,
  type EscalationAnswer,
  findAnswer,
  findEscalation,
  isNonceUsed,
  type NewAnswer,
  recordAnswer,
} from '../adapters/store/escalations.ts';
import { fromJson } from '../adapters/store/json.ts';
import { sellableQuantity } from '../adapters/store/positions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { findUserKey } from '../adapters/store/user-keys.ts';
import {
  type AnswerRefusalCode,
  answerText,
  approvedBy,
  isOutOfReach,
  objectionToAnswer,
  refuseAnswer,
} from '../core/debate/answer.ts';
import { isHeld } from '../core/debate/holding.ts';
import { legId } from '../core/identity.ts';
import type { Timeframe } from '../core/market/candle.ts';
import { decimal, observedText, ratioBps } from '../core/market/money.ts';
import type { OrderInput } from '../core/orders/leg.ts';
import type {
  Answer,
  EscalationInput,
  EscalationStatus,
  SignedAnswer,
} from '../proto/escalation.ts';
import { escalationFeed } from '../proto/feed.ts';
import { readAnswer } from './answer-door.ts';
import { askAt } from './asking.ts';

/** How far the market may be from the price a person was asked at, either way, before a yes is
 * stale. */
export const PRICE_TOLERANCE_BPS = 100;

export interface EscalationDependencies {
  readonly db: Kysely<Database>;
  readonly feed: FeedPublisher;
  readonly log: Logger;
}

export interface AnswerToJudge {
  /** The question as it was asked last. */
  readonly input: EscalationInput;
  /** Whatever was handed in; null: nothing that could be one. */
  readonly answer: unknown;
  /** The market's time, Unix milliseconds. */
  readonly nowMs: number;
}

export type JudgedAnswer =
  | {
      readonly outcome: 'accepted';
      readonly status: Exclude<EscalationStatus, 'open' | 'expired'>;
      readonly reason: string;
      /** `null` for a no. */
      readonly order: OrderInput | null;
    }
  | {
      readonly outcome: 'asked_again';
      readonly reason: string;
      /** The question as it is asked now. */
      readonly question: EscalationInput;
    }
  | {
      readonly outcome: 'refused';
      readonly code: AnswerRefusalCode;
      readonly reason: string;
    };

export interface ClosedQuestion {
  readonly input: EscalationInput;
  readonly status: EscalationStatus;
  readonly reason: string;
}

export type EscalationActivities = ReturnType<typeof createEscalationActivities>;

/** The steps of a question to a person. Every one may be repeated: what it records has an id. */
export function createEscalationActivities({ db, feed, log }: EscalationDependencies) {
  const tell = (input: EscalationInput, told: Told): void =>
    feed(
      escalationFeed({
        atMs: input.askedAtMs,
        symbol: input.symbol,
        escalationId: input.escalationId,
        decisionId: input.decisionId,
        userId: input.userId,
        side: input.side,
        deadlineMs: input.deadlineMs,
        ...told,
      }),
    );
  return {
    /** Whether an answer is the user's own, fresh one to this asking, and whether the market and
     * the position as they are now still let it stand. Risk is judged once more by the order's own
     * check, in another process. Whatever is refused is on record with its reason. */
    async judgeAnswer(given: AnswerToJudge): Promise<JudgedAnswer> {
      const { escalationId } = given.input;
      const judged = await judge(db, given);
      if (judged.outcome === 'refused') {
        const { code, reason } = judged;
        log.warn({ escalationId, code, reason }, 'answer refused');
      }
      if (judged.outcome === 'asked_again') {
        const { question, reason } = judged;
        const { nonce, parameterHash, ask: asks } = question.asking;
        await askAgain(db, { id: escalationId, question, asks, nonce, parameterHash });
        tell(given.input, { status: 'open', referencePrice: question.referencePrice, reason });
      }
      return judged;
    },

    /** An answer that came after the question was closed. */
    async recordLate(late: {
      readonly input: EscalationInput;
      readonly answer: unknown;
      readonly status: EscalationStatus;
    }): Promise<void> {
      const { reason, code } = refuseAnswer('late', late.status);
      const read = readAnswer(late.answer);
      if (read.kind === 'malformed') {
        const { escalationId: id } = late.input;
        await auditNoAnswer(db, { id, code, reason: `${reason}; ${read.refusal.reason}` });
        return;
      }
      await recordAnswer(db, answerRow(late.input, read.answer, { outcome: 'late', code, reason }));
    },

    async remind(input: EscalationInput): Promise<void> {
      const reason = `still waiting for an answer: ${input.text}`;
      tell(input, { status: 'open', referencePrice: input.referencePrice, reason });
    },

    async closeEscalation({ input, status, reason }: ClosedQuestion): Promise<void> {
      if (status === 'open') throw new RangeError('status must be a closed one, was open');
      await closeEscalation(db, { id: input.escalationId, status, reason });
      tell(input, { status, referencePrice: input.referencePrice, reason });
    },
  };
}

interface Told {
  readonly status: EscalationStatus;
  readonly referencePrice: string;
  readonly reason: string;
}

async function judge(db: Kysely<Database>, given: AnswerToJudge): Promise<JudgedAnswer> {
  const { input } = given;
  const read = readAnswer(given.answer);
  if (read.kind === 'malformed') {
    await auditNoAnswer(db, { id: input.escalationId, ...read.refusal });
    return { outcome: 'refused', ...read.refusal };
  }
  const { answer } = read;
  const known = await findAnswer(db, answerRow(input, answer, { outcome: 'refused', reason: '' }));
  const earlier = known && (await sameAgain(db, given, known));
  if (earlier) return earlier;
  const judged =
    read.kind === 'unsigned'
      ? ({ outcome: 'refused', ...read.refusal } as const)
      : ((await objection(db, given, read.answer)) ?? (await meetMarket(db, input, read.answer)));
  const { outcome, reason } = judged;
  const code = judged.outcome === 'refused' ? judged.code : null;
  await recordAnswer(db, answerRow(input, answer, { outcome, code, reason }));
  return judged;
}

/** What a recorded answer came to: a step that is run again after its record was written says the
 * same. Null: it must be judged, because what it led to is not on record. */
async function sameAgain(
  db: Kysely<Database>,
  { input, answer }: AnswerToJudge,
  { outcome, reason }: Pick<EscalationAnswer, 'outcome' | 'reason'>,
): Promise<JudgedAnswer | null> {
  if (outcome === 'accepted') return accepted(input, answer as SignedAnswer, await now(db, input));
  if (outcome === 'refused' || outcome === 'late') {
    // The reason begins with its code.
    return { outcome: 'refused', code: reason.split(':')[0] as AnswerRefusalCode, reason };
  }
  const { question, asks } = await findEscalation(db, input.escalationId);
  return asks > input.asking.ask ? { outcome, reason, question: fromJson(question) } : null;
}

async function objection(
  db: Kysely<Database>,
  { input, nowMs }: AnswerToJudge,
  answer: SignedAnswer,
): Promise<Extract<JudgedAnswer, { outcome: 'refused' }> | null> {
  const key = await findUserKey(db, answer.keyId);
  const asked = { ...input, ...input.asking, expiresAtMs: input.deadlineMs };
  const refused = objectionToAnswer(answer, asked, {
    key: key && { userId: key.userId, revoked: key.revokedAt !== null },
    genuine: () => isSignedBy(key?.publicKey ?? '', answerText(answer), answer.signature),
    nonceUsed: await isNonceUsed(db, answer.nonce),
    nowMs,
  });
  return refused && { outcome: 'refused', ...refused };
}

function refused(code: AnswerRefusalCode, detail = ''): JudgedAnswer {
  return { outcome: 'refused', ...refuseAnswer(code, detail) };
}

/** What a genuine answer comes to in the market as it is now. */
async function meetMarket(
  db: Kysely<Database>,
  input: EscalationInput,
  answer: SignedAnswer,
): Promise<JudgedAnswer> {
  const market = await now(db, input);
  if (answer.verb === 'reject') return accepted(input, answer, market);
  // The books may know a later candle than whoever tells the question how late it is.
  if (market.marketTimeMs > answer.expiresAtMs) {
    return refused('expired', new Date(answer.expiresAtMs).toISOString());
  }
  const { venue, symbol, userId, side, asking, referencePrice } = input;
  if (asking.limitPrice === null) return refused('nothing_proposed', asking.noSize ?? '');
  const approved = approvedBy(answer, asking);
  if (approved === null) return refused('quantity_needed', asking.noSize ?? '');
  if (side === 'SELL' && !isHeld(await sellableQuantity(db, { userId, venue, symbol }))) {
    return refused('nothing_to_sell', symbol);
  }
  const { price, marketTimeMs } = market;
  const distance = decimal(price, 'price').minus(referencePrice).abs();
  const movedBps = ratioBps(distance, decimal(referencePrice, 'referencePrice'));
  if (movedBps <= PRICE_TOLERANCE_BPS && !isOutOfReach(side, price, approved)) {
    return accepted(input, answer, market);
  }
  const moved = `the price moved from ${referencePrice} to ${price}`;
  const at = { ...input, referencePrice: price, marketTimeMs, ask: asking.ask + 1 };
  const question = { ...input, ...(await askAt(db, at)) };
  return { outcome: 'asked_again', reason: `${moved}; answer again if it still holds`, question };
}

interface MarketNow {
  /** Quote per base. */
  readonly price: string;
  /** Unix milliseconds. */
  readonly marketTimeMs: number;
}

async function now(db: Kysely<Database>, input: EscalationInput): Promise<MarketNow> {
  const { venue, symbol } = input;
  const timeframe = input.timeframe as Timeframe;
  const [candle] = await readCandles(db, { venue, symbol, timeframe, newest: 1 });
  return candle === undefined
    ? { price: input.referencePrice, marketTimeMs: input.askedAtMs }
    : { price: observedText(candle.close), marketTimeMs: candle.closeTimeMs };
}

function accepted(input: EscalationInput, answer: SignedAnswer, market: MarketNow): JudgedAnswer {
  const from = answer.from === undefined ? '' : ` by ${answer.from}`;
  const approved = approvedBy(answer, input.asking);
  if (approved === null) {
    return { outcome: 'accepted', status: 'rejected', reason: `rejected${from}`, order: null };
  }
  const order = orderFor(input, market, approved.quantity);
  const { verb, quantity } = answer;
  return verb === 'modify'
    ? { outcome: 'accepted', status: 'modified', reason: `modified to ${quantity}${from}`, order }
    : { outcome: 'accepted', status: 'approved', reason: `approved${from}`, order };
}

function orderFor(input: EscalationInput, market: MarketNow, quantity: string): OrderInput {
  const { namespace, userId, username, venue, symbol, side, confidenceBp, decisionId } = input;
  return {
    namespace,
    approvedBy: input.escalationId,
    legId: legId({ causeId: decisionId, username, leg: 0 }),
    cause: { kind: 'decision', id: decisionId },
    leg: 0,
    purpose: side === 'BUY' ? 'entry' : 'exit',
    userId,
    venue,
    symbol,
    side,
    closeTimeMs: market.marketTimeMs,
    referencePrice: market.price,
    confidenceBp,
    requestedQuantity: quantity,
  };
}

/** Everything that was handed in is part of the answer's id: a forgery that comes first must not
 * stand where the genuine one belongs. */
function answerRow(
  input: EscalationInput,
  answer: Answer,
  judged: Pick<NewAnswer, 'outcome' | 'reason' | 'code'>,
): NewAnswer {
  const { verb, ...parameters } = answer;
  return {
    escalationId: input.escalationId,
    ask: input.asking.ask,
    verb,
    parameters,
    signed: answer,
    ...judged,
  };
}
