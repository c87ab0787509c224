import { describe, expect, test } from 'vitest';
import { Refusal } from '../../core/venue/errors.ts';
import { Parameters } from './parameters.ts';

function codeOf(act: () => unknown): number {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  throw new Error('must be refused');
}

describe('parameters', () => {
  test('decimal - plain digits only', () => {
    const accepted = new Parameters('a=1&b=0.5&c=00012.10');
    expect(accepted.optionalDecimal('a')?.toFixed()).toBe('1');
    expect(accepted.optionalDecimal('b')?.toFixed()).toBe('0.5');
    expect(accepted.optionalDecimal('c')?.toFixed()).toBe('12.1');
    const digits = '1'.repeat(21);
    for (const text of ['NaN', '1e5', '-1', '+1', '.5', '1.', '0x10', digits, '∞', ' 1']) {
      const raw = new URLSearchParams({ a: text }).toString();
      expect(
        codeOf(() => new Parameters(raw).optionalDecimal('a')),
        text,
      ).toBe(-1100);
    }
  });

  test('missing and empty - told apart', () => {
    expect(codeOf(() => new Parameters('').text('symbol'))).toBe(-1102);
    expect(codeOf(() => new Parameters('symbol=').text('symbol'))).toBe(-1105);
  });

  test('sent twice - refused, whichever was meant', () => {
    expect(codeOf(() => new Parameters('a=1&a=2'))).toBe(-1101);
  });

  test('unread - refused: a misspelt parameter must not become a default', () => {
    const parameters = new Parameters('symbol=BTCUSDT&quantitty=1');
    parameters.text('symbol');
    expect(codeOf(() => parameters.finish())).toBe(-1104);
  });

  test('integer beyond safe digits - refused', () => {
    expect(codeOf(() => new Parameters('t=99999999999999999999').integer('t'))).toBe(-1130);
  });
});
