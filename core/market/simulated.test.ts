import { describe, expect, test } from 'vitest';
import { candleFault } from './candle.ts';
import {
  SIMULATED_SYMBOLS,
  type SimulatedCandle,
  type SimulatedMarket,
  simulatedCloses,
} from './simulated.ts';

const START_MS = Date.UTC(2030, 0, 1);
const FIVE_MINUTES_MS = 300_000;

function closes(count: number, seed = 7): (readonly SimulatedCandle[])[] {
  const market: SimulatedMarket = {
    seed,
    timeframe: '5m',
    startMs: START_MS,
    symbols: SIMULATED_SYMBOLS,
  };
  const source = simulatedCloses(market);
  return Array.from({ length: count }, () => source.next().value as readonly SimulatedCandle[]);
}

function moves(count: number, at: number): number[] {
  return closes(count).map((close) => {
    const { candle } = close[at] as SimulatedCandle;
    return candle.close / candle.open - 1;
  });
}

const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);
const deviation = (values: readonly number[]): number =>
  Math.sqrt(sum(values.map((value) => value * value)) / values.length);

describe('simulated market', () => {
  test('candles - every one is sound, in step and without a hole', () => {
    let opensMs = START_MS;
    let before: readonly SimulatedCandle[] | null = null;
    for (const close of closes(20_000)) {
      expect(close.map(({ symbol }) => symbol)).toEqual(['SIMA/USDT', 'SIMB/USDT', 'SIMC/USDT']);
      for (const [at, { candle }] of close.entries()) {
        if (candleFault(candle, '5m') !== null || candle.openTimeMs !== opensMs) {
          expect(candle).toBe('sound and in step');
        }
        if (before !== null) expect(candle.open).toBe(before[at]?.candle.close);
      }
      before = close;
      opensMs += FIVE_MINUTES_MS;
    }
  });

  test('seed - the same one gives the same market, another one another', () => {
    expect(closes(500)).toEqual(closes(500));
    expect(closes(500, 8)).not.toEqual(closes(500));
  });

  test('names - each says that nothing of it was ever traded', () => {
    expect(SIMULATED_SYMBOLS.every(({ symbol }) => /^SIM[A-Z]\/USDT$/.test(symbol))).toBe(true);
  });

  test('prices - stay in sight of where they started, for years', () => {
    for (const [at, { price }] of SIMULATED_SYMBOLS.entries()) {
      const all = closes(100_000).map((close) => (close[at] as SimulatedCandle).candle.close);
      expect(all.reduce((most, one) => Math.max(most, one), 0)).toBeLessThan(price * 5);
      expect(all.reduce((least, one) => Math.min(least, one), price)).toBeGreaterThan(price / 5);
    }
  });

  test('character - jumps, clusters of storms, and symbols that move together', () => {
    const [one, other] = [moves(20_000, 0), moves(20_000, 1)];
    const usual = deviation(one);
    expect(one.filter((move) => Math.abs(move) > 6 * usual).length).toBeGreaterThan(5);
    const calmest = [...Array(200).keys()].map((at) =>
      deviation(one.slice(at * 100, at * 100 + 100)),
    );
    expect(Math.max(...calmest) / Math.min(...calmest)).toBeGreaterThan(3);
    const together = sum(one.map((move, at) => move * (other[at] as number))) / one.length;
    expect(together / (usual * deviation(other))).toBeGreaterThan(0.2);
  });

  test('start - a time off the timeframe is refused', () => {
    const market = { seed: 1, timeframe: '5m', symbols: SIMULATED_SYMBOLS } as const;
    expect(() => simulatedCloses({ ...market, startMs: 1 }).next()).toThrow('multiple of 300000');
  });
});
