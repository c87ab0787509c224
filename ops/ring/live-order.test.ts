import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Candle, TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import { CloseOrder } from './live-order.ts';

const FROM_MS = Date.UTC(2026, 0, 1);
const market = { symbol: 'BTC/USDT', timeframe: '5m' } as const;

/** The candle number `at` of a timeframe, counted from the beginning of the day. */
function candle(timeframe: Timeframe, at: number): Candle {
  const openTimeMs = FROM_MS + at * TIMEFRAMES[timeframe];
  const closeTimeMs = openTimeMs + TIMEFRAMES[timeframe] - 1;
  const prices = { open: 100, high: 101, low: 99, close: 100 + at / 10 };
  return { openTimeMs, closeTimeMs, ...prices, volume: 10 };
}

const five = (at: number) => ({ timeframe: '5m', candle: candle('5m', at) }) as const;
const minute = (at: number) => ({ timeframe: '1m', candle: candle('1m', at) }) as const;
const fresh = () => new CloseOrder(market, candle('5m', 0));

describe('live order', () => {
  test('minutes between two closes - go to the paper venue alone', () => {
    const order = fresh();
    const [close] = order.after(minute(5));
    expect(close).toMatchObject({ candles: [], prices: [{ timeframe: '1m', nextOpen: null }] });
    expect(close?.timeMs).toBe(minute(5).candle.closeTimeMs);
  });

  test('the last minute before a close - waits for it, and goes with it', () => {
    const order = fresh();
    expect(order.after(minute(9))).toEqual([]);
    const [close, ...rest] = order.after(five(1));
    expect(rest).toEqual([]);
    expect(close?.candles.map((one) => one.candle)).toEqual([five(1).candle]);
    expect(close?.prices?.map((one) => one.candle)).toEqual([minute(9).candle]);
  });

  test('a close before its last minute - takes its price along; the late minute is dropped', () => {
    const order = fresh();
    const [close] = order.after(five(1));
    const [price] = close?.prices ?? [];
    expect(price?.timeframe).toBe('1m');
    expect(price?.candle).toMatchObject({ close: five(1).candle.close, volume: 2 });
    expect(price?.candle.closeTimeMs).toBe(close?.timeMs);
    expect(order.after(minute(9))).toEqual([]);
  });

  test('a close that is late - holds the minutes after it back', () => {
    const order = fresh();
    expect(order.after(minute(10))).toEqual([]);
    expect(order.after(five(1)).map((close) => close.timeMs)).toEqual([
      five(1).candle.closeTimeMs,
      minute(10).candle.closeTimeMs,
    ]);
  });

  test('a repeated candle - releases nothing', () => {
    const order = fresh();
    order.after(five(1));
    expect([...order.after(five(1)), ...order.after(five(0))]).toEqual([]);
    expect(order.lastOpenMs).toBe(five(1).candle.openTimeMs);
  });

  test('a ring of minutes - has no finer prices', () => {
    const order = new CloseOrder({ ...market, timeframe: '1m' }, candle('1m', 0));
    const [close] = order.after(minute(1));
    expect(close).not.toHaveProperty('prices');
    expect(close?.candles).toHaveLength(1);
  });

  test('in whatever order both come - time goes forward, no close is lost', () => {
    const delays = fc.array(fc.nat({ max: 12 }), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(delays, (late) => {
        const minutes = Array.from({ length: 25 }, (_, at) => ({ ...minute(5 + at), due: 5 + at }));
        const fives = Array.from({ length: 5 }, (_, at) => ({ ...five(1 + at), due: 9 + 5 * at }));
        // Each series comes in its own order; how they mingle is chance.
        let least = 0;
        const delayed = fives.map((one, at) => {
          least = Math.max(least, one.due + (late[at] ?? 0));
          return { ...one, due: least };
        });
        const arrivals = [...minutes, ...delayed].sort((a, b) => a.due - b.due);
        const order = fresh();
        const closes = arrivals.flatMap((arrived) => order.after(arrived));
        const times = closes.map((close) => close.timeMs);
        expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
        const rings = closes.flatMap((close) => close.candles.map((one) => one.candle));
        expect(rings).toEqual(fives.map((one) => one.candle));
      }),
    );
  });
});
