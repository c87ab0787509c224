import { describe, expect, test } from 'vitest';
import { type Candle, candleFault, isTimeframe } from './candle.ts';

const SOUND: Candle = {
  openTimeMs: 1_704_067_200_000,
  closeTimeMs: 1_704_067_259_999,
  open: 100,
  high: 101,
  low: 99,
  close: 100.5,
  volume: 0,
};

describe('candle fault', () => {
  test('a sound candle - none', () => {
    expect(candleFault(SOUND, '1m')).toBeNull();
  });

  test.each<[Partial<Candle>, string]>([
    [{ low: 0 }, 'low must be positive and below 1e20, was 0'],
    [{ high: 1e20 }, 'high must be positive and below 1e20, was 100000000000000000000'],
    [{ open: Number.NaN }, 'open must be in 99 … 101, was NaN'],
    [{ close: 101.5 }, 'close must be in 99 … 101, was 101.5'],
    [{ high: 98 }, 'open must be in 99 … 98, was 100'],
    [{ volume: Number.POSITIVE_INFINITY }, 'volume must be 0 … 1e20, was Infinity'],
    [{ openTimeMs: 1_704_067_200_001 }, 'openTimeMs must be a multiple of 60000 (1m)'],
    [{ openTimeMs: Number.NaN }, 'openTimeMs must be a multiple of 60000 (1m), was NaN'],
    [{ closeTimeMs: 1_704_067_260_000 }, 'closeTimeMs must be 1704067259999 (1m)'],
  ])('%o - told', (change, text) => {
    expect(candleFault({ ...SOUND, ...change }, '1m')).toContain(text);
  });

  test('timeframe names - only the known ones, and nothing inherited', () => {
    expect(['1m', '1d', '7m', 'toString', ''].map(isTimeframe)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
