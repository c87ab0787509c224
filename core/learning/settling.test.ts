import { describe, expect, test } from 'vitest';
import type { Candle } from '../market/candle.ts';
import { LONGEST_BREAK_MS, MotionSettler } from './settling.ts';

/** If these fail, an assistant's score rests on an outcome that never was: another question's, or
 * one that a later market gave. */

const MINUTE = 60_000;
const TERMS = { targetAtrs: 2, stopAtrs: 2, horizonCandles: 3, roundTripCost: 0.001 };

function candle(minute: number, price: number, low = price): Candle {
  const openTimeMs = minute * MINUTE;
  const closeTimeMs = openTimeMs + MINUTE - 1;
  return { openTimeMs, closeTimeMs, open: price, high: price, low, close: price, volume: 1 };
}

const closeOf = (minute: number): number => (minute + 1) * MINUTE - 1;

describe('settling', () => {
  test('two motions of one close have one outcome', () => {
    const call = { closeTimeMs: closeOf(0), atr: 1 };
    const settler = new MotionSettler(TERMS, [
      { eventId: 'a', ...call },
      { eventId: 'b', ...call },
    ]);
    settler.push(candle(1, 100));
    settler.push(candle(2, 103));
    expect(settler.settled.map(({ eventId }) => eventId)).toEqual(['a', 'b']);
    for (const { outcome } of settler.settled) expect(outcome.label).toBe('BUY');
    expect(settler.isDone).toBe(true);
  });

  test('nothing that was known at the close settles it', () => {
    const motion = { eventId: 'a', closeTimeMs: closeOf(5), atr: 1 };
    const settler = new MotionSettler(TERMS, [motion]);
    for (const minute of [3, 4, 5]) settler.push(candle(minute, 100, 50));
    expect(settler.settled).toEqual([]);
    for (const minute of [6, 7, 8]) settler.push(candle(minute, 100));
    expect(settler.settled).toMatchObject([{ outcome: { label: 'HOLD', reached: 'time' } }]);
  });

  test('without a range there is no outcome, and nothing waits for one', () => {
    const settler = new MotionSettler(TERMS, [{ eventId: 'a', closeTimeMs: 1, atr: null }]);
    expect(settler.isDone).toBe(true);
  });

  test('too young - waits', () => {
    const motion = { eventId: 'a', closeTimeMs: closeOf(0), atr: 1 };
    const settler = new MotionSettler(TERMS, [motion]);
    settler.push(candle(1, 100));
    expect(settler).toMatchObject({ settled: [], isDone: false });
  });

  test('a market that begins again after a long break settles nothing put before it', () => {
    const later = Math.ceil(LONGEST_BREAK_MS / MINUTE) + 10;
    const settler = new MotionSettler(TERMS, [
      { eventId: 'before', closeTimeMs: closeOf(0), atr: 1 },
      { eventId: 'under way', closeTimeMs: closeOf(2), atr: 1 },
      { eventId: 'after', closeTimeMs: closeOf(later), atr: 1 },
    ]);
    settler.push(candle(1, 100));
    settler.push(candle(3, 100));
    for (const minute of [0, 1, 2, 3]) settler.push(candle(later + minute, 200));
    const settled = settler.settled.map(({ eventId }) => eventId);
    // The first had its horizon cut off by the break, as had the second.
    expect(settled).toEqual(['after']);
    expect(settler.isDone).toBe(true);
  });
});
