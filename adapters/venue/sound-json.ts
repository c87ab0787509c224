const MOST_DEPTH = 32;
const TOKENS = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;

/** Whether a text is JSON that means one thing: well formed, no key twice in one object, and not
 * deeper than 32. `JSON.parse` takes the last of two equal keys, and readers that walk what it made
 * can be brought to the end of their stack. */
export function isSoundJson(text: string): boolean {
  let keys = 0;
  let depth = 0;
  for (const [token, isKey] of text.matchAll(TOKENS)) {
    if (isKey !== undefined) keys += 1;
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    if (depth > MOST_DEPTH) return false;
  }
  try {
    return keysOf(JSON.parse(text)) === keys;
  } catch {
    return false;
  }
}

function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const parts = Object.values(value);
  const own = Array.isArray(value) ? 0 : parts.length;
  return parts.reduce<number>((sum, part) => sum + keysOf(part), own);
}
