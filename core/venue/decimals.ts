import { Decimal } from 'decimal.js';

/** Exact decimals of the paper venue: 100 significant digits hold any product of two legal
 * parameters, so nothing is ever rounded but fees, and those by name. */
export const Amount = Decimal.clone({ precision: 100, rounding: Decimal.ROUND_DOWN });
export type Amount = Decimal;

export const ZERO = new Amount(0);

/** Amounts that were read lately, by their text: a decimal is never changed, so one may stand for
 * all of its text, and what is still remembered changes nothing but the time it takes. */
const REMEMBERED = 4_096;
/** Nobody's request is to fill the memory with digits. */
const LONGEST_REMEMBERED = 40;
const readLately = new Map<string, Amount>();

export function amount(value: string | number): Amount {
  const text = typeof value === 'number' ? String(value) : value;
  const known = readLately.get(text);
  if (known !== undefined) return known;
  const read = new Amount(text);
  if (text.length > LONGEST_REMEMBERED) return read;
  if (readLately.size >= REMEMBERED) readLately.clear();
  readLately.set(text, read);
  return read;
}

/** Largest multiple of `step` that is not above `value`. By the remainder, which is exact where a
 * quotient is not, and is there after a few digits where a quotient takes all hundred. */
export function floorTo(value: Amount, step: Amount): Amount {
  const over = value.mod(step);
  if (over.isZero()) return value;
  const towardsZero = value.minus(over);
  return over.isNegative() ? towardsZero.minus(step) : towardsZero;
}

/** Smallest multiple of `step` that is not below `value`. */
export function ceilTo(value: Amount, step: Amount): Amount {
  const over = value.mod(step);
  if (over.isZero()) return value;
  const towardsZero = value.minus(over);
  return over.isNegative() ? towardsZero : towardsZero.plus(step);
}

const ONE_BASIS_POINT = new Amount('0.0001');

/** `value` × basis points / 10,000, exact. */
export function basisPointsOf(value: Amount, basisPoints: number | Amount): Amount {
  return value.mul(basisPoints).mul(ONE_BASIS_POINT);
}

/** Plain digits with at least eight decimals, the way Binance prints money. */
export function printed(value: Amount): string {
  return value.decimalPlaces() > 8 ? value.toFixed() : value.toFixed(8);
}

export function smaller(a: Amount, b: Amount): Amount {
  return a.lt(b) ? a : b;
}
