import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AmountError,
  basisPointsOf,
  ceilToStep,
  decimal,
  divide,
  floorQuotientToStep,
  floorToStep,
  format,
  fromObservation,
  isMultipleOf,
  positive,
  priceFromObservation,
  ratioBps,
} from './money.ts';

const amounts = fc
  .tuple(fc.bigInt(-(10n ** 20n) + 1n, 10n ** 20n - 1n), fc.bigInt(0n, 10n ** 18n - 1n))
  .map(([whole, part]) => `${whole}.${part.toString().padStart(18, '0')}`);
const stepSizes = fc.constantFrom('0.00000001', '0.00001', '0.01', '0.5', '1', '3', '0.003');

describe('money', () => {
  const refused = [
    'NaN',
    'Infinity',
    '-Infinity',
    '1e5',
    '1E-7',
    '',
    ' 1',
    '1 ',
    '+1',
    '.5',
    '5.',
    '01',
    '0x10',
    '1,000',
    '--1',
    '1.1234567890123456789',
    '123456789012345678901',
    '٣',
    '1\n',
  ];
  test.each(refused)('parse - %j is not an amount', (text) => {
    expect(() => decimal(text)).toThrow(AmountError);
  });

  test('parse - an error names the field, what was expected and what was found', () => {
    expect(() => decimal('1e5', 'price')).toThrow('price must be a decimal like 12.5, was "1e5"');
    expect(() => positive('-3', 'quantity')).toThrow('quantity must be positive, was -3');
  });

  test('format - every amount survives a round trip to the last digit', () => {
    fc.assert(
      fc.property(amounts, (text) => {
        const value = decimal(text);
        expect(decimal(format(value)).eq(value)).toBe(true);
        expect(format(value)).not.toMatch(/[eE]|\.\d*0$|^-0$/);
      }),
    );
  });

  test('format - refuses what the database would refuse', () => {
    expect(() => format(decimal('1').div(3))).toThrow('18 decimals');
    expect(format(decimal('-0.0'))).toBe('0');
    expect(format(decimal('0.000000000000000001'))).toBe('0.000000000000000001');
  });

  test('steps - a quotient is floored to the multiple below it, without rounding it first', () => {
    const parts = fc.tuple(amounts, amounts, stepSizes);
    fc.assert(
      fc.property(parts, ([aText, bText, stepText]) => {
        const [a, b] = [decimal(aText).abs(), decimal(bText).abs().plus('0.001')];
        const step = decimal(stepText);
        const floored = floorQuotientToStep(a, b, step);
        expect(isMultipleOf(floored, step)).toBe(true);
        expect(floored.times(b).lte(a) && floored.plus(step).times(b).gt(a)).toBe(true);
      }),
    );
    expect(() => floorQuotientToStep(decimal('1'), decimal('0'), decimal('1'))).toThrow(
      AmountError,
    );
  });

  test('parse - what was written is read back as the same value, many times over', () => {
    for (let count = 0; count < 10_000; count += 1) {
      const text = `${count}.5`;
      expect(format(decimal(text).times(2))).toBe(String(2 * count + 1));
      expect(decimal(text).toFixed()).toBe(text);
    }
    expect(fromObservation(0.1).toFixed()).toBe(decimal('0.1').toFixed());
  });

  test('steps - floor and ceil are the nearest multiples on either side', () => {
    fc.assert(
      fc.property(amounts, stepSizes, (text, stepText) => {
        const value = decimal(text);
        const step = decimal(stepText);
        const below = floorToStep(value, step);
        const above = ceilToStep(value, step);
        expect(isMultipleOf(below, step) && isMultipleOf(above, step)).toBe(true);
        expect(below.lte(value) && value.lt(below.plus(step))).toBe(true);
        expect(above.gte(value) && value.gt(above.minus(step))).toBe(true);
      }),
    );
  });

  test('observation - a double becomes the decimal it prints as', () => {
    expect(format(fromObservation(0.1))).toBe('0.1');
    expect(format(fromObservation(1e-7))).toBe('0.0000001');
    expect(format(fromObservation(54018.005))).toBe('54018.005');
    expect(() => fromObservation(Number.NaN)).toThrow('must be finite');
  });

  test('observation - a price lands on the tick', () => {
    expect(priceFromObservation(54018.017, '0.01')).toBe('54018.02');
    expect(priceFromObservation(54018, '0.01')).toBe('54018');
    expect(priceFromObservation(0.00001234, '0.00000001')).toBe('0.00001234');
    expect(() => priceFromObservation(0.001, '0.01')).toThrow('at least one tick');
  });

  test('ratios - basis points are exact', () => {
    expect(format(basisPointsOf(decimal('123.45'), 7))).toBe('0.086415');
    expect(ratioBps(decimal('1'), decimal('3'))).toBe(3333);
    expect(ratioBps(decimal('1'), decimal('0'))).toBe(0);
    const near = fc.tuple(amounts, amounts, fc.constantFrom('0', '0.000000000000000001'));
    fc.assert(
      fc.property(near, ([one, two, little]) => {
        const whole = decimal(two).abs().plus('0.001');
        // A share that is whole basis points but for the last digit, and any share at all.
        for (const part of [whole.times('0.0123').minus(little), decimal(one)]) {
          expect(ratioBps(part, whole)).toBe(part.times(10_000).divToInt(whole).toNumber());
        }
      }),
    );
    expect(format(divide(decimal('2'), decimal('3')))).toBe('0.666666666666666667');
  });
});
