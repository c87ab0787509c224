/** Failure here means: money is spent twice, booked twice, or valued wrong, whoever repeats or
 * races. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spendApproval } from '../adapters/store/approvals.ts';
import { storeCandles } from '../adapters/store/candles.ts';
import { bookFills, listFills, type VenueTrade } from '../adapters/store/fills.ts';
import { type LegRequest, prepareOrder } from '../adapters/store/intents.ts';
import { legLease, takeLease } from '../adapters/store/leases.ts';
import { deposit, ledgerBalances } from '../adapters/store/ledger.ts';
import {
  beginSend,
  fenceOrder,
  listOrders,
  type OrderRow,
  readOrder,
  recordOrderEvent,
} from '../adapters/store/orders.ts';
import {
  entryPrices,
  houseHoldings,
  listPortfolios,
  listPositions,
  markToMarket,
} from '../adapters/store/positions.ts';
import { takeSnapshots } from '../adapters/store/snapshots.ts';
import { transaction } from '../adapters/store/store.ts';
import { Decimal } from '../core/market/money.ts';
import { ImpossibleOrderEvent } from '../core/orders/lifecycle.ts';
import {
  decidedLeg,
  FUNDS,
  fundedTrader,
  prepareMarket,
  type Trader,
  traded,
} from './orders-samples.ts';
import { START_MS, snapshotAt } from './store-samples.ts';
import { openTestDatabase } from './support/servers.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;

beforeAll(async () => {
  database = await openTestDatabase();
  await prepareMarket(database.db);
});

afterAll(() => database.drop());

async function prepared(trader: Trader, leg?: LegRequest): Promise<OrderRow> {
  const request = leg ?? (await decidedLeg(database.db, trader, { action: 'BUY' }));
  const preparation = await prepareOrder(database.db, request, 'test');
  if (preparation.kind === 'refused') throw new Error(preparation.refusal.text);
  return preparation.order;
}

/** An order the venue has taken and filled, with its trades not yet booked. */
async function filled(trader: Trader, leg?: LegRequest): Promise<OrderRow> {
  const { clientOrderId, parameters } = await prepared(trader, leg);
  await beginSend(database.db, { clientOrderId, holder: 'test' });
  return recordOrderEvent(database.db, clientOrderId, {
    event: 'report_filled',
    venueOrderId: randomUUID(),
    executedQuantity: parameters.quantity,
  });
}

function tradesOf(order: OrderRow, price: string, parts = 1): VenueTrade[] {
  const { side, symbol, quantity } = order.parameters;
  const [base = '', quote = ''] = symbol.split('/');
  const whole = Decimal.of(quantity);
  const part = whole.div(parts).toDecimalPlaces(5, 'down');
  return Array.from({ length: parts }, (_, index) => {
    const sold = index === 0 ? whole.minus(part.times(parts - 1)) : part;
    const got = side === 'BUY' ? sold : sold.times(price);
    return {
      tradeId: `${order.venueOrderId}-${index}`,
      venueOrderId: order.venueOrderId ?? '',
      symbol,
      side,
      quantity: sold.toFixed(),
      price,
      fee: got.div(1_000).toFixed(),
      feeAsset: side === 'BUY' ? base : quote,
      timeMs: order.marketTimeMs,
    };
  });
}

async function boughtAt(trader: Trader, price: string, symbol = 'BTC/USDT'): Promise<OrderRow> {
  const leg = await decidedLeg(database.db, trader, { action: 'BUY', symbol });
  const order = await filled(trader, { ...leg, referencePrice: price });
  await bookFills(database.db, order.clientOrderId, tradesOf(order, price));
  return order;
}

/** Facts of a motion long after everything else in this file, at a close of its own. */
function frozenAt(symbol: string, close: number) {
  const { eventId, timeframe, trigger, reading, candles } = snapshotAt(50_000, symbol);
  const [candle] = candles;
  if (candle === undefined) throw new Error('a snapshot has a candle');
  const facts = { eventId, symbol, timeframe, trigger, reading, news: null };
  return { ...facts, candles: [{ ...candle, high: 1e9, close }] };
}

const owner = (trader: Trader) => ({ userId: trader.userId, venue: 'paper' });

describe('deposit', () => {
  test('repeat - the same reference is one deposit, whatever else it says', async () => {
    const { userId: user } = await fundedTrader(database.db);
    const again = { user, venue: 'paper', asset: 'USDT', reference: 'start', marketTime: START_MS };
    expect(await deposit(database.db, { ...again, amount: `${FUNDS}.000` })).toBe(false);
    await expect(deposit(database.db, { ...again, amount: '1' })).rejects.toThrow(
      'must be 100000 USDT as first booked, was 1 USDT',
    );
    expect(await listPortfolios(database.db, { userId: user })).toMatchObject([
      { total: FUNDS, available: FUNDS, locked: '0', peak: FUNDS },
    ]);
  });
});

describe('prepared order', () => {
  test('repeat - the same leg is prepared once, by any number of workers at once', async () => {
    const trader = await fundedTrader(database.db);
    const leg = await decidedLeg(database.db, trader, { action: 'BUY' });
    const orders = await Promise.all([1, 2, 3, 4].map(() => prepared(trader, leg)));
    expect(new Set(orders.map((order) => order.clientOrderId)).size).toBe(1);
    const balances = await ledgerBalances(database.db, owner(trader));
    expect(balances).toEqual([{ asset: 'USDT', available: '75000.1225', reserved: '24999.8775' }]);
  });

  test('race - legs of one user at once never reserve more than is allowed', async () => {
    const trader = await fundedTrader(database.db, { maxTotalExposureBps: 6_000 });
    const legs = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        decidedLeg(database.db, trader, {
          action: 'BUY',
          symbol: index % 2 === 0 ? 'BTC/USDT' : 'ETH/USDT',
        }),
      ),
    );
    const results = await Promise.all(legs.map((leg) => prepareOrder(database.db, leg, 'test')));
    const refused = results.flatMap((one) => (one.kind === 'refused' ? one.refusal.refused : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused)).toEqual(new Set(['position_full']));
    const [portfolio] = await listPortfolios(database.db, { userId: trader.userId });
    expect(Number(portfolio?.locked)).toBeGreaterThan(40_000);
    expect(Number(portfolio?.locked)).toBeLessThanOrEqual(60_000);
  });

  test('send - is begun once; a second beginning and a spent approval send nothing', async () => {
    const { clientOrderId } = await prepared(await fundedTrader(database.db));
    const begun = await Promise.all(
      ['a', 'b', 'c'].map((holder) => beginSend(database.db, { clientOrderId, holder })),
    );
    expect(begun.filter(({ lease }) => lease !== null)).toHaveLength(1);
  });

  test('approval - lapsed or for other parameters, it ends the attempt unsent', async () => {
    const order = await prepared(await fundedTrader(database.db));
    const { clientOrderId, legId, marketTimeMs } = order;
    const other = { legId, marketTimeMs, parameterHash: 'f'.repeat(64) };
    expect(await transaction(database.db, (trx) => spendApproval(trx, other))).toBe(false);
    await database.db
      .updateTable('approvals')
      .set({ expires_at: new Date(marketTimeMs - 1) })
      .where('leg_id', '=', legId)
      .execute();
    const begun = await beginSend(database.db, { clientOrderId, holder: 'late' });
    expect(begun).toMatchObject({ lease: null, order: { state: 'never_arrived' } });
  });

  test('fence - every taking of a leg raises its epoch; a marked order stays marked', async () => {
    const { clientOrderId, legId } = await prepared(await fundedTrader(database.db));
    const { lease } = await beginSend(database.db, { clientOrderId, holder: 'first' });
    const fenced = await fenceOrder(database.db, { clientOrderId, holder: 'second' });
    expect(fenced.state).toBe('sent');
    const taken = await transaction(database.db, (trx) =>
      takeLease(trx, { name: legLease(legId), holder: 'third' }),
    );
    expect(Number(taken.epoch)).toBe(Number(lease?.epoch) + 2);
  });

  test('leg id - one that does not follow from its inputs is refused', async () => {
    const trader = await fundedTrader(database.db);
    const leg = await decidedLeg(database.db, trader, { action: 'BUY' });
    await expect(
      prepareOrder(database.db, { ...leg, legId: 'e'.repeat(64) }, 'test'),
    ).rejects.toThrow(/legId must be .* for leg 0 of/);
  });
});

describe('fills', () => {
  test('repeat - a trade reported by many at once and in any order is booked once', async () => {
    const trader = await fundedTrader(database.db);
    const order = await filled(trader);
    const trades = tradesOf(order, '50000', 3);
    const { clientOrderId } = order;
    const [first, ...rest] = trades as [VenueTrade, ...VenueTrade[]];
    const early = await bookFills(database.db, clientOrderId, [first]);
    expect(early.complete).toBe(false);
    const bookings = await Promise.all([
      bookFills(database.db, clientOrderId, trades),
      bookFills(database.db, clientOrderId, [...trades].reverse()),
      bookFills(database.db, clientOrderId, rest),
    ]);
    expect(bookings.flatMap(({ booked }) => booked)).toHaveLength(2);
    expect(await listFills(database.db, { clientOrderId })).toHaveLength(3);
    expect(bookings.some(({ complete }) => complete)).toBe(true);
    const balances = await ledgerBalances(database.db, owner(trader));
    expect(balances.map(({ reserved }) => reserved)).toEqual(['0', '0']);
  });

  test('late - a trade after the end is booked from available and moves no state', async () => {
    const trader = await fundedTrader(database.db);
    const { clientOrderId } = await prepared(trader);
    await beginSend(database.db, { clientOrderId, holder: 'test' });
    const over = await recordOrderEvent(database.db, clientOrderId, {
      event: 'report_expired',
      venueOrderId: randomUUID(),
    });
    expect(await bookFills(database.db, clientOrderId, [])).toMatchObject({ complete: true });
    await bookFills(database.db, clientOrderId, tradesOf(over, '50000'));
    expect((await readOrder(database.db, clientOrderId)).state).toBe('expired');
    expect(await ledgerBalances(database.db, owner(trader))).toEqual([
      { asset: 'BTC', available: '0.49701249', reserved: '0' },
      { asset: 'USDT', available: '75124.5', reserved: '0' },
    ]);
  });

  test('foreign - a trade of another order or side books nothing', async () => {
    const trader = await fundedTrader(database.db);
    const order = await filled(trader);
    const [trade] = tradesOf(order, '50000') as [VenueTrade];
    const book = (wrong: Partial<VenueTrade>) =>
      bookFills(database.db, order.clientOrderId, [{ ...trade, ...wrong }]);
    await expect(book({ side: 'SELL' })).rejects.toThrow('must be a BUY of BTC/USDT');
    await expect(book({ venueOrderId: 'other' })).rejects.toThrow('was of other');
    expect(await listPositions(database.db, { userId: trader.userId })).toEqual([]);
  });

  test('contradiction - an order that is over does not change its mind', async () => {
    const { clientOrderId } = await filled(await fundedTrader(database.db));
    const say = (event: 'report_cancelled' | 'report_filled', executedQuantity: string) =>
      recordOrderEvent(database.db, clientOrderId, { event, executedQuantity });
    await expect(say('report_cancelled', '0')).rejects.toBeInstanceOf(ImpossibleOrderEvent);
    await expect(say('report_filled', '99')).rejects.toBeInstanceOf(ImpossibleOrderEvent);
    const [order] = await listOrders(database.db, { states: ['filled'], newest: 1 });
    expect(order?.clientOrderId).toBe(clientOrderId);
  });
});

describe('worth', () => {
  test('mark - equity follows the closes, the peak stays, old closes change nothing', async () => {
    const trader = await fundedTrader(database.db);
    const { marketTimeMs } = await boughtAt(trader, '50000');
    const mark = async (close: string, ms: number) => {
      const closes = { 'BTC/USDT': close };
      await markToMarket(database.db, { venue: 'paper', marketTimeMs: ms, closes });
      const [portfolio] = await listPortfolios(database.db, { userId: trader.userId });
      return { total: portfolio?.total, peak: portfolio?.peak };
    };
    // 75124.5 + 0.49701249 × close
    expect(await mark('60000', marketTimeMs + 1)).toEqual({
      total: '104945.2494',
      peak: '104945.2494',
    });
    expect(await mark('40000', marketTimeMs + 2)).toEqual({
      total: '95004.9996',
      peak: '104945.2494',
    });
    expect(await mark('99999', marketTimeMs + 1)).toEqual({
      total: '95004.9996',
      peak: '104945.2494',
    });
  });

  test('house - everybody together at a close; dust counts as nothing held', async () => {
    const house = await openTestDatabase();
    const own = database;
    database = house;
    try {
      await prepareMarket(house.db);
      const one = await fundedTrader(house.db);
      const two = await fundedTrader(house.db);
      const at = { venue: 'paper', symbol: 'BTC/USDT', close: '50000' };
      expect(await houseHoldings(house.db, at)).toEqual({
        equity: '200000',
        cash: '200000',
        quantity: '0',
        entryPrice: '0',
        exposureBps: 0,
        drawdownBps: 0,
        openOrders: 0,
      });
      await boughtAt(one, '50000');
      await boughtAt(two, '40000');
      const held = await houseHoldings(house.db, at);
      // (0.49751 + 0.62189) × 0.999, for 24875.5 + 24875.6
      expect(held).toMatchObject({ quantity: '1.1182806', openOrders: 0, drawdownBps: 0 });
      expect(Number(held.entryPrice)).toBeCloseTo(44_488.92, 1);
      expect(held.exposureBps).toBe(
        Math.trunc((1.1182806 * 50_000 * 10_000) / Number(held.equity)),
      );
      expect(Number(held.equity)).toBeCloseTo(200_000 - 49_751.1 + 1.1182806 * 50_000, 4);
      const prices = await entryPrices(house.db, 'paper');
      expect(prices.get('BTC/USDT')).toBeCloseTo(Number(held.entryPrice), 6);
      await prepared(one, await decidedLeg(house.db, one, { action: 'BUY', symbol: 'ETH/USDT' }));
      const after = await houseHoldings(house.db, { ...at, symbol: 'ETH/USDT', close: '50000' });
      expect(after).toMatchObject({ openOrders: 1, quantity: '0', entryPrice: '0' });
    } finally {
      database = own;
      await house.drop();
    }
  });

  test('snapshots - motions of one close see one set of books', async () => {
    const house = await openTestDatabase();
    const own = database;
    database = house;
    try {
      await prepareMarket(house.db);
      const trader = await fundedTrader(house.db);
      await boughtAt(trader, '50000');
      await boughtAt(trader, '50000', 'ETH/USDT');
      const motions = [
        ['BTC/USDT', 60_000],
        ['ETH/USDT', 40_000],
      ].map(([symbol, close]) => frozenAt(String(symbol), Number(close)));
      const snapshots = await takeSnapshots(house.db, 'paper', motions);
      const equities = snapshots.map((snapshot) => snapshot.holdings.equity);
      const [portfolio] = await listPortfolios(house.db, owner(trader));
      expect(equities).toEqual([portfolio?.total, portfolio?.total]);
    } finally {
      database = own;
      await house.drop();
    }
  });

  test('daily loss - counts from midnight’s close, not from the entry', async () => {
    const trader = await fundedTrader(database.db, { maxDailyLossBps: 500, maxPositionBps: 9_000 });
    const { marketTimeMs } = await boughtAt(trader, '50000');
    const fall = {
      venue: 'paper',
      closes: { 'BTC/USDT': '20000' },
      marketTimeMs: marketTimeMs + 1,
    };
    await markToMarket(database.db, fall);
    // Down by 15 % of equity since the start of this day: no entry.
    const leg = await decidedLeg(database.db, trader, { action: 'BUY', symbol: 'ETH/USDT' });
    const today = await prepareOrder(database.db, leg, 'test');
    expect(today).toMatchObject({ refusal: { refused: 'daily_loss' } });
    // The day after it stands where it stood at midnight: the loss is yesterday's.
    const nextDay = START_MS + 86_400_000;
    const candle = { open: 20_000, high: 20_000, low: 20_000, close: 20_000, volume: 1 };
    const openTimeMs = nextDay - 60_000;
    await storeCandles(database.db, {
      venue: 'paper',
      symbol: 'BTC/USDT',
      timeframe: '1m',
      candles: [{ ...candle, openTimeMs, closeTimeMs: nextDay - 1 }],
    });
    const later = { ...leg, closeTimeMs: nextDay + 59_999 };
    await traded(database.db, {
      symbol: 'ETH/USDT',
      closeTimeMs: later.closeTimeMs,
      close: 50_000,
    });
    expect(await prepareOrder(database.db, later, 'test')).toMatchObject({ kind: 'order' });
  });
});
