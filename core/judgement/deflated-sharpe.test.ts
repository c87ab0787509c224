import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestWithoutSkill, deflatedSharpe, probabilisticSharpe } from './deflated-sharpe.ts';
import { momentsOf } from './moments.ts';
import { walkOf } from './run.fixture.ts';

// Failure here looks like: a lucky trial that is believed, or a count of trials that counts for
// nothing.

/** Bailey & López de Prado (2014), "A numerical example": an annual Sharpe ratio of 2.5 over five
 * years of 250 days, the best of 100 trials whose annual Sharpe ratios have a variance of 1/2. */
const PAPER = { sharpe: 2.5 / Math.sqrt(250), returns: 1_250, skewness: -3, kurtosis: 10 };
const VARIANCE = 0.5 / 250;

describe('deflated Sharpe ratio', () => {
  test.each([
    [100, 0.1132, 0.9004],
    [46, null, 0.9505],
  ])('the example of the paper, %d trials - its figures', (trials, benchmark, deflated) => {
    const best = bestWithoutSkill(trials, VARIANCE);
    if (benchmark !== null) expect(best).toBeCloseTo(benchmark, 4);
    expect(probabilisticSharpe(PAPER, best)).toBeCloseTo(deflated, 4);
  });

  test('one trial - nothing was chosen, nothing is taken off', () => {
    const moments = momentsOf(Float64Array.from(walkOf('one', { count: 500, mean: 0.001 })));
    const { benchmark, probabilistic, deflated } = deflatedSharpe(moments, {
      count: 1,
      sharpes: [],
    });
    expect(benchmark).toBe(0);
    expect(deflated).toBe(probabilistic);
  });

  test('more trials, or trials more unlike - are believed less', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5_000 }),
        fc.double({ min: 1e-6, max: 0.1, noNaN: true }),
        (n, v) => {
          const few = probabilisticSharpe(PAPER, bestWithoutSkill(n, v)) as number;
          const more = probabilisticSharpe(PAPER, bestWithoutSkill(2 * n, v)) as number;
          const wider = probabilisticSharpe(PAPER, bestWithoutSkill(n, 2 * v)) as number;
          expect(more).toBeLessThanOrEqual(few);
          expect(wider).toBeLessThanOrEqual(few);
        },
      ),
    );
  });

  test('the best of many without skill - is what the benchmark expects', () => {
    // Mean of the largest of 50 numbers of deviation 1; the formula is 1 % above the exact 2.249.
    const rounds = Array.from({ length: 2_000 }, (_, round) =>
      Math.max(...walkOf(`best ${round}`, { count: 50, deviation: 1 })),
    );
    const mean = rounds.reduce((sum, value) => sum + value, 0) / rounds.length;
    expect(Math.abs(mean - bestWithoutSkill(50, 1))).toBeLessThan(0.1);
  });

  test('many trials whose Sharpe ratios were not kept - nothing is claimed', () => {
    const moments = momentsOf(Float64Array.from(walkOf('kept', { count: 500, mean: 0.001 })));
    const found = deflatedSharpe(moments, {
      count: 40,
      sharpes: [{ sharpe: 0.1, returns: 100 }],
    });
    expect(found).toMatchObject({ trials: 40, trialVariance: null, benchmark: null });
    expect(found.deflated).toBeNull();
    expect(found.probabilistic).not.toBeNull();
  });

  test('trials of other lengths - weigh by what their ratio is worth', () => {
    const moments = momentsOf(Float64Array.from(walkOf('length', { count: 400, mean: 0.001 })));
    const alike = [0.1, -0.05, 0.02].map((sharpe) => ({ sharpe, returns: 400 }));
    const other = [0.2, -0.1, 0.04].map((sharpe) => ({ sharpe, returns: 100 }));
    const [one, two] = [alike, other].map((sharpes) =>
      deflatedSharpe(moments, { count: 3, sharpes }),
    );
    expect(two?.trialVariance).toBeCloseTo(one?.trialVariance ?? 0, 12);
    expect(two?.deflated).toBeCloseTo(one?.deflated ?? 0, 12);
  });

  test('a run that never moved - null throughout', () => {
    const found = deflatedSharpe(momentsOf(new Float64Array(100)), {
      count: 2,
      sharpes: [0, 0.1].map((sharpe) => ({ sharpe, returns: 100 })),
    });
    expect(found).toMatchObject({ sharpe: null, probabilistic: null, deflated: null });
  });

  test('trials that cannot be - are refused', () => {
    expect(() => bestWithoutSkill(0, 1)).toThrow('whole number from 1 on, was 0');
    expect(() => bestWithoutSkill(2, -1)).toThrow('must not be negative, was -1');
  });
});
