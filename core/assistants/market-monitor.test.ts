import { describe, expect, test } from 'vitest';
import type { Indicators, Reading } from '../features/reading.ts';
import { anomaly, REFRACTORY, type TriggerContext, trigger } from './market-monitor.ts';
import { ABSENT, readingOf } from './snapshot.fixture.ts';

const context = (change: Partial<TriggerContext> = {}): TriggerContext => ({
  candlesSinceMotion: 8,
  close: 100,
  entryPrice: null,
  ...change,
});
const put = (
  indicators: Partial<Indicators>,
  change: Partial<TriggerContext> = {},
  reading: Partial<Reading> = {},
) => trigger(readingOf(indicators, reading), readingOf(), context(change));

describe('trigger', () => {
  test('a quiet market - puts nothing until the cadence', () => {
    expect(put({})).toBeNull();
    expect(put({}, { candlesSinceMotion: 11 })).toBeNull();
    expect(put({}, { candlesSinceMotion: 12 })).toBe('cadence');
  });

  test('the first warm candle - is put', () => {
    expect(put({}, { candlesSinceMotion: null })).toBe('cadence');
  });

  test('nothing warm yet - puts nothing, whatever happens', () => {
    const crash = { change3: -0.2, volumeRatio: 20 };
    expect(put(crash, { candlesSinceMotion: null }, { warm: false })).toBeNull();
    expect(put(ABSENT, { candlesSinceMotion: 8, entryPrice: 200 })).toBeNull();
  });

  test('a move beyond the usual - is news; 3 % where that is neither rare nor common', () => {
    expect(put({ change3: 0.021, volatilityMean: 0.004 })).toBe('price_move');
    expect(put({ change3: -0.021, volatilityMean: 0.004 })).toBe('price_move');
    expect(put({ change3: 0.021, volatilityMean: 0.008 })).toBeNull();
    expect(put({ change3: 0.03, volatilityMean: 0.008 })).toBe('price_move');
    expect(put({ change3: 0.03, volatilityMean: 0.05 })).toBeNull();
    expect(put({ change3: -0.18, volatilityMean: 0.05 })).toBe('price_move');
    expect(put({ change3: 0.03, volatilityMean: null })).toBe('price_move');
  });

  test('a surge, a new regime, a signal - are news', () => {
    expect(put({ volumeRatio: 3.5 })).toBe('volume_surge');
    expect(put({}, {}, { regime: 'turbulent' })).toBe('regime_change');
    expect(put({}, {}, { regime: 'calm' })).toBeNull();
    expect(put({ rsi14: 29 })).toBe('signal');
    const before = readingOf({ emaFast: 101 });
    expect(trigger(readingOf({ emaFast: 99 }), before, context())).toBe('signal');
  });

  test('a signal that goes on - is not put again', () => {
    const low = readingOf({ rsi14: 25 });
    expect(trigger(low, readingOf({ rsi14: 27 }), context())).toBeNull();
  });

  test('a position two ATR under its entry - comes before everything else', () => {
    const fallen = { atr14: 1, change3: -0.1 };
    const at = { entryPrice: 102, candlesSinceMotion: REFRACTORY.position_at_risk };
    expect(put(fallen, at)).toBe('position_at_risk');
    expect(put(fallen, { ...at, entryPrice: 101.9 })).toBe('price_move');
    expect(put(fallen, { ...at, entryPrice: null })).toBe('price_move');
  });

  test('one long move - is not put at every candle', () => {
    const motions = Array.from({ length: 24 }).reduce<number[]>((put12, _, index) => {
      const since = index - (put12.at(-1) ?? Number.NEGATIVE_INFINITY);
      const why = put({ change3: -0.1 }, { candlesSinceMotion: since });
      return why === null ? put12 : [...put12, index];
    }, []);
    expect(motions).toEqual([0, 4, 8, 12, 16, 20]);
  });
});

describe('anomaly', () => {
  const look = (indicators: Partial<Indicators>, change: Partial<TriggerContext> = {}) =>
    anomaly(readingOf(indicators), readingOf(), context(change));

  test('a move, a surge - are seen by the same rule as a motion of the ring', () => {
    expect(look({ change3: -0.1 })).toBe('price_move');
    expect(look({ volumeRatio: 3.5 })).toBe('volume_surge');
    expect(look({ volumeRatio: 3.4 })).toBeNull();
    expect(anomaly(readingOf({ change3: -0.1 }, { warm: false }), null, context())).toBeNull();
  });

  test("everything else - waits for the ring's own close", () => {
    const fallen = { atr14: 1, rsi14: 20 };
    const at = { entryPrice: 110, candlesSinceMotion: null };
    expect(trigger(readingOf(fallen), readingOf(), context(at))).toBe('position_at_risk');
    expect(look(fallen, at)).toBeNull();
    expect(look({}, { candlesSinceMotion: null })).toBeNull();
  });

  test('a motion a moment ago - leaves nothing to add', () => {
    expect(look({ change3: -0.1 }, { candlesSinceMotion: 3 })).toBeNull();
    expect(look({ change3: -0.1 }, { candlesSinceMotion: 4 })).toBe('price_move');
    expect(look({ volumeRatio: 9 }, { candlesSinceMotion: 4 })).toBeNull();
  });
});
