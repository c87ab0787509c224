import { describe, expect, test } from 'vitest';
import type { Candle } from './candle.ts';
import { estimateLiquidity } from './liquidity.ts';

function candle(high: number, low: number, close: number): Candle {
  return { openTimeMs: 0, closeTimeMs: 299_999, open: close, high, low, close, volume: 10 };
}

function ofVolume(volume: number): Candle {
  return { ...candle(100, 100, 100), volume };
}

describe('estimateLiquidity', () => {
  test('two candles - by the formula of the paper, worked by hand', () => {
    // η = (ln high + ln low) / 2: ln 100 for both; c = ln 101; s = 2 |c − η| = 2 ln 1.01.
    const { spreadBps } = estimateLiquidity([candle(102, 10_000 / 102, 101), candle(125, 80, 100)]);
    expect(spreadBps).toBeCloseTo(2 * Math.log(1.01) * 10_000, 1);
  });

  test('a close between two mid-ranges - a negative square counts as no spread', () => {
    const { spreadBps } = estimateLiquidity([candle(100, 100, 101), candle(102, 102, 102)]);
    expect(spreadBps).toBe(0);
  });

  test('a flat market - no spread, and a figure all the same', () => {
    const flat = Array.from({ length: 20 }, () => candle(100, 100, 100));
    expect(estimateLiquidity(flat)).toEqual({ spreadBps: 0, meanQuoteVolume: 1_000 });
  });

  test('several pairs - the mean of their spreads', () => {
    const wide = candle(102, 10_000 / 102, 101);
    const calm = candle(125, 80, 100);
    const one = estimateLiquidity([wide, calm]).spreadBps;
    expect(estimateLiquidity([wide, calm, calm]).spreadBps).toBeCloseTo(one / 2, 1);
  });

  test('volume - mean of volume times close', () => {
    const candles = [ofVolume(1), ofVolume(3)];
    expect(estimateLiquidity(candles).meanQuoteVolume).toBe(200);
  });

  test.each([
    ['none', []],
    ['one', [{ ...candle(100, 90, 95), volume: 0 }]],
  ])('%s - zero, never NaN', (_name, candles) => {
    expect(estimateLiquidity(candles)).toEqual({ spreadBps: 0, meanQuoteVolume: 0 });
  });
});
