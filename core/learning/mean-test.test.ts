import { describe, expect, test } from 'vitest';
import { bootstrapIntervals, type Stretches } from '../judgement/bootstrap.ts';
import { Random } from '../random.ts';
import {
  CloseSums,
  estimateMean,
  leastBlockOf,
  levelOfEach,
  meanOfColumn,
  studentAbove,
} from './mean-test.ts';

// Failure here looks like: noise that passes for skill because its rows lean on one another.

function walk(seed: string, count: number, memory: number): number[] {
  const random = new Random('walk', seed);
  let value = 0;
  return Array.from({ length: count }, () => {
    value = memory * value + random.normal();
    return value;
  });
}

function stretchesOf(values: readonly number[]): Stretches {
  const sums = new CloseSums(1);
  values.forEach((value, at) => {
    sums.add(at, [value]);
  });
  return sums.stretches();
}

describe('the error of a mean', () => {
  test('independent values - deviation over √n', () => {
    const values = walk('apart', 2_000, 0);
    const { mean, error, freedom } = estimateMean(stretchesOf(values), 1, 1);
    const own = values.reduce((sum, one) => sum + one, 0) / values.length;
    expect(mean).toBeCloseTo(own, 12);
    expect(error as number).toBeGreaterThan(0.9 / Math.sqrt(2_000));
    expect(error as number).toBeLessThan(1.1 / Math.sqrt(2_000));
    expect(freedom).toBeGreaterThan(300);
  });

  test('values that hang together - as far off as ten thousand resamples say', () => {
    for (const memory of [0.3, 0.7]) {
      const stretches = stretchesOf(walk('together', 1_500, memory));
      const block = 24;
      const { mean, error } = estimateMean(stretches, 1, block) as { mean: number; error: number };
      const [interval] = bootstrapIntervals(
        {
          stretches,
          statistics: (sums) => [(sums[1] as number) / (sums[0] as number)],
          lengthFrom: [1],
          leastLength: block,
        },
        { resamples: 10_000, seed: 'witness', level: 0.682_689_492 },
      );
      const reach = ((interval?.high as number) - (interval?.low as number)) / 2;
      expect(Math.abs(error / reach - 1)).toBeLessThan(0.04);
      expect(interval?.low).toBeCloseTo(mean - error, 1);
    }
  });

  test('rows of one close - stay together: ten copies of a row prove no more than one', () => {
    const values = walk('copies', 600, 0.3);
    const copied = new CloseSums(1);
    values.forEach((value, at) => {
      for (let copy = 0; copy < 10; copy += 1) copied.add(at, [value]);
    });
    const [one, ten] = [stretchesOf(values), copied.stretches()].map((all) =>
      estimateMean(all, 1, 12),
    );
    expect(ten?.rows).toBe(6_000);
    expect(ten?.mean).toBeCloseTo(one?.mean as number, 12);
    expect(ten?.error).toBeCloseTo(one?.error as number, 12);
    expect(ten?.freedom).toBe(one?.freedom);
  });

  test('fifty thousand closes - in stretches, and the same within a tenth', () => {
    const values = walk('many', 50_000, 0.5);
    const { error } = estimateMean(stretchesOf(values), 1, 24);
    // Long-run variance of such a walk: 1 / (1 − memory)².
    expect(Math.abs((error as number) * Math.sqrt(50_000) - 2)).toBeLessThan(0.2);
  });

  test('nothing, little - a mean without an error, or none', () => {
    expect(estimateMean(stretchesOf([]), 1, 24)).toMatchObject({ mean: null, error: null });
    expect(meanOfColumn(stretchesOf([]), 1)).toBeNull();
    const few = estimateMean(stretchesOf(walk('few', 60, 0)), 1, 24);
    expect(few.mean).not.toBeNull();
    expect(few.error).toBeNull();
    const sums = new CloseSums(1);
    sums.add(5, [1]);
    expect(() => sums.add(4, [1])).toThrow('closeTimeMs must not go back, was 4');
  });

  test('how often a one-sided test at 2.5 % is wrong - not much more than that', () => {
    let wrong = 0;
    for (let turn = 0; turn < 400; turn += 1) {
      const { mean, error, freedom } = estimateMean(
        stretchesOf(walk(`blind ${turn}`, 500, 0.5)),
        1,
        leastBlockOf({ horizonCandles: 6 }),
      );
      if ((mean as number) > studentAbove(0.025, freedom) * (error as number)) wrong += 1;
    }
    expect(wrong).toBeGreaterThan(2);
    expect(wrong).toBeLessThan(24);
  });
});

describe('levels', () => {
  test('Student - the quantiles of every table', () => {
    for (const [probability, freedom, value] of [
      [0.025, 10, 2.228],
      [0.05, 20, 1.725],
      [0.005, 30, 2.75],
      [0.001, 60, 3.232],
    ] as const) {
      expect(studentAbove(probability, freedom)).toBeCloseTo(value, 3);
    }
    expect(studentAbove(0.5, 12)).toBeCloseTo(0, 12);
    expect(() => studentAbove(0.025, 3)).toThrow('freedom must be at least 10, was 3');
    expect(() => studentAbove(0.7, 20)).toThrow('probability must be in 0 … 0.5, was 0.7');
  });

  test('Šidák - the chance that none of many passes', () => {
    expect(levelOfEach(0.05, 1)).toBeCloseTo(0.05, 15);
    for (const trials of [2, 50, 10_000]) {
      expect((1 - levelOfEach(0.05, trials)) ** trials).toBeCloseTo(0.95, 9);
    }
    expect(() => levelOfEach(0.05, 1.5)).toThrow('trials must be a whole number from 1 on');
  });
});
