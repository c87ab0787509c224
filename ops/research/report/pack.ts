import { deflateRawSync } from 'node:zlib';
import type { PackedColumn, PackedTexts } from './page-data.ts';

const MOST_PLACES = 8;
/** Digits kept of numbers that have no end: more than any chart can show. */
const DIGITS = 10;

/** Numbers as steps of the smallest power of ten that tells them all apart; those that need more
 * than eight decimals are rounded to ten digits. All must be finite. */
export function packColumn(numbers: ArrayLike<number>, mostPlaces = MOST_PLACES): PackedColumn {
  const places = placesOf(numbers, mostPlaces);
  const unit = 10 ** places;
  const steps: number[] = [];
  let before = 0;
  for (let at = 0; at < numbers.length; at += 1) {
    const whole = Math.round((numbers[at] as number) * unit);
    if (!Number.isSafeInteger(whole)) {
      throw new RangeError(`a column must be finite and below 2^53 steps, was ${numbers[at]}`);
    }
    steps.push(whole - before);
    before = whole;
  }
  return { places, steps };
}

function placesOf(numbers: ArrayLike<number>, mostPlaces: number): number {
  let places = 0;
  let largest = 0;
  for (let at = 0; at < numbers.length; at += 1) {
    const number = numbers[at] as number;
    largest = Math.max(largest, Math.abs(number));
    while (places <= mostPlaces && !isWhole(number * 10 ** places)) places += 1;
  }
  if (places <= mostPlaces) return places;
  const sized = largest > 0 ? DIGITS - Math.ceil(Math.log10(largest)) : 0;
  return Math.min(mostPlaces, Math.max(0, sized));
}

/** Up to the last digits of a double: 0.1 × 10 is one. */
function isWhole(number: number): boolean {
  return Math.abs(number - Math.round(number)) <= Math.abs(number) * 1e-14;
}

/** Equal texts once. */
export function packTexts(texts: readonly string[]): PackedTexts {
  const words = new Map<string, number>();
  const at = texts.map((text) => {
    const known = words.get(text);
    if (known !== undefined) return known;
    words.set(text, words.size);
    return words.size - 1;
  });
  return { words: [...words.keys()], at };
}

/** JSON, deflated, in letters that mean nothing in HTML. */
export function pack(value: unknown, replacer?: (key: string, value: unknown) => unknown): string {
  return deflateRawSync(JSON.stringify(value, replacer), { level: 6 }).toString('base64');
}

/** JSON that may stand in a script element: nothing in it can end the element, and no JavaScript
 * engine takes one of its characters for the end of a line. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}
