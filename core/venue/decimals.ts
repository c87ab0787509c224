import { Decimal } from 'decimal.js';

/** Exact decimals of the paper venue: 100 significant digits hold any product of two legal
 * parameters, so nothing is ever rounded but fees, and those by name. */
export const Amount = Decimal.clone({ precision: 100, rounding: Decimal.ROUND_DOWN });
export type Amount = Decimal;

export const ZERO = new Amount(0);

export function amount(value: string | number): Amount {
  return new Amount(typeof value === 'number' ? String(value) : value);
}

/** Largest multiple of `step` that is not above `value`. */
export function floorTo(value: Amount, step: Amount): Amount {
  return value.div(step).floor().mul(step);
}

/** Smallest multiple of `step` that is not below `value`. */
export function ceilTo(value: Amount, step: Amount): Amount {
  return value.div(step).ceil().mul(step);
}

/** Plain digits with at least eight decimals, the way Binance prints money. */
export function printed(value: Amount): string {
  return value.decimalPlaces() > 8 ? value.toFixed() : value.toFixed(8);
}

export function smaller(a: Amount, b: Amount): Amount {
  return a.lt(b) ? a : b;
}
