import {
  digitsOf,
  isSafe,
  order,
  POWERS,
  power,
  quotient,
  type Rounding,
  rounded,
  SAFE,
} from './whole.ts';

/** What can be read as a decimal: one of ours, text (`-12.50`, `1e-7`), or a double, which is the
 * decimal it prints as. */
export type DecimalValue = Decimal | string | number;

/** The most significant digits a number keeps: more than the product of any two amounts has (38
 * digits each), so that only a division rounds. */
const PRECISION = 90;
const LARGEST = 10n ** BigInt(PRECISION);
const SAFE_LARGE = BigInt(SAFE);
/** Digits of which every number below is a whole double. */
const SAFE_DIGITS = 15;
/** The longest text an amount can be, but for its sign, that is worth reading digit by digit. */
const PLAIN_LENGTH = 20;
/** Prices and volumes have no more decimals, mostly. */
const USUAL_SCALE = 8;
/** A double has no more digits after the point than this, and no text may ask for more. */
const MOST_SCALE = 1_100;
const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;
const ZERO_CODE = 48;
const POINT_CODE = 46;
const MINUS_CODE = 45;

/** An exact decimal: a whole number over a power of ten. Most amounts have few digits, so the whole
 * number is a double as long as that is exact, and a bigint otherwise: the same sums cost tens of
 * nanoseconds then. Never changed once made, never negative zero, NaN or infinite. Results of
 * more than ninety digits, which only a quotient has, lose decimals, half-even. */
export class Decimal {
  /** The whole number while it is safe; otherwise of no meaning, and `#large` has it. */
  readonly #small: number;
  readonly #large: bigint | null;
  /** Digits after the point, trailing zeros included: one number may have several forms. */
  readonly #scale: number;
  /** As it is written, once somebody has read or asked for it. */
  #text: string | null = null;

  private constructor(small: number, scale: number, large: bigint | null) {
    this.#small = small;
    this.#scale = scale;
    this.#large = large;
  }

  /** Throws a `RangeError` on what is no finite number. */
  static of(value: DecimalValue): Decimal {
    if (typeof value === 'string') return Decimal.plain(value) ?? fromText(value);
    return typeof value === 'number' ? fromDouble(value) : value;
  }

  /** Text of an optional minus and plain digits that a double counts exactly, the first of which is
   * no zero that could be left out; `null`: any other text, right or wrong. */
  static plain(text: string): Decimal | null {
    const { length } = text;
    const start = text.charCodeAt(0) === MINUS_CODE ? 1 : 0;
    if (length - start > PLAIN_LENGTH || length === start) return null;
    let whole = 0;
    let point = -1;
    for (let at = start; at < length; at += 1) {
      const digit = text.charCodeAt(at) - ZERO_CODE;
      if (digit >= 0 && digit <= 9) whole = whole * 10 + digit;
      else if (digit === POINT_CODE - ZERO_CODE && point < 0) point = at;
      else return null;
    }
    const end = point < 0 ? length : point;
    if (end === start || end === length - 1 || !isSafe(whole)) return null;
    if (text.charCodeAt(start) === ZERO_CODE && end > start + 1) return null;
    const scale = point < 0 ? 0 : length - 1 - point;
    const read = new Decimal(start === 1 ? 0 - whole : whole, scale, null);
    // Its very writing, unless there are zeros to be left out.
    if (scale > 0 && text.charCodeAt(length - 1) !== ZERO_CODE) read.#text = text;
    return read;
  }

  /** A safe integer over a power of ten. */
  static scaled(whole: number, scale: number): Decimal {
    return new Decimal(whole, scale, null);
  }

  /** Any whole number over a power of ten. */
  static large(whole: bigint, scale: number): Decimal {
    if (whole <= SAFE_LARGE && whole >= -SAFE_LARGE) return new Decimal(Number(whole), scale, null);
    if (whole < LARGEST && whole > -LARGEST) return new Decimal(0, scale, whole);
    const excess = Math.min(digitsOf(whole) - PRECISION, scale);
    if (excess <= 0) return new Decimal(0, scale, whole);
    return Decimal.large(quotient(whole, power(excess), 'half-even'), scale - excess);
  }

  /** Of one at least, as `min` is. */
  static max(...values: readonly DecimalValue[]): Decimal {
    let most = Decimal.of(values[0] ?? '');
    for (const value of values) if (most.lt(value)) most = Decimal.of(value);
    return most;
  }

  static min(...values: readonly DecimalValue[]): Decimal {
    let least = Decimal.of(values[0] ?? '');
    for (const value of values) if (least.gt(value)) least = Decimal.of(value);
    return least;
  }

  static sum(...values: readonly DecimalValue[]): Decimal {
    return values.reduce<Decimal>((sum, value) => sum.plus(value), ZERO);
  }

  plus(value: DecimalValue): Decimal {
    const other = Decimal.of(value);
    const scale = Math.max(this.#scale, other.#scale);
    if (this.#large === null && other.#large === null) {
      const one = this.#safeAt(scale);
      const two = other.#safeAt(scale);
      const sum = one + two;
      if (isSafe(one) && isSafe(two) && isSafe(sum)) return new Decimal(sum, scale, null);
    }
    return Decimal.large(this.#wholeAt(scale) + other.#wholeAt(scale), scale);
  }

  minus(value: DecimalValue): Decimal {
    const other = Decimal.of(value);
    const scale = Math.max(this.#scale, other.#scale);
    if (this.#large === null && other.#large === null) {
      const one = this.#safeAt(scale);
      const two = other.#safeAt(scale);
      const rest = one - two;
      if (isSafe(one) && isSafe(two) && isSafe(rest)) return new Decimal(rest, scale, null);
    }
    return Decimal.large(this.#wholeAt(scale) - other.#wholeAt(scale), scale);
  }

  times(value: DecimalValue): Decimal {
    const other = Decimal.of(value);
    const scale = this.#scale + other.#scale;
    if (this.#large === null && other.#large === null) {
      const product = this.#small * other.#small;
      // A product that is safe was not rounded; the sum is never minus zero.
      if (isSafe(product)) return new Decimal(product + 0, scale, null);
    }
    return Decimal.large(this.#whole * other.#whole, scale);
  }

  /** To ninety significant digits, half-even. Throws a `RangeError` at zero. */
  div(value: DecimalValue): Decimal {
    const other = Decimal.of(value);
    const a = this.#whole;
    const b = other.#divisor;
    if (a === 0n) return ZERO;
    // Digits enough that what is cut off decides no more than which way to round.
    const shift = Math.max(0, PRECISION + 1 + digitsOf(b) - digitsOf(a));
    const dividend = a * power(shift);
    const scale = this.#scale - other.#scale + shift;
    if (dividend % b === 0n) return withoutZeros(dividend / b, scale);
    const excess = digitsOf(dividend / b) - PRECISION;
    return ofAnyScale(quotient(dividend, b * power(excess), 'half-even'), scale - excess);
  }

  /** The quotient with at most so many decimals, rounded from the exact one. Throws a `RangeError`
   * at zero. */
  quotient(value: DecimalValue, decimals: number, rounding: Rounding = 'half-even'): Decimal {
    const other = Decimal.of(value);
    const b = other.#divisor;
    const shift = decimals - this.#scale + other.#scale;
    return shift >= 0
      ? Decimal.large(quotient(this.#whole * power(shift), b, rounding), decimals)
      : Decimal.large(quotient(this.#whole, b * power(-shift), rounding), decimals);
  }

  /** The whole part of the quotient. Throws a `RangeError` at zero. */
  divToInt(value: DecimalValue): Decimal {
    const other = Decimal.of(value);
    const scale = Math.max(this.#scale, other.#scale);
    if (this.#large === null && other.#large === null && other.#small !== 0) {
      const one = this.#safeAt(scale);
      const two = other.#safeAt(scale);
      if (isSafe(one) && isSafe(two)) return new Decimal((one - (one % two)) / two + 0, 0, null);
    }
    return Decimal.large(this.#wholeAt(scale) / (other.#divisor * power(scale - other.#scale)), 0);
  }

  /** The largest multiple of a positive step that is not above this. */
  floorTo(step: Decimal): Decimal {
    const scale = Math.max(this.#scale, step.#scale);
    if (this.#large === null && step.#large === null) {
      const value = this.#safeAt(scale);
      const each = step.#safeAt(scale);
      if (isSafe(value - each) && isSafe(value) && isSafe(each)) {
        const over = value % each;
        if (over === 0) return this;
        const times = (value - over) / each - (over < 0 ? 1 : 0);
        return new Decimal(times * step.#small, step.#scale, null);
      }
    }
    const value = this.#wholeAt(scale);
    const each = step.#wholeAt(scale);
    const over = value % each;
    if (over === 0n) return this;
    const below = value - over - (over < 0n ? each : 0n);
    return Decimal.large(below / power(scale - step.#scale), step.#scale);
  }

  isMultipleOf(step: Decimal): boolean {
    const scale = Math.max(this.#scale, step.#scale);
    if (this.#large === null && step.#large === null) {
      const value = this.#safeAt(scale);
      const each = step.#safeAt(scale);
      if (isSafe(value) && isSafe(each)) return value % each === 0;
    }
    return this.#wholeAt(scale) % step.#wholeAt(scale) === 0n;
  }

  /** With at most so many decimals. */
  toDecimalPlaces(decimals: number, rounding: Rounding = 'half-even'): Decimal {
    const excess = this.#scale - decimals;
    if (excess <= 0) return this;
    if (this.#large === null && excess <= SAFE_DIGITS) {
      return new Decimal(rounded(this.#small, POWERS[excess] as number, rounding), decimals, null);
    }
    return Decimal.large(quotient(this.#whole, power(excess), rounding), decimals);
  }

  /** Digits after the point, trailing zeros not counted. */
  decimalPlaces(): number {
    return this.#scale === 0 ? 0 : withoutZeros(this.#whole, this.#scale).#scale;
  }

  /** Divided by ten to the `places`. */
  pointMoved(places: number): Decimal {
    return new Decimal(this.#small, this.#scale + places, this.#large);
  }

  neg(): Decimal {
    if (this.#large !== null) return new Decimal(0, this.#scale, -this.#large);
    return this.#small === 0 ? this : new Decimal(-this.#small, this.#scale, null);
  }

  abs(): Decimal {
    return this.isNegative() ? this.neg() : this;
  }

  isZero(): boolean {
    return this.#large === null && this.#small === 0;
  }

  isNegative(): boolean {
    return this.#large === null ? this.#small < 0 : this.#large < 0n;
  }

  /** Negative when this is less, zero when both are the same number. */
  comparedTo(value: DecimalValue): number {
    const other = Decimal.of(value);
    const scale = Math.max(this.#scale, other.#scale);
    if (this.#large === null && other.#large === null) {
      // Only one of the two is scaled up. Where that is no longer exact it is beyond the other.
      return order(this.#safeAt(scale), other.#safeAt(scale));
    }
    return order(this.#wholeAt(scale), other.#wholeAt(scale));
  }

  lt(value: DecimalValue): boolean {
    return this.comparedTo(value) < 0;
  }

  lte(value: DecimalValue): boolean {
    return this.comparedTo(value) <= 0;
  }

  gt(value: DecimalValue): boolean {
    return this.comparedTo(value) > 0;
  }

  gte(value: DecimalValue): boolean {
    return this.comparedTo(value) >= 0;
  }

  eq(value: DecimalValue): boolean {
    return this.comparedTo(value) === 0;
  }

  /** The nearest double. */
  toNumber(): number {
    const exact = this.#large === null && this.#scale < POWERS.length;
    // Both are exact, so their quotient is the nearest double to it.
    return exact ? this.#small / (POWERS[this.#scale] as number) : Number(this.toFixed());
  }

  /** Plain digits without trailing zeros; with `decimals`, rounded half-even or filled up with
   * zeros to exactly so many. */
  toFixed(decimals?: number): string {
    if (decimals === undefined) {
      this.#text ??= this.#written(false);
      return this.#text;
    }
    const rounded = this.toDecimalPlaces(decimals);
    return Decimal.large(rounded.#wholeAt(decimals), decimals).#written(true);
  }

  toString(): string {
    return this.toFixed();
  }

  toJSON(): string {
    return this.toFixed();
  }

  #written(keepsZeros: boolean): string {
    const scale = this.#scale;
    const digits = String(this.#large ?? this.#small);
    if (scale === 0) return digits;
    const sign = digits.charCodeAt(0) === MINUS_CODE ? '-' : '';
    const plain = sign === '' ? digits : digits.slice(1);
    const filled = plain.length > scale ? plain : plain.padStart(scale + 1, '0');
    const point = filled.length - scale;
    let end = filled.length;
    if (!keepsZeros) while (end > point && filled.charCodeAt(end - 1) === ZERO_CODE) end -= 1;
    const whole = sign + filled.slice(0, point);
    return end === point ? whole : `${whole}.${filled.slice(point, end)}`;
  }

  get #whole(): bigint {
    return this.#large ?? BigInt(this.#small);
  }

  /** Of one that is small: the whole number over a larger power of ten. Beyond the safe integers it
   * is not exact, but surely beyond them. */
  #safeAt(scale: number): number {
    const shift = scale - this.#scale;
    if (shift === 0 || this.#small === 0) return this.#small;
    return this.#small * (POWERS[shift] ?? Number.POSITIVE_INFINITY);
  }

  /** The whole number over a larger power of ten. */
  #wholeAt(scale: number): bigint {
    return scale === this.#scale ? this.#whole : this.#whole * power(scale - this.#scale);
  }

  get #divisor(): bigint {
    if (this.isZero()) throw new RangeError('must not divide by zero');
    return this.#whole;
  }
}

const ZERO = Decimal.scaled(0, 0);

function withoutZeros(whole: bigint, scale: number): Decimal {
  let [left, decimals] = [whole, scale];
  while (decimals > 0 && left % 10n === 0n) {
    left /= 10n;
    decimals -= 1;
  }
  return ofAnyScale(left, decimals);
}

function ofAnyScale(whole: bigint, scale: number): Decimal {
  return scale >= 0 ? Decimal.large(whole, scale) : Decimal.large(whole * power(-scale), 0);
}

function fromDouble(value: number): Decimal {
  if (Number.isSafeInteger(value)) return Decimal.scaled(value + 0, 0);
  // No two decimals of fifteen digits are the same double, so one that is this double is what it
  // prints as.
  for (let scale = 1; scale <= USUAL_SCALE; scale += 1) {
    const tens = POWERS[scale] as number;
    const whole = Math.round(value * tens);
    if (whole >= 1e15 || whole <= -1e15) break;
    if (whole / tens === value) return Decimal.scaled(whole, scale);
  }
  return Decimal.of(String(value));
}

function fromText(text: string): Decimal {
  const [, sign, whole = '', part = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const scale = part.length - Number(exponent);
  if (whole === '' || Math.abs(scale) > MOST_SCALE) {
    throw new RangeError(`must be a finite decimal, was ${text.slice(0, 60)}`);
  }
  const digits = BigInt(whole + part);
  return withoutZeros(sign === '-' ? -digits : digits, scale);
}
