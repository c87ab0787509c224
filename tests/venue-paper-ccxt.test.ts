import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decimalText } from '../adapters/venue/decimal-text.ts';
import type { Exchange } from '../adapters/venue/exchange.ts';
import { textFrom } from '../adapters/venue/from-ccxt.ts';
import {
  closeOf,
  FIRST_OPEN_MS,
  type Floor,
  flat,
  openFloor,
  SYMBOL,
  trader,
  until,
} from './venue-floor.ts';

/** The real ccxt binance client against the paper venue over sockets. A failure here means that
 * what trades with the paper venue would not trade with the exchange it stands for. */
describe('paper venue with ccxt', () => {
  let floor: Floor;
  let ccxt: Exchange;

  beforeEach(async () => {
    floor = await openFloor();
    ccxt = await trader(floor.server.url);
  });

  afterEach(async () => {
    await ccxt.close();
    await floor.close();
  });

  const exact = (text: string): number => text as unknown as number;
  /** `terms`: quantity at price. */
  const limit = (side: 'buy' | 'sell', terms: string, params = {}) => {
    const [quantity = '', price = ''] = terms.split(' at ');
    return ccxt.createOrder(SYMBOL, 'limit', side, exact(quantity), exact(price), params);
  };
  const market = (side: 'buy' | 'sell', quantity: string) =>
    ccxt.createOrder(SYMBOL, 'market', side, exact(quantity));
  const money = async (asset: string) => {
    const balance = (await ccxt.fetchBalance())[asset];
    return [decimalText(balance?.free), decimalText(balance?.used)];
  };

  test('symbols - steps and least order as listed', () => {
    const { precision, limits } = ccxt.market(SYMBOL);
    expect(decimalText(precision.price)).toBe('0.01');
    expect(decimalText(precision.amount)).toBe('0.00001');
    expect(decimalText(limits.cost?.min)).toBe('5');
  });

  test('market data - candles, book, tickers and time', async () => {
    await floor.control.tape(
      closeOf(1, { open: 50_000, high: 50_500, low: 49_500, close: 50_100 }),
    );
    const candles = await ccxt.fetchOHLCV(SYMBOL, '5m');
    expect(candles.map((row) => row.map(Number))).toEqual([
      [FIRST_OPEN_MS, 50_000, 50_000, 50_000, 50_000, 100],
      [FIRST_OPEN_MS + 300_000, 50_000, 50_500, 49_500, 50_100, 100],
    ]);
    const book = await ccxt.fetchOrderBook(SYMBOL);
    expect(book.asks).toHaveLength(5);
    expect(Number(book.bids[0]?.[0])).toBeLessThan(50_100);
    expect(Number(book.asks[0]?.[0])).toBeGreaterThan(50_100);
    expect(Number((await ccxt.fetchTicker(SYMBOL)).last)).toBe(50_100);
    expect(Number((await ccxt.fetchTicker(SYMBOL)).high)).toBe(50_500);
    expect(Math.abs(Number(await ccxt.fetchTime()) - Date.now())).toBeLessThan(5_000);
  });

  test('book after a close - stands at the next open, or at the close if unknown', async () => {
    await floor.control.tape(closeOf(1, { ...flat(50_000), nextOpen: 51_000 }));
    expect(Number((await ccxt.fetchOrderBook(SYMBOL)).bids[0]?.[0])).toBeCloseTo(50_994.9, 1);
    await floor.control.tape(closeOf(2, { ...flat(52_000), nextOpen: null }));
    expect(Number((await ccxt.fetchOrderBook(SYMBOL)).bids[0]?.[0])).toBeCloseTo(51_994.8, 1);
  });

  test('IOC larger than the book - filled in part, the rest expired, money exact', async () => {
    const order = await limit('buy', '1 at 50010', { timeInForce: 'IOC' });
    expect(order.status).toBe('expired');
    expect(decimalText(order.filled)).toBe('0.8');
    expect(await money('USDT')).toEqual(['59994', '0']);
    // 0.4 at 50,005 and 0.4 at 50,010; the fee of 10 bps is kept from the bitcoin.
    expect(await money('BTC')).toEqual(['10.7992', '0']);
  });

  test('limit within the book - partly filled, the rest locked, cancel gives it back', async () => {
    const order = await limit('buy', '1 at 50005', { clientOrderId: 'rest-1' });
    expect([order.status, decimalText(order.filled)]).toEqual(['open', '0.4']);
    expect(await money('USDT')).toEqual(['49995', '30003']);
    expect(await ccxt.fetchOpenOrders(SYMBOL)).toHaveLength(1);
    const cancelled = await ccxt.cancelOrder('rest-1', SYMBOL, { clientOrderId: 'rest-1' });
    expect(decimalText(cancelled.filled)).toBe('0.4');
    expect(await money('USDT')).toEqual(['79998', '0']);
    expect(await ccxt.fetchOpenOrders(SYMBOL)).toEqual([]);
  });

  test('FOK larger than the book - nothing at all', async () => {
    const order = await limit('sell', '3 at 40000', { timeInForce: 'FOK' });
    expect([order.status, decimalText(order.filled)]).toEqual(['expired', '0']);
    expect(await money('BTC')).toEqual(['10', '0']);
  });

  test('market - by quantity and by quote quantity', async () => {
    const sold = await market('sell', '0.5');
    expect([sold.status, decimalText(sold.filled)]).toEqual(['closed', '0.5']);
    const bought = await ccxt.createMarketBuyOrderWithCost(SYMBOL, exact('1000'));
    expect([bought.status, decimalText(bought.filled)]).toEqual(['closed', '0.01999']);
    const tooMuch = await market('sell', '9');
    expect([tooMuch.status, decimalText(tooMuch.filled)]).toEqual(['expired', '1.5']);
  });

  test('resting order - filled as maker when a candle trades through it', async () => {
    await limit('buy', '0.1 at 49000', { clientOrderId: 'deep' });
    await floor.control.tape(
      closeOf(1, { open: 50_000, high: 50_000, low: 49_000, close: 49_500 }),
    );
    expect((await ccxt.fetchOrder('deep', SYMBOL, { clientOrderId: 'deep' })).status).toBe('open');
    await floor.control.tape(
      closeOf(2, { open: 49_500, high: 49_600, low: 48_900, close: 49_200 }),
    );
    const order = await ccxt.fetchOrder('deep', SYMBOL, { clientOrderId: 'deep' });
    expect([order.status, decimalText(order.average)]).toEqual(['closed', '49000']);
    const [trade] = await ccxt.fetchMyTrades(SYMBOL);
    expect(trade?.takerOrMaker).toBe('maker');
    // The market's time: the close of the candle that filled it.
    expect(trade?.timestamp).toBe(FIRST_OPEN_MS + 3 * 300_000 - 1);
    expect(await money('USDT')).toEqual(['95100', '0']);
  });

  test('resting order - a gap through it fills at the open', async () => {
    await limit('sell', '0.1 at 52000', { clientOrderId: 'high' });
    const order = () => ccxt.fetchOrder('high', SYMBOL, { clientOrderId: 'high' });
    await floor.control.tape(closeOf(1, { ...flat(50_000), nextOpen: 53_000 }));
    expect((await order()).status).toBe('open');
    await floor.control.tape(closeOf(2, flat(53_000)));
    const { status, average } = await order();
    expect([status, decimalText(average)]).toEqual(['closed', '53000']);
  });

  test('trades - by order and from a trade on', async () => {
    const first = await limit('buy', '0.6 at 50010', { timeInForce: 'IOC' });
    await market('sell', '0.1');
    const all = await ccxt.fetchMyTrades(SYMBOL);
    expect(all.map(({ id }) => id)).toEqual(['1', '2', '3']);
    const own = await ccxt.fetchMyTrades(SYMBOL, undefined, 10, { orderId: first.id });
    expect(own.map(({ id }) => id)).toEqual(['1', '2']);
    const later = await ccxt.fetchMyTrades(SYMBOL, undefined, 10, { fromId: '2' });
    expect(later.map(({ id }) => id)).toEqual(['2', '3']);
  });

  test('client id - refused while its order is open, taken again afterwards', async () => {
    await limit('buy', '0.01 at 40000', { clientOrderId: 'same' });
    await expect(limit('buy', '0.01 at 40000', { clientOrderId: 'same' })).rejects.toThrow(
      /Duplicate order sent/,
    );
    await ccxt.cancelOrder('same', SYMBOL, { clientOrderId: 'same' });
    const again = await limit('buy', '0.01 at 40000', { clientOrderId: 'same' });
    expect(again.status).toBe('open');
    const found = await ccxt.fetchOrder('same', SYMBOL, { clientOrderId: 'same' });
    expect(found.id).toBe(again.id);
  });

  test('user stream - every change of an order arrives', async () => {
    const seen: string[] = [];
    const client = ccxt as Exchange & {
      handleOrderUpdate: (socket: unknown, message: Record<string, unknown>) => void;
    };
    client.handleOrderUpdate = (_socket, message) => {
      seen.push(`${textFrom(message['x'])} ${textFrom(message['X'])} ${decimalText(message['z'])}`);
    };
    ccxt.watchOrders().catch(() => undefined);
    await until(async () => Number((await floor.server.facts())['connections']) === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await limit('buy', '0.6 at 50005', { clientOrderId: 'watched' });
    await ccxt.cancelOrder('watched', SYMBOL, { clientOrderId: 'watched' });
    await until(() => seen.length === 3);
    expect(seen).toEqual(['NEW NEW 0', 'TRADE PARTIALLY_FILLED 0.4', 'CANCELED CANCELED 0.4']);
  });

  test('market streams - candle, book and ticker follow the tape', async () => {
    const candle = ccxt.watchOHLCV(SYMBOL, '5m');
    const ticker = ccxt.watchTicker(SYMBOL);
    const book = ccxt.watchOrderBook(SYMBOL);
    await book;
    await new Promise((resolve) => setTimeout(resolve, 200));
    const next = ccxt.watchOrderBook(SYMBOL);
    await floor.control.tape(
      closeOf(1, { open: 50_000, high: 51_000, low: 50_000, close: 51_000 }),
    );
    expect((await candle).at(-1)?.map(Number)).toEqual([
      FIRST_OPEN_MS + 300_000,
      50_000,
      51_000,
      50_000,
      51_000,
      100,
    ]);
    expect(Number((await ticker).last)).toBe(51_000);
    const { bids, asks } = await next;
    expect(bids).toHaveLength(5);
    expect([Number(bids[0]?.[0]) < 51_000, Number(asks[0]?.[0]) > 51_000]).toEqual([true, true]);
  });
});
