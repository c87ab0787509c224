import { describe, expect, test } from 'vitest';
import { Desk } from '../backtest/desk.ts';
import { marketOf } from '../backtest/market.fixture.ts';
import type { MarketSeries } from '../backtest/series.ts';
import { FEATURE_NAMES, FEATURES } from '../features/vector.ts';
import { outcomeTerms } from '../judgement/outcome.ts';
import { CandleSeries } from '../market/candle-series.ts';
import { type TrainingMatrix, trainingMatrix } from './matrix.ts';

// Failure here looks like: a model that knows the future, or learns another market than it serves.

const LABEL = outcomeTerms({ takerFeeBps: 2, halfSpreadBps: 0.5 });
const CANDLES = 2_000;
const [OPEN, HIGH, LOW, CLOSE] = [1, 2, 3, 4] as const;

/** The series with its numbers changed, six to a candle. */
function changed(series: MarketSeries, change: (numbers: Float64Array) => void): MarketSeries {
  const numbers = series.candles.numbers.slice();
  change(numbers);
  return { ...series, candles: new CandleSeries(5 * 60_000, numbers) };
}

function rowsOf({ header, numbers }: TrainingMatrix): readonly (readonly number[])[] {
  const width = header.columns.length;
  return Array.from({ length: header.rows }, (_, row) => [
    ...numbers.subarray(row * width, (row + 1) * width),
  ]);
}

function closeOf(series: MarketSeries, index: number): number {
  return series.candles.at(index)?.closeTimeMs as number;
}

/** The largest distance of two rows' features, as a share of a feature's range. */
function furthestOf(one: readonly number[], other: readonly number[]): number {
  return FEATURES.reduce((most, { low, high }, place) => {
    const apart = Math.abs((one[place + 2] as number) - (other[place + 2] as number));
    return Number.isNaN(apart) ? most : Math.max(most, apart / (high - low));
  }, 0);
}

describe('a training matrix', () => {
  const market = marketOf('matrix', { candles: CANDLES });

  test('another future - changes no row that settled before it, no feature of any before', () => {
    const cut = 1_500;
    for (const factor of [0.5, 1.02, 3]) {
      const other = changed(market, (numbers) => {
        for (let at = cut * 6; at < numbers.length; at += 6) {
          for (const column of [OPEN, HIGH, LOW, CLOSE]) numbers[at + column]! *= factor;
        }
      });
      const [ours, theirs] = [market, other].map((one) => rowsOf(trainingMatrix([one], LABEL)));
      // The open after a candle tells whether its close was meant: one candle less than the cut.
      const settled = (rows: readonly (readonly number[])[] = []) =>
        rows.filter(([, settledAtMs]) => (settledAtMs as number) < closeOf(market, cut - 1));
      expect(settled(ours).length).toBeGreaterThan(1_400);
      expect(settled(theirs)).toEqual(settled(ours));
      const features = new Map(
        ours?.map((row) => [row[0], row.slice(2, 2 + FEATURE_NAMES.length)]),
      );
      const before = theirs?.filter(([close]) => (close as number) < closeOf(market, cut)) ?? [];
      expect(before.length).toBeGreaterThan(1_400);
      for (const row of before) {
        expect(row.slice(2, 2 + FEATURE_NAMES.length)).toEqual(features.get(row[0]));
      }
    }
  });

  test('features as they are served - equal to the columns, bit for bit', () => {
    const desk = new Desk('BTC/USDT', '5m');
    const rows = new Map(rowsOf(trainingMatrix([market], LABEL)).map((row) => [row[0], row]));
    let compared = 0;
    for (const candle of market.candles) {
      const served = desk.fold(candle).features.map((value) => value ?? Number.NaN);
      const row = rows.get(candle.closeTimeMs);
      if (row === undefined) continue;
      expect(row.slice(2, 2 + served.length)).toEqual(served);
      compared += 1;
    }
    expect(compared).toBe(rows.size);
    expect(compared).toBeGreaterThan(1_900);
  });

  test('several markets - in the order of closes, every label settled within its series', () => {
    const second = marketOf('matrix', { symbol: 'ETH/USDT', candles: CANDLES });
    const matrix = trainingMatrix([market, second], LABEL);
    const rows = rowsOf(matrix);
    expect(rows.length).toBeGreaterThan(3_800);
    const lastMs = closeOf(market, CANDLES - 1);
    rows.forEach((row, at) => {
      const [close, settled] = row as [number, number];
      expect(settled).toBeGreaterThan(close);
      expect(settled).toBeLessThanOrEqual(lastMs);
      if (at > 0) expect(close).toBeGreaterThanOrEqual(rows[at - 1]?.[0] as number);
    });
    expect(matrix.header.leftOut).toEqual({ prints: 0, rows: 0 });
  });

  test('a hole of five hours - no row until indicators are warm again, no number missing', () => {
    const holed = marketOf('hole', { candles: 1_000, open: (place) => place < 400 || place > 460 });
    const { header, numbers } = trainingMatrix([holed], LABEL);
    const known = FEATURE_NAMES.filter((name) => !/news|social|market_cap/.test(name));
    for (const name of known) {
      const column = header.columns.indexOf(name);
      for (let row = 0; row < header.rows; row += 1) {
        expect(Number.isFinite(numbers[row * header.columns.length + column])).toBe(true);
      }
    }
    const closes = new Set(rowsOf({ header, numbers }).map(([close]) => close));
    expect(closes.has(closeOf(holed, 380))).toBe(true);
    // Its first candles after the hole have no past.
    for (let index = 401; index < 440; index += 1) {
      expect(closes.has(closeOf(holed, index))).toBe(false);
    }
    expect(closes.has(closeOf(holed, 470))).toBe(true);
  });
});

describe('an absurd print', () => {
  const market = marketOf('print', { candles: CANDLES });
  const at = 900;
  const clean = rowsOf(trainingMatrix([market], LABEL));

  test.for([
    ['a wick to a third of the price', LOW, 1 / 3],
    ['a wick to three times the price', HIGH, 3],
    ['a close at three times the price', CLOSE, 3],
  ] as const)('%s - no row is left that it has touched', ([, column, factor]) => {
    const printed = changed(market, (numbers) => {
      numbers[at * 6 + column]! *= factor;
      if (column === CLOSE) numbers[at * 6 + HIGH] = numbers[at * 6 + CLOSE] as number;
    });
    const matrix = trainingMatrix([printed], LABEL);
    expect(matrix.header.leftOut.prints).toBeGreaterThanOrEqual(1);
    expect(matrix.header.leftOut.prints).toBeLessThanOrEqual(2);
    const rows = rowsOf(matrix);
    const printMs = closeOf(market, at);
    const kept = new Map(rows.map((row) => [row[0], row]));
    for (const [close, settled] of rows as [number, number][]) {
      expect(close < printMs ? settled : Number.NEGATIVE_INFINITY).toBeLessThan(printMs);
      if (close >= printMs) expect(close).toBeGreaterThanOrEqual(closeOf(market, at + 600));
    }
    // Before it every row is as without it.
    let [before, after, furthest] = [0, 0, 0];
    for (const row of clean) {
      const [close, settled] = row as [number, number];
      const own = kept.get(close);
      if (settled < printMs) {
        expect(own).toEqual(row);
        before += 1;
      } else if (own !== undefined) {
        furthest = Math.max(furthest, furthestOf(own, row));
        after += 1;
      }
    }
    expect(before).toBeGreaterThan(800);
    expect(after).toBeGreaterThan(400);
    // Served features see the print too; what they still remember of it is next to nothing.
    expect(furthest).toBeLessThan(0.02);
    expect(matrix.header.leftOut.rows).toBeGreaterThanOrEqual(600);
  });

  test('a print, then an outage after which everything starts again - rows come back', () => {
    const [from, to] = [920, 990];
    const holed = marketOf('print', {
      candles: CANDLES,
      open: (place) => place < from || place >= to,
    });
    const printed = changed(holed, (numbers) => {
      numbers[at * 6 + LOW]! /= 3;
    });
    const closes = rowsOf(trainingMatrix([printed], LABEL)).map(([close]) => close as number);
    const back = closes.find((close) => close >= closeOf(printed, at)) as number;
    expect(back).toBeGreaterThanOrEqual(closeOf(printed, from + 40));
    expect(back).toBeLessThan(closeOf(printed, from + 60));
  });
});
