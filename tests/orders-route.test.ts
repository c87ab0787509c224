/** Failure here means: an order takes a book at a price nobody expected, or what was expected is
 * not on record beside what came. Temporal and Postgres are real; the venue is one that lies on
 * demand. */
import { describe, expect, test } from 'vitest';
import { withRealised } from '../adapters/store/fills.ts';
import { listOrders } from '../adapters/store/orders.ts';
import type { Depth } from '../adapters/venue/port.ts';
import { orderFloor } from './orders-floor.ts';

const floor = orderFloor();

function book(asks: readonly (readonly [string, string])[], bid = '49999.99'): Depth {
  return {
    asks: asks.map(([price, quantity]) => ({ price, quantity })),
    bids: [{ price: bid, quantity: '10' }],
  };
}

async function legs() {
  const rows = await floor.db
    .selectFrom('intents')
    .select(['leg', 'quantity', 'estimated_price'])
    .where('user_id', '=', floor.trader.userId)
    .orderBy('leg')
    .execute();
  return rows.map((row) => [row.leg, row.quantity, row.estimated_price]);
}

describe('order and the book', () => {
  test('deep - one order, with what was expected and what came on record', async () => {
    floor.venue.book = book([['50000.01', '10']]);
    expect(await floor.buy()).toMatchObject({ state: 'filled', quantity: '0.49751' });
    expect(await legs()).toEqual([[0, '0.49751', '50000.01']]);
    expect(await floor.acts('order-settled')).toMatchObject([
      { estimatedPrice: '50000.01', averagePrice: '50000', slippageBps: '0' },
    ]);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('worse than the book promised - what came stands beside it, and by how much', async () => {
    floor.venue.book = book([['49900', '10']], '49890');
    await floor.buy();
    const orders = await listOrders(floor.db, { userId: floor.trader.userId });
    const worse = { estimatedPrice: '49900', averagePrice: '50000', slippageBps: '20.04' };
    expect(await withRealised(floor.db, orders)).toMatchObject([worse]);
    expect(await floor.acts('order-settled')).toMatchObject([worse]);
  });

  test('thin - slices of what it offers, four at most, each a leg of its own', async () => {
    floor.venue.book = book([
      ['50000.01', '0.1'],
      ['51000', '10'],
    ]);
    // (50000.01 × 0.1 + 51000 q) / (0.1 + q) = 50150: q = 0.01764…
    const outcome = await floor.buy();
    expect(outcome).toMatchObject({ state: 'filled', attempts: 4, averagePrice: '50000' });
    expect((await legs()).map(([leg]) => leg)).toEqual([0, 1, 2, 3]);
    expect(outcome.executedQuantity).toBe(outcome.quantity);
    expect(Number(outcome.quantity)).toBeCloseTo(4 * 0.11764, 5);
    const orders = await listOrders(floor.db, { userId: floor.trader.userId });
    expect(new Set(orders.map(({ cause }) => cause.id)).size).toBe(1);
    expect(await floor.bookFaults()).toEqual([]);
  });

  test('emptied - what the first slice left is not enough for another', async () => {
    floor.venue.book = book([
      ['50000.01', '0.1'],
      ['60000', '10'],
    ]);
    floor.venue.afterSend = async () => {
      floor.venue.book = book([]);
    };
    expect(await floor.buy()).toMatchObject({ state: 'filled', attempts: 1 });
    expect(await legs()).toHaveLength(1);
  });

  test('wide - an entry is refused, once, and nothing is sent', async () => {
    floor.venue.book = book([['50500', '10']]);
    const outcome = await floor.buy();
    expect(outcome).toMatchObject({ state: 'nothing' });
    expect(outcome.reason).toContain('nothing within the expected slippage');
    expect(floor.venue.sent).toBe(0);
    expect(await floor.acts('order-refused')).toMatchObject([{ refused: 'thin_book' }]);
  });

  test('wide - an exit goes all the same: its limit price protects it', async () => {
    await floor.buy();
    floor.venue.book = book([['50500', '10']], '49000');
    const leg = await floor.leg({ action: 'SELL' });
    expect(await floor.trade(leg)).toMatchObject({ state: 'filled', executedQuantity: '0.49701' });
  });
});
