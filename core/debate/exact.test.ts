import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plus, quotient, remainder, times } from './exact.ts';

/** Around every size at which a double might lose a digit. */
const whole = fc.oneof(
  fc.integer({ min: 0, max: 10_000 }),
  fc.maxSafeNat(),
  fc.bigInt({ min: 0n, max: 1n << 80n }),
);
const above = whole.filter((one) => one > 0);

describe('exact whole numbers', () => {
  test('sums, products, quotients and remainders - what bigints alone would give', () => {
    fc.assert(
      fc.property(whole, above, (one, other) => {
        const [a, b] = [BigInt(one), BigInt(other)];
        const found = [plus(one, other), times(one, other), quotient(one, other)].map(BigInt);
        expect(found).toEqual([a + b, a * b, a / b]);
        expect(BigInt(remainder(one, other))).toBe(a % b);
      }),
      { numRuns: 2_000 },
    );
  });

  test('just below a whole quotient - is rounded down, not to the nearest', () => {
    expect(quotient(9_999 * 900_719_925_474 - 1, 900_719_925_474)).toBe(9_998);
  });
});
