import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Atr } from '../features/atr.ts';
import { type Candle, TIMEFRAMES } from '../market/candle.ts';
import { decimal } from '../market/money.ts';
import {
  type GuardEffect,
  type GuardRules,
  type GuardState,
  guardRules,
  isDust,
  openGuard,
  passCandle,
  renewGuard,
  resizeGuard,
} from './guard.ts';
import { ATR_PERIOD, atrFrom, atrOf, foldAtr, NO_ATR } from './guard-atr.ts';
import { DEFAULT_LIMITS } from './limits.ts';

const STEP_MS = TIMEFRAMES['5m'];
const START_MS = Date.UTC(2024, 7, 5);
const RULES: GuardRules = { ...guardRules(DEFAULT_LIMITS), targetAtrPct: 0 };

interface Prices {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

function candleAt(at: number, prices: Prices): Candle {
  const openTimeMs = START_MS + at * STEP_MS;
  return { openTimeMs, closeTimeMs: openTimeMs + STEP_MS - 1, volume: 1, ...prices };
}

/** A position bought at 1000 with an ATR of 10. */
function bought(rules: GuardRules = RULES): GuardState {
  return openGuard(
    {
      timeframe: '5m',
      tickSize: '0.01',
      quantity: '2',
      entryPrice: '1000',
      fillPrice: '1000',
      openedAtMs: START_MS - 1,
      atr: atrFrom(10, 1000),
    },
    rules,
  );
}

function rested(state: GuardState): GuardState {
  const { stopPrice, quantity: covers } = state;
  return { ...state, resting: { clientOrderId: 'c1-x', stopPrice, covers } };
}

/** Folds candles as a shell does that places every stop it is told to. */
function run(candles: readonly Candle[], rules: GuardRules, from = rested(bought(rules))) {
  let state = from;
  const told: { readonly at: number; readonly effect: GuardEffect }[] = [];
  candles.forEach((candle, at) => {
    const [next, effects] = passCandle(state, candle, rules);
    state = effects.some(({ type }) => type === 'rest') ? rested(next) : next;
    told.push(...effects.map((effect) => ({ at, effect })));
  });
  return { state, told };
}

const flat = (price: number): Prices => ({ open: price, high: price, low: price, close: price });

describe('guard', () => {
  test('open - stop and target stand ATR multiples away, on the tick, and are asked for', () => {
    const rules = { ...RULES, targetAtrPct: 600 };
    const state = bought(rules);
    expect(state).toMatchObject({ stopPrice: '970', targetPrice: '1060', trailing: false });
    const [, effects] = passCandle(state, candleAt(0, flat(1000)), rules);
    expect(effects).toEqual([{ type: 'rest', stopPrice: '970' }]);
  });

  test('open - without an ATR the wildest tradable market is assumed', () => {
    const entry = {
      ...({ timeframe: '5m', tickSize: '0.5', quantity: '1' } as const),
      ...{ entryPrice: '1000', fillPrice: '1000' },
    };
    const state = openGuard({ ...entry, openedAtMs: START_MS, atr: NO_ATR }, RULES);
    // 3 × 3 % of 1000.
    expect(state).toMatchObject({ stopPrice: '910', entryAtr: '30' });
    const deep = openGuard(
      { ...entry, openedAtMs: START_MS, atr: atrFrom(5_000, 1000) },
      { ...RULES, stopAtrPct: 300 },
    );
    expect(deep.stopPrice).toBe('0.5');
  });

  test.each<[string, Prices, Partial<GuardRules>, object | null]>([
    ['above the stop', { open: 1000, high: 1001, low: 970.01, close: 990 }, {}, null],
    ['touches the stop', { open: 1000, high: 1001, low: 970, close: 990 }, {}, { why: 'stop' }],
    ['opens below it', { open: 950, high: 960, low: 940, close: 955 }, {}, { why: 'gap' }],
    ['target', { open: 1000, high: 1060, low: 999, close: 1010 }, { targetAtrPct: 600 }, TARGET()],
    ['both', { open: 1000, high: 1060, low: 970, close: 1000 }, { targetAtrPct: 600 }, STOP()],
    ['age', flat(1001), { timeStopMinutes: 5 }, { why: 'time', purpose: 'stop' }],
    ['not yet old', flat(1001), { timeStopMinutes: 6 }, null],
  ])('a candle that %s', (_name, prices, change, sold) => {
    const rules = { ...RULES, ...change };
    const [state, effects] = passCandle(rested(bought(rules)), candleAt(0, prices), rules);
    if (sold === null) expect(effects).toEqual([]);
    else {
      const price = String(prices.close);
      expect(effects).toEqual([expect.objectContaining({ type: 'sell', price, ...sold })]);
    }
    expect(state.selling !== null).toBe(sold !== null);
  });

  test('selling - is asked for again with every candle, wherever the price goes', () => {
    const crash = [flat(960), flat(1200), flat(900)].map((prices, at) => candleAt(at, prices));
    const { told } = run(crash, RULES);
    expect(told.map(({ effect }) => effect)).toEqual(
      ['960', '1200', '900'].map((price) => ({
        ...{ type: 'sell', purpose: 'stop', why: 'gap', price },
      })),
    );
  });

  test('too late - a trail that would stand above the close sells at once', () => {
    const rules = { ...RULES, trailBps: 50, trailAtrPct: 0 };
    const spike = candleAt(0, { open: 1000, high: 1100, low: 999, close: 1001 });
    const { told } = run([spike], rules);
    expect(told).toMatchObject([{ effect: { type: 'sell', why: 'stop', price: '1001' } }]);
  });

  test('bare - a position no stop can rest for is only watched, until a candle reaches it', () => {
    const bare = { ...bought(), bare: 'too small' };
    const { told } = run(
      [flat(1000), flat(960)].map((one, at) => candleAt(at, one)),
      RULES,
      bare,
    );
    expect(told).toMatchObject([{ at: 1, effect: { type: 'sell' } }]);
  });

  test('not held - a stop that is gone is asked for with every candle', () => {
    let state = bought();
    for (let at = 0; at < 3; at += 1) {
      const [next, effects] = passCandle(state, candleAt(at, flat(1000)), RULES);
      expect(effects).toEqual([{ type: 'rest', stopPrice: '970' }]);
      state = next;
    }
  });

  test('growth - the target follows the new average, the stop only upwards', () => {
    const rules = { ...RULES, targetAtrPct: 600 };
    const low = resizeGuard(bought(rules), { quantity: '3', entryPrice: '990' }, rules);
    expect(low).toMatchObject({ quantity: '3', stopPrice: '970', targetPrice: '1050' });
    const high = resizeGuard(bought(rules), { quantity: '3', entryPrice: '1010' }, rules);
    expect(high).toMatchObject({ stopPrice: '980', targetPrice: '1070' });
    const less = resizeGuard(bought(rules), { quantity: '1', entryPrice: '1000' }, rules);
    expect(less).toMatchObject({ quantity: '1', stopPrice: '970', targetPrice: '1060' });
  });

  test('seen - a repeated or older candle changes nothing, whatever it says', () => {
    const once = passCandle(rested(bought()), candleAt(3, flat(1000)), RULES)[0];
    for (const at of [3, 2, 0]) {
      const [again, effects] = passCandle(once, candleAt(at, flat(1)), RULES);
      expect(again).toBe(once);
      expect(effects).toEqual([]);
    }
  });

  test('minimum - small rises do not move the stop, together they do', () => {
    const rules = { ...RULES, trailBps: 200, trailAtrPct: 0, trailFromAtrPct: 0 };
    const rising = Array.from({ length: 10 }, (_, at) => candleAt(at, flat(1030 + at * 0.3)));
    const moves = run(rising, rules).told.map(({ effect }) => effect);
    // 10 bp of 1030 is 1.03, and so is a tenth of this ATR.
    expect(moves.length).toBeGreaterThan(1);
    expect(moves.length).toBeLessThan(5);
  });
});

function TARGET() {
  return { why: 'target', purpose: 'target' };
}

function STOP() {
  return { why: 'stop', purpose: 'stop' };
}

/** Candles that follow each other, from noise. */
const walk = fc
  .array(fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.integer({ min: 0, max: 3 })), {
    minLength: 5,
    maxLength: 120,
  })
  .map((moves) => {
    let close = 1000;
    return moves.map(([percent, wick], at) => {
      const open = close;
      close = Math.round(open * (1 + percent / 100) * 100) / 100;
      const high = Math.max(open, close) + wick;
      const low = Math.min(open, close) - wick;
      return candleAt(at, { open, high, low, close });
    });
  });

const hostile = fc.record({
  openTimeMs: fc.oneof(fc.integer(), fc.constant(Number.NaN)),
  closeTimeMs: fc.oneof(fc.integer({ min: START_MS, max: START_MS * 2 }), fc.constant(Infinity)),
  ...Object.fromEntries(
    ['open', 'high', 'low', 'close', 'volume'].map((field) => [field, fc.double()]),
  ),
}) as fc.Arbitrary<Candle>;

describe('prints that cannot be meant', () => {
  const calm = { open: 1000, high: 1005, low: 995, close: 1000 };

  test.each([
    ['low', { ...calm, low: 0.06 }],
    ['high', { ...calm, high: 9_000 }],
    ['open', { ...calm, open: 0.06, low: 0.06 }],
  ])('an absurd %s neither sells nor lifts the stop', (_what, prices) => {
    const rules = { ...RULES, targetAtrPct: 600 };
    const before = rested(bought(rules));
    const [state, effects] = passCandle(before, candleAt(0, prices), rules);
    expect(effects).toEqual([]);
    expect(state).toMatchObject({ selling: null, stopPrice: before.stopPrice });
    expect(state.highest).toBeLessThanOrEqual(1005);
    expect(atrOf(state.atr)).toBeLessThan(12);
  });

  test('a fall that stays sells, however deep', () => {
    const fall = { open: 700, high: 710, low: 600, close: 640 };
    const [state] = passCandle(rested(bought()), candleAt(0, fall), RULES);
    expect(state.selling).toEqual({ purpose: 'stop', why: 'gap' });
  });
});

describe('guard on any market', () => {
  test('stop - never falls, whatever the candles, holes and nonsense between them', () => {
    const mixed = fc.tuple(walk, fc.array(hostile, { maxLength: 20 }));
    fc.assert(
      fc.property(mixed, fc.constantFrom(0, 50, 500), ([candles, noise], trailBps) => {
        const rules = { ...RULES, trailBps };
        let state = bought(rules);
        let stop = decimal(state.stopPrice);
        candles.forEach((candle, at) => {
          for (const one of [noise[at], candle]) {
            if (one) state = passCandle(state, one, rules)[0];
            expect(stop.lte(state.stopPrice)).toBe(true);
            stop = decimal(state.stopPrice);
          }
        });
      }),
    );
  });

  test('nonsense - candles that cannot be believed leave the guard as it was', () => {
    const faulty = hostile.filter(({ low, high, open, close }) => {
      return !(low > 0 && high < 1e20 && open >= low && close >= low && open <= high);
    });
    fc.assert(
      fc.property(faulty, (candle) => {
        const before = rested(bought());
        expect(passCandle(before, candle, RULES)).toEqual([before, []]);
      }),
    );
  });

  test('trail - fires at the candle a straight reading names, at the price it names', () => {
    const rules = { ...RULES, trailAtrPct: 0, trailBps: 200, trailFromAtrPct: 100 };
    fc.assert(
      fc.property(walk, (candles) => {
        const fired = run(candles, rules).told.find(({ effect }) => effect.type === 'sell');
        expect(fired?.at).toBe(straightReading(candles)?.at);
      }),
    );
  });

  test('atr - folded as a value it is what the indicator says, to the last bit', () => {
    fc.assert(
      fc.property(walk, (candles) => {
        const indicator = new Atr(ATR_PERIOD);
        let fold = NO_ATR;
        for (const candle of candles) {
          indicator.push(candle);
          fold = foldAtr(fold, candle);
          expect(atrOf(fold)).toBe(indicator.value);
        }
      }),
    );
  });
});

describe('guard of what is left', () => {
  test.each([
    ['0.0001', true],
    ['0.00019999', true],
    ['0.0002', false],
    ['5', false],
  ])('%s at 50,000, where 5 is the least - dust: %s', (quantity, dust) => {
    expect(isDust({ quantity, price: '50000', minNotional: '5' })).toBe(dust);
  });

  test('gone and back - guarded by the new price, however high the old stop stood', () => {
    const selling = { purpose: 'stop', why: 'stop' } as const;
    const old = { ...rested(bought()), stopPrice: '990', trailing: true, selling };
    const held = { quantity: '1', entryPrice: '900' };
    const state = resizeGuard(renewGuard(old, START_MS), held, RULES);
    expect(state).toMatchObject({ ...held, stopPrice: '870', resting: null, selling: null });
  });
});

/** The same rule read off the candles by hand: stop 30 below 1000; once 10 up, 2 % below the
 * highest, moved when that is 10 bp or a tenth of ATR better. */
function straightReading(candles: readonly Candle[]): { readonly at: number } | null {
  let [stop, highest, atr, before, trailing] = [970, 1000, 10, 1000, false];
  for (const [at, { high, low, close }] of candles.entries()) {
    if (low <= stop) return { at };
    highest = Math.max(highest, high);
    atr = (atr * 13 + Math.max(high, before) - Math.min(low, before)) / 14;
    before = close;
    trailing ||= highest - 1000 >= 10;
    const next = Math.floor(highest * 98 + 1e-6) / 100;
    const least = Math.max(atr / 10, highest / 1000);
    if (trailing && next - stop >= least - 1e-9) stop = next;
    if (close <= stop) return { at };
  }
  return null;
}
