import { describe, expect, test } from 'vitest';
import { TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import { CandleSeries } from '../../core/market/candle-series.ts';
import { mergeTapes } from './merge.ts';
import type { Tape } from './tape.ts';

const START_MS = Date.UTC(2024, 0, 1);

/** A tape whose candles open at these multiples of its timeframe, at the price of their number. */
function tape(symbol: string, timeframe: Timeframe, places: readonly number[]): Tape {
  const lengthMs = TIMEFRAMES[timeframe];
  const numbers = places.flatMap((place) => {
    const price = place + 1;
    return [START_MS + place * lengthMs, price, price, price, price, 0];
  });
  const none = { count: 0, listed: [] };
  const [base, quote] = symbol.split('/') as [string, string];
  return {
    path: `${symbol} ${timeframe}`,
    venue: null,
    symbol,
    base,
    quote,
    timeframe,
    candles: new CandleSeries(lengthMs, Float64Array.from(numbers)),
    report: {
      rows: places.length,
      candles: places.length,
      firstMs: START_MS,
      lastMs: START_MS,
      holes: { count: 0, missing: 0, largest: [] },
      repeats: none,
      outOfOrder: none,
      absurd: none,
      rounded: 0,
    },
  };
}

function told(tapes: readonly Tape[]) {
  return [...mergeTapes(tapes)].map(({ closeTimeMs, entries }) => [
    (closeTimeMs + 1 - START_MS) / 60_000,
    ...entries.map((entry) => `${entry.tape.path} ${entry.candle.open}>${entry.nextOpen}`),
  ]);
}

describe('merged tapes', () => {
  const btc = tape('BTC/USDT', '1m', [0, 1, 4]);
  const eth = tape('ETH/USDT', '1m', [1, 2]);
  const slow = tape('BTC/USDT', '5m', [0]);

  test('several tapes - every close once, in order, by symbol then timeframe', () => {
    expect(told([eth, slow, btc])).toEqual([
      [1, 'BTC/USDT 1m 1>2'],
      [2, 'BTC/USDT 1m 2>5', 'ETH/USDT 1m 2>3'],
      [3, 'ETH/USDT 1m 3>null'],
      [5, 'BTC/USDT 1m 5>null', 'BTC/USDT 5m 1>null'],
    ]);
  });

  test('the tapes in any order - the same closes', () => {
    expect(told([btc, eth, slow])).toEqual(told([slow, eth, btc]));
  });

  test('the same symbol and timeframe twice - refused before the first close', () => {
    const closes = mergeTapes([btc, eth, tape('BTC/USDT', '1m', [9])]);
    expect(() => closes.next()).toThrow('two tapes are of the same symbol and timeframe');
  });

  test('no tapes - no closes', () => {
    expect(told([])).toEqual([]);
  });
});
