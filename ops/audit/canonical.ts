import { hash } from 'node:crypto';

/** A second writing of the one text form that is hashed: JSON, keys sorted by UTF-16 code units, no
 * spaces. It shares nothing with the first, so that a fault of one shows. */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value !== 'object') throw new TypeError(`JSON has no ${typeof value}`);
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    let text = '[';
    for (let at = 0; at < value.length; at += 1) {
      text += (at === 0 ? '' : ',') + canonical(value[at]);
    }
    return `${text}]`;
  }
  const record = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const { key, begins } of orderOf(Object.keys(record))) {
    const item = record[key];
    if (item !== undefined) text += (text === '' ? '' : ',') + begins + canonical(item);
  }
  return `{${text}}`;
}

/** The same of an object whose members are given as their own canonical texts. */
export function canonicalOf(members: Readonly<Record<string, string>>): string {
  const keys = orderOf(Object.keys(members));
  return `{${keys.map(({ key, begins }) => begins + members[key]).join(',')}}`;
}

/** Nothing in it that JSON escapes. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

interface Member {
  readonly key: string;
  /** `"key":` */
  readonly begins: string;
}

/** Millions of records have a few dozen shapes; more than that are sorted each time. */
const MOST_SHAPES = 1_000;
const shapes = new Map<string, readonly Member[]>();

function orderOf(keys: readonly string[]): readonly Member[] {
  const shape = keys.join('\n');
  const known = shapes.get(shape);
  // No key that is kept holds the mark between two keys, so that as many keys are the same keys.
  if (known !== undefined && known.length === keys.length) return known;
  const order = keys.toSorted().map((key) => ({ key, begins: `${JSON.stringify(key)}:` }));
  const clean = shape.split('\n').length === keys.length;
  if (clean && shapes.size < MOST_SHAPES) shapes.set(shape, order);
  return order;
}

export function sha256(text: string): string {
  return hash('sha256', text);
}

export function digest(value: unknown): string {
  return sha256(canonical(value));
}

/** An id of some kind over its inputs. */
export function derivedId(kind: string, inputs: Readonly<Record<string, unknown>>): string {
  return digest({ ...inputs, id: kind });
}

/** What a chain begins after. */
export const GENESIS = ''.padStart(64, '0');

/** A link commits to the one before and to the record's own hash. */
export function link(previous: string, recordHash: string): string {
  return sha256(`["${previous}","${recordHash}"]`);
}
