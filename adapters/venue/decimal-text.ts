import { Decimal } from 'decimal.js';

const Exact = Decimal.clone({ precision: 60 });

/** ccxt's number as plain decimal text: `'0.00100000'`, `1e-7` and `50044.99` alike. Missing: zero.
 * Throws on anything that is no finite number. */
export function decimalText(value: unknown): string {
  if (value === undefined || value === null || value === '') return '0';
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new TypeError(`must be a decimal, was a ${typeof value}`);
  }
  const exact = new Exact(value);
  if (!exact.isFinite()) throw new TypeError(`must be a finite decimal, was ${value}`);
  return exact.toFixed();
}

/** Whether two decimal texts are the same number. */
export function sameDecimal(a: string, b: string): boolean {
  return new Exact(a).eq(b);
}

/** A ccxt precision as a step: in tick-size mode it is one, else it counts decimals. */
export function stepText(precision: unknown, isTickSize: boolean): string {
  if (precision === undefined || precision === null) return '0.00000001';
  return isTickSize ? decimalText(precision) : new Exact(10).pow(-Number(precision)).toFixed();
}
