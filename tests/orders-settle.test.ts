/** Failure here means: an order that nobody pursues any more keeps its money for ever, or a
 * person's word and not the venue's decides what became of it. Every process is the product's own:
 * order worker, venue gateway and paper venue, over Temporal, NATS and Postgres. */
import { beforeAll, describe, expect, test } from 'vitest';
import { leftOrders } from '../adapters/store/left-orders.ts';
import { listOrders, type OrderRow } from '../adapters/store/orders.ts';
import type { Settlement } from '../proto/settlement.ts';
import { startWorker } from './orders-processes.ts';
import { orderStage } from './orders-stage.ts';

const stage = orderStage();

beforeAll(async () => {
  await stage.work();
});

/** Nobody is asked to wait for a quarter of an hour. */
const NOW = { quietMs: 0 };

/** The order of a fresh user's purchase whose workflow is ended by hand while its worker is dead:
 * it was killed at the named point. */
async function abandonedAt(point: string): Promise<OrderRow> {
  await stage.worker?.stop();
  await stage.meet();
  const doomed = await stage.work({ CORRO_KILL_AT: point });
  const handle = await stage.start('BUY');
  expect(await doomed.gone()).toBe('SIGKILL');
  await handle.terminate('a hand');
  await stage.work();
  const [order] = await listOrders(stage.database.db, { userId: stage.trader.userId });
  if (order === undefined) throw new Error('there must be an order');
  return order;
}

async function acts(order: OrderRow): Promise<readonly string[]> {
  const rows = await stage.database.db
    .selectFrom('audit')
    .select('act')
    .where('reference', 'in', [order.clientOrderId, order.legId])
    .orderBy('seq')
    .execute();
  return rows.map((row) => row.act);
}

async function left(): Promise<readonly string[]> {
  return (await leftOrders(stage.database.db, NOW)).map((order) => order.clientOrderId);
}

function settle({ clientOrderId }: OrderRow): Promise<Settlement> {
  return stage.settle({ clientOrderId, by: 'test', reason: 'its workflow was ended' });
}

describe('order left to a person', () => {
  test('the venue had it - what it executed is booked, the reserve is given back', async () => {
    const order = await abandonedAt('answer-arrived');
    expect(await leftOrders(stage.database.db, NOW)).toMatchObject([
      { clientOrderId: order.clientOrderId, reserved: { asset: 'USDT' }, reason: null },
    ]);
    expect(await leftOrders(stage.database.db)).toEqual([]);
    const settlement = await settle(order);
    expect(settlement).toMatchObject({
      kind: 'settled',
      outcome: { state: 'filled', executedQuantity: '0.0199' },
    });
    expect(await left()).toEqual([]);
    expect(await acts(order)).toEqual(
      expect.arrayContaining(['settlement-asked', 'order-settled', 'settlement-ended']),
    );
    expect(await stage.faults()).toEqual([]);
  });

  test('the venue never had it - only its proven silence gives the reserve back', async () => {
    const order = await abandonedAt('after-mark-commit');
    expect(await left()).toEqual([order.clientOrderId]);
    const settlement = await settle(order);
    expect(settlement).toMatchObject({ kind: 'settled', outcome: { state: 'nothing' } });
    expect(await left()).toEqual([]);
    expect(await acts(order)).toEqual(
      expect.arrayContaining(['order-never-arrived', 'leg-abandoned', 'settlement-ended']),
    );
    expect(await stage.trades()).toEqual([]);
    expect(await stage.faults()).toEqual([]);
  });

  test('the venue does not answer - refused, and nothing has changed', async () => {
    const order = await abandonedAt('after-mark-commit');
    await stage.gateway.kill();
    expect(await settle(order)).toMatchObject({ kind: 'refused' });
    const [after] = await listOrders(stage.database.db, { userId: stage.trader.userId });
    expect(after).toEqual(order);
    expect(await left()).toEqual([order.clientOrderId]);
    stage.gateway = await startWorker('venue-gateway', stage.environment);
    // Asked twice at once it is settled once.
    const both = await Promise.all([settle(order), settle(order)]);
    expect(both.map(({ kind }) => kind)).toEqual(['settled', 'settled']);
    expect((await acts(order)).filter((act) => act === 'leg-abandoned')).toHaveLength(1);
    expect(await stage.faults()).toEqual([]);
  });
});
