import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TIMEFRAMES, type Timeframe } from '../market/candle.ts';
import { CandleSeries } from '../market/candle-series.ts';
import { closesOf } from './series.ts';

const START_MS = Date.UTC(2024, 0, 1);

interface Named {
  readonly name: string;
  readonly candles: CandleSeries;
}

/** Candles that open at these multiples of the timeframe, at the price of their number. */
function series(name: string, timeframe: Timeframe, places: readonly number[]): Named {
  const lengthMs = TIMEFRAMES[timeframe];
  const numbers = places.flatMap((place) => {
    const price = place + 1;
    return [START_MS + place * lengthMs, price, price, price, price, 0];
  });
  return { name, candles: new CandleSeries(lengthMs, Float64Array.from(numbers)) };
}

function told(all: readonly Named[]) {
  return [...closesOf(all)].map(({ closeTimeMs, entries }) => [
    (closeTimeMs + 1 - START_MS) / 60_000,
    ...entries.map((one) => `${one.series.name} ${one.index} ${one.candle.open}>${one.nextOpen}`),
  ]);
}

/** The same by looking at every series for each close: slow, and plainly right. */
function plainly(all: readonly Named[]) {
  const times = all.flatMap(({ candles }) => [...candles].map((candle) => candle.closeTimeMs));
  return [...new Set(times)]
    .sort((a, b) => a - b)
    .map((timeMs) => [
      (timeMs + 1 - START_MS) / 60_000,
      ...all.flatMap(({ name, candles }) => {
        const listed = [...candles];
        const at = listed.findIndex((candle) => candle.closeTimeMs === timeMs);
        const next = listed[at + 1]?.open ?? null;
        return at < 0 ? [] : [`${name} ${at} ${listed[at]?.open}>${next}`];
      }),
    ]);
}

describe('several series on one clock', () => {
  const btc = series('BTC 1m', '1m', [0, 1, 4]);
  const slow = series('BTC 5m', '5m', [0]);
  const eth = series('ETH 1m', '1m', [1, 2]);

  test('several series - every close once, in order, candles in the order given', () => {
    expect(told([btc, slow, eth])).toEqual([
      [1, 'BTC 1m 0 1>2'],
      [2, 'BTC 1m 1 2>5', 'ETH 1m 0 2>3'],
      [3, 'ETH 1m 1 3>null'],
      [5, 'BTC 1m 2 5>null', 'BTC 5m 0 1>null'],
    ]);
  });

  test('no series, empty series - no closes', () => {
    expect(told([])).toEqual([]);
    expect(told([series('none', '1m', [])])).toEqual([]);
  });

  test('any holes, sessions and timeframes - what looking at all of them would give', () => {
    const places = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 25 });
    const any = fc.tuple(fc.constantFrom('1m', '3m', '5m'), places);
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), (drawn) => {
        const all = drawn.map(([timeframe, opens], at) =>
          series(
            `${at}`,
            timeframe as Timeframe,
            [...opens].sort((a, b) => a - b),
          ),
        );
        expect(told(all)).toEqual(plainly(all));
      }),
    );
  });
});
