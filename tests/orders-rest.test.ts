/** Failure here means: a stop that should rest does not, is lost sight of, or holds what an exit
 * wants to sell. Temporal and Postgres are real; the venue is one that lies on demand. */
import { describe, expect, test } from 'vitest';
import type { LegRequest } from '../adapters/store/intents.ts';
import { ledgerBalances } from '../adapters/store/ledger.ts';
import { listOrders } from '../adapters/store/orders.ts';
import { recordPlan } from '../adapters/store/plans.ts';
import { transaction } from '../adapters/store/store.ts';
import { legId } from '../core/identity.ts';
import { orderFloor } from './orders-floor.ts';

const floor = orderFloor();

/** A stop under the position that an entry has bought, as a guard asks for it. */
async function stopUnder(entry: LegRequest, stopPrice: string, leg = 0): Promise<LegRequest> {
  const { userId, username } = floor.trader;
  const { venue, symbol, closeTimeMs } = entry;
  const plan = { kind: 'guard', userId, username, venue, symbol, body: {} } as const;
  const reference = entry.legId;
  const { id } = await transaction(floor.db, (trx) =>
    recordPlan(trx, { ...plan, reference, marketTimeMs: closeTimeMs }),
  );
  return {
    ...entry,
    legId: legId({ causeId: id, username, leg }),
    leg,
    cause: { kind: 'guard', id },
    purpose: 'stop',
    side: 'SELL',
    confidenceBp: 10_000,
    stopPrice,
  };
}

async function bought(): Promise<LegRequest> {
  const entry = await floor.leg({ action: 'BUY' });
  expect(await floor.trade(entry)).toMatchObject({ state: 'filled' });
  return entry;
}

const stops = async () => {
  const orders = await listOrders(floor.db, { userId: floor.trader.userId });
  return orders.filter(({ parameters }) => parameters.type === 'STOP_LOSS_LIMIT');
};

describe('stop', () => {
  test('rests - GTC at its price, limit one per cent below, the quantity reserved', async () => {
    const stop = await stopUnder(await bought(), '48000');
    expect(await floor.trade(stop)).toMatchObject({
      state: 'resting',
      quantity: '0.49701',
      limitPrice: '47520',
      executedQuantity: '0',
    });
    expect(floor.venue.taken.at(-1)).toMatchObject({
      type: 'STOP_LOSS_LIMIT',
      timeInForce: 'GTC',
      stopPrice: '48000',
    });
    const owner = { userId: floor.trader.userId, venue: 'paper' };
    const balances = await ledgerBalances(floor.db, owner);
    expect(balances[0]).toEqual({ asset: 'BTC', available: '0.00000249', reserved: '0.49701' });
  });

  test('lost answer - the stop is found resting and not placed again', async () => {
    const entry = await bought();
    floor.venue.fates.push('lose_answer');
    expect(await floor.trade(await stopUnder(entry, '48000'))).toMatchObject({ state: 'resting' });
    expect(floor.venue.sent).toBe(2);
  });

  test('exit - takes the resting stop back first, and then sells all of it', async () => {
    await floor.trade(await stopUnder(await bought(), '48000'));
    const outcome = await floor.trade(await floor.leg({ action: 'SELL' }));
    expect(outcome).toMatchObject({ state: 'filled', executedQuantity: '0.49701' });
    expect((await stops()).map(({ state }) => state)).toEqual(['cancelled']);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('exit - a stop that was half executed on the way is booked, the rest is sold', async () => {
    await floor.trade(await stopUnder(await bought(), '48000'));
    const [stop] = await stops();
    floor.venue.fill(stop?.clientOrderId ?? '', '0.2');
    const outcome = await floor.trade(await floor.leg({ action: 'SELL' }));
    expect(outcome).toMatchObject({ state: 'filled', executedQuantity: '0.29701' });
    const after = await stops();
    expect(after).toMatchObject([{ state: 'cancelled', executedQuantity: '0.2' }]);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('above the price - is refused before anything is sent', async () => {
    const entry = await bought();
    const outcome = await floor.trade(await stopUnder(entry, '50001'));
    expect(outcome).toMatchObject({ state: 'nothing' });
    expect(outcome.reason).toContain('a stop must be a sale below the price');
    expect(floor.venue.sent).toBe(1);
  });

  test('replaced - recalled, then the next leg of the same plan', async () => {
    const entry = await bought();
    await floor.trade(await stopUnder(entry, '48000'));
    // The workflow of a second SELL leg recalls what rests before it asks for its own.
    const moved = await floor.trade(await stopUnder(entry, '49000', 1));
    expect(moved).toMatchObject({ state: 'resting', limitPrice: '48510' });
    expect((await stops()).map(({ state }) => state)).toEqual(['cancelled', 'open']);
  });
});
