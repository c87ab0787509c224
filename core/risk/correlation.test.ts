import { describe, expect, test } from 'vitest';
import { CORRELATED_FROM, correlationOf, isCorrelated, LEAST_RETURNS } from './correlation.ts';

/** Closes whose log returns are given: what Pearson then gives can be worked out by hand. */
function closesOf(returns: readonly number[]): readonly number[] {
  let close = 100;
  return [close, ...returns.map((one) => (close *= Math.exp(one)))];
}

const wave = Array.from({ length: LEAST_RETURNS }, (_, index) => [0.01, -0.01][index % 2] ?? 0);
const slow = Array.from({ length: LEAST_RETURNS }, (_, index) => (index % 4 < 2 ? 0.01 : -0.01));

describe('correlation', () => {
  test('known cases - the same, the opposite, scaled', () => {
    const closes = closesOf(wave);
    expect(correlationOf(closes, closes)).toBeCloseTo(1, 12);
    expect(correlationOf(closes, closesOf(wave.map((one) => -one)))).toBeCloseTo(-1, 12);
    expect(correlationOf(closes, closesOf(wave.map((one) => 3 * one)))).toBeCloseTo(1, 12);
  });

  test('independent waves - next to none', () => {
    expect(Math.abs(correlationOf(closesOf(wave), closesOf(slow)) ?? 1)).toBeLessThan(0.1);
  });

  test('a mixture - one series at weight x beside √(1 − x²) of an orthogonal one', () => {
    const a = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 0.01 : -0.01));
    const b = Array.from({ length: 40 }, (_, index) => (index % 4 < 2 ? 0.01 : -0.01));
    for (const weight of [0.3, 0.69, 0.71, 0.9]) {
      const rest = Math.sqrt(1 - weight * weight);
      const mixed = a.map((one, index) => weight * one + rest * (b[index] as number));
      const found = correlationOf(closesOf(a), closesOf(mixed));
      expect(found).toBeCloseTo(weight, 10);
      expect(isCorrelated(found)).toBe(weight >= CORRELATED_FROM);
    }
  });

  test('unknown - too few returns, or no movement, counts as correlated', () => {
    const short = closesOf(wave.slice(1));
    expect(correlationOf(short, short)).toBeNull();
    const flat = wave.map(() => 0);
    expect(correlationOf(closesOf(wave), closesOf(flat))).toBeNull();
    expect(isCorrelated(null)).toBe(true);
    expect(isCorrelated(CORRELATED_FROM)).toBe(true);
    expect(isCorrelated(CORRELATED_FROM - 1e-9)).toBe(false);
  });

  test('refused - closes of other times, or what is no price', () => {
    expect(() => correlationOf([1, 2], [1])).toThrow('must be of the same times');
    expect(() => correlationOf([1, 0], [1, 2])).toThrow('must be positive');
    expect(() => correlationOf([1, Number.NaN], [1, 2])).toThrow('must be positive');
  });
});
