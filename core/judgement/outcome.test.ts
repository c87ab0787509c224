import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candle } from '../market/candle.ts';
import {
  DEFAULT_BARRIERS,
  isSettled,
  type OpenCall,
  type Outcome,
  OutcomeSettler,
  openCall,
  outcomeTerms,
  type Passage,
  step,
} from './outcome.ts';
import { candlesOf, START_MS } from './run.fixture.ts';

// Failure here looks like: an opinion judged by what came after its horizon, or one that is counted
// twice, or dropped because the data ended.

const MINUTE_MS = 60_000;
const FREE = { ...DEFAULT_BARRIERS, roundTripCost: 0 };
/** Barriers 10 away from the entry. */
const ATR = 5;

function candle(at: number, [open, high, low, close]: readonly [number, number, number, number]) {
  const openTimeMs = START_MS + at * MINUTE_MS;
  const times = { openTimeMs, closeTimeMs: openTimeMs + MINUTE_MS - 1 };
  return { ...times, open, high, low, close, volume: 1 } satisfies Candle;
}

const QUIET = [100, 101, 99, 100] as const;
const CALM = [100, 100.4, 99.6, 100] as const;

/** What comes of a call at the close before the first of these. */
function settle(
  shapes: readonly (readonly [number, number, number, number])[],
  terms = FREE,
): OpenCall | Passage {
  let state: OpenCall | Passage = openCall(START_MS - 1, ATR);
  for (const [at, shape] of shapes.entries()) {
    if (isSettled(state)) return state;
    state = step(state, candle(at, shape), terms);
  }
  return state;
}

describe('outcome of an opinion', () => {
  test.each([
    ['the target first', [QUIET, [100, 110, 99, 105]], 'BUY', 'target', 110],
    ['the stop first', [QUIET, [100, 101, 90, 95]], 'SELL', 'stop', 90],
    ['a gap over the target', [QUIET, [115, 116, 114, 115]], 'BUY', 'target', 115],
    ['a gap through the stop', [QUIET, [85, 120, 84, 119]], 'SELL', 'stop', 85],
    ['at once', [[100, 112, 99, 111]], 'BUY', 'target', 110],
    ['time is up', new Array(12).fill(QUIET), 'HOLD', 'time', 100],
  ] as const)('%s - %s', (_, shapes, label, reached, exitPrice) => {
    expect(settle(shapes)).toMatchObject({ label, reached, exitPrice, entryPrice: 100 });
  });

  test('the lowest on the way - to the settling candle, wicks that nobody meant cut', () => {
    expect(settle([QUIET, [100, 101, 93, 100], [100, 110, 97, 105]])).toMatchObject({ lowest: 93 });
    expect(settle([[100, 112, 99, 111]])).toMatchObject({ lowest: 99, entryPrice: 100 });
    const settler = new OutcomeSettler(FREE);
    settler.push(candle(-1, CALM));
    settler.add(START_MS - 1, 0.5);
    // The stop lies at 99; a wick to 60 is no price anybody could have had.
    const wick = [100, 100.4, 60, 100] as const;
    const shapes = Array.from({ length: 12 }, (_, at) => (at === 0 ? wick : CALM));
    const [settled] = shapes.flatMap((shape, at) => settler.push(candle(at, shape)));
    expect(settled).toMatchObject({ outcome: { reached: 'time' }, lowest: 99.6 });
  });

  test('both barriers in one candle - the stop, and it is said that nobody knows', () => {
    const both = settle([[100, 111, 89, 100]]);
    expect(both).toMatchObject({ label: 'SELL', reached: 'stop', ambiguous: true });
  });

  test('what does not pay its costs - HOLD, whichever barrier was reached', () => {
    const dear = { ...FREE, roundTripCost: 0.101 };
    expect(settle([[100, 110, 99, 105]], dear)).toMatchObject({ label: 'HOLD', reached: 'target' });
    expect(settle([[100, 101, 90, 95]], dear)).toMatchObject({ label: 'HOLD', reached: 'stop' });
    const bearable = { ...FREE, roundTripCost: 0.099 };
    expect(settle([[100, 110, 99, 105]], bearable)).toMatchObject({ label: 'BUY' });
  });

  test('entry - the open of the next candle, not the close the opinion saw', () => {
    expect(settle([[107, 108, 106, 107], QUIET])).toMatchObject({ entryPrice: 107 });
  });

  test('candles up to its own close - are not looked at', () => {
    const call = openCall(START_MS + MINUTE_MS - 1, ATR);
    expect(step(call, candle(0, [100, 200, 1, 100]), FREE)).toBe(call);
  });

  test('any market - the label is settled within the horizon, and no later candle matters', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.nat(50),
        fc.double({ min: 0.1, max: 3, noNaN: true }),
        (seed, at, atr) => {
          const candles = candlesOf(seed, 80);
          const asked = (candles[at] as Candle).closeTimeMs;
          const found = settleBy(candles, asked, atr);
          expect(found.candles).toBeLessThanOrEqual(FREE.horizonCandles);
          const settledAt = candles.findIndex(
            ({ closeTimeMs }) => closeTimeMs === found.settledAtMs,
          );
          expect(settledAt).toBe(at + found.candles);
          const changed = candles.map((one, index) => (index > settledAt ? wild(one) : one));
          expect(settleBy(changed, asked, atr)).toEqual(found);
          const earlier = candles.map((one, index) => (index <= at ? wild(one) : one));
          expect(settleBy(earlier, asked, atr)).toEqual(found);
        },
      ),
    );
  });

  test('many calls at once - each as if it were alone, each once, the last ones not at all', () => {
    const candles = candlesOf('many', 300);
    const settler = new OutcomeSettler(FREE);
    const found = new Map<number, Passage>();
    let most = 0;
    for (const one of candles) {
      for (const { closeTimeMs, outcome, lowest } of settler.push(one)) {
        expect(found.has(closeTimeMs)).toBe(false);
        found.set(closeTimeMs, { ...outcome, lowest });
      }
      settler.add(one.closeTimeMs, 0.5);
      most = Math.max(most, settler.open.length);
    }
    expect(most).toBeLessThanOrEqual(FREE.horizonCandles);
    expect(found.size + settler.open.length).toBe(candles.length);
    expect(settler.open.length).toBeGreaterThan(0);
    for (const [closeTimeMs, outcome] of found) {
      expect(settleBy(candles, closeTimeMs, 0.5)).toEqual(outcome);
    }
  });

  test('a restart between two candles - goes on from what was kept, as JSON', () => {
    const candles = candlesOf('restart', 40);
    const before = new OutcomeSettler(FREE);
    before.add((candles[0] as Candle).closeTimeMs, 1);
    expect(before.push(candles[1] as Candle)).toEqual([]);
    const after = new OutcomeSettler(FREE, JSON.parse(JSON.stringify(before.open)) as OpenCall[]);
    const settled = candles.slice(2).flatMap((one) => after.push(one));
    const whole = settleBy(candles, (candles[0] as Candle).closeTimeMs, 1);
    expect(settled.map(({ outcome, lowest }) => ({ ...outcome, lowest }))).toEqual([whole]);
  });

  // A range of 0.5 at 100: nothing below 10 % is doubted, and the barriers are 1 away.
  test.each([
    ['a wick to nine times the price', [100, 900, 99.5, 100], { label: 'HOLD', exitPrice: 100 }],
    ['a wick to nothing', [100, 100.5, 0.01, 100], { label: 'HOLD', exitPrice: 100 }],
    ['an open its candle does not stay at', [900, 900, 99.5, 100], { label: 'HOLD' }],
    ['a gap its candle stays at', [120, 121, 119, 120], { label: 'BUY', exitPrice: 120 }],
    ['a wick one can believe', [100, 105, 99.5, 100], { label: 'BUY', exitPrice: 101 }],
  ] as const)('a print - %s', (_, shape, expected) => {
    let state: OpenCall | Passage = openCall(START_MS - 1, 0.5, candle(-1, CALM));
    for (let at = 0; at < 14 && !isSettled(state); at += 1) {
      state = step(state, candle(at, at === 1 ? shape : CALM), FREE);
    }
    expect(state).toMatchObject({ entryPrice: 100, ...expected });
  });

  test.each([
    ['the market is there', 141, { label: 'BUY', candles: 1, exitPrice: 101 }],
    ['it was a print', 100, { label: 'HOLD', candles: 12, exitPrice: 100 }],
  ] as const)(
    'a close far from its open - counts when the next has opened: %s',
    (_, then, expected) => {
      const after = [then, then + 0.3, then - 0.3, then] as const;
      const open = openCall(START_MS - 1, 0.5, candle(-1, CALM));
      const doubted = step(open, candle(0, [100, 140, 99.8, 140]), FREE);
      expect(doubted).toMatchObject({ candles: 0, entryPrice: null });
      let state: OpenCall | Passage = JSON.parse(JSON.stringify(doubted)) as OpenCall;
      for (let at = 1; at < 20 && !isSettled(state); at += 1) {
        state = step(state, candle(at, after), FREE);
      }
      expect(state).toMatchObject(expected);
      // What bears it out is seen at the next open, and asked about at its close.
      const known = (state as Outcome).settledAtMs;
      expect(known).toBe(candle(expected.candles === 1 ? 1 : 11, CALM).closeTimeMs);
    },
  );

  test('a hole - the horizon counts the candles there are, and nothing is held against it', () => {
    const hours = 60;
    let state: OpenCall | Passage = openCall(START_MS - 1, 0.5, candle(-1, CALM));
    for (let at = 0; at < 12 && !isSettled(state); at += 1) {
      state = step(state, candle(hours + at, [300, 300.4, 299.6, 300]), FREE);
    }
    expect(state).toMatchObject({ label: 'HOLD', reached: 'time', candles: 12, entryPrice: 300 });
  });

  test('terms and ranges that cannot be - are refused with their figures', () => {
    const costs = { takerFeeBps: 10, halfSpreadBps: 1 };
    expect(outcomeTerms(costs)).toEqual({ ...DEFAULT_BARRIERS, roundTripCost: 0.0022 });
    expect(() => openCall(0, 0)).toThrow('atr must be positive, was 0');
    expect(() => openCall(0, Number.NaN)).toThrow('atr must be positive, was NaN');
    const half = { ...DEFAULT_BARRIERS, horizonCandles: 1.5 };
    expect(() => outcomeTerms(costs, half)).toThrow('must be a whole number, was 1.5');
    // A fee of 100 % is a fee that may be asked for.
    expect(outcomeTerms({ ...costs, takerFeeBps: 10_000 }).roundTripCost).toBe(2.0002);
    const owed = { ...costs, takerFeeBps: -10 };
    expect(() => outcomeTerms(owed)).toThrow('must be 0 or more, was -0.0018');
  });
});

function settleBy(candles: readonly Candle[], closeTimeMs: number, atr: number): Outcome {
  let state: OpenCall | Passage = openCall(closeTimeMs, atr);
  for (const one of candles) {
    if (!isSettled(state)) state = step(state, one, FREE);
  }
  if (!isSettled(state)) throw new Error('the fixture is too short');
  return state;
}

function wild(one: Candle): Candle {
  return { ...one, open: one.open * 7, high: one.high * 9, low: one.low / 9, close: one.close * 5 };
}
