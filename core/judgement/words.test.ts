import { describe, expect, test } from 'vitest';
import { wordsOf } from './words.ts';

// Failure here looks like: a sentence that says more than its figures.

const NAMES = { judged: 'council', other: 'hold' };
const range = (low: number, high: number) => ({ low, high, level: 0.95 });

describe('a difference in words', () => {
  test('not shown, but worse for the risk taken - both are said', () => {
    const words = wordsOf(
      {
        ...{ verdict: 'undecided', growth: -0.0612, growthInterval: range(-0.126, 0.0042) },
        ...{ sharpe: -0.591, sharpeInterval: range(-1, -0.16) },
      },
      NAMES,
    );
    expect(words).toBe(
      'no difference shown between council and hold: -6.1 % of growth a year, 95 % interval ' +
        '-12.6 % to +0.42 %; for the risk taken it did worse (Sharpe ratio -0.59, -1.00 to -0.16)',
    );
  });

  test('better in both - the Sharpe ratio adds nothing and is left out', () => {
    const figures = { growth: 0.2, growthInterval: range(0.1, 0.3) };
    const sharpe = { sharpe: 1, sharpeInterval: range(0.5, 1.5) };
    expect(wordsOf({ verdict: 'better', ...figures, ...sharpe }, NAMES)).toBe(
      'council did better than hold: +20.0 % of growth a year, 95 % interval +10.0 % to +30.0 %',
    );
  });

  test('next to nothing - has no sign', () => {
    const figures = { growth: -0.00001, growthInterval: range(-0.00002, 0.00001) };
    const none = { sharpe: null, sharpeInterval: null };
    expect(wordsOf({ verdict: 'undecided', ...figures, ...none }, NAMES)).toContain(': 0.00 % of');
  });
});
