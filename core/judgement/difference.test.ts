import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Difference } from './assessment.ts';
import { differenceOf, PairedScores } from './difference.ts';
import { metricsOf } from './metrics.ts';
import type { Run } from './returns.ts';
import { equityOf, runOf, walkOf } from './run.fixture.ts';

// Failure here looks like: an arm that is called better for what is noise, or the other way about.

const BOOTSTRAP = { resamples: 200, seed: 'test', level: 0.95 };

function compare(judged: Run, other: Run, regimes?: Uint8Array): Difference {
  return differenceOf(judged, other, {
    names: { judged: 'council', other: 'vote' },
    regimes: regimes ?? new Uint8Array(judged.curve.timeMs.length),
    bootstrap: BOOTSTRAP,
    riskFree: 0,
  });
}

function run(seed: string, parts: { mean?: number; count?: number } = {}): Run {
  return runOf(equityOf(walkOf(seed, { count: 500, ...parts })));
}

describe('paired difference', () => {
  test('growth - what one ended with over the other, a year; Sharpe as in the metrics', () => {
    const [one, two] = [run('one'), run('two', { mean: 0.0005 })];
    const [a, b] = [metricsOf(one), metricsOf(two)];
    const { growth, sharpe } = compare(one, two);
    expect(growth).toBeCloseTo(Math.log(a.finalEquity / b.finalEquity) / a.years, 9);
    expect(sharpe).toBeCloseTo((a.sharpe ?? 0) - (b.sharpe ?? 0), 9);
  });

  test('a steady advantage in a common storm - is seen, though either alone would not be', () => {
    const storm = walkOf('storm', { count: 500, deviation: 0.03 });
    const edge = walkOf('edge', { count: 500, mean: 0.0004, deviation: 0.001 });
    const better = runOf(equityOf(storm.map((value, at) => value + (edge[at] as number))));
    const found = compare(better, runOf(equityOf(storm)));
    expect(found.verdict).toBe('better');
    expect(found.words).toMatch(
      /^council did better than vote: \+\d+\.\d % of growth a year, 95 %/,
    );
    expect(compare(runOf(equityOf(storm)), better)).toMatchObject({ verdict: 'worse' });
  });

  test('two without skill - nothing is shown, and that is said', () => {
    const found = compare(run('left'), run('right'));
    expect(found.verdict).toBe('undecided');
    expect(found.words).toMatch(/^no difference shown between council and vote: /);
  });

  test('the same trades - equal, whatever the interval', () => {
    const found = compare(run('same'), run('same'));
    expect(found).toMatchObject({ verdict: 'equal', growth: 0 });
    expect(found.words).toBe('council and vote made the same, close by close');
  });

  test('too few closes - unknown', () => {
    const found = compare(run('few', { count: 20 }), run('other', { count: 20 }));
    expect(found).toMatchObject({ verdict: 'unknown', growthInterval: null });
    expect(found.words).toBe('too few closes to tell council from vote');
  });

  test('an arm that never traded - its growth is compared, its Sharpe ratio is not', () => {
    const found = compare(run('trades', { mean: 0.01 }), runOf(new Array(500).fill(1_000)));
    expect(found).toMatchObject({ verdict: 'better', sharpe: null, sharpeInterval: null });
  });

  test('by regime - the parts, by their hours, make the whole', () => {
    const regimes = Uint8Array.from({ length: 500 }, (_, at) => Math.floor(at / 100) % 3);
    const { byRegime, growth } = compare(run('parts'), run('whole'), regimes);
    expect(byRegime.map(({ regime }) => regime)).toEqual(['calm', 'trend_up', 'trend_down']);
    const whole = byRegime.reduce((sum, part) => sum + part.returns * (part.growth ?? 0), 0) / 500;
    expect(whole).toBeCloseTo(growth ?? Number.NaN, 9);
  });

  test('the two turned round - the same interval, mirrored', () => {
    const [one, two] = [run('mirror'), run('image')];
    const [there, back] = [compare(one, two), compare(two, one)];
    expect(back.growth).toBeCloseTo(-(there.growth ?? 0), 9);
    expect(back.growthInterval?.low).toBeCloseTo(-(there.growthInterval?.high ?? 0), 9);
    expect(back.sharpeInterval?.high).toBeCloseTo(-(there.sharpeInterval?.low ?? 0), 9);
  });

  test('many pairs without a difference - one in twenty is called one, not one in five', () => {
    const rounds = 100;
    let shown = 0;
    for (let round = 0; round < rounds; round += 1) {
      const { verdict } = compare(run(`a ${round}`), run(`b ${round}`));
      if (verdict !== 'undecided') shown += 1;
    }
    // 5.5 % over 600 rounds; with a hundred, luck may double it.
    expect(shown / rounds).toBeLessThan(0.15);
    expect(shown).toBeGreaterThan(0);
  });

  test('different clocks - are refused', () => {
    expect(() => compare(run('a', { count: 40 }), run('b', { count: 41 }))).toThrow('40 and 41');
    const shifted = runOf(equityOf(walkOf('b', { count: 40 })), { stepMs: 3_600_000 });
    expect(() => compare(run('a', { count: 40 }), shifted)).toThrow('close 0 is at');
  });
});

describe('paired scores', () => {
  test('any pairs - the mean is that of the pairs, not of the closes', () => {
    const pairs = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: -100, max: 100 })));
    fc.assert(
      fc.property(pairs, (all) => {
        const scores = new PairedScores();
        const inOrder = all.toSorted(([a], [b]) => a - b);
        for (const [at, value] of inOrder) scores.add(at, value);
        const { pairs, mean } = scores.result(BOOTSTRAP);
        expect(pairs).toBe(all.length);
        const sum = all.reduce((total, [, value]) => total + value, 0);
        if (all.length === 0) expect(mean).toBeNull();
        else expect(mean).toBeCloseTo(sum / all.length, 9);
      }),
    );
  });
});
