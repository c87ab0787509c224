import { isSymbol } from '../core/market/instrument.ts';
import { WireError } from './errors.ts';

/** The checks every decoded field passes. Each takes the value, `undefined` when the field was
 * absent, and the field's path; each throws a `WireError` that names the path and what was
 * expected, never the value. */

export const MAX_TEXT = 1_000;
export const MAX_ROUND = 99;

const HASH = /^[0-9a-f]{64}$/;
const TOKEN = /^[A-Za-z0-9_-]{1,100}$/;
const VENUE = /^[a-z0-9]{1,20}$/;
/** At most 20 digits before and 18 after the point, as the database's `amount` domain. */
const DECIMAL = /^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$/;
/** Control characters but tab and newline: a terminal that shows a transcript must not obey it. */
// oxlint-disable-next-line no-control-regex -- they are what is refused
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

export function present<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw new WireError('wire_missing', path);
  return value;
}

export function invalid(path: string, expected: string): WireError {
  return new WireError('wire_value', path, expected);
}

/** A double that is a number: no NaN, no infinity. */
export function finite(value: number | undefined, path: string): number {
  const number = present(value, path);
  if (!Number.isFinite(number)) throw invalid(path, 'a finite number');
  return number;
}

/** Absent is `null`: no source, or not warm. */
export function finiteOrNull(value: number | undefined, path: string): number | null {
  return value === undefined ? null : finite(value, path);
}

export function notNegative(value: number | undefined, path: string): number {
  const number = finite(value, path);
  if (number < 0) throw invalid(path, 'zero or more');
  return number;
}

export function positive(value: number | undefined, path: string): number {
  const number = finite(value, path);
  if (number <= 0) throw invalid(path, 'positive');
  return number;
}

export function whole(
  value: number | undefined,
  path: string,
  [from, to]: readonly [number, number],
): number {
  const number = present(value, path);
  if (!Number.isInteger(number) || number < from || number > to) {
    throw invalid(path, `an integer from ${from} to ${to}`);
  }
  return number;
}

/** Basis points: 0 to 10,000, whole. */
export function basisPoints(value: number | undefined, path: string): number {
  return whole(value, path, [0, 10_000]);
}

/** A count that a protobuf uint32 can hold. */
export function count(value: number | undefined, path: string): number {
  return whole(value, path, [0, 0xffff_ffff]);
}

/** Unix milliseconds between 1970 and the year 9999. */
export function timeMs(value: bigint | undefined, path: string): number {
  const time = present(value, path);
  if (time < 0n || time > 253_402_300_799_999n) throw invalid(path, 'unix milliseconds');
  return Number(time);
}

/** The other way: a time that is about to be sent. */
export function timeToWire(value: number, path: string): bigint {
  if (!Number.isSafeInteger(value)) throw invalid(path, 'unix milliseconds');
  return BigInt(value);
}

/** Prose: at most `cap` UTF-16 units, well-formed, without control characters. */
export function text(value: string | undefined, path: string, cap = MAX_TEXT): string {
  const string = present(value, path);
  if (string.length > cap) throw invalid(path, `at most ${cap} characters`);
  if (!string.isWellFormed()) throw invalid(path, 'well-formed Unicode');
  if (CONTROL.test(string)) throw invalid(path, 'without control characters');
  return string;
}

export function matching(
  value: string | undefined,
  path: string,
  rule: { readonly pattern: RegExp; readonly says: string },
): string {
  const string = present(value, path);
  if (!rule.pattern.test(string)) throw invalid(path, rule.says);
  return string;
}

export function hash(value: string | undefined, path: string): string {
  return matching(value, path, { pattern: HASH, says: '64 hex digits, lower-case' });
}

/** A debate's, decision's or order's id: what a subject and a workflow id can carry. */
export function token(value: string | undefined, path: string): string {
  return matching(value, path, { pattern: TOKEN, says: '1 to 100 of A-Z a-z 0-9 _ -' });
}

export function venueName(value: string | undefined, path: string): string {
  return matching(value, path, { pattern: VENUE, says: '1 to 20 of a-z 0-9' });
}

export function symbol(value: string | undefined, path: string): string {
  const string = present(value, path);
  if (!isSymbol(string)) throw invalid(path, 'BASE/QUOTE of A-Z 0-9');
  return string;
}

/** Money or a quantity: a decimal string, never a number. */
export function decimalText(value: string | undefined, path: string): string {
  return matching(value, path, { pattern: DECIMAL, says: 'a decimal, 20 digits and 18 decimals' });
}

/** Each item of a list of at most `cap`. */
export function list<A, B>(
  values: readonly A[],
  path: string,
  { cap, item }: { readonly cap: number; readonly item: (value: A, path: string) => B },
): readonly B[] {
  if (values.length > cap) throw invalid(path, `at most ${cap} items`);
  return values.map((value, index) => item(value, `${path}[${index}]`));
}

/** Both directions between a core union and its protobuf enum. Give it a table that `satisfies` the
 * whole union, so that a new member does not compile until it has a number; a number outside the
 * table is refused. */
export function enumeration<T extends string, N extends number>(table: Readonly<Record<T, N>>) {
  const names = new Map(Object.entries<N>(table).map(([name, number]) => [number, name as T]));
  const expected = `one of ${Object.keys(table).join(', ')}`;
  return {
    toWire: (name: T, path: string): N => {
      if (!Object.hasOwn(table, name)) throw invalid(path, expected);
      return table[name];
    },
    toCore: (number: number | undefined, path: string): T => {
      const name = names.get(present(number, path) as N);
      if (name === undefined) throw invalid(path, expected);
      return name;
    },
  };
}
