import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalBelow, normalQuantile } from './normal.ts';

// Failure here looks like: a deflated Sharpe ratio that is wrong in a digit somebody reads.

/** From scipy.stats.norm (1.17.1): cdf and ppf. */
const BELOW: readonly [number, number][] = [
  [-8, 6.22096057427174e-16],
  [-5, 2.866515718791933e-7],
  [-2.5, 0.006209665325776132],
  [-1, 0.15865525393145707],
  [-0.1, 0.460172162722971],
  [0, 0.5],
  [0.3, 0.6179114221889526],
  [1.96, 0.9750021048517795],
  [3.7, 0.9998922002665226],
  [6.5, 0.99999999995984],
];

const QUANTILES: readonly [number, number][] = [
  [1e-12, -7.034483825301131],
  [1e-6, -4.753424308822899],
  [0.001, -3.090232306167813],
  [0.02, -2.053748910631823],
  [0.1, -1.2815515655446004],
  [0.3, -0.5244005127080409],
  [0.5, 0],
  [0.7, 0.5244005127080407],
  [0.975, 1.959963984540054],
  [0.999, 3.090232306167813],
];

describe('normal distribution', () => {
  test.each(BELOW)('below %d - as scipy has it', (x, expected) => {
    expect(Math.abs(normalBelow(x) - expected)).toBeLessThan(1e-14);
  });

  test.each(QUANTILES)('quantile of %d - as scipy has it', (probability, expected) => {
    expect(Math.abs(normalQuantile(probability) - expected)).toBeLessThan(1e-9);
  });

  test('any probability - its quantile is where that much lies below', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (probability) => {
        expect(Math.abs(normalBelow(normalQuantile(probability)) - probability)).toBeLessThan(
          1e-13,
        );
      }),
    );
  });

  test('no probability - is refused', () => {
    for (const wrong of [0, 1, -0.1, Number.NaN]) {
      expect(() => normalQuantile(wrong)).toThrow(`between 0 and 1, was ${wrong}`);
    }
  });
});
