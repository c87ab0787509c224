import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { FeedPublisher } from '../adapters/bus/feed.ts';
import { readCandles } from '../adapters/store/candles.ts';
import {
  askAgain,
  closeEscalation,
  type NewAnswer,
  recordAnswer,
} from '../adapters/store/escalations.ts';
import { sellableQuantity } from '../adapters/store/positions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { isHeld } from '../core/debate/holding.ts';
import { legId } from '../core/identity.ts';
import type { Timeframe } from '../core/market/candle.ts';
import { decimal, isAmount, observedText, ratioBps } from '../core/market/money.ts';
import type { OrderInput } from '../core/orders/leg.ts';
import {
  ANSWERS,
  type Answer,
  type EscalationInput,
  type EscalationStatus,
} from '../proto/escalation.ts';
import { escalationFeed } from '../proto/feed.ts';

/** How far the market may be from the price a person was asked at, either way, before a yes is
 * stale. */
export const PRICE_TOLERANCE_BPS = 100;

export interface EscalationDependencies {
  readonly db: Kysely<Database>;
  readonly feed: FeedPublisher;
  readonly log: Logger;
}

export interface AnswerToJudge {
  readonly input: EscalationInput;
  readonly answer: Answer;
  /** Which asking it answers, from 1. */
  readonly asks: number;
  /** The price of that asking, quote per base. */
  readonly referencePrice: string;
}

export type JudgedAnswer =
  | {
      readonly outcome: 'accepted';
      readonly status: Exclude<EscalationStatus, 'open' | 'expired'>;
      readonly reason: string;
      /** `null` for a no. */
      readonly order: OrderInput | null;
    }
  | { readonly outcome: 'asked_again'; readonly reason: string; readonly referencePrice: string }
  | { readonly outcome: 'refused'; readonly reason: string };

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
    /** Looks at the market and the position again as they are now, and says whether the answer
     * stands. Risk is judged once more by the order's own check, in another process. */
    async judgeAnswer(given: AnswerToJudge): Promise<JudgedAnswer> {
      const checked = ANSWER.safeParse(given.answer);
      if (!checked.success) {
        const reason = faultText(checked.error);
        log.warn({ escalationId: given.input.escalationId, reason }, 'answer refused');
        return { outcome: 'refused', reason };
      }
      const judged = await judge(db, given);
      await recordAnswer(db, answerRow(given, judged));
      if (judged.outcome === 'asked_again') {
        const { referencePrice, reason } = judged;
        const question = { ...given.input, referencePrice };
        await askAgain(db, { id: given.input.escalationId, question, asks: given.asks + 1 });
        tell(given.input, { status: 'open', referencePrice, reason });
      }
      return judged;
    },

    /** An answer that came after the question was closed. */
    async recordLate(late: {
      readonly input: EscalationInput;
      readonly answer: Answer;
      readonly status: EscalationStatus;
    }): Promise<void> {
      if (!ANSWER.safeParse(late.answer).success) return;
      const given = { ...late, asks: 1 };
      const reason = `the question is closed: ${late.status}`;
      await recordAnswer(db, answerRow(given, { outcome: 'late', reason }));
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

const ANSWER = z
  .strictObject({
    verb: z.enum(ANSWERS),
    quantity: z
      .string()
      .refine((text) => isAmount(text) && isHeld(text), 'must be a positive decimal string')
      .optional(),
    from: z.string().max(100).optional(),
  })
  .refine(
    (answer) => (answer.verb === 'modify') === (answer.quantity !== undefined),
    'quantity goes with modify, and modify with quantity',
  );

function faultText(error: z.ZodError): string {
  return error.issues
    .map((issue) => `${issue.path.join('.') || 'answer'}: ${issue.message}`)
    .join('; ');
}

async function judge(db: Kysely<Database>, given: AnswerToJudge): Promise<JudgedAnswer> {
  const { input, answer, referencePrice } = given;
  const from = answer.from === undefined ? '' : ` by ${answer.from}`;
  if (answer.verb === 'reject') {
    return { outcome: 'accepted', status: 'rejected', reason: `rejected${from}`, order: null };
  }
  const { venue, symbol, userId, side } = input;
  if (side === 'SELL') {
    if (!isHeld(await sellableQuantity(db, { userId, venue, symbol }))) {
      return { outcome: 'refused', reason: `there is no ${symbol} to sell any more` };
    }
  }
  const timeframe = input.timeframe as Timeframe;
  const [candle] = await readCandles(db, { venue, symbol, timeframe, newest: 1 });
  const price = candle === undefined ? referencePrice : observedText(candle.close);
  const asked = decimal(referencePrice, 'referencePrice');
  const movedBps = ratioBps(decimal(price, 'price').minus(asked).abs(), asked);
  if (movedBps > PRICE_TOLERANCE_BPS) {
    const moved = `the price moved from ${referencePrice} to ${price}`;
    const reason = `${moved}; answer again if it still holds`;
    return { outcome: 'asked_again', reason, referencePrice: price };
  }
  return {
    outcome: 'accepted',
    status: answer.verb === 'modify' ? 'modified' : 'approved',
    reason: `${answer.verb === 'modify' ? `modified to ${answer.quantity}` : 'approved'}${from}`,
    order: {
      namespace: input.namespace,
      approvedBy: input.escalationId,
      legId: legId({ causeId: input.decisionId, username: input.username, leg: 0 }),
      cause: { kind: 'decision', id: input.decisionId },
      leg: 0,
      purpose: side === 'BUY' ? 'entry' : 'exit',
      userId,
      venue,
      symbol,
      side,
      closeTimeMs: candle?.closeTimeMs ?? input.askedAtMs,
      referencePrice: price,
      confidenceBp: input.confidenceBp,
      ...(answer.quantity === undefined ? {} : { requestedQuantity: answer.quantity }),
    },
  };
}

function answerRow(
  { input, answer, asks }: Pick<AnswerToJudge, 'input' | 'answer' | 'asks'>,
  { outcome, reason }: Pick<NewAnswer, 'outcome' | 'reason'>,
): NewAnswer {
  const { verb, quantity, from } = answer;
  return {
    escalationId: input.escalationId,
    ask: asks,
    verb,
    parameters: { ...(quantity === undefined ? {} : { quantity }), ...(from ? { from } : {}) },
    outcome,
    reason,
  };
}
