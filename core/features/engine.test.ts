import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../canonical.ts';
import type { Candle } from '../market/candle.ts';
import { FeatureEngine, READING_PARTS, WARM_UP_CANDLES } from './engine.ts';
import { anyShapes, candlesOf, FIRST_MS, type Shape, walk } from './generated.fixture.ts';
import { startsAgain } from './hole.ts';
import type { Reading } from './reading.ts';

const STILL: Shape = { move: 0.001, above: 0.001, below: 0.001, volume: 1 };

function readings(candles: readonly Candle[]): Reading[] {
  const engine = new FeatureEngine({ timeframe: '5m' });
  return candles.map((candle) => engine.push(candle));
}

describe('feature engine', () => {
  test('any market - the same candles give the same readings, and all of them are JSON', () => {
    fc.assert(
      fc.property(anyShapes(fc), (shapes) => {
        const candles = candlesOf(shapes);
        const first = readings(candles).map(canonicalJson);
        expect(readings(candles).map(canonicalJson)).toEqual(first);
      }),
      { numRuns: 60 },
    );
  });

  test('any market - a future candle never changes an earlier reading', () => {
    fc.assert(
      fc.property(anyShapes(fc), fc.nat(), (shapes, cut) => {
        const candles = candlesOf(shapes);
        const whole = readings(candles);
        const told = whole.map(canonicalJson);
        const early = readings(candles.slice(0, (cut % candles.length) + 1));
        expect(early.map(canonicalJson)).toEqual(told.slice(0, early.length));
        expect(whole.map(canonicalJson)).toEqual(told);
      }),
      { numRuns: 60 },
    );
  });

  test('any market - bounded indicators stay in their ranges', () => {
    fc.assert(
      fc.property(anyShapes(fc), (shapes) => {
        for (const { indicators } of readings(candlesOf(shapes))) {
          const { rsi14, stochasticK, stochasticD, williamsR, adx14, plusDi14 } = indicators;
          for (const value of [rsi14, stochasticK, stochasticD, adx14, plusDi14]) {
            if (value !== null) expect(value).toSatisfy((v: number) => v > -1e-9 && v < 100 + 1e-9);
          }
          if (williamsR !== null)
            expect(williamsR).toSatisfy((v: number) => v <= 0 && v >= -100 - 1e-9);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('any parts of any market - what is named is as in a whole reading', () => {
    const someParts = fc.subarray([...READING_PARTS]);
    fc.assert(
      fc.property(anyShapes(fc), someParts, (shapes, parts) => {
        const candles = candlesOf(shapes);
        const engine = new FeatureEngine({ timeframe: '5m', parts });
        const named = (reading: Reading) => {
          const { indicators, candlesSeen, warm } = reading;
          const all: Record<string, unknown> = { ...indicators, ...reading };
          return [candlesSeen, warm, parts.map((part) => all[part])];
        };
        const told = candles.map((candle) => canonicalJson(named(engine.push(candle))));
        expect(told).toEqual(readings(candles).map((reading) => canonicalJson(named(reading))));
      }),
      { numRuns: 60 },
    );
  });

  test('parts that nobody asked for - not made', () => {
    const engine = new FeatureEngine({ timeframe: '5m', parts: ['sma20'] });
    const all = candlesOf(walk(3, 60)).map((candle) => engine.push(candle));
    const last = all.at(-1);
    expect(Object.entries(last?.indicators ?? {}).filter(([, value]) => value !== null)).toEqual([
      ['sma20', expect.any(Number)],
    ]);
    expect(last).toMatchObject({ patterns: [], features: [], regime: 'choppy', warm: true });
  });

  test('the first candle - seen, not warm, and a vector of full length', () => {
    const [reading] = readings(candlesOf([STILL]));
    expect(reading).toMatchObject({ candlesSeen: 1, warm: false, regime: 'choppy', patterns: [] });
    expect(reading?.features).toHaveLength(16);
  });

  test('warm - from the candle on that fills the longest warm-up', () => {
    const all = readings(candlesOf(walk(1, 60)));
    expect(all.findIndex(({ warm }) => warm)).toBe(WARM_UP_CANDLES - 1);
    expect(WARM_UP_CANDLES).toBe(50);
  });

  test('news - passed into the vector of that candle only', () => {
    const engine = new FeatureEngine({ timeframe: '5m' });
    const [first, second] = candlesOf([STILL, STILL]);
    const news = { items: 2, newsSentiment: 0.5, socialSentiment: null, marketCapChange: -0.02 };
    expect(engine.push(first as Candle, news).features.slice(6, 9)).toEqual([0.5, null, -0.02]);
    expect(engine.push(second as Candle).features.slice(6, 9)).toEqual([null, null, null]);
  });

  test.each<[string, Partial<Candle>]>([
    ['low must be positive', { low: -3 }],
    ['low must be positive', { low: Number.NaN }],
    ['high must be positive and below 1e20, was Infinity', { high: Number.POSITIVE_INFINITY }],
    ['close must be in', { close: 1e6 }],
    ['volume must be', { volume: -1 }],
    ['openTimeMs must be a multiple of 300000', { openTimeMs: FIRST_MS + 7 }],
    ['closeTimeMs must be', { closeTimeMs: FIRST_MS }],
    ['openTimeMs must be after', { openTimeMs: FIRST_MS, closeTimeMs: FIRST_MS + 299_999 }],
  ])('an unsound candle (%s) - refused, and the state is as before', (text, change) => {
    const candles = candlesOf(walk(4, 40));
    const engine = new FeatureEngine({ timeframe: '5m' });
    for (const candle of candles.slice(0, 39)) engine.push(candle);
    const last = candles[39] as Candle;
    expect(() => engine.push({ ...last, ...change })).toThrow(text);
    expect(engine.push(last)).toEqual(readings(candles)[39]);
  });
});

describe('feature engine holes', () => {
  const around = (absent: number, startMs: number): [Candle, Candle] => {
    const [first, second] = candlesOf([STILL, { ...STILL, absent }]) as [Candle, Candle];
    const shift = startMs - first.openTimeMs;
    const moved = (candle: Candle): Candle => ({
      ...candle,
      openTimeMs: candle.openTimeMs + shift,
      closeTimeMs: candle.closeTimeMs + shift,
    });
    return [moved(first), moved(second)];
  };
  const noon = Date.UTC(2024, 0, 2, 12);
  const evening = Date.UTC(2024, 0, 2, 21);

  test.each([
    ['12 missing in mid-day: carries on', 12, noon, false],
    ['13 missing in mid-day: starts again', 13, noon, true],
    ['a night: carries on', 200, evening, false],
    ['a long weekend: carries on', (4 * 24 * 60) / 5, evening, false],
    ['six days: starts again', (6 * 24 * 60) / 5, evening, true],
  ])('%s', (_, absent, startMs, again) => {
    const [last, next] = around(absent, startMs);
    expect(startsAgain(last, next, '5m')).toBe(again);
  });

  test('after an outage - the same readings as an engine that never saw what was before', () => {
    const before = walk(8, 90);
    const after = walk(9, 90);
    const [first, ...rest] = after as [Shape, ...Shape[]];
    const candles = candlesOf([...before, { ...first, absent: 60 }, ...rest]);
    const resumed = readings(candles).slice(90);
    expect(resumed).toEqual(readings(candles.slice(90)));
    expect(resumed[0]?.candlesSeen).toBe(1);
  });

  test('a short hole - the run goes on', () => {
    const candles = candlesOf([...walk(8, 60), { ...STILL, absent: 3 }]);
    expect(readings(candles).at(-1)).toMatchObject({ candlesSeen: 61, warm: true });
  });
});
