import type { PackedColumn, PackedTexts } from '../page-data.ts';

/** The numbers of a packed column. */
export function columnOf({ places, steps }: PackedColumn): Float64Array {
  const numbers = new Float64Array(steps.length);
  const unit = 10 ** places;
  let sum = 0;
  for (let at = 0; at < steps.length; at += 1) {
    sum += steps[at] as number;
    numbers[at] = sum / unit;
  }
  return numbers;
}

export function textAt({ words, at }: PackedTexts, index: number): string {
  return words[at[index] ?? -1] ?? '';
}

/** A value of this report's own making that was deflated and written as base64. */
export async function unpack<T>(base64: string): Promise<T> {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return (await new Response(stream).json()) as T;
}
