import { describe, expect, test } from 'vitest';
import { FeatureEngine } from '../features/engine.ts';
import { REGIMES } from '../features/reading.ts';
import type { Candle } from '../market/candle.ts';
import { DEFAULT_BARRIERS, isSettled, openCall, step } from './outcome.ts';
import { candlesOf, marketOf, START_MS } from './run.fixture.ts';
import { type MarketSurvey, regimesOfReturns, surveyMarket } from './survey.ts';

// Failure here looks like: a regime or an outcome that knows the candles after it.

const TERMS = { ...DEFAULT_BARRIERS, roundTripCost: 0.002 };
const CANDLES = candlesOf('survey', 1_500);

function readings(candles: readonly Candle[]) {
  const engine = new FeatureEngine({ timeframe: '5m' });
  return candles.map((candle) => engine.push(candle));
}

function survey(candles: readonly Candle[], asked: Iterable<number> = []): MarketSurvey {
  return surveyMarket(marketOf('BTC/USDT', candles), new Set(asked), TERMS);
}

describe('survey of a market', () => {
  test('every close asked about - its regime and what came of it, as the parts have it', () => {
    const all = readings(CANDLES);
    const { motions } = survey(
      CANDLES,
      CANDLES.map(({ closeTimeMs }) => closeTimeMs),
    );
    expect(motions.size).toBe(CANDLES.length);
    let settled = 0;
    for (const [at, candle] of CANDLES.entries()) {
      const facts = motions.get(candle.closeTimeMs);
      expect(facts?.regime).toBe(all[at]?.regime);
      const atr = all[at]?.indicators.atr14 ?? null;
      let state = atr === null ? null : openCall(candle.closeTimeMs, atr);
      for (const later of CANDLES.slice(at + 1, at + 1 + TERMS.horizonCandles)) {
        if (state === null) break;
        const next = step(state, later, TERMS);
        if (isSettled(next)) {
          expect(next).toMatchObject({ ...facts?.outcome });
          settled += 1;
          state = null;
        } else state = next;
      }
    }
    const outcomes = [...motions.values()].filter(({ outcome }) => outcome !== null);
    expect(outcomes).toHaveLength(settled);
    expect(settled).toBeGreaterThan(1_400);
  });

  test('a changed future - changes nothing that was settled before it', () => {
    const cut = 700;
    const asked = CANDLES.map(({ closeTimeMs }) => closeTimeMs);
    const other = [
      ...CANDLES.slice(0, cut),
      ...candlesOf('another future', 1_500)
        .slice(cut)
        .map((candle) => ({ ...candle })),
    ];
    const [one, two] = [survey(CANDLES, asked).motions, survey(other, asked).motions];
    const cutMs = CANDLES[cut]?.openTimeMs as number;
    let compared = 0;
    for (const [closeTimeMs, { regime, outcome }] of one) {
      if (closeTimeMs < cutMs) expect(two.get(closeTimeMs)?.regime).toBe(regime);
      if (outcome === null || outcome.settledAtMs >= cutMs) continue;
      expect(two.get(closeTimeMs)?.outcome).toEqual(outcome);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(600);
  });

  test('no range yet, no time left - known to be unsettled; no close of it - left out', () => {
    const [first, last] = [CANDLES[3] as Candle, CANDLES.at(-1) as Candle];
    const { motions } = survey(CANDLES, [first.closeTimeMs, last.closeTimeMs, START_MS]);
    expect([...motions.keys()]).toEqual([first.closeTimeMs, last.closeTimeMs]);
    expect([...motions.values()].map(({ outcome }) => outcome)).toEqual([null, null]);
  });
});

describe('regimes of returns', () => {
  test('one market - the regime known at the close before; the first claims least', () => {
    const all = readings(CANDLES);
    const timeMs = CANDLES.map(({ closeTimeMs }) => closeTimeMs);
    const regimes = regimesOfReturns(timeMs, [survey(CANDLES)]);
    const expected = all.map((_, at) => (at === 0 ? 'choppy' : all[at - 1]?.regime));
    expect([...regimes].map((kind) => REGIMES[kind])).toEqual(expected);
    expect(new Set(regimes).size).toBeGreaterThan(2);
  });

  test('several markets - what most of them are in; a tie claims least', () => {
    const market = (symbol: string, ...changes: MarketSurvey['changes']): MarketSurvey => ({
      ...{ symbol, changes, motions: new Map() },
    });
    const regimes = regimesOfReturns(
      [10, 20, 30, 40, 50],
      [
        market('A', { closeTimeMs: 10, regime: 'calm' }),
        market('B', { closeTimeMs: 20, regime: 'trend_up' }, { closeTimeMs: 30, regime: 'calm' }),
        market('C', { closeTimeMs: 35, regime: 'turbulent' }),
        market('D', { closeTimeMs: 40, regime: 'turbulent' }, { closeTimeMs: 90, regime: 'calm' }),
      ],
    );
    const named = [...regimes].map((kind) => REGIMES[kind]);
    // After 10: calm. After 20: calm or trend_up. After 30: calm. After 40: two and two.
    expect(named).toEqual(['choppy', 'calm', 'choppy', 'calm', 'choppy']);
  });
});
