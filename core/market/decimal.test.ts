/** Sums of money that are exact until somebody counts differently: every operation is held equal to
 * decimal.js, which has nothing in common with ours, on small numbers, on numbers at the edge of
 * what a double counts exactly, and on numbers far beyond it. */
import { Decimal as Base } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from './decimal.ts';
import type { Rounding } from './whole.ts';

const Witness = Base.clone({
  precision: 90,
  rounding: Base.ROUND_HALF_EVEN,
  toExpNeg: -9e15,
  toExpPos: 9e15,
});
const RUNS = { numRuns: 3_000 };

const EDGE = BigInt(Number.MAX_SAFE_INTEGER);
const wholes = fc.oneof(
  fc.bigInt(-1_000n, 1_000n),
  fc.bigInt(-(10n ** 10n), 10n ** 10n),
  fc.bigInt(-EDGE - 3n, -EDGE + 3n),
  fc.bigInt(EDGE - 3n, EDGE + 3n),
  fc.bigInt(-(10n ** 38n), 10n ** 38n),
  fc.tuple(fc.bigInt(-999n, 999n), fc.integer({ min: 0, max: 30 })).map(([digits, zeros]) => {
    return digits * 10n ** BigInt(zeros);
  }),
);
const texts = fc.tuple(wholes, fc.integer({ min: 0, max: 18 })).map(([whole, scale]) => {
  const digits = (whole < 0n ? -whole : whole).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return whole < 0n ? `-${text}` : text;
});
const positives = texts.map((text) => text.replace('-', '')).filter((text) => Number(text) > 0);
const decimals = fc.integer({ min: 0, max: 20 });
const ROUNDINGS: Readonly<Record<Rounding, Base.Rounding>> = {
  'half-even': Base.ROUND_HALF_EVEN,
  'half-up': Base.ROUND_HALF_UP,
  down: Base.ROUND_DOWN,
};
const roundings = fc.constantFrom(...(Object.keys(ROUNDINGS) as Rounding[]));

/** Ours and decimal.js's of one text. */
function both(text: string): [Decimal, Base] {
  return [Decimal.of(text), new Witness(text)];
}

function plain(value: Base): string {
  return value.isZero() ? '0' : value.toFixed();
}

describe('decimal', () => {
  test('sums, differences and products are exact', () => {
    fc.assert(
      fc.property(texts, texts, (one, two) => {
        const [[a, x], [b, y]] = [both(one), both(two)];
        expect(a.plus(b).toFixed()).toBe(plain(x.plus(y)));
        expect(a.minus(b).toFixed()).toBe(plain(x.minus(y)));
        expect(a.times(b).toFixed()).toBe(plain(x.times(y)));
        expect(a.plus(b).minus(b).eq(a)).toBe(true);
        expect(a.pointMoved(4).toFixed()).toBe(plain(x.times('0.0001')));
        expect(a.neg().abs().toFixed()).toBe(plain(x.abs()));
      }),
      RUNS,
    );
  });

  test('quotients are rounded as decimal.js rounds them', () => {
    const divisors = texts.filter((text) => Number(text) !== 0);
    fc.assert(
      fc.property(texts, divisors, decimals, (one, two, places) => {
        const [[a, x], [b, y]] = [both(one), both(two)];
        expect(a.div(b).toFixed()).toBe(plain(x.div(y)));
        expect(a.divToInt(b).toFixed()).toBe(plain(x.divToInt(y)));
        expect(a.quotient(b, places).toFixed()).toBe(plain(x.div(y).toDecimalPlaces(places)));
      }),
      RUNS,
    );
    for (const divide of ['div', 'divToInt'] as const) {
      expect(() => Decimal.of('1')[divide]('0.0')).toThrow('must not divide by zero');
    }
    expect(() => Decimal.of('1').quotient(0, 18)).toThrow('must not divide by zero');
  });

  test('what a quotient comes to is rounded again where it has too many digits', () => {
    fc.assert(
      fc.property(positives, positives, texts, (one, two, three) => {
        const [[a, x], [b, y], [c, z]] = [both(one), both(two), both(three)];
        // Digits before the point are never given up.
        fc.pre(x.div(y).times(z).abs().lt('1e89'));
        expect(a.div(b).times(c).toFixed()).toBe(plain(x.div(y).times(z)));
        expect(a.div(b).plus(c).toFixed()).toBe(plain(x.div(y).plus(z)));
        expect(c.minus(a.div(b)).toFixed()).toBe(plain(z.minus(x.div(y))));
      }),
      RUNS,
    );
  });

  test('comparisons tell numbers apart by their last digit', () => {
    const near = fc.tuple(texts, fc.constantFrom('0', '0.000000000000000001', '1'));
    fc.assert(
      fc.property(texts, near, (one, [two, little]) => {
        const [[a, x], [b, y]] = [both(one), both(two)];
        const [[c, z], sum] = [both(little), both(two)[0].plus(little)];
        expect(Math.sign(a.comparedTo(b))).toBe(Math.sign(x.comparedTo(y)));
        expect(sum.gt(b)).toBe(y.plus(z).gt(y));
        expect([a.lt(b), a.lte(b), a.gt(b), a.gte(b), a.eq(b)]).toEqual([
          ...[x.lt(y), x.lte(y), x.gt(y), x.gte(y), x.eq(y)],
        ]);
        expect(Decimal.max(a, b, c).toFixed()).toBe(plain(Base.max(x, y, z)));
        expect(Decimal.min(a, b, c).toFixed()).toBe(plain(Base.min(x, y, z)));
        expect([a.isZero(), a.isNegative()]).toEqual([x.isZero(), x.lt(0)]);
      }),
      RUNS,
    );
  });

  test('steps are counted exactly', () => {
    fc.assert(
      fc.property(texts, positives, (one, each) => {
        const [[value, x], [step, y]] = [both(one), both(each)];
        const over = x.mod(y);
        const below = over.isZero() ? x : x.minus(over).minus(over.isNegative() ? y : 0);
        expect(value.floorTo(step).toFixed()).toBe(plain(below));
        expect(value.isMultipleOf(step)).toBe(over.isZero());
      }),
      RUNS,
    );
  });

  test('decimals are cut as decimal.js cuts them', () => {
    fc.assert(
      fc.property(texts, decimals, roundings, (text, places, rounding) => {
        const [value, witness] = both(text);
        expect(value.toFixed()).toBe(plain(witness));
        expect(value.plus('0.0').toFixed()).toBe(plain(witness));
        const cut = witness.toDecimalPlaces(places, ROUNDINGS[rounding]);
        expect(value.toDecimalPlaces(places, rounding).toFixed()).toBe(plain(cut));
        expect(value.decimalPlaces()).toBe(witness.decimalPlaces());
        const fixed = value.toFixed(places);
        // decimal.js keeps the sign of what was rounded to nothing.
        expect(fixed.replace('-', '')).toBe(witness.abs().toFixed(places));
        expect(fixed.split('.')[1]?.length ?? 0).toBe(places);
      }),
      RUNS,
    );
  });

  test('doubles are read as what they print as, and come out as the nearest', () => {
    const doubles = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.tuple(fc.integer(), fc.integer({ min: 0, max: 12 })).map(([n, at]) => n / 10 ** at),
    );
    fc.assert(
      fc.property(doubles, (double) => {
        const value = Decimal.of(double);
        expect(value.toFixed()).toBe(plain(new Witness(double)));
        expect(value.toNumber() + 0).toBe(double + 0);
      }),
      RUNS,
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(Decimal.of(text).toNumber() + 0).toBe(Number(text) + 0);
      }),
      RUNS,
    );
  });

  test('text is read with or without an exponent, and what is no number is refused', () => {
    const read = { '1e-7': '0.0000001', '-0': '0', '007.50': '7.5', '1.5E3': '1500', '+2': '2' };
    for (const [text, expected] of Object.entries(read)) {
      expect(Decimal.of(text).toFixed()).toBe(expected);
    }
    for (const text of [
      '',
      '.',
      '1.',
      '.5',
      '-',
      'NaN',
      'Infinity',
      '1e',
      '0x10',
      '1e9999',
      ' 1',
    ]) {
      expect(() => Decimal.of(text), text).toThrow('must be a finite decimal');
    }
    expect(() => Decimal.of(Number.NaN)).toThrow('must be a finite decimal');
    expect(() => Decimal.of(Number.NEGATIVE_INFINITY)).toThrow('must be a finite decimal');
  });
});
