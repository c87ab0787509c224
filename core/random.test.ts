import { describe, expect, test } from 'vitest';
import { Random } from './random.ts';

const many = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

describe('random', () => {
  test('numbers - are those of the reference implementation', () => {
    const random = Random.of([1, 2, 3, 4]);
    expect(many(10, () => random.next())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
      4258142804,
    ]);
  });

  test('seeds - one seed one sequence, another seed another', () => {
    const sequence = (...seed: (number | string)[]) => {
      const random = new Random(...seed);
      return many(20, () => random.next());
    };
    expect(sequence(7, 'BTC')).toEqual(sequence(7, 'BTC'));
    const others = [sequence(7), sequence(8), sequence(7, 'ETH'), sequence(70), sequence(-7)];
    expect(new Set(others.map(String)).size).toBe(others.length);
  });

  test('forms - stay within their bounds and near their means', () => {
    const random = new Random(1);
    const mean = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const units = many(20_000, () => random.unit());
    expect(units.every((unit) => unit >= 0 && unit < 1)).toBe(true);
    expect(mean(units)).toBeCloseTo(0.5, 1);
    const normals = many(20_000, () => random.normal());
    expect(mean(normals)).toBeCloseTo(0, 1);
    expect(mean(normals.map((value) => value * value))).toBeCloseTo(1, 1);
    const wholes = new Set(many(1_000, () => random.whole(3, 5)));
    expect([...wholes].sort((a, b) => a - b)).toEqual([3, 4, 5]);
    expect(random.shuffled([1, 2, 3, 4]).sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    expect(() => random.pick([])).toThrow('there must be something to pick from');
  });
});
