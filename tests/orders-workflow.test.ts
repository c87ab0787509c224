/** Failure here means: an order is sized, booked or refused wrong between a decision and its fills.
 * Temporal and Postgres are real; the venue is one that lies on demand. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signAnswer } from '../adapters/seal/answer.ts';
import { openEscalation, recordAnswer } from '../adapters/store/escalations.ts';
import { listFills } from '../adapters/store/fills.ts';
import { ledgerBalances } from '../adapters/store/ledger.ts';
import { listOrders } from '../adapters/store/orders.ts';
import { listPositions } from '../adapters/store/positions.ts';
import { escalationId } from '../core/identity.ts';
import { Decimal } from '../core/market/money.ts';
import { questionAbout, signatory } from './answers-signing.ts';
import { orderFloor } from './orders-floor.ts';
import { FUNDS } from './orders-samples.ts';

const floor = orderFloor();

describe('order', () => {
  test('buy - approved, sent once, booked to the last digit, told to the feeds', async () => {
    const outcome = await floor.buy();
    // A quarter of equity at the limit price of 50250, floored to the lot.
    expect(outcome).toMatchObject({
      state: 'filled',
      attempts: 1,
      quantity: '0.49751',
      limitPrice: '50250',
      executedQuantity: '0.49751',
      averagePrice: '50000',
      fees: [{ asset: 'BTC', amount: '0.00049751' }],
    });
    const { userId } = floor.trader;
    expect(await listFills(floor.db, { userId })).toHaveLength(2);
    expect(await listPositions(floor.db, { userId })).toMatchObject([
      { symbol: 'BTC/USDT', quantity: '0.49701249', realisedPnl: '0' },
    ]);
    expect(await ledgerBalances(floor.db, { userId, venue: 'paper' })).toEqual([
      { asset: 'BTC', available: '0.49701249', reserved: '0' },
      { asset: 'USDT', available: '75124.5', reserved: '0' },
    ]);
    expect(floor.fed.map((message) => ('state' in message ? message.state : message.feed))).toEqual(
      [...['prepared', 'sent', 'filled', 'fill', 'fill', 'position']],
    );
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('sell - closes the position and realises its result', async () => {
    await floor.buy();
    floor.venue.price = Decimal.of('60000');
    const leg = await floor.leg({ action: 'SELL' });
    const outcome = await floor.trade({ ...leg, referencePrice: '60000' });
    // What is left is below a lot: the fee was taken in BTC.
    expect(outcome).toMatchObject({ state: 'filled', executedQuantity: '0.49701' });
    const [position] = await listPositions(floor.db, { userId: floor.trader.userId });
    expect(position?.quantity).toBe('0.00000249');
    // 0.49701 × 60000 − 0.1 % − 0.49701 × (0.49751 × 50000 / 0.49701249)
    expect(position?.realisedPnl).toMatch(/^4915\.4/);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('unfilled - expires and gives its whole reservation back', async () => {
    floor.venue.price = Decimal.of('60000');
    expect(await floor.buy()).toMatchObject({ state: 'not_filled', executedQuantity: '0' });
    const [cash] = await ledgerBalances(floor.db, { ...floor.trader, venue: 'paper' });
    expect(cash).toEqual({ asset: 'USDT', available: FUNDS, reserved: '0' });
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('partly filled - books the part and gives the rest back', async () => {
    floor.venue.liquidity = Decimal.of('0.1');
    expect(await floor.buy()).toMatchObject({
      state: 'partially_filled',
      executedQuantity: '0.1',
      quantity: '0.49751',
    });
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('refused by the venue - ends with its code and no money moved', async () => {
    floor.venue.fates.push('reject');
    const outcome = await floor.buy();
    expect(outcome.state).toBe('rejected');
    expect(outcome.reason).toContain('-2010');
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('resting against its word - an IOC order that stays open is cancelled', async () => {
    floor.venue.fates.push('rest');
    expect(await floor.buy()).toMatchObject({ state: 'not_filled' });
    const [order] = await listOrders(floor.db, { userId: floor.trader.userId });
    expect(order?.state).toBe('cancelled');
    expect(await floor.bookFaults()).toEqual([]);
  });
});

describe('order refused before it is made', () => {
  test('limit - nothing is sent or reserved, and the audit says why once', async () => {
    await floor.meet({ maxVolatilityBps: 1, maxOrderQuote: '1' });
    expect(await floor.buy()).toMatchObject({ state: 'nothing', clientOrderId: null });
    expect(floor.venue.sent).toBe(0);
    expect(await floor.acts('order-refused')).toMatchObject([{ refused: 'below_minimum' }]);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('nothing to sell - a sale without a position ends at once', async () => {
    const leg = await floor.leg({ action: 'SELL' });
    expect(await floor.trade(leg)).toMatchObject({
      state: 'nothing',
      reason: 'no position to sell',
    });
  });

  test('mandate - the ring did not decide this side, so nothing happens', async () => {
    const leg = await floor.leg({ action: 'HOLD', side: 'BUY' });
    const outcome = await floor.trade(leg);
    expect(outcome.state).toBe('nothing');
    expect(outcome.reason).toContain('it says HOLD');
    expect(floor.venue.sent).toBe(0);
  });

  test('person - an open question trades nothing, an accepted answer does', async () => {
    const leg = await floor.leg({ action: 'HOLD', side: 'BUY' });
    const { userId, username } = floor.trader;
    const decisionId = leg.cause.id;
    const question = questionAbout({
      ...leg,
      namespace: floor.names.namespace,
      escalationId: escalationId({ decisionId }),
      decisionId,
      userId,
      username,
      timeframe: '1m',
      askedAtMs: leg.closeTimeMs,
      deadlineMs: leg.closeTimeMs + 900_000,
      clock: 'tape',
    });
    const workflowId = randomUUID();
    await openEscalation(floor.db, { ...question, ...question.asking, workflowId, question });
    const unanswered = await floor.trade(leg);
    expect(unanswered.state).toBe('nothing');
    expect(unanswered.reason).toContain('no accepted yes');
    const { privatePem } = await signatory(floor.db, username);
    const signed = signAnswer(privatePem, question, { verb: 'modify', quantity: '0.01' });
    const { verb, ask, escalationId: asked, ...parameters } = signed;
    const answer = { escalationId: asked, ask, verb, parameters, signed } as const;
    await recordAnswer(floor.db, { ...answer, outcome: 'accepted', reason: 'within tolerance' });
    const answered = { ...leg, requestedQuantity: '0.01' };
    const again = `${floor.names.orderWorkflowId(leg.legId)}-answered`;
    const outcome = await floor.trade(answered, again);
    expect(outcome).toMatchObject({ state: 'filled', executedQuantity: '0.01' });
    expect(await floor.bookFaults()).toEqual([]);
  });
});
