import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forecastOf, MOST_FORECAST_BPS } from './forecast.ts';

// Failure here looks like: a model's answer that no snapshot can carry, so that a close with a
// champion has no debate.

const MODEL = 'ab'.repeat(32);
const EVEN = { buy: 1 / 3, sell: 1 / 3, hold: 1 / 3, magnitude: 0, confidence: 0.5, risk: 0 };

describe('forecastOf', () => {
  test('a prediction - in basis points, thirds to the earlier action', () => {
    const prediction = { ...EVEN, magnitude: 0.0084, confidence: 0.55, risk: 0.00604 };
    expect(forecastOf(prediction, MODEL, 7_500)).toEqual({
      model: MODEL,
      ...{ buyBp: 3_334, sellBp: 3_333, holdBp: 3_333 },
      ...{ confidenceBp: 5_500, magnitudeBps: 84, riskBps: 60, worthBp: 7_500 },
    });
  });

  test('any answer a model may give - whole, within bounds, shares that sum to 10,000', () => {
    const share = fc.float({ min: 0, max: 1, noNaN: true });
    const size = fc.float({ min: 0, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.tuple(share, share, share, size), ([a, b, confidence, magnitude]) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const shares = { buy: low, sell: Math.fround(high - low), hold: Math.fround(1 - high) };
        const prediction = { ...shares, confidence, magnitude, risk: magnitude };
        const { model, ...figures } = forecastOf(prediction, MODEL, 10_000);
        expect(model).toBe(MODEL);
        expect(Object.values(figures).every(Number.isInteger)).toBe(true);
        const { buyBp, sellBp, holdBp, confidenceBp, magnitudeBps } = figures;
        expect(buyBp + sellBp + holdBp).toBe(10_000);
        expect(Math.min(buyBp, sellBp, holdBp, magnitudeBps)).toBeGreaterThanOrEqual(0);
        expect(confidenceBp).toBeLessThanOrEqual(10_000);
        expect(magnitudeBps).toBeLessThanOrEqual(MOST_FORECAST_BPS);
      }),
    );
  });
});
