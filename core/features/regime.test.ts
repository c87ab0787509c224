import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REGIMES, type Regime } from './reading.ts';
import { nextRegime, type RegimeFacts } from './regime.ts';

const QUIET: RegimeFacts = { volatilityRatio: 1, adx: 10, plusDi: 20, minusDi: 15 };

describe('regime', () => {
  test.each<[string, Regime, Partial<RegimeFacts>, Regime]>([
    ['ordinary and without direction', 'calm', {}, 'choppy'],
    ['ADX at 25, +DI leads', 'choppy', { adx: 25 }, 'trend_up'],
    ['ADX at 25, -DI leads', 'choppy', { adx: 25, plusDi: 10 }, 'trend_down'],
    ['ADX just under 25 does not start a trend', 'choppy', { adx: 24.9 }, 'choppy'],
    ['ADX at 20 keeps one', 'trend_up', { adx: 20 }, 'trend_up'],
    ['ADX under 20 ends it', 'trend_up', { adx: 19.9 }, 'choppy'],
    ['a kept trend ends when the other DI leads', 'trend_up', { adx: 22, plusDi: 10 }, 'choppy'],
    ['a strong one turns', 'trend_up', { adx: 30, plusDi: 10 }, 'trend_down'],
    [
      'volatility at 1.8 is turbulent, trend or not',
      'trend_up',
      { volatilityRatio: 1.8, adx: 40 },
      'turbulent',
    ],
    ['volatility at 1.5 does not start turbulence', 'choppy', { volatilityRatio: 1.5 }, 'choppy'],
    ['volatility at 1.4 keeps it', 'turbulent', { volatilityRatio: 1.4 }, 'turbulent'],
    ['volatility under 1.4 ends it', 'turbulent', { volatilityRatio: 1.39 }, 'choppy'],
    ['volatility at 0.75 is calm', 'choppy', { volatilityRatio: 0.75 }, 'calm'],
    ['volatility at 0.9 keeps calm', 'calm', { volatilityRatio: 0.9 }, 'calm'],
    ['volatility above 0.9 ends calm', 'calm', { volatilityRatio: 0.91 }, 'choppy'],
    ['no volatility yet, but a trend', 'choppy', { volatilityRatio: null, adx: 30 }, 'trend_up'],
    ['no facts at all', 'trend_down', { volatilityRatio: null, adx: null }, 'trend_down'],
  ])('%s', (_, previous, facts, expected) => {
    expect(nextRegime(previous, { ...QUIET, ...facts })).toBe(expected);
  });

  test('steady facts - the second judgement is the first one: no flapping', () => {
    const level = (max: number) =>
      fc.option(fc.double({ min: 0, max, noNaN: true }), { nil: null });
    const facts = fc.record({
      volatilityRatio: level(4),
      adx: level(100),
      plusDi: level(100),
      minusDi: level(100),
    });
    fc.assert(
      fc.property(fc.constantFrom(...REGIMES), facts, (previous, given) => {
        const first = nextRegime(previous, given);
        expect(nextRegime(first, given)).toBe(first);
      }),
    );
  });
});
