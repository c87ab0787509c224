import { describe, expect, test } from 'vitest';
import type { Candle } from './candle.ts';
import { CandleWindow } from './window.ts';

function candle(minute: number): Candle {
  const openTimeMs = minute * 60_000;
  const price = { open: 1, high: 1, low: 1, close: 1, volume: 0 };
  return { openTimeMs, closeTimeMs: openTimeMs + 59_999, ...price };
}

describe('candle window', () => {
  test('more candles than it holds - the newest stay, oldest first', () => {
    const window = new CandleWindow(3);
    for (let minute = 0; minute < 5; minute += 1) window.push(candle(minute));
    expect(window.candles()).toEqual([candle(2), candle(3), candle(4)]);
    expect(window.newest).toEqual(candle(4));
    expect(window.at(2)).toEqual(candle(2));
    expect(window.at(3)).toBeNull();
  });

  test('time going backward or standing - refused, nothing changed', () => {
    const window = new CandleWindow(3);
    window.push(candle(5));
    expect(() => window.push(candle(5))).toThrow('openTimeMs must be after 300000, was 300000');
    expect(() => window.push(candle(4))).toThrow('was 240000');
    expect(window.candles()).toEqual([candle(5)]);
  });

  test('cleared - empty, and takes an earlier candle', () => {
    const window = new CandleWindow(2);
    window.push(candle(5));
    window.clear();
    expect([window.length, window.newest]).toEqual([0, null]);
    window.push(candle(1));
    expect(window.candles()).toEqual([candle(1)]);
  });

  test('a capacity that is none - refused', () => {
    expect(() => new CandleWindow(0)).toThrow('positive integer, was 0');
  });
});
