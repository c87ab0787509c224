/** The cutting of data into training and test. Failure would look like: a test that was trained on,
 * or a candle that is judged twice. */
import { describe, expect, test } from 'vitest';
import { foldsOf, type WalkPlan } from './windows.ts';

const DAY_MS = 86_400_000;
const WHOLE = { fromMs: 100 * DAY_MS, toMs: 200 * DAY_MS };
const PLAN: WalkPlan = { trainDays: 30, testDays: 20, embargo: 0, anchored: false };

function days(plan: Partial<WalkPlan>): string[] {
  return foldsOf(WHOLE, { ...PLAN, ...plan }, '1h').map(({ train, test: judged }) =>
    [train.fromMs, train.toMs, judged.fromMs, judged.toMs]
      .map((timeMs) => timeMs / DAY_MS - 100)
      .join(' '),
  );
}

describe('walk-forward windows', () => {
  test('rolling: each test right after its own training, the last one shorter', () => {
    expect(days({})).toEqual(['0 30 30 50', '20 50 50 70', '40 70 70 90', '60 90 90 100']);
  });

  test('anchored: training begins where the data does', () => {
    expect(days({ anchored: true })).toEqual([
      '0 30 30 50',
      '0 50 50 70',
      '0 70 70 90',
      '0 90 90 100',
    ]);
  });

  test('an embargo lies between training and test, and is in neither', () => {
    expect(days({ embargo: 48, testDays: 30 })).toEqual([
      '0 30 32 62',
      '30 60 62 92',
      '60 90 92 100',
    ]);
  });

  test('a longer step leaves time out; no test overlaps another', () => {
    expect(days({ stepDays: 35 })).toEqual(['0 30 30 50', '35 65 65 85']);
  });

  test.each<[Partial<WalkPlan>, string]>([
    [{ trainDays: 100 }, 'longer than 100 days, it was 100.0 days'],
    [{ stepDays: 10 }, '--step must be at least --test (20 days), or tests would overlap, was 10'],
    [{ testDays: 0.01 }, '--test must be whole candles of 60 minutes, was 0.01 days'],
    [{ trainDays: 0 }, '--train must be whole candles'],
  ])('%j - refused', (plan, message) => {
    expect(() => days(plan)).toThrow(message);
  });
});
