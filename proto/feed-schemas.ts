import { z } from 'zod';
import { ROLES } from '../core/assistants/role.ts';
import { TRIGGERS } from '../core/assistants/snapshot.ts';
import { ACTIONS, KINDS } from '../core/assistants/speech.ts';
import { LEARNING_VERDICTS } from '../core/learning/contract.ts';
import { TIMEFRAMES, type Timeframe } from '../core/market/candle.ts';
import { ORDER_STATES } from '../core/orders/lifecycle.ts';
import type { FeedKind } from './subjects.ts';

/** The JSON forms of `corro.feed.<kind>.<symbol token>`. docs/feeds.md and docs/feeds.schema.json
 * are made from this file, and a test compares them. Fields are only ever added. */

const at = z.iso.datetime().describe("The market's time, ISO 8601, UTC");
const symbol = z.string().describe('Canonical name, BASE/QUOTE');
const venue = z.string().describe('Where it is traded');
const debateId = z.string().describe('The debate, one per candle close');
const eventId = z.string().describe('The motion: hash of the closed candle it is about');
const role = z.enum(ROLES).describe('Who');
const bp = z.int().min(0).max(10_000);
const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);
const userId = z.string().describe("Whose: the user's id");
const side = z.enum(['BUY', 'SELL']);
const timeframe = z.enum(Object.keys(TIMEFRAMES) as [Timeframe, ...Timeframe[]]);

const evidence = z
  .array(z.strictObject({ fact: z.string(), value: z.number() }))
  .readonly()
  .describe('Facts of the snapshot: dotted path and value');
const stance = z
  .strictObject({ buyBp: bp, sellBp: bp, holdBp: bp })
  .describe('Basis points, sum 10,000');
const reasons = z.array(z.strictObject({ text: z.string(), evidence })).readonly();

const opinion = z.strictObject({ stance, confidenceBp: bp, reasons });
const challenge = z.strictObject({ to: z.enum(ROLES), text: z.string(), evidence });
const answer = z.strictObject({
  to: z.enum(ROLES),
  concedes: z.boolean(),
  text: z.string(),
  evidence,
});
const revision = z.strictObject({
  ...opinion.shape,
  movedBy: z.enum(ROLES).nullable(),
  newEvidence: evidence,
});
const veto = z.strictObject({ code: z.string(), text: z.string() });
const ballot = z.strictObject({
  choice: z.enum([...ACTIONS, 'ABSTAIN']),
  confidenceBp: bp,
  veto: veto.nullable(),
  strikes: z.array(z.strictObject({ role: z.enum(ROLES), text: z.string() })).readonly(),
  reason: z.string(),
});

export const ESCALATION_STATUSES = ['open', 'approved', 'rejected', 'modified', 'expired'] as const;

/** What the learning loop, or a person in its place, tells. */
export const LEARNING_NEWS = [
  'run_done',
  'run_failed',
  'run_cancelled',
  'promoted',
  'rolled_back',
  'drift',
] as const;

export const FEED_SCHEMAS = {
  candle: z
    .strictObject({
      feed: z.literal('candle'),
      at,
      symbol,
      venue,
      timeframe,
      openTime: z.iso.datetime().describe('ISO 8601, UTC, inclusive'),
      open: z.number().describe('Observation, quote per base'),
      high: z.number(),
      low: z.number(),
      close: z.number(),
      volume: z.number().describe('Base units'),
    })
    .describe('A candle closed.'),
  motion: z
    .strictObject({
      feed: z.literal('motion'),
      at,
      symbol,
      venue,
      timeframe,
      debateId,
      eventId,
      trigger: z.enum(TRIGGERS).describe('Why the market monitor put the question'),
      close: z.number().describe('The close it is about, an observation'),
    })
    .describe('The ring was asked.'),
  utterance: z
    .strictObject({
      feed: z.literal('utterance'),
      at,
      symbol,
      debateId,
      eventId,
      round: z.int().min(1).describe('From 1'),
      role,
      kind: z.enum(KINDS).describe('What was said; `content` has the form of this kind'),
      content: z
        .union([opinion, challenge, z.array(answer).readonly(), revision, ballot])
        .nullable()
        .describe('`null`: asked, and nothing to say'),
    })
    .describe('An assistant spoke: opinion, challenge, rebuttal, revision or ballot.'),
  verdict: z
    .strictObject({
      feed: z.literal('verdict'),
      at,
      symbol,
      debateId,
      eventId,
      decisionId: z.string().describe('The recorded decision, a hash'),
      userId,
      verdict: z.enum(['consensus', 'no_consensus', 'vetoed', 'inquorate']),
      action: z.enum(ACTIONS).describe('HOLD unless there is a consensus'),
      confidenceBp: bp,
      sharesBp: z
        .strictObject({ BUY: bp, SELL: bp, HOLD: bp })
        .describe('Shares of the weight cast, basis points'),
      ballots: z.int().min(0).describe('Ballots counted'),
      veto: veto.nullable(),
      contested: z.boolean().describe('Whether there was anything to debate'),
      rounds: z.int().min(0),
    })
    .describe("One user's decision was recorded."),
  escalation: z
    .strictObject({
      feed: z.literal('escalation'),
      at,
      symbol,
      escalationId: z.string(),
      decisionId: z.string(),
      userId,
      status: z.enum(ESCALATION_STATUSES).describe('open: a person is asked'),
      side: side.nullable().describe('What approving would do; `null` when neither side leads'),
      referencePrice: decimal.describe('Price the question was asked at, quote per base'),
      reason: z.string(),
      deadline: z.iso.datetime().describe('Until when; then HOLD stands'),
    })
    .describe('A person was asked, or the question was closed.'),
  order: z
    .strictObject({
      feed: z.literal('order'),
      at,
      symbol,
      venue,
      userId,
      legId: z.string(),
      clientOrderId: z.string(),
      attempt: z.int().min(1),
      side,
      type: z.enum(['LIMIT', 'MARKET', 'STOP_LOSS_LIMIT']),
      timeInForce: z.enum(['GTC', 'IOC', 'FOK']).nullable(),
      quantity: decimal.describe('Base units'),
      limitPrice: decimal.nullable().describe('Quote per base; `null` at market'),
      stopPrice: decimal.nullable().describe('Quote per base; of a STOP_LOSS_LIMIT order alone'),
      state: z.enum(ORDER_STATES).describe('`unknown` counts as live until proven otherwise'),
      executedQuantity: decimal.describe('Base units'),
      rejectCode: z.string().nullable(),
    })
    .describe("An order's state changed."),
  fill: z
    .strictObject({
      feed: z.literal('fill'),
      at,
      symbol,
      venue,
      userId,
      tradeId: z.string().describe("The venue's id"),
      clientOrderId: z.string(),
      side,
      quantity: decimal.describe('Base units'),
      price: decimal.describe('Quote per base'),
      fee: decimal,
      feeAsset: z.string(),
    })
    .describe('A trade was booked.'),
  position: z
    .strictObject({
      feed: z.literal('position'),
      at,
      symbol,
      venue,
      userId,
      quantity: decimal.describe('Base units'),
      entryPrice: decimal.describe('Average cost, fees included; 0 when flat'),
      currentPrice: decimal,
      realisedPnl: decimal.describe('Quote units, fees included'),
      equity: decimal.describe('Cash plus all positions of the user at this venue, quote units'),
    })
    .describe('A position or its worth changed.'),
  learning: z
    .strictObject({
      feed: z.literal('learning'),
      at: z.iso.datetime().describe('Newest close the run knew; of what a person did: when'),
      symbol,
      venue,
      timeframe,
      news: z
        .enum(LEARNING_NEWS)
        .describe('A run ended, the champion changed, or the champion drifted past a limit'),
      words: z.string().describe('One line for a reader'),
      by: z.string().describe('`learning`: the loop; else who did it'),
      runId: z.string().nullable().describe('Of which run, as `corro insights` has it'),
      verdict: z.enum(LEARNING_VERDICTS).nullable().describe("What became of the run's candidate"),
      weightsVersion: z.int().min(1).nullable().describe('Weights from the run on'),
      model: z
        .string()
        .nullable()
        .describe("Its hash: the champion from now on, or the run's candidate, or who drifted"),
      modelBefore: z.string().nullable().describe('The champion before'),
      level: z
        .enum(['warned', 'discounted'])
        .nullable()
        .describe('How far it drifted; discounted: past the limit, its vote is lowered'),
      worthBp: bp.nullable().describe("What is left of the champion's vote"),
      retrain: z.boolean().nullable().describe('Whether retraining is asked for'),
    })
    .describe('A run of the learning loop ended, a champion changed or drifted: a person is told.'),
} as const satisfies Record<FeedKind, z.ZodType>;

export type Feed<K extends FeedKind = FeedKind> = {
  [P in K]: z.infer<(typeof FEED_SCHEMAS)[P]>;
}[K];
