/** Failure here means: a position stands without a guard because the order that bought it was
 * booked by somebody else than its own workflow, or its guard was ended and nobody began it again.
 * Every process is the product's own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { storeCandles } from '../adapters/store/candles.ts';
import { bookFills } from '../adapters/store/fills.ts';
import { closeGuard } from '../adapters/store/guards.ts';
import { prepareOrder } from '../adapters/store/intents.ts';
import { beginSend, recordOrderEvent } from '../adapters/store/orders.ts';
import { venueClient } from '../adapters/venue/client.ts';
import type { GuardRecord } from '../proto/guard.ts';
import { until } from './e2e/corro.ts';
import { flat, GuardFloor } from './guard-floor.ts';
import { decidedLeg } from './orders-samples.ts';

const floor = new GuardFloor();
let bus: Bus;

beforeAll(async () => {
  await floor.open();
  bus = await connectBus({ url: floor.environment['CORRO_NATS_URL'] ?? '', name: 'found guards' });
}, 120_000);
afterAll(async () => {
  await bus?.close();
  await floor.close();
}, 60_000);

/** An order that the venue fills, booked as the user stream or the sweep books it: no workflow of
 * its own knows. */
async function boughtByNobody(): Promise<void> {
  const { db, names, trader } = floor;
  const candle = await floor.minute(flat(50_000));
  const leg = await decidedLeg(db, trader, { action: 'BUY' });
  const series = { venue: 'paper', symbol: leg.symbol, timeframe: '1m' as const };
  await storeCandles(db, { ...series, candles: [candle] });
  const prepared = await prepareOrder(db, { ...leg, closeTimeMs: candle.closeTimeMs }, 'nobody');
  if (prepared.kind === 'refused') throw new Error(prepared.refusal.text);
  const { clientOrderId } = prepared.order;
  const { order, lease } = await beginSend(db, { clientOrderId, holder: 'nobody' });
  if (lease === null) throw new Error('it must be sent');
  const { venue, ...parameters } = order.parameters;
  const port = venueClient(bus, names, { venue });
  const sent = await port.newOrder({ ...parameters, clientOrderId, lease });
  if (sent.state !== 'accepted') throw new Error(`it must be accepted, was ${sent.state}`);
  const { venueOrderId, executedQuantity } = sent;
  const news = { event: 'report_filled', venueOrderId, executedQuantity } as const;
  await recordOrderEvent(db, clientOrderId, news);
  const { account, symbol } = parameters;
  await bookFills(db, clientOrderId, await port.trades({ account, symbol, venueOrderId }));
}

async function restingGuard(): Promise<GuardRecord> {
  await until(
    'a resting stop',
    async () => ((await floor.guard())?.state.resting ?? null) !== null,
    150_000,
  );
  return (await floor.guard()) as GuardRecord;
}

describe('guard of what nobody told it of', { timeout: 240_000 }, () => {
  test('a purchase that nobody was told of - guarded, and its stop rests', async () => {
    await floor.meet({ maxOrderQuote: '1000', cooldownMinutes: 0 });
    await boughtByNobody();
    const { state } = await restingGuard();
    const open = (await floor.orders()).filter((order) => order.state === 'open');
    expect(open.map(({ clientOrderId }) => clientOrderId)).toEqual([state.resting?.clientOrderId]);
    const [position] = await floor.db
      .selectFrom('positions')
      .select('quantity')
      .where('user_id', '=', floor.trader.userId)
      .execute();
    expect(Number(state.quantity)).toBe(Number(position?.quantity));
  });

  test('more of it, booked the same way - the guard is told and covers it all', async () => {
    const before = (await floor.guard()) as GuardRecord;
    await boughtByNobody();
    const grown = Number(before.state.quantity) * 1.5;
    await until(
      'a stop for all',
      async () => Number((await floor.guard())?.state.resting?.covers) > grown,
      150_000,
    );
    expect((await floor.guard())?.planId).toBe(before.planId);
    const open = (await floor.orders()).filter((order) => order.state === 'open');
    expect(open).toHaveLength(1);
  });

  test('a guard that is told its position is gone while it is held - does not close', async () => {
    const guard = await restingGuard();
    const ended = { ...guard, state: { ...guard.state, saves: guard.state.saves + 1 } };
    const given = { reason: 'sold', atMs: guard.state.lastCloseMs, left: '0' };
    expect(await closeGuard(floor.db, ended, given)).toBe(false);
    expect((await floor.guard())?.status).toBe('watching');
  });

  test('a guard that somebody has ended in Temporal - is begun again', async () => {
    const { workflowId } = await restingGuard();
    const handle = floor.client.workflow.getHandle(workflowId);
    const { runId } = await handle.describe();
    await floor.client.workflow.getHandle(workflowId, runId).terminate('a test');
    await until(
      'a guard',
      async () => (await handle.describe()).status.name === 'RUNNING',
      150_000,
    );
    expect((await handle.describe()).runId).not.toBe(runId);
  });
});
