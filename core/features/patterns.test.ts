import { bearishengulfingpattern, bullishengulfingpattern } from 'technicalindicators';
import { describe, expect, test } from 'vitest';
import type { Candle } from '../market/candle.ts';
import { CandleWindow } from '../market/window.ts';
import { candlesOf, FIRST_MS, walk } from './generated.fixture.ts';
import { PATTERN_CANDLES, patternsAt } from './patterns.ts';

type Bar = readonly [open: number, high: number, low: number, close: number];

function found(bars: readonly Bar[]) {
  const window = new CandleWindow(PATTERN_CANDLES);
  bars.forEach(([open, high, low, close], i) => {
    const openTimeMs = FIRST_MS + i * 60_000;
    window.push({
      openTimeMs,
      closeTimeMs: openTimeMs + 59_999,
      open,
      high,
      low,
      close,
      volume: 1,
    });
  });
  return patternsAt(window);
}

const FALL: readonly Bar[] = [110, 108, 106, 104, 102, 100].map(
  (close): Bar => [close + 2, close + 2.1, close - 0.1, close],
);
const RISE: readonly Bar[] = [100, 102, 104, 106, 108, 110].map(
  (close): Bar => [close - 2, close + 0.1, close - 2.1, close],
);

describe('candlestick patterns', () => {
  test('bullish engulfing - a rising body covers the falling one before it', () => {
    expect(
      found([
        [101, 101.2, 99.8, 100],
        [99.9, 102.1, 99.8, 102],
      ]),
    ).toEqual(['bullish_engulfing']);
    expect(
      found([
        [101, 101.2, 99.8, 100],
        [100.1, 102.1, 100, 102],
      ]),
    ).toEqual([]);
  });

  test('bearish engulfing - a falling body covers the rising one before it', () => {
    expect(
      found([
        [100, 101.2, 99.8, 101],
        [101, 101.2, 98.8, 99],
      ]),
    ).toEqual(['bearish_engulfing']);
  });

  test('engulfing - never missed where the package sees it', () => {
    let seen = 0;
    const candles = candlesOf(walk(77, 3_000)).map((candle, i) => ({
      ...candle,
      open: i % 2 === 0 ? candle.open : candle.open * (1 + ((i % 7) - 3) * 0.001),
    }));
    candles.forEach((second, i) => {
      const first = candles[i - 1];
      if (first === undefined) return;
      const pair = [first, second].map(widened);
      const input = {
        open: pair.map(({ open }) => open),
        high: pair.map(({ high }) => high),
        low: pair.map(({ low }) => low),
        close: pair.map(({ close }) => close),
      };
      const ours = found(pair.map(({ open, high, low, close }): Bar => [open, high, low, close]));
      for (const [name, theirs] of [
        ['bullish_engulfing', bullishengulfingpattern(input)],
        ['bearish_engulfing', bearishengulfingpattern(input)],
      ] as const) {
        if (!theirs) continue;
        seen += 1;
        expect(ours).toContain(name);
      }
    });
    expect(seen).toBeGreaterThan(100);
  });

  test('hammer - a long tail below after a fall, and only after a fall', () => {
    const hammer: Bar = [100, 100.6, 97, 100.5];
    expect(found([...FALL, hammer])).toEqual(['hammer']);
    expect(found([...RISE, hammer])).toEqual([]);
    expect(found([hammer])).toEqual([]);
  });

  test('shooting star - a long tail above after a rise', () => {
    expect(found([...RISE, [110, 113.5, 109.4, 109.5]])).toEqual(['shooting_star']);
    expect(found([...FALL, [110, 113.5, 109.4, 109.5]])).toEqual([]);
  });

  test('doji - a body of at most a tenth of the range; a candle without range is none', () => {
    expect(found([[100, 101, 99, 100.1]])).toEqual(['doji']);
    expect(found([[100, 101, 99, 100.3]])).toEqual([]);
    expect(found([[100, 100, 100, 100]])).toEqual([]);
  });

  test('morning star - long fall, small body at its close, close back above its middle', () => {
    const fall: Bar = [110, 110.2, 99.8, 100];
    const star: Bar = [100, 100.9, 99.4, 100.4];
    expect(found([fall, star, [100.5, 107.2, 100.4, 107]])).toEqual(['morning_star']);
    expect(found([fall, star, [100.5, 104.2, 100.4, 104]])).toEqual([]);
    expect(found([fall, [107, 107.9, 106.4, 107.4], [107.4, 109.2, 107.3, 109]])).toEqual([]);
  });

  test('evening star - the mirror image', () => {
    const rise: Bar = [100, 110.2, 99.8, 110];
    const star: Bar = [110, 110.9, 109.4, 110.4];
    expect(found([rise, star, [110, 110.1, 102.9, 103]])).toEqual(['evening_star']);
    expect(found([rise, star, [110, 110.1, 105.9, 106]])).toEqual([]);
  });

  test('no candles - no patterns', () => {
    expect(found([])).toEqual([]);
  });
});

/** The open was moved: wicks follow. */
function widened(candle: Candle): Candle {
  const high = Math.max(candle.high, candle.open);
  return { ...candle, high, low: Math.min(candle.low, candle.open) };
}
