import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FeatureEngine } from '../features/engine.ts';
import { DEFAULT_BARRIERS } from '../judgement/outcome.ts';
import { candlesOf } from '../judgement/run.fixture.ts';
import { surveyMarket } from '../judgement/survey.ts';
import type { Candle } from '../market/candle.ts';
import { CandleSeries } from '../market/candle-series.ts';
import { LONGEST_BREAK_MS, type MotionOutcome, MotionSettler, type OpenMotion } from './settle.ts';

// If these fail, an assistant's score rests on an outcome that never was: another question's, one
// that a later market gave, or one that depends on when somebody looked.

const MINUTE = 60_000;
const SHORT = { targetAtrs: 2, stopAtrs: 2, horizonCandles: 3, roundTripCost: 0.001 };
const TERMS = { ...DEFAULT_BARRIERS, roundTripCost: 0.001 };

function candle(minute: number, price: number, low = price): Candle {
  const openTimeMs = minute * MINUTE;
  const closeTimeMs = openTimeMs + MINUTE - 1;
  return { openTimeMs, closeTimeMs, open: price, high: price, low, close: price, volume: 1 };
}

const closeOf = (minute: number): number => (minute + 1) * MINUTE - 1;

function settledBy(settler: MotionSettler, candles: readonly Candle[]): MotionOutcome[] {
  return candles.flatMap((one) => settler.push(one));
}

describe('settling', () => {
  test('two motions of one close have one outcome', () => {
    const call = { closeTimeMs: closeOf(0), atr: 1 };
    const settler = new MotionSettler(
      [
        { eventId: 'a', ...call },
        { eventId: 'b', ...call },
      ],
      SHORT,
    );
    const settled = settledBy(settler, [candle(1, 100), candle(2, 103)]);
    expect(settled.map(({ eventId }) => eventId)).toEqual(['a', 'b']);
    for (const { outcome } of settled) expect(outcome.label).toBe('BUY');
    expect(settler).toMatchObject({ waiting: 0, needsFromMs: null });
  });

  test('nothing that was known at the close settles it', () => {
    const settler = new MotionSettler([{ eventId: 'a', closeTimeMs: closeOf(5), atr: 1 }], SHORT);
    const known = [3, 4, 5].map((minute) => candle(minute, 100, 50));
    expect(settledBy(settler, known)).toEqual([]);
    const after = [6, 7, 8].map((minute) => candle(minute, 100));
    expect(settledBy(settler, after)).toMatchObject([
      { outcome: { label: 'HOLD', reached: 'time' } },
    ]);
  });

  test('without a range there is no outcome, and nothing waits for one', () => {
    const settler = new MotionSettler([{ eventId: 'a', closeTimeMs: 1, atr: null }], SHORT);
    expect(settler).toMatchObject({ waiting: 0, needsFromMs: null });
  });

  test('too young - waits, and says from which close on it needs candles', () => {
    const closeTimeMs = closeOf(0);
    const settler = new MotionSettler([{ eventId: 'a', closeTimeMs, atr: 1 }], SHORT);
    expect(settler).toMatchObject({ waiting: 1, needsFromMs: closeTimeMs });
    expect(settler.push(candle(1, 100))).toEqual([]);
    expect(settler.waiting).toBe(1);
  });

  test('a market that begins again after a long break settles nothing put before it', () => {
    const later = Math.ceil(LONGEST_BREAK_MS / MINUTE) + 10;
    const settler = new MotionSettler(
      [
        { eventId: 'before', closeTimeMs: closeOf(0), atr: 1 },
        { eventId: 'under way', closeTimeMs: closeOf(2), atr: 1 },
        { eventId: 'in the break', closeTimeMs: closeOf(5), atr: 1 },
        { eventId: 'after', closeTimeMs: closeOf(later), atr: 1 },
      ],
      SHORT,
    );
    const minutes = [0, 1, 2, 3].map((minute) => candle(later + minute, 200));
    const settled = settledBy(settler, [candle(1, 100), candle(3, 100), ...minutes]);
    expect(settled.map(({ eventId }) => eventId)).toEqual(['after']);
    expect(settler.waiting).toBe(0);
  });

  test('a hole of hours - the horizon counts the candles there are', () => {
    const settler = new MotionSettler([{ eventId: 'a', closeTimeMs: closeOf(0), atr: 1 }], SHORT);
    const seen = [candle(0, 100), candle(1, 100), candle(900, 101), candle(901, 101)];
    expect(settledBy(settler, seen)).toMatchObject([
      { outcome: { reached: 'time', candles: 3, entryPrice: 100, settledAtMs: closeOf(901) } },
    ]);
  });

  test('an absurd open after the close - is no entry and settles nothing', () => {
    const settler = new MotionSettler([{ eventId: 'a', closeTimeMs: closeOf(0), atr: 0.2 }], SHORT);
    const spike = { ...candle(1, 100), open: 700, high: 700 };
    const seen = [candle(0, 100), spike, candle(2, 100), candle(3, 100)];
    expect(settledBy(settler, seen)).toMatchObject([
      { outcome: { label: 'HOLD', entryPrice: 100, exitPrice: 100 } },
    ]);
  });

  test('motions out of order are refused', () => {
    const motions = [5, 3].map((minute) => ({ eventId: '', closeTimeMs: closeOf(minute), atr: 1 }));
    expect(() => new MotionSettler(motions, SHORT)).toThrow('was not at place 1');
  });
});

/** Candles with holes and prints that cannot be meant, and motions at some of their closes: one or
 * the other at a close that is missing. */
const MARKETS = fc
  .tuple(fc.string(), fc.integer({ min: 20, max: 90 }))
  .chain(([seed, count]) =>
    fc.record({
      whole: fc.constant(candlesOf(seed, count)),
      kept: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
      asked: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: count, maxLength: count }),
      atr: fc.double({ min: 0.05, max: 1.5, noNaN: true }),
      portions: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
    }),
  )
  .map(({ whole, kept, asked, atr, portions }) => ({
    candles: whole
      .map((one, at) => printed(one, asked[at] ?? 0))
      .filter((_, at) => kept[at] || asked[at] !== 1),
    motions: whole.flatMap(({ closeTimeMs }, at): OpenMotion[] => {
      const number = asked[at] ?? 9;
      if (number > 3) return [];
      const range = number === 2 ? null : atr * (1 + number);
      return [{ eventId: `motion ${at}`, closeTimeMs, atr: range }];
    }),
    portions,
  }));

function printed(one: Candle, kind: number): Candle {
  const { open, high, low, close } = one;
  if (kind === 9) return { ...one, high: high * 6 };
  if (kind === 8) return { ...one, open: low / 5, low: low / 5 };
  return kind === 7 ? { ...one, high: high * 2, close: close * 1.9, open } : one;
}

describe('settling - any market', () => {
  test('in any portions and with any number of restarts: as at once', () => {
    fc.assert(
      fc.property(MARKETS, ({ candles, motions, portions }) => {
        const atOnce = byEvent(settledBy(new MotionSettler(motions, TERMS), candles));
        const found: MotionOutcome[] = [];
        let known = 0;
        // Each run begins anew with what is open and the candles there are by then.
        for (let turn = 0; known < candles.length; turn += 1) {
          known += portions[turn % portions.length] ?? 1;
          const there = candles.slice(0, known);
          const newest = there.at(-1)?.closeTimeMs ?? 0;
          const done = new Set(found.map(({ eventId }) => eventId));
          const open = motions.filter((one) => !done.has(one.eventId) && one.closeTimeMs <= newest);
          for (const page of pagesOf(open, portions[turn % portions.length] ?? 1)) {
            const settler = new MotionSettler(page, TERMS);
            const from = settler.needsFromMs ?? Number.POSITIVE_INFINITY;
            found.push(
              ...settledBy(
                settler,
                there.filter(({ closeTimeMs }) => closeTimeMs >= from),
              ),
            );
          }
        }
        expect(found.length).toBe(new Set(found.map(({ eventId }) => eventId)).size);
        expect(byEvent(found)).toEqual(atOnce);
      }),
    );
  });

  test('another future after the settling candle changes nothing', () => {
    fc.assert(
      fc.property(MARKETS, ({ candles, motions }) => {
        for (const { eventId, outcome } of settledBy(new MotionSettler(motions, TERMS), candles)) {
          const changed = candles.map((one) => {
            if (one.closeTimeMs <= outcome.settledAtMs) return one;
            return { ...one, open: one.open * 3, high: one.high * 4, low: 1e-9, close: 1e-9 };
          });
          const again = settledBy(new MotionSettler(motions, TERMS), changed);
          expect(again.find((one) => one.eventId === eventId)?.outcome).toEqual(outcome);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('the same outcomes as a backtest of the same candles has', () => {
    const candles = candlesOf('both', 400);
    const numbers = candles.flatMap((one) => [
      ...[one.openTimeMs, one.open, one.high, one.low, one.close, one.volume],
    ]);
    const instrument = {
      ...{ symbol: 'BTC/USDT', base: 'BTC', quote: 'USDT' },
      ...{ tickSize: '0.01', lotSize: '0.0001', minNotional: '1' },
    };
    const series = new CandleSeries(300_000, Float64Array.from(numbers));
    const asked = new Set(candles.map(({ closeTimeMs }) => closeTimeMs));
    const market = { instrument, timeframe: '5m', candles: series } as const;
    const survey = surveyMarket(market, asked, TERMS);
    const atrs = new Map<number, number>();
    const engine = new FeatureEngine({ timeframe: '5m' });
    for (const one of candles) {
      const { atr14 } = engine.push(one).indicators;
      if (atr14 !== null) atrs.set(one.closeTimeMs, atr14);
    }
    const motions = [...atrs].map(([closeTimeMs, atr]) => ({ eventId: '', closeTimeMs, atr }));
    const settled = settledBy(new MotionSettler(motions, TERMS), candles);
    expect(settled.length).toBeGreaterThan(300);
    for (const { closeTimeMs, outcome } of settled) {
      expect(survey.motions.get(closeTimeMs)?.outcome).toEqual(outcome);
    }
  });
});

function byEvent(outcomes: readonly MotionOutcome[]): MotionOutcome[] {
  return outcomes.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1));
}

function pagesOf(motions: readonly OpenMotion[], size: number): OpenMotion[][] {
  const count = Math.ceil(motions.length / size);
  return Array.from({ length: count }, (_, at) => motions.slice(at * size, (at + 1) * size));
}
