/** Failure here means: an order is sent twice or lost when a reply is lost, a worker dies or
 * freezes, or the venue contradicts itself. Temporal and Postgres are real; the venue is one that
 * lies on demand. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { listFills } from '../adapters/store/fills.ts';
import { listOrders } from '../adapters/store/orders.ts';
import type { NewOrder } from '../adapters/venue/port.ts';
import { nothing, orderFloor } from './orders-floor.ts';

const floor = orderFloor();

describe('order without an answer', () => {
  test('lost after acceptance - is found by its id and never sent again', async () => {
    floor.venue.fates.push('lose_answer');
    expect(await floor.buy()).toMatchObject({ state: 'filled', attempts: 1 });
    expect(floor.venue.sent).toBe(1);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('lost and late to appear - silence is not believed while it may still arrive', async () => {
    floor.venue.fates.push('late');
    expect(await floor.buy()).toMatchObject({ state: 'filled', attempts: 1 });
    expect(floor.venue.taken).toHaveLength(1);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('lost before arrival - is proven absent, then sent once more, newly approved', async () => {
    floor.venue.fates.push('lose_request');
    const outcome = await floor.buy();
    expect(outcome).toMatchObject({ state: 'filled', attempts: 2 });
    expect(floor.venue.taken).toHaveLength(1);
    // Nothing is proven before 5 s validity, 1 s margin and 2 s read lag: at 4.5 s a query, the
    // second, and its repeat.
    expect(floor.venue.queries).toBeGreaterThanOrEqual(3);
    const orders = await listOrders(floor.db, { userId: floor.trader.userId });
    expect(orders.map((order) => order.state)).toEqual(['never_arrived', 'filled']);
    const approvals = await floor.db
      .selectFrom('approvals')
      .select('used_at')
      .where('leg_id', '=', outcome.legId)
      .execute();
    expect(approvals).toHaveLength(2);
    expect(approvals.every((approval) => approval.used_at !== null)).toBe(true);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('never arriving - is given up after five proven attempts', async () => {
    for (let attempt = 1; attempt <= 5; attempt += 1) floor.venue.fates.push('lose_request');
    expect(await floor.buy()).toMatchObject({ state: 'nothing', attempts: 5 });
    expect(floor.venue.taken).toHaveLength(0);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('venue away - the order stays unknown and live until the venue can be asked', async () => {
    floor.venue.fates.push('lose_answer');
    floor.venue.down = true;
    const handle = await floor.start(await floor.leg({ action: 'BUY' }));
    await expect.poll(() => floor.venue.queries).toBeGreaterThan(2);
    const [order] = await listOrders(floor.db, { userId: floor.trader.userId });
    expect(order?.state).toBe('unknown');
    floor.venue.down = false;
    expect(await handle.result()).toMatchObject({ state: 'filled', attempts: 1 });
    expect(await floor.bookFaults()).toEqual([]);
  });
});

describe('order and its worker', () => {
  test('worker dies after the venue took the order - the next one finds it', async () => {
    let died = false;
    await floor.work({
      sendOrder: async (id) => {
        await floor.activities('dying').sendOrder(id);
        died = true;
        throw new Error('as if the process was gone before it could say so');
      },
    });
    expect(await floor.buy()).toMatchObject({ state: 'filled', attempts: 1 });
    expect(died).toBe(true);
    expect(floor.venue.sent).toBe(1);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('worker dies before it began - the attempt is abandoned and the next one sent', async () => {
    let deaths = 0;
    await floor.work({
      sendOrder: (id) => {
        deaths += 1;
        if (deaths === 1) throw new Error('gone');
        return floor.activities('second').sendOrder(id);
      },
    });
    expect(await floor.buy()).toMatchObject({ state: 'filled', attempts: 2 });
    expect(floor.venue.sent).toBe(1);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('frozen sender wakes after the fence - it is refused and nothing doubles', async () => {
    let wake: () => void = nothing;
    const frozen = new Promise<void>((resolve) => (wake = resolve));
    let zombie: Promise<unknown> = Promise.resolve();
    let sends = 0;
    await floor.work({
      sendOrder: async (id) => {
        sends += 1;
        if (sends > 1) return floor.activities('successor').sendOrder(id);
        const port = floor.venue.port();
        const newOrder = (order: NewOrder) => frozen.then(() => port.newOrder(order));
        zombie = floor.activities('zombie', { ...port, newOrder }).sendOrder(id);
        await new Promise((resolve) => setTimeout(resolve, 100));
        throw new Error('frozen');
      },
    });
    expect(await floor.buy()).toMatchObject({ state: 'filled', attempts: 2 });
    wake();
    // The zombie learns that its request was stopped; what is on record stands.
    expect(await zombie).toMatchObject({ state: 'never_arrived' });
    expect(floor.venue.taken).toHaveLength(1);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('step repeated after a lost reply - nothing is reserved or booked twice', async () => {
    const failed = new Set<string>();
    const twice = <T>(name: string, act: () => Promise<T>): Promise<T> =>
      act().then((result) => {
        if (failed.has(name)) return result;
        failed.add(name);
        throw new Error('the reply was lost');
      });
    const real = floor.activities('forgetful');
    await floor.work({
      prepareOrder: (request) => twice('prepare', () => real.prepareOrder(request)),
      resolveOrder: (question) => twice('resolve', () => real.resolveOrder(question)),
      bookOrder: (id) => twice('book', () => real.bookOrder(id)),
    });
    floor.venue.fates.push('lose_answer');
    expect(await floor.buy()).toMatchObject({ state: 'filled', attempts: 1 });
    expect([...failed]).toEqual(['prepare', 'resolve', 'book']);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('started twice - one workflow, one order', async () => {
    const leg = await floor.leg({ action: 'BUY' });
    const first = await floor.start(leg);
    await expect(floor.start(leg)).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    await first.result();
    await expect(floor.start(leg)).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    expect(floor.venue.sent).toBe(1);
  });

  test('run again after Temporal forgot it - books nothing and sends nothing', async () => {
    const leg = await floor.leg({ action: 'BUY' });
    const first = await floor.trade(leg);
    const again = await floor.trade(leg, `${floor.names.orderWorkflowId(leg.legId)}-again`);
    expect(again).toEqual(first);
    expect(floor.venue.sent).toBe(1);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('contradiction - trades that cannot be the order stop the leg for a person', async () => {
    floor.venue.distort = (trade) => ({ ...trade, side: 'SELL' });
    const outcome = await floor.buy();
    expect(outcome.state).toBe('needs_person');
    expect(outcome.reason).toMatch(/must be a BUY of BTC.USDT, was a SELL/);
    const { userId } = floor.trader;
    expect(await listFills(floor.db, { userId })).toEqual([]);
    expect(await floor.acts('leg-halted')).toEqual([{ reason: outcome.reason }]);
  });
});
