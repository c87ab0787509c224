/** Failure here means: a position stands without its stop, a stop moves down or stays behind, or a
 * position is sold twice or not at all. Every process is the product's own: order worker, gateway
 * and paper venue, over Temporal, NATS and Postgres. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flat, GuardFloor } from './guard-floor.ts';

const floor = new GuardFloor();
const TRAIL = { targetAtrPct: 0, trailAtrPct: 0, trailBps: 100, trailFromAtrPct: 0 };

beforeAll(() => floor.open());
afterAll(() => floor.close());

describe('guard of a position', () => {
  test('entry - a stop rests at the venue before the next candle is released', async () => {
    await floor.meet({ ...TRAIL, maxOrderQuote: '1000' });
    await floor.minute(flat(50_000));
    const bought = await floor.trade('BUY', 50_000);
    expect(bought.state).toBe('filled');
    const guard = await floor.guard();
    expect(guard).toMatchObject({ status: 'watching', state: { bare: null, selling: null } });
    const stop = (await floor.orders()).at(-1);
    expect(stop).toMatchObject({ state: 'open', purpose: 'stop', cause: { kind: 'guard' } });
    expect(stop?.parameters.stopPrice).toBe(guard?.state.stopPrice);
    expect(guard?.state.resting?.clientOrderId).toBe(stop?.clientOrderId);
    expect((await floor.acts()).map(({ act }) => act)).toEqual(['guard-opened', 'guard-rested']);
  });

  test('rise - the stop at the venue follows, one at a time', async () => {
    await floor.minute(flat(51_000));
    const { state } = (await floor.guard()) ?? { state: null };
    expect(state?.stopPrice).toBe('50490');
    expect(state?.resting?.stopPrice).toBe('50490');
    const open = (await floor.orders()).filter((order) => order.state === 'open');
    expect(open.map(({ parameters }) => parameters.stopPrice)).toEqual(['50490']);
  });

  test('fall - the venue fills the stop, it is booked, and the guard closes', async () => {
    const before = (await floor.acts()).length;
    await floor.minute({ open: 51_000, high: 51_000, low: 50_400, close: 50_450 });
    expect(await floor.closed()).toMatchObject({ reason: 'stop', cooldownMs: 900_000 });
    const sold = (await floor.fills()).filter((fill) => fill.side === 'SELL');
    expect(sold.map(({ price }) => price)).toEqual(['50490']);
    expect((await floor.acts()).slice(before).map(({ act }) => act)).toEqual([
      'guard-selling',
      'guard-closed',
    ]);
    expect(floor.guards.open).toBe(0);
  });

  test('cooldown - nothing is bought until it is over', async () => {
    const refused = await floor.trade('BUY', 50_450);
    expect(refused).toMatchObject({ state: 'nothing' });
    expect(refused.reason).toContain('a position in this symbol was closed a short while ago');
  });
});
