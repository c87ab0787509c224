import { Decimal, type DecimalValue } from '../market/decimal.ts';

/** Exact decimals of the paper venue. Products of legal parameters are never rounded; fees are, and
 * say so. */
export type Amount = Decimal;

export const ZERO = Decimal.of(0);

/** Text, also with an exponent, or a double as what it prints as. Throws a `RangeError` on what is
 * no finite number. */
export function amount(value: DecimalValue): Amount {
  return Decimal.of(value);
}

/** `value` × basis points / 10,000, exact; parts of a basis point too. */
export function basisPointsOf(value: Amount, basisPoints: DecimalValue): Amount {
  return value.times(basisPoints).pointMoved(4);
}

/** Plain digits with at least eight decimals, the way Binance prints money. */
export function printed(value: Amount): string {
  return value.decimalPlaces() > 8 ? value.toFixed() : value.toFixed(8);
}
