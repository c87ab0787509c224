import { describe, expect, test } from 'vitest';
import { decimalText, sameDecimal, stepText } from './decimal-text.ts';

describe('decimal text', () => {
  test.each([
    ['0.00100000', '0.001'],
    [1e-7, '0.0000001'],
    [50_044.99, '50044.99'],
    ['1E+3', '1000'],
    [undefined, '0'],
  ])('%s - %s', (given, expected) => {
    expect(decimalText(given)).toBe(expected);
  });

  test('no number - refused', () => {
    for (const given of [Number.NaN, Number.POSITIVE_INFINITY, 'Infinity', 'ten']) {
      expect(() => decimalText(given)).toThrow(/decimal|DecimalError/i);
    }
  });

  test('digits beyond a double - still told apart', () => {
    expect(sameDecimal('1.00000000000000001', '1')).toBe(false);
    expect(sameDecimal('1.0', '1')).toBe(true);
  });

  test('step - from a tick or from a count of decimals', () => {
    expect(stepText('0.01000000', true)).toBe('0.01');
    expect(stepText(3, false)).toBe('0.001');
  });
});
