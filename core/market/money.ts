import { Decimal } from './decimal.ts';

export { Decimal };

/** The most decimals an amount may carry: what the database's `amount` domain takes. */
export const MAX_SCALE = 18;

const AMOUNT = /^-?(0|[1-9]\d{0,19})(\.\d{1,18})?$/;
/** Plain digits of a finite number that are no longer than this are an amount in any case. */
const SURELY_AMOUNT = 20;
const OBSERVATION_LIMIT = 1e20;
const BASIS_POINT_PLACES = 4;

/** Long amounts that were read or written lately, by their text: an average price is read over and
 * over. A decimal is never changed, so one may stand for all of its text; which of them are still
 * remembered changes nothing but the time it takes. */
const REMEMBERED = 4_096;
const readLately = new Map<string, Decimal>();

/** An amount as it is written down, or as it is counted with. */
export type AmountValue = Decimal | string;

/** Text that is not an amount: an exponent, NaN, a sign without digits, too many digits. */
export class AmountError extends Error {
  override readonly name = 'AmountError';
}

/** Reads a decimal string by pattern: optional minus, at most 20 digits before and 18 after the
 * point; no exponent, no NaN, no infinity, no spaces. What is a decimal already stays as it is.
 * `name` is the field an error speaks of. */
export function decimal(text: AmountValue, name = 'amount'): Decimal {
  if (typeof text !== 'string') return text;
  const known = Decimal.plain(text) ?? readLately.get(text);
  if (known !== undefined) return known;
  if (!AMOUNT.test(text)) {
    const shown = JSON.stringify(String(text).slice(0, 40));
    throw new AmountError(`${name} must be a decimal like 12.5, was ${shown}`);
  }
  return remember(text, Decimal.of(text));
}

function remember(text: string, value: Decimal): Decimal {
  if (readLately.size >= REMEMBERED) readLately.clear();
  readLately.set(text, value);
  return value;
}

/** As `decimal`, and greater than zero. */
export function positive(text: AmountValue, name = 'amount'): Decimal {
  const value = decimal(text, name);
  if (isPositive(value)) return value;
  throw new AmountError(`${name} must be positive, was ${text.toString()}`);
}

function isPositive(value: Decimal): boolean {
  return !value.isNegative() && !value.isZero();
}

export function isAmount(text: string): boolean {
  return AMOUNT.test(text);
}

/** The one text form of an amount: plain digits, no trailing zeros, never `-0`. Throws when the
 * value would not fit the database's domain (it is a bug to have rounded nowhere before). */
export function format(value: Decimal): string {
  const text = value.toFixed();
  if (text.length <= SURELY_AMOUNT || readLately.has(text)) return text;
  if (!AMOUNT.test(text)) {
    throw new AmountError(`must have at most 20 digits and 18 decimals, was ${text.slice(0, 60)}`);
  }
  // What is written is soon read.
  remember(text, value);
  return text;
}

/** `value` with at most 18 decimals, half-even. */
export function atMostScale(value: Decimal): Decimal {
  return value.toDecimalPlaces(MAX_SCALE);
}

/** The lesser of two. */
export function lesser(a: Decimal, b: Decimal): Decimal {
  return a.lt(b) ? a : b;
}

/** The largest multiple of `step` that is not above `value`. */
export function floorToStep(value: Decimal, step: Decimal): Decimal {
  return value.floorTo(checkedStep(step));
}

/** The smallest multiple of `step` that is not below `value`. */
export function ceilToStep(value: Decimal, step: Decimal): Decimal {
  const below = value.floorTo(checkedStep(step));
  return below.eq(value) ? value : below.plus(step);
}

/** The largest multiple of `step` that is not above a / b, for a ≥ 0: exact, and without a quotient
 * of ninety digits. */
export function floorQuotientToStep(a: Decimal, b: Decimal, step: Decimal): Decimal {
  if (!isPositive(b) || !isPositive(step)) throw new AmountError('must divide by what is positive');
  return a.divToInt(b.times(step)).times(step);
}

export function isMultipleOf(value: Decimal, step: Decimal): boolean {
  return value.isMultipleOf(step);
}

function checkedStep(step: Decimal): Decimal {
  if (isPositive(step)) return step;
  throw new AmountError(`step must be positive, was ${step.toFixed()}`);
}

/** a / b rounded half-even to 18 decimals: averages only, never a sum that must balance. */
export function divide(a: Decimal, b: Decimal): Decimal {
  if (b.isZero()) throw new AmountError('must not divide by zero');
  return a.quotient(b, MAX_SCALE);
}

/** `value` × basis points / 10,000, exact. */
export function basisPointsOf(value: Decimal, basisPoints: number): Decimal {
  if (!Number.isInteger(basisPoints)) {
    throw new AmountError(`basis points must be an integer, was ${basisPoints}`);
  }
  return value.times(basisPoints).pointMoved(BASIS_POINT_PLACES);
}

/** Two doubles can be off by less than this in the basis points of a share. */
const UNSURE_BPS = 1e-6;

/** part / whole in whole basis points, towards zero; 0 when there is no whole. */
export function ratioBps(part: Decimal, whole: Decimal): number {
  if (!isPositive(whole) || part.isZero()) return 0;
  const near = (part.toNumber() / whole.toNumber()) * 10_000;
  // Where no whole number is near, doubles say on which side of it the exact quotient lies.
  const isSure = Math.abs(near) < 1e6 && Math.abs(near - Math.round(near)) > UNSURE_BPS;
  if (isSure) return Math.trunc(near);
  return part.times(10_000).divToInt(whole).toNumber();
}

/** An observed price or quantity (a double) as the decimal it prints as, at most 18 decimals. */
export function fromObservation(observed: number, name = 'observation'): Decimal {
  if (!Number.isFinite(observed) || Math.abs(observed) >= OBSERVATION_LIMIT) {
    throw new AmountError(`${name} must be finite and below 1e20, was ${observed}`);
  }
  return atMostScale(Decimal.of(observed));
}

/** An observed price as the decimal string that money is counted in; never an exponent. */
export function observedText(observed: number): string {
  return format(fromObservation(observed));
}

/** The observed price on the instrument's tick, nearest, ties to even. Where a tape's prices are
 * finer than the tick this is the only place that rounds them. Throws when nothing is left above
 * zero. */
export function priceFromObservation(close: number, tickSize: string): string {
  const tick = positive(tickSize, 'tickSize');
  const price = fromObservation(close, 'close');
  const rounded = price.quotient(tick, 0).times(tick);
  if (rounded.lte(0)) {
    throw new AmountError(`close must be at least one tick (${tickSize}), was ${close}`);
  }
  return format(rounded);
}
