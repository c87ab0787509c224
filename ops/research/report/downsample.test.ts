/** What a chart leaves out when it shows much. Failure would look like: a crash of one candle that
 * the overview does not show, or a market that changes its shape while it is moved. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  barsBetween,
  type CandleColumns,
  drawdownOf,
  placeOf,
  pointsBetween,
  strideFor,
} from './page/downsample.ts';
import { grouped, momentText, placesFor, ticksOf, timeTicks } from './page/scale.ts';

function candles(closes: readonly number[]): CandleColumns {
  const column = (of: (close: number, at: number) => number) => Float64Array.from(closes, of);
  return {
    timeMs: column((_, at) => at * 60_000),
    open: column((close, at) => closes[at - 1] ?? close),
    high: column((close, at) => Math.max(close, closes[at - 1] ?? close)),
    low: column((close, at) => Math.min(close, closes[at - 1] ?? close)),
    close: column((close) => close),
  };
}

const PRICES = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 300 });

describe('bars of a long market', () => {
  test('never lose a high or a low, and end on the last close', () => {
    fc.assert(
      fc.property(PRICES, fc.integer({ min: 1, max: 50 }), (closes, most) => {
        const columns = candles(closes);
        const bars = barsBetween(columns, { from: 0, to: closes.length, most });
        expect(bars.length).toBeLessThanOrEqual(most);
        expect(Math.max(...bars.map((bar) => bar.high))).toBe(Math.max(...columns.high));
        expect(Math.min(...bars.map((bar) => bar.low))).toBe(Math.min(...columns.low));
        expect(bars.at(-1)?.close).toBe(closes.at(-1));
        expect(bars[0]?.open).toBe(columns.open[0]);
      }),
    );
  });

  test('moved by a little - the same bars where both show the same', () => {
    const columns = candles(Array.from({ length: 1_000 }, (_, at) => 100 + (at % 37)));
    const one = barsBetween(columns, { from: 100, to: 900, most: 100 });
    const other = barsBetween(columns, { from: 103, to: 903, most: 100 });
    expect(other.slice(0, 90)).toEqual(one.slice(0, 90));
  });

  test('few candles - each its own bar', () => {
    const bars = barsBetween(candles([5, 7, 6]), { from: 0, to: 3, most: 100 });
    expect(bars.map(({ from, to, close }) => [from, to, close])).toEqual([
      [0, 1, 5],
      [1, 2, 7],
      [2, 3, 6],
    ]);
  });

  test('nothing in sight - no bars', () => {
    expect(barsBetween(candles([1, 2]), { from: 2, to: 2, most: 10 })).toEqual([]);
    expect(strideFor(0, 10)).toBe(1);
  });
});

describe('points of a curve', () => {
  test('hold every extreme, in order, the last point always', () => {
    fc.assert(
      fc.property(PRICES, fc.integer({ min: 1, max: 40 }), (values, most) => {
        const points = pointsBetween(Float64Array.from(values), {
          from: 0,
          to: values.length,
          most,
        });
        const kept = points.map((point) => values[point] as number);
        expect(points).toEqual([...new Set(points)].sort((one, other) => one - other));
        expect(points.at(-1)).toBe(values.length - 1);
        expect(Math.max(...kept)).toBe(Math.max(...values));
        expect(Math.min(...kept)).toBe(Math.min(...values));
        expect(points.length).toBeLessThanOrEqual(3 * most + 1);
      }),
    );
  });
});

test('drawdown - the fall from the peak so far', () => {
  expect([...drawdownOf(Float64Array.of(100, 80, 120, 90))].map((fall) => fall.toFixed(2))).toEqual(
    ['0.00', '-0.20', '0.00', '-0.25'],
  );
});

test('the place of a time - the first not earlier', () => {
  const times = Float64Array.of(10, 20, 30);
  expect([5, 10, 11, 30, 31].map((time) => placeOf(times, time))).toEqual([0, 0, 1, 2, 3]);
});

describe('scales', () => {
  test('round numbers, inside the range', () => {
    expect(ticksOf(37_100, 57_000, 4)).toEqual([40_000, 45_000, 50_000, 55_000]);
    expect(ticksOf(1, 1, 4)).toEqual([]);
    expect(placesFor(0.05)).toBe(2);
    expect(placesFor(500)).toBe(0);
  });

  test('round times: hours within a day, months within years', () => {
    const texts = (from: string, to: string) =>
      timeTicks(Date.parse(from), Date.parse(to), 6).map(({ text }) => text);
    expect(texts('2024-05-01T06:00Z', '2024-05-01T19:00Z')).toEqual([
      '05-01 06:00',
      '09:00',
      '12:00',
      '15:00',
      '18:00',
    ]);
    expect(texts('2023-11-15T00:00Z', '2024-04-20T00:00Z')).toEqual([
      '2023-12',
      '2024-01',
      '2024-02',
      '2024-03',
      '2024-04',
    ]);
    expect(texts('2014-06-01T00:00Z', '2024-06-01T00:00Z')).toEqual([
      '2016',
      '2018',
      '2020',
      '2022',
      '2024',
    ]);
  });

  test('figures - grouped, with a true minus, no minus before zero', () => {
    expect(grouped(-1_234_567.891, 2)).toBe('−1,234,567.89');
    expect(grouped(-0.001, 2)).toBe('0.00');
    expect(grouped(999, 0)).toBe('999');
    expect(momentText(0)).toBe('1970-01-01 00:00');
  });
});
