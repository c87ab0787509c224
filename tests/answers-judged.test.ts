/** Failure here means: an answer that must not stand does, one that was refused leaves no trace, or
 * an order takes more than a person signed for. Postgres, the sizing rules, the signatures and the
 * order's own check are real; only the feed is a list. */
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askAt } from '../activities/asking.ts';
import { createEscalationActivities } from '../activities/escalation.ts';
import { verifyChain } from '../adapters/store/audit.ts';
import { storeCandles } from '../adapters/store/candles.ts';
import { openEscalation, readAnswers } from '../adapters/store/escalations.ts';
import { type LegRequest, prepareOrder } from '../adapters/store/intents.ts';
import type { Database } from '../adapters/store/schema.ts';
import { revokeUserKey } from '../adapters/store/user-keys.ts';
import { escalationId, legId } from '../core/identity.ts';
import type { OrderInput } from '../core/orders/leg.ts';
import { REFUSALS } from '../core/risk/facts.ts';
import type { EscalationInput } from '../proto/escalation.ts';
import { type Signatory, signatory } from './answers-signing.ts';
import { decidedLeg, fundedTrader, prepareMarket, type Trader } from './orders-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

const WINDOW_MS = 900_000;
const MINUTE_MS = 60_000;
const NO_PERSON = REFUSALS.not_approved;

let database: TestDatabase;
let db: Kysely<Database>;
let steps: ReturnType<typeof createEscalationActivities>;
const told: unknown[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  await prepareMarket(db);
  const feed = (event: unknown): void => void told.push(event);
  steps = createEscalationActivities({ db, feed, log: pino({ level: 'silent' }) });
});

afterAll(() => database.drop());

let trader: Trader;
let person: Signatory;
let leg: LegRequest;
let question: EscalationInput;

/** A fresh user, a decision the ring did not agree on, and the question about it. */
beforeEach(async () => {
  trader = await fundedTrader(db);
  person = await signatory(db, trader.username);
  leg = await decidedLeg(db, trader, { action: 'HOLD', side: 'BUY' });
  await close(leg.closeTimeMs, 50_000);
  question = await ask(leg);
});

async function ask(about: LegRequest): Promise<EscalationInput> {
  const decisionId = about.cause.id;
  const { venue, symbol, side, confidenceBp, referencePrice, closeTimeMs: askedAtMs } = about;
  const asked = {
    namespace: 'corro',
    escalationId: escalationId({ decisionId }),
    decisionId,
    ...trader,
    ...{ venue, symbol, side, confidenceBp, referencePrice, askedAtMs },
    timeframe: '1m',
    why: 'a test',
    deadlineMs: askedAtMs + WINDOW_MS,
    clock: 'tape',
  } as const;
  const input = { ...asked, ...(await askAt(db, { ...asked, marketTimeMs: askedAtMs, ask: 1 })) };
  const workflowId = `question:${decisionId}`;
  await openEscalation(db, { ...input, ...input.asking, workflowId, question: input });
  return input;
}

/** The newest candle closes at a price. */
async function close(closeTimeMs: number, price: number, symbol = 'BTC/USDT'): Promise<void> {
  const openTimeMs = closeTimeMs - MINUTE_MS + 1;
  const bar = { open: price, high: price, low: price, close: price, volume: 10 };
  await storeCandles(db, {
    venue: 'paper',
    symbol,
    timeframe: '1m',
    candles: [{ openTimeMs, closeTimeMs, ...bar }],
  });
}

function judge(answer: unknown, given: { input?: EscalationInput; nowMs?: number } = {}) {
  const { input = question, nowMs = leg.closeTimeMs } = given;
  return steps.judgeAnswer({ input, answer, nowMs });
}

function prepare(order: OrderInput | null) {
  return prepareOrder(db, order as OrderInput, 'test');
}

describe('questions', () => {
  test('what is proposed - is what the sizing rules would make of it now', async () => {
    expect(question.asking).toMatchObject({ ask: 1, limitPrice: '50250', noSize: null });
    expect(question.text).toContain(`BUY ${question.asking.quantity} BTC/USDT near 50000`);
    const judged = await judge(person.sign(question, { verb: 'approve' }));
    expect(judged).toMatchObject({ outcome: 'accepted', status: 'approved' });
    const made = await prepare(judged.outcome === 'accepted' ? judged.order : null);
    const { quantity, limitPrice } = question.asking;
    expect(made).toMatchObject({ kind: 'order', order: { parameters: { quantity, limitPrice } } });
  });

  test('nothing can be proposed - it says why, and a yes must name a quantity', async () => {
    leg = await decidedLeg(db, trader, { action: 'HOLD', side: 'SELL', symbol: 'ETH/USDT' });
    const sale = await ask(leg);
    expect(sale.asking.quantity).toBeNull();
    expect(sale.text).toContain('No quantity is proposed (no position to sell');
    const yes = await judge(person.sign(sale, { verb: 'approve' }), { input: sale });
    expect(yes).toMatchObject({ outcome: 'refused', code: 'quantity_needed' });
    const named = person.sign(sale, { verb: 'modify', quantity: '0.01' });
    expect(await judge(named, { input: sale })).toMatchObject({ code: 'nothing_to_sell' });
    const no = await judge(person.sign(sale, { verb: 'reject' }), { input: sale });
    expect(no).toMatchObject({ outcome: 'accepted', status: 'rejected', order: null });
  });

  test('the price has gone - is asked again, and the old yes is worth nothing', async () => {
    leg = await decidedLeg(db, trader, { action: 'HOLD', side: 'BUY', symbol: 'ETH/USDT' });
    question = await ask(leg);
    const old = person.sign(question, { verb: 'approve' });
    const laterMs = leg.closeTimeMs + MINUTE_MS;
    await close(laterMs, 50_300, leg.symbol);
    const judged = await judge(old, { nowMs: laterMs });
    expect(judged).toMatchObject({ outcome: 'asked_again' });
    const next = judged.outcome === 'asked_again' ? judged.question : question;
    expect(next.asking).toMatchObject({ ask: 2, limitPrice: '50551.5' });
    expect(next.asking.nonce).not.toBe(question.asking.nonce);
    const replayed = await judge(old, { input: next, nowMs: laterMs });
    expect(replayed).toMatchObject({ outcome: 'refused', code: 'old_asking' });
    const again = await judge(person.sign(next, { verb: 'approve' }), { input: next });
    expect(again).toMatchObject({ outcome: 'accepted' });
    // The step is repeated: it says what it said.
    expect(await judge(old, { nowMs: laterMs })).toEqual(judged);
  });
});

describe('answers', () => {
  test('each that must not stand - is refused under its code, on record and audited', async () => {
    const yes = person.sign(question, { verb: 'approve' });
    const eve = await fundedTrader(db);
    const other = await signatory(db, eve.username);
    const revoked = await signatory(db, trader.username);
    await revokeUserKey(db, revoked.keyId);
    const elsewhere = { ...question, escalationId: 'f'.repeat(64) };
    const shown = { ...question, asking: { ...question.asking, parameterHash: 'f'.repeat(64) } };
    const cases: readonly (readonly [string, unknown])[] = [
      ['unsigned', { verb: 'approve', from: 'temporal' }],
      ['unknown_key', { ...yes, keyId: 'f'.repeat(64) }],
      ['other_users_key', other.sign(question, { verb: 'approve' })],
      ['revoked_key', revoked.sign(question, { verb: 'approve' })],
      ['forged', { ...yes, signature: '0'.repeat(128) }],
      ['forged', { ...yes, verb: 'modify', quantity: '9' }],
      ['other_question', person.sign(elsewhere, { verb: 'approve' })],
      ['overlong', person.sign(question, { verb: 'approve', expiresAtMs: leg.closeTimeMs * 2 })],
      ['expired', person.sign(question, { verb: 'approve', expiresAtMs: leg.closeTimeMs })],
      ['other_parameters', person.sign(shown, { verb: 'approve' })],
    ];
    for (const [code, answer] of cases) {
      expect(await judge(answer), code).toMatchObject({ outcome: 'refused', code });
    }
    expect(await judge({ verb: 'perhaps' })).toMatchObject({ code: 'malformed' });
    const rows = await readAnswers(db, question.escalationId);
    expect(rows.map(({ outcome, reason }) => `${outcome} ${reason.split(':')[0]}`)).toEqual(
      cases.map(([code]) => `refused ${code}`),
    );
    const audited = await db
      .selectFrom('audit')
      .select(['act', 'body'])
      .where('reference', '=', question.escalationId)
      .orderBy('seq')
      .execute();
    const codes = audited.map(({ act, body }) =>
      `${act} ${(body as { code?: string }).code ?? ''}`.trim(),
    );
    const refusals = cases.map(([code]) => `answered ${code}`);
    expect(codes).toEqual(['asked', ...refusals, 'no-answer malformed']);
    // None of it stands in the way of the genuine one.
    expect(await judge(yes)).toMatchObject({ outcome: 'accepted', status: 'approved' });
    expect(await verifyChain(db, 'escalations')).toMatchObject({ intact: true });
  });

  test('a yes that is over by the newest candle - is refused, told the time or not', async () => {
    const expiresAtMs = leg.closeTimeMs - 1;
    const wish = { verb: 'approve', expiresAtMs } as const;
    const judged = await judge(person.sign(question, wish), { nowMs: expiresAtMs - 1 });
    expect(judged).toMatchObject({ outcome: 'refused', code: 'expired' });
  });

  test('a second yes of other content - finds the nonce used', async () => {
    await judge(person.sign(question, { verb: 'approve' }));
    const second = await judge(person.sign(question, { verb: 'modify', quantity: '0.001' }));
    expect(second).toMatchObject({ outcome: 'refused', code: 'used' });
    const again = await judge(person.sign(question, { verb: 'approve' }));
    expect(again).toMatchObject({ outcome: 'accepted', status: 'approved' });
    const accepted = (await readAnswers(db, question.escalationId)).filter(
      ({ outcome }) => outcome === 'accepted',
    );
    expect(accepted).toHaveLength(1);
  });

  test('late ones - are on record, whatever they are', async () => {
    const late = { input: question, status: 'expired' } as const;
    await steps.recordLate({ ...late, answer: person.sign(question, { verb: 'approve' }) });
    await steps.recordLate({ ...late, answer: { verb: 'approve' } });
    await steps.recordLate({ ...late, answer: 'nonsense' });
    const rows = await readAnswers(db, question.escalationId);
    expect(rows.map(({ outcome, reason }) => `${outcome}: ${reason}`)).toEqual([
      'late: late: the question is closed (expired)',
      'late: late: the question is closed (expired)',
    ]);
  });
});

describe("the order's own check", () => {
  const answered = async (wish: Parameters<Signatory['sign']>[1]): Promise<OrderInput> => {
    const judged = await judge(person.sign(question, wish));
    if (judged.outcome !== 'accepted' || judged.order === null) throw new Error('must be a yes');
    return judged.order;
  };

  test('more asked for than was approved - is cut to it', async () => {
    const order = await answered({ verb: 'modify', quantity: '0.002' });
    const made = await prepare({ ...order, requestedQuantity: '0.2', referencePrice: '50100' });
    expect(made).toMatchObject({
      kind: 'order',
      order: { parameters: { quantity: '0.002', limitPrice: '50250' } },
    });
  });

  test('two legs of one yes - share what it allows', async () => {
    const order = await answered({ verb: 'modify', quantity: '0.003' });
    const slice = (n: number, requestedQuantity: string): OrderInput => ({
      ...order,
      leg: n,
      legId: legId({ causeId: order.cause.id, username: trader.username, leg: n }),
      requestedQuantity,
    });
    expect(await prepare(slice(0, '0.002'))).toMatchObject({ kind: 'order' });
    expect(await prepare(slice(1, '0.002'))).toMatchObject({
      kind: 'order',
      order: { parameters: { quantity: '0.001' } },
    });
    expect(await prepare(slice(2, '0.002'))).toMatchObject({
      kind: 'refused',
      refusal: { refused: 'not_approved' },
    });
  });

  test.each([
    ['the price shown, by one cent', { limitPrice: '50250.01' }],
    ['the quantity shown, by one satoshi', { quantity: '0.00000001' }],
  ])('%s changed in the books after the yes - and nothing is sent', async (_, change) => {
    const order = await answered({ verb: 'approve' });
    const asking = { ...question.asking, ...change };
    await db
      .updateTable('escalations')
      .set({ question: JSON.stringify({ ...question, asking }) })
      .where('id', '=', question.escalationId)
      .execute();
    expect(await prepare(order)).toMatchObject({
      kind: 'refused',
      refusal: { text: `${NO_PERSON}: the signature does not fit the question` },
    });
  });

  test('the key of a yes revoked before its order - and nothing is sent', async () => {
    const order = await answered({ verb: 'approve' });
    await revokeUserKey(db, person.keyId);
    expect(await prepare(order)).toMatchObject({
      kind: 'refused',
      refusal: { text: `${NO_PERSON}: the key of the answer was revoked before its order` },
    });
  });

  test('a yes that only the database says - and nothing is sent', async () => {
    await db
      .insertInto('escalation_answers')
      .values({
        id: 'a'.repeat(64),
        escalation_id: question.escalationId,
        ask: 1,
        verb: 'approve',
        parameters: '{}',
        outcome: 'accepted',
        reason: 'written by hand',
      })
      .execute();
    const made = await prepareOrder(db, { ...leg, requestedQuantity: '0.001' }, 'test');
    expect(made).toMatchObject({
      kind: 'refused',
      refusal: { text: `${NO_PERSON}: the answer is not signed by a key of the user` },
    });
  });
});
