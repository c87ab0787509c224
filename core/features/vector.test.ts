import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashOf } from '../hash.ts';
import { FeatureEngine } from './engine.ts';
import { anyShapes, candlesOf } from './generated.fixture.ts';
import type { Indicators } from './reading.ts';
import {
  FEATURE_HASH,
  FEATURE_NAMES,
  FEATURE_VERSION,
  FEATURES,
  type FeatureName,
  featureVector,
} from './vector.ts';

const NONE = Object.fromEntries(
  Object.keys(
    new FeatureEngine({ timeframe: '5m' }).push(candlesOf([flat()])[0] as never).indicators,
  ).map((name) => [name, null]),
) as unknown as Indicators;

const INDICATORS: Indicators = {
  ...NONE,
  rsi14: 75,
  macdSignal: 3,
  bollingerUpper: 110,
  bollingerMiddle: 100,
  bollingerLower: 90,
  emaFast: 104,
  emaSlow: 102,
  sma20: 100,
  adx14: 40,
  atr14: 2,
  volumeRatio: 3,
  volatility20: 0.04,
  volatilityMean: 0.02,
};

function flat() {
  return { move: 0, above: 0, below: 0, volume: 0 };
}

/** Wednesday 7 August 2024, 18:00 UTC. */
const CLOSE_MS = Date.UTC(2024, 7, 7, 18) - 1;
const NEWS = { items: 3, newsSentiment: -0.5, socialSentiment: 0.25, marketCapChange: 0.03 };

function named(indicators: Indicators, news: typeof NEWS | null = NEWS) {
  const vector = featureVector({ indicators, close: 105, closeTimeMs: CLOSE_MS, news });
  expect(vector).toHaveLength(FEATURE_NAMES.length);
  return Object.fromEntries(FEATURE_NAMES.map((name, i) => [name, vector[i]])) as Record<
    FeatureName,
    number | null
  >;
}

describe('feature vector', () => {
  test('each name - stands where its formula is', () => {
    const expected: Record<FeatureName, number> = {
      rsi_14: 0.5,
      macd_signal: 1.5,
      bb_position: 0.75,
      ema_cross: 1,
      volume_sma_ratio: 3,
      price_sma_ratio: 0.05,
      news_sentiment: -0.5,
      social_sentiment: 0.25,
      market_cap_change: 0.03,
      hour_of_day: 0.75,
      day_of_week: 2 / 6,
      volatility_regime: 1,
      rsi_x_volatility: 0.5,
      macd_x_adx: 0.6,
      bb_x_volume: 0.75,
      news_x_price: -0.025,
    };
    const vector = named(INDICATORS);
    for (const name of FEATURE_NAMES) expect(vector[name], name).toBeCloseTo(expected[name], 12);
  });

  test('absent sources - null, never zero, and so is what is made of them', () => {
    const vector = named(NONE, null);
    const present = FEATURE_NAMES.filter((name) => vector[name] !== null);
    expect(present).toEqual(['hour_of_day', 'day_of_week']);
    expect(named(INDICATORS, null).news_x_price).toBeNull();
  });

  test('touching bands, no range, no volatility - null', () => {
    const still = { ...INDICATORS, bollingerLower: 100, bollingerUpper: 100, atr14: 0 };
    const vector = named({ ...still, volatility20: 0, volatilityMean: 0 });
    expect(vector.bb_position).toBeNull();
    expect(vector.macd_signal).toBeNull();
    expect(vector.ema_cross).toBeNull();
    expect(vector.volatility_regime).toBeNull();
  });

  test('any market - every feature stays in its stated range', () => {
    fc.assert(
      fc.property(anyShapes(fc), (shapes) => {
        const engine = new FeatureEngine({ timeframe: '5m' });
        for (const candle of candlesOf(shapes)) {
          engine.push(candle, NEWS).features.forEach((value, i) => {
            const { name, low, high } = FEATURES[i] as (typeof FEATURES)[number];
            if (value === null) return;
            expect(value >= low && value <= high, `${name} was ${value}`).toBe(true);
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  test('any market at 128 times the price - the same vector: features are scale-free', () => {
    fc.assert(
      fc.property(anyShapes(fc), (shapes) => {
        const vectors = [1, 128].map((price) => {
          const engine = new FeatureEngine({ timeframe: '5m' });
          return candlesOf(shapes, { price }).map((candle) => engine.push(candle).features);
        });
        // A power of two scales doubles without rounding, so equal means equal.
        expect(vectors[1]).toEqual(vectors[0]);
      }),
      { numRuns: 40 },
    );
  });

  test('the hash - of the version and the ordered names, pinned: a change is a new version', () => {
    expect(FEATURE_HASH).toBe(hashOf({ version: FEATURE_VERSION, names: FEATURE_NAMES }));
    expect([FEATURE_VERSION, FEATURE_HASH.slice(0, 16)]).toEqual([1, '84672ae2a04f970d']);
    expect(new Set(FEATURE_NAMES).size).toBe(16);
  });
});
