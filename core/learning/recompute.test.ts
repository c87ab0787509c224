import { describe, expect, test } from 'vitest';
import { FeatureEngine } from '../features/engine.ts';
import { TIMEFRAMES } from '../market/candle.ts';
import { type CandleSeries, RowStore } from '../market/candle-series.ts';
import { SIMULATED_SYMBOLS, simulatedCloses } from '../market/simulated.ts';
import { recomputeFeatures } from './recompute.ts';

/** If these fail, a model's answers in service are compared with answers to other rows. */

const timeframe = '5m';

function series(count: number): CandleSeries {
  const symbols = SIMULATED_SYMBOLS.slice(0, 1);
  const store = new RowStore();
  const startMs = Date.UTC(2024, 0, 1);
  for (const [first] of simulatedCloses({ seed: 3, timeframe, startMs, symbols })) {
    if (first !== undefined) store.push(first.candle);
    if (store.length === count) break;
  }
  const all = Uint32Array.from({ length: count }, (_, at) => at);
  return store.series(all, TIMEFRAMES[timeframe]);
}

const candles = series(400);

/** What somebody who began at candle `from` had computed at candle `at`. */
function live(from: number, at: number) {
  const engine = new FeatureEngine({ timeframe });
  let reading = engine.push(candles.at(from) ?? never());
  for (let next = from + 1; next <= at; next += 1) {
    reading = engine.push(candles.at(next) ?? never());
  }
  const closeTimeMs = candles.at(at)?.closeTimeMs ?? 0;
  const ask = { eventId: `${from}-${at}`, closeTimeMs, candlesSeen: at - from + 1, news: null };
  return { ask, features: reading.features };
}

function never(): never {
  throw new Error('the series must be longer');
}

describe('recomputed features', () => {
  test('equal to the bit, wherever whoever put the question had begun', () => {
    const known = [live(0, 100), live(0, 399), live(150, 300), live(151, 300)];
    const features = recomputeFeatures(
      known.map(({ ask }) => ask),
      { timeframe, candles },
    );
    for (const { ask, features: expected } of known) {
      expect(features.get(ask.eventId)).toStrictEqual(expected);
    }
    // Two that began one candle apart had not computed the same.
    expect(features.get('150-300')).not.toEqual(features.get('151-300'));
  });

  test('left out - where candles are missing', () => {
    const { ask } = live(0, 100);
    const asks = [
      { ...ask, eventId: 'seen more than is there', candlesSeen: 102 },
      { ...ask, eventId: 'not on record', closeTimeMs: 1 },
    ];
    expect(recomputeFeatures(asks, { timeframe, candles }).size).toBe(0);
  });

  test('the future of a close changes nothing', () => {
    const { ask, features } = live(0, 200);
    const cut = candles.between(0, ask.closeTimeMs + 1);
    expect(recomputeFeatures([ask], { timeframe, candles: cut }).get(ask.eventId)).toEqual(
      features,
    );
  });
});
