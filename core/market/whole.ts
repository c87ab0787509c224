/** How a number that has too many digits gives some up. */
export type Rounding = 'half-even' | 'half-up' | 'down';

export const SAFE = Number.MAX_SAFE_INTEGER;

/** Powers of ten that are exact as doubles. */
export const POWERS: readonly number[] = Array.from({ length: 23 }, (_, at) => Number(`1e${at}`));

const LARGE_POWERS: bigint[] = [1n];

/** Whether a double counts exactly there, and was not rounded on the way. */
export function isSafe(whole: number): boolean {
  return whole <= SAFE && whole >= -SAFE;
}

/** Negative when a is less, zero when both are equal. */
export function order<T extends number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Ten to the `exponent`, which is not negative. */
export function power(exponent: number): bigint {
  for (let next = LARGE_POWERS.length; next <= exponent; next += 1) {
    LARGE_POWERS.push((LARGE_POWERS[next - 1] as bigint) * 10n);
  }
  return LARGE_POWERS[exponent] as bigint;
}

/** Digits in plain writing, the sign not counted. */
export function digitsOf(whole: bigint): number {
  return String(whole).length - (whole < 0n ? 1 : 0);
}

/** a / b as a whole number: of safe integers, for b > 0. */
export function rounded(a: number, b: number, rounding: Rounding): number {
  const rest = a % b;
  const whole = (a - rest) / b + 0;
  if (rounding === 'down') return whole;
  const twice = 2 * Math.abs(rest) - b;
  const away = twice > 0 || (twice === 0 && (rounding === 'half-up' || whole % 2 !== 0));
  return away ? whole + Math.sign(a) : whole;
}

/** The same of any two, for b other than zero. */
export function quotient(a: bigint, b: bigint, rounding: Rounding): bigint {
  const whole = a / b;
  if (rounding === 'down') return whole;
  const rest = a % b;
  const twice = 2n * (rest < 0n ? -rest : rest) - (b < 0n ? -b : b);
  const away = twice > 0n || (twice === 0n && (rounding === 'half-up' || whole % 2n !== 0n));
  if (!away) return whole;
  return a < 0n === b < 0n ? whole + 1n : whole - 1n;
}
