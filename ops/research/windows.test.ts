/** The cutting of data into training and test. Failure would look like: a test that was trained on,
 * or a candle that is judged twice. */
import { describe, expect, test } from 'vitest';
import { CandleSeries } from '../../core/market/candle-series.ts';
import { foldsOf, type WalkPlan } from './windows.ts';

const DAY_MS = 86_400_000;
const WHOLE = { fromMs: 100 * DAY_MS, toMs: 200 * DAY_MS };
const HOUR_MS = DAY_MS / 24;

/** Hours that are traded, of a hundred days. */
function candlesAt(trades: (day: number, hour: number) => boolean): CandleSeries {
  const numbers: number[] = [];
  for (let at = 0; at < 2_400; at += 1) {
    if (!trades(Math.floor(at / 24), at % 24)) continue;
    numbers.push(WHOLE.fromMs + at * HOUR_MS, 10, 11, 9, 10, 100);
  }
  return new CandleSeries(HOUR_MS, Float64Array.from(numbers));
}

const ROUND_THE_CLOCK = candlesAt(() => true);
/** Six hours a day, five days of seven. */
const EXCHANGE = candlesAt((day, hour) => day % 7 < 5 && hour >= 12 && hour < 18);
const PLAN: WalkPlan = { trainDays: 30, testDays: 20, embargo: 0, anchored: false };

function days(plan: Partial<WalkPlan>): string[] {
  return daysOf([ROUND_THE_CLOCK], plan);
}

function daysOf(all: readonly CandleSeries[], plan: Partial<WalkPlan>): string[] {
  const cut = { timeframe: '1h', series: all.map((candles) => ({ candles })) } as const;
  return foldsOf(WHOLE, { ...PLAN, ...plan }, cut).map(({ train, test: judged }) =>
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

  test('an embargo is counted in candles, not in hours a market sleeps through', () => {
    const cut = { timeframe: '1h', series: [{ candles: EXCHANGE }] } as const;
    const folds = foldsOf(WHOLE, { ...PLAN, embargo: 10, testDays: 7 }, cut);
    expect(folds.length).toBeGreaterThan(8);
    for (const { train, test: judged } of folds) {
      expect(EXCHANGE.between(train.toMs, judged.fromMs).length).toBe(10);
      expect(train.fromMs).toBeGreaterThanOrEqual(WHOLE.fromMs);
    }
  });

  test('of several markets each has the embargo’s candles between', () => {
    const all = [EXCHANGE, ROUND_THE_CLOCK];
    const cut = { timeframe: '1h', series: all.map((candles) => ({ candles })) } as const;
    for (const { train, test: judged } of foldsOf(WHOLE, { ...PLAN, embargo: 10 }, cut)) {
      for (const candles of all) {
        expect(candles.between(train.toMs, judged.fromMs).length).toBeGreaterThanOrEqual(10);
      }
    }
  });

  test('a test window in which nothing is traded is left out', () => {
    const all = daysOf([EXCHANGE], { trainDays: 1, testDays: 1 });
    expect(all.slice(0, 6)).toEqual([
      '0 1 1 2',
      '1 2 2 3',
      '2 3 3 4',
      '3 4 4 5',
      '6 7 7 8',
      '7 8 8 9',
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
