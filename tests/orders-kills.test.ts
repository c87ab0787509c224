/** Failure here means: an order is doubled, lost or booked wrong when a real process is killed -9
 * on the way from a decision to its fills. Every process is the product's own: order worker, venue
 * gateway and paper venue, over Temporal, NATS and Postgres. */
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import type { OrderOutcome } from '../core/orders/leg.ts';
import { startWorker } from './orders-processes.ts';
import { orderStage } from './orders-stage.ts';

const stage = orderStage();

beforeAll(async () => {
  await stage.work();
});

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

type Started = Awaited<ReturnType<typeof stage.start>>;

/** The steps that a worker has in hand. */
async function stepsOf(handle: Started): Promise<readonly string[]> {
  const { raw } = await handle.describe();
  const begun = raw.pendingActivities?.filter(({ lastStartedTime }) => lastStartedTime) ?? [];
  return begun.map(({ activityType }) => activityType?.name ?? '');
}

describe('order through real processes', () => {
  test('path - bought and sold at the paper venue; both books agree exactly', async () => {
    const bought: OrderOutcome = await (await stage.start('BUY')).result();
    expect(bought).toMatchObject({ state: 'filled', attempts: 1, quantity: '0.0199' });
    expect(await stage.faults()).toEqual([]);
    const sold = await (await stage.start('SELL')).result();
    expect(sold.state).toBe('filled');
    expect(await stage.faults()).toEqual([]);
  });

  test.each([0, 60])(
    'order worker killed -9 after %i ms - its successor finishes, nothing is doubled',
    async (afterMs) => {
      const before = (await stage.trades()).length;
      const handle = await stage.start('BUY');
      await pause(afterMs);
      await stage.worker?.kill();
      await stage.work();
      const outcome = await handle.result();
      expect(outcome).toMatchObject({ state: 'filled', quantity: '0.0199' });
      expect(await stage.faults()).toEqual([]);
      const executed = (await stage.trades()).slice(before).map((trade) => Number(trade.quantity));
      expect(executed.reduce((sum, one) => sum + one, 0)).toBeCloseTo(0.0199, 10);
    },
  );

  test('worker killed -9 while an exit reads its stops - the exit is not lost', async () => {
    await (await stage.start('BUY')).result();
    const bystander = new pg.Client({ connectionString: stage.database.url });
    await bystander.connect();
    // Nobody can read which halts there are, and so nobody knows whether a stop may be taken back.
    await bystander.query('begin; lock table halts in access exclusive mode');
    const handle = await stage.start('SELL');
    while (!(await stepsOf(handle)).includes('restingStops')) await pause(50);
    await stage.worker?.kill();
    await bystander.query('rollback');
    await bystander.end();
    await stage.work();
    expect(await handle.result()).toMatchObject({ state: 'filled' });
    expect(await stage.faults()).toEqual([]);
  });

  test('gateway killed -9 - the order waits for the next one and is sent once', async () => {
    await stage.gateway.kill();
    const handle = await stage.start('BUY');
    await pause(300);
    stage.gateway = await startWorker('venue-gateway', stage.environment);
    expect(await handle.result()).toMatchObject({ state: 'filled' });
    expect(await stage.faults()).toEqual([]);
  });

  test('paper venue killed -9 - its log brings it back and the order is settled', async () => {
    await (await stage.start('BUY')).result();
    const handle = await stage.start('SELL');
    await pause(40);
    await stage.paper.kill();
    stage.paper = await startWorker('paper-venue', stage.environment);
    expect(await handle.result()).toMatchObject({ state: 'filled' });
    expect(await stage.faults()).toEqual([]);
  });
});
