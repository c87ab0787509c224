import { describe, expect, test } from 'vitest';
import { MOST_TRAINING_CANDLES, trainingWindow, type WindowWish } from './window.ts';

/** If these fail, a model is trained on other candles than were asked for. */

const DAY_MS = 86_400_000;
const NEWEST = Date.UTC(2024, 5, 1) - 1;
const WISH: WindowWish = {
  cadence: 'demand',
  timeframe: '5m',
  fromMs: null,
  toMs: null,
  newestCloseMs: NEWEST,
};

describe('training window', () => {
  test.each([
    ['daily', 90],
    ['weekly', 180],
    ['monthly', 365],
  ] as const)('%s - looks %i days back from the newest close', (cadence, days) => {
    const { fromMs, toMs } = trainingWindow({ ...WISH, cadence, timeframe: '1h' });
    expect(toMs).toBe(NEWEST + 1);
    expect(toMs - fromMs).toBe(days * DAY_MS);
  });

  test('asked for - is taken as it is', () => {
    const asked = { fromMs: NEWEST - 40 * DAY_MS, toMs: NEWEST - 10 * DAY_MS };
    expect(trainingWindow({ ...WISH, ...asked })).toEqual(asked);
  });

  test('an end after the newest candle is the newest candle', () => {
    const { toMs } = trainingWindow({ ...WISH, toMs: NEWEST + 40 * DAY_MS });
    expect(toMs).toBe(NEWEST + 1);
  });

  test('more than can be learned from - the newest part of it', () => {
    const { fromMs, toMs } = trainingWindow({ ...WISH, timeframe: '1m', fromMs: 0 });
    expect(toMs - fromMs).toBe(MOST_TRAINING_CANDLES * 60_000);
  });

  test('after all that is on record - refused, saying what is', () => {
    const fromMs = NEWEST + DAY_MS;
    expect(() => trainingWindow({ ...WISH, fromMs, toMs: fromMs + DAY_MS })).toThrow(
      'the newest candle closed at 2024-06-01T00:00:00.000Z',
    );
  });
});
