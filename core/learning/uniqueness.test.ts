import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Span, uniquenessOf } from './uniqueness.ts';

// Failure here looks like: twelve overlapping opinions about one move counted as twelve proofs.

function sum(spans: readonly Span[]): number {
  return uniquenessOf(spans).reduce((total, one) => total + one, 0);
}

const SPANS = fc.array(
  fc
    .record({ from: fc.integer({ min: 0, max: 60 }), took: fc.integer({ min: 1, max: 15 }) })
    .map(({ from, took }): Span => ({ closeTimeMs: from, settledAtMs: from + took })),
  { minLength: 1, maxLength: 30 },
);

/** Millisecond by millisecond, as the definition reads. */
function bySteps(spans: readonly Span[]): number[] {
  const open = (at: number): number =>
    spans.filter(({ closeTimeMs, settledAtMs }) => closeTimeMs <= at && at < settledAtMs).length;
  return spans.map(({ closeTimeMs, settledAtMs }) => {
    let shares = 0;
    for (let at = closeTimeMs; at < settledAtMs; at += 1) shares += 1 / open(at);
    return shares / (settledAtMs - closeTimeMs);
  });
}

describe('how much of its own a question says', () => {
  test('apart, end to end, and all at once', () => {
    const apart = [0, 100, 110].map((at) => ({ closeTimeMs: at, settledAtMs: at + 10 }));
    expect([...uniquenessOf(apart)]).toEqual([1, 1, 1]);
    const same = [1, 2, 3, 4].map(() => ({ closeTimeMs: 5, settledAtMs: 9 }));
    expect([...uniquenessOf(same)]).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect([...uniquenessOf([])]).toEqual([]);
  });

  test('a dozen one candle apart, settled a dozen candles later - less than two and a half', () => {
    const spans = Array.from({ length: 12 }, (_, at) => ({
      closeTimeMs: at,
      settledAtMs: at + 12,
    }));
    expect(sum(spans)).toBeGreaterThan(1.9);
    expect(sum(spans)).toBeLessThan(2.5);
  });

  test('any spans - as counted step by step, and in all never more than there are', () => {
    fc.assert(
      fc.property(SPANS, (spans) => {
        const [fast, slow] = [uniquenessOf(spans), bySteps(spans)];
        slow.forEach((one, at) => {
          expect(fast[at]).toBeCloseTo(one, 9);
        });
        expect(sum(spans)).toBeLessThanOrEqual(spans.length + 1e-9);
      }),
    );
  });

  test('an answer that is not after its question - refused', () => {
    const span = { closeTimeMs: 5, settledAtMs: 5 };
    expect(() => uniquenessOf([span])).toThrow('settledAtMs must be after 5, was 5');
  });
});
