/** Controls (tab aside), and the marks that turn the direction of writing: what
 * could move the cursor, recolour, retitle or rearrange a person's terminal. */
const UNPRINTABLE = /(?!\t)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** Text from outside as one harmless line: file names, feeds, what assistants, venues and errors
 * say. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '\ufffd');
}

/** The same for text of several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** The same for every text anywhere in a JSON value. */
export function printableWithin<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.map((item) => printableWithin(item)) as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields: [string, unknown][] = Object.entries(value);
  const entries = fields.map(([key, inner]) => [key, printableWithin(inner)] as const);
  return Object.fromEntries(entries) as T;
}
