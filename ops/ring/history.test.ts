import { describe, expect, test } from 'vitest';
import { History } from './history.ts';

const MINUTE_MS = 60_000;
const BTC = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
const ETH = { symbol: 'ETH/USDT', timeframe: '1m' } as const;

function put(minute: number, decided: boolean) {
  return {
    ...BTC,
    eventId: `event${minute}`,
    debateId: `debate${minute}`,
    closeTimeMs: minute * MINUTE_MS,
    trigger: 'cadence',
    decided,
  } as const;
}

describe('History', () => {
  const history = new History({
    storedUntilMs: 20 * MINUTE_MS,
    putUntilMs: 12 * MINUTE_MS,
    motions: [put(6, true), put(12, false)],
  });

  test('a close before the last one stored - was judged', () => {
    expect(history.covers(19 * MINUTE_MS)).toBe(true);
  });

  test('the last one stored - may not have been: candles are stored before motions', () => {
    expect(history.covers(20 * MINUTE_MS)).toBe(false);
  });

  test('the last one stored, with a motion on record - was', () => {
    const killed = new History({ storedUntilMs: 12, putUntilMs: 12 });
    expect(killed.covers(12)).toBe(true);
    expect(killed.covers(13)).toBe(false);
  });

  test('nothing on record - covers nothing', () => {
    expect(new History({ storedUntilMs: 0, putUntilMs: 0 }).covers(1)).toBe(false);
  });

  test('a motion - is found by its market and close, as it was put', () => {
    expect(history.motionAt(BTC, 12 * MINUTE_MS)).toMatchObject({
      eventId: 'event12',
      debateId: 'debate12',
      decided: false,
    });
    expect(history.motionAt(BTC, 11 * MINUTE_MS)).toBeNull();
    expect(history.motionAt(ETH, 12 * MINUTE_MS)).toBeNull();
    expect(history.motionAt({ ...BTC, timeframe: '5m' }, 12 * MINUTE_MS)).toBeNull();
  });

  test('the newest close that was put - is where an earlier run may have been cut', () => {
    expect([6, 12, 20].map((minute) => history.endsAt(minute * MINUTE_MS))).toEqual([
      false,
      true,
      false,
    ]);
  });
});
