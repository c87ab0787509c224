/** Failure here means: something went wrong around a position, and its guard did not do what its
 * owner would have done: sell what cannot be guarded, keep what rests, wait for who is away, and
 * never do a thing twice. Every process is the product's own. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { liftHalt, placeHalt } from '../adapters/store/halts.ts';
import { until } from './e2e/corro.ts';
import { flat, GuardFloor } from './guard-floor.ts';

const floor = new GuardFloor();
const TRAIL = { targetAtrPct: 0, trailAtrPct: 0, trailBps: 100, trailFromAtrPct: 0 };
const LIMITS = { ...TRAIL, maxOrderQuote: '1000', cooldownMinutes: 0 };

beforeAll(() => floor.open());
afterAll(() => floor.close());
/** Nobody holds anything when the next test begins. */
afterEach(async () => {
  await floor.minute(flat(40_000));
  expect(floor.guards.open).toBe(0);
  await floor.minute(flat(50_000));
});

/** A guarded position, bought at 50,000, whose stop trails one percent. */
async function bought(limits: Record<string, unknown> = {}): Promise<void> {
  await floor.meet({ ...LIMITS, ...limits });
  floor.drive();
  await floor.minute(flat(50_000));
  const { state, reason } = await floor.trade('BUY', 50_000);
  expect({ state, reason }).toMatchObject({ state: 'filled' });
}

async function openStops(): Promise<readonly (string | null)[]> {
  const orders = await floor.orders();
  return orders.filter(({ state }) => state === 'open').map((one) => one.parameters.stopPrice);
}

async function soldQuantity(): Promise<number> {
  const sold = (await floor.fills()).filter((fill) => fill.side === 'SELL');
  return sold.reduce((sum, { quantity }) => sum + Number(quantity), 0);
}

describe('guard and its faults', () => {
  test('gap - a market that opens far below the stop is sold to, where it now is', async () => {
    await bought();
    await floor.minute(flat(50_000), { nextOpen: 45_000 });
    await floor.minute(flat(45_000));
    expect(await floor.closed()).toMatchObject({ cooldownMs: 0 });
    expect(await openStops()).toEqual([]);
    expect(await soldQuantity()).toBeGreaterThan(0.019);
    const prices = (await floor.fills()).filter((fill) => fill.side === 'SELL');
    for (const { price } of prices) expect(Number(price)).toBeLessThan(45_001);
  });

  test('thin entry - what the book had is bought, and all of that is guarded', async () => {
    await floor.meet({ ...LIMITS, maxOrderQuote: '10000' });
    floor.drive();
    await floor.minute(flat(50_000), { volume: 0.05 });
    const { executedQuantity } = await floor.trade('BUY', 50_000);
    expect(Number(executedQuantity)).toBeGreaterThan(0);
    expect(Number(executedQuantity)).toBeLessThan(0.19);
    const [stop] = (await floor.orders()).filter((order) => order.state === 'open');
    expect(Number(stop?.parameters.quantity)).toBeCloseTo(Number(executedQuantity) * 0.999, 4);
  });

  test('too small to rest - watched by the guard alone, and the audit says so', async () => {
    // Worth 5.50 at the entry; a stop far below would be worth less than the venue takes.
    await bought({ maxOrderQuote: '5.6', stopAtrPct: 5_000, trailBps: 0, maxSlippageBps: 1 });
    const guard = await floor.guard();
    expect(guard?.state.resting).toBeNull();
    expect(guard?.state.bare).toContain('smallest order worth sending');
    expect((await floor.acts()).map(({ act }) => act)).toContain('guard-unrested');
    // It is watched all the same; what the fall has left of it cannot be sold any more.
    await floor.minute(flat(40_000));
    expect(await floor.closed()).toMatchObject({ reason: 'too little to be sold' });
  });

  test('target - the stop is taken back first, then all is sold', async () => {
    await bought({ targetAtrPct: 100, trailBps: 0 });
    const { state } = (await floor.guard()) ?? {};
    const target = Number(state?.targetPrice);
    expect(target).toBeGreaterThan(50_000);
    await floor.minute({ open: 50_000, high: target, low: 50_000, close: 50_100 });
    expect(await floor.closed()).toMatchObject({ reason: 'target' });
    const stops = (await floor.orders()).filter(({ purpose }) => purpose === 'stop');
    expect(stops.map((stop) => stop.state)).toEqual(['cancelled']);
    expect(await soldQuantity()).toBeGreaterThan(0.019);
  });

  test('thin book - what one candle does not buy is sold at the next', async () => {
    await bought({ timeStopMinutes: 2, trailBps: 0 });
    await floor.minute(flat(50_000), { volume: 0.02 });
    await floor.minute(flat(50_000), { volume: 0.02 });
    expect((await floor.guard())?.status).toBe('closing');
    expect(await soldQuantity()).toBeLessThan(0.019);
    await floor.minute(flat(50_000));
    expect(await floor.closed()).toMatchObject({ reason: 'time' });
  });

  test('pause - what rests stays where it is, and moves when the halt is lifted', async () => {
    await bought();
    const before = await openStops();
    const { userId } = floor.trader;
    const name = `pause-${userId.slice(0, 8)}`;
    const told = { reason: 'a test', automatic: false, liftsWhen: 'it is over', placedBy: 'test' };
    await placeHalt(floor.db, { name, level: 'pause', userId, ...told });
    await floor.minute(flat(51_000));
    await floor.minute(flat(51_000));
    expect(await openStops()).toEqual(before);
    await liftHalt(floor.db, { name, by: 'test', reason: 'it is over' });
    await floor.minute(flat(51_000));
    expect(await openStops()).toEqual(['50490']);
    const acts = (await floor.acts()).map(({ act }) => act);
    expect(acts.filter((act) => act === 'guard-waits')).toHaveLength(2);
  });

  test('second entry - one guard, and one stop for all of it', async () => {
    await bought();
    await floor.minute(flat(50_200));
    await floor.trade('BUY', 50_200);
    const guard = await floor.guard();
    expect(Number(guard?.state.quantity)).toBeGreaterThan(0.038);
    const stops = (await floor.orders()).filter(({ state }) => state === 'open');
    expect(stops).toHaveLength(1);
    expect(Number(stops[0]?.parameters.quantity)).toBeGreaterThan(0.038);
    expect(stops[0]?.parameters.stopPrice).toBe(guard?.state.stopPrice);
  });

  test("the ring's own sale - the stop gives way, and the guard closes", async () => {
    await bought();
    await floor.minute(flat(50_050));
    expect(await floor.trade('SELL', 50_050)).toMatchObject({ state: 'filled' });
    expect(await floor.closed()).toMatchObject({ reason: 'exit' });
    expect(floor.guards.open).toBe(0);
    expect(await openStops()).toEqual([]);
  });

  test('order worker killed -9 in a move - one stop, where it should be', async () => {
    await bought();
    const moving = floor.minute(flat(51_000));
    await new Promise((resolve) => setTimeout(resolve, 120));
    await floor.killWorker();
    await moving;
    expect(await openStops()).toEqual(['50490']);
    await floor.minute(flat(50_400));
    expect(await floor.closed()).toMatchObject({ reason: 'gap' });
    const sales = (await floor.orders()).filter(({ parameters, executedQuantity }) => {
      return parameters.side === 'SELL' && executedQuantity !== '0';
    });
    expect(sales).toHaveLength(1);
  });

  test('workflow ended by hand - the driver begins it again as it is stored', async () => {
    await bought();
    const guard = await floor.guard();
    await floor.client.workflow.getHandle(guard?.workflowId ?? '').terminate('a test');
    await floor.minute(flat(51_000));
    expect(await openStops()).toEqual(['50490']);
  });

  test('hole in the stream - a live guard reads the market itself and moves on', async () => {
    await bought();
    floor.drive({ exchange: null, patienceMs: 500 });
    await floor.guards.refresh();
    await floor.guards.settle();
    await floor.unheard(flat(51_000));
    await until('a moved stop', async () => (await openStops()).join() === '50490', 120_000);
    await floor.unheard(flat(50_000));
    const guard = await floor.guard();
    const closed = await until(
      'a closed guard',
      async () => (guard ? (await floor.guard())?.status === 'closed' : false),
      120_000,
    );
    expect(closed).toBe(true);
  });

  test('a month of nothing - one candle in three hundred costs a call', async () => {
    await bought();
    const { workflowId = '', state: before } = (await floor.guard()) ?? {};
    const workflow = floor.client.workflow.getHandle(workflowId);
    const { runId: firstRun } = await workflow.describe();
    const lastCloseMs = before?.lastCloseMs ?? 0;
    const first = Math.round((lastCloseMs + 1) / 60_000);
    let told = 0;
    const month = 30 * 24 * 60;
    for (let at = 0; at < month; at += 1) {
      const openTimeMs = (first + at) * 60_000;
      const candle = { openTimeMs, closeTimeMs: openTimeMs + 59_999, ...flat(50_000), volume: 1 };
      if (await floor.tell(candle)) told += 1;
    }
    expect(told).toBe(Math.floor(month / 300));
    const state = (await floor.guard())?.state;
    // It has handed itself on, and lost nothing of what it had seen.
    const { runId, historyLength } = await workflow.describe();
    expect(historyLength).toBeLessThan(1_500);
    expect(runId).not.toBe(firstRun);
    expect(state?.lastCloseMs).toBeGreaterThan(lastCloseMs + (month - 301) * 60_000);
    const last = (first + month) * 60_000;
    const fall = { openTimeMs: last, closeTimeMs: last + 59_999, ...flat(49_000), volume: 100_000 };
    await floor.release(fall, 49_000);
    expect(await floor.closed()).toMatchObject({ reason: 'gap' });
  }, 600_000);
});
