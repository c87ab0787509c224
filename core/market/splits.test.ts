import { expect, test } from 'vitest';
import { candlesOf, type Shape, walk } from '../features/generated.fixture.ts';
import { TIMEFRAMES } from './candle.ts';
import { CandleSeries } from './candle-series.ts';
import { adjustForSplits, findSplits } from './splits.ts';

// Hazard: a split that nobody adjusted for is a fortune or a ruin that nobody made; a crash taken
// for a split is a ruin that nobody sees.

const DAY = TIMEFRAMES['1d'];

/** A quiet walk whose prices are multiplied by `factor` from candle `at` on. */
function stepped(at: number, factor: number, shapes: readonly Shape[] = walk(7, 80)) {
  const candles = candlesOf(shapes, { timeframe: '1d', price: 50 });
  return seriesOf(
    candles.map((candle, index) => {
      const times = index >= at ? factor : 1;
      const { openTimeMs, open, high, low, close, volume } = candle;
      const prices = [open, high, low, close].map((price) => price * times);
      return [openTimeMs, ...prices, volume / times];
    }),
  );
}

function seriesOf(rows: readonly (readonly number[])[]): CandleSeries {
  return new CandleSeries(DAY, Float64Array.from(rows.flat()));
}

test.each([
  { factor: 1 / 2, shares: 2, of: 1 },
  { factor: 2 / 3, shares: 3, of: 2 },
  { factor: 1 / 10, shares: 10, of: 1 },
  { factor: 20, shares: 1, of: 20 },
  // The market fell by an eighth in the same night.
  { factor: 17.4, shares: 1, of: 20 },
])('splits - $shares for $of is found where it happened', ({ factor, shares, of }) => {
  const series = stepped(60, factor);
  const [only, ...others] = findSplits(series);
  expect(others).toEqual([]);
  expect(only).toMatchObject({ shares, of, openTimeMs: series.at(60)?.openTimeMs });
  expect(only?.jump).toBeCloseTo(factor, 6);
});

test('splits - a quiet market has none, and neither has a crash of any size', () => {
  expect(findSplits(stepped(0, 1))).toEqual([]);
  for (const move of [-0.3, -0.5, -0.67, -0.9]) {
    const crash = [{ move, above: 0, below: 0.02, volume: 900 }];
    const shapes = [...walk(7, 60), ...crash, ...walk(8, 20)];
    expect(findSplits(stepped(0, 1, shapes))).toEqual([]);
  }
});

test('splits - a gap that opens far lower into a wild day is a crash', () => {
  const wild = [{ move: 0.25, above: 0.05, below: 0.3, volume: 900 }];
  const shapes = [...walk(7, 60), ...wild, ...walk(8, 20)];
  expect(findSplits(stepped(60, 1 / 2, shapes))).toEqual([]);
});

test('splits - a jump that is no ratio of any company is left to the reader', () => {
  expect(findSplits(stepped(60, 0.575))).toEqual([]);
});

test('splits - an adjusted series goes on without a step, and its turnover is what it was', () => {
  const whole = stepped(0, 1);
  const split = stepped(60, 1 / 3);
  const adjusted = adjustForSplits(split, findSplits(split), DAY);
  expect(findSplits(adjusted)).toEqual([]);
  for (let index = 0; index < whole.length; index += 1) {
    const was = whole.at(index);
    const is = adjusted.at(index);
    expect(is?.openTimeMs).toBe(was?.openTimeMs);
    expect((is?.close ?? 0) * 3).toBeCloseTo(was?.close ?? -1, 9);
    expect((is?.volume ?? 0) / 3).toBeCloseTo(was?.volume ?? -1, 9);
  }
});

test('splits - two splits multiply', () => {
  const rows = [...stepped(40, 1 / 2)].map((candle, index) => {
    const { openTimeMs, open, high, low, close, volume } = candle;
    const times = index >= 70 ? 1 / 5 : 1;
    return [openTimeMs, ...[open, high, low, close].map((price) => price * times), volume / times];
  });
  const series = seriesOf(rows);
  const splits = findSplits(series);
  expect(splits.map(({ shares, of }) => [shares, of])).toEqual([
    [2, 1],
    [5, 1],
  ]);
  const first = series.at(0)?.close ?? 0;
  expect(adjustForSplits(series, splits, DAY).at(0)?.close).toBeCloseTo(first / 10, 9);
});
