import { createHash } from 'node:crypto';

/** A second writing of the one text form that is hashed: JSON, keys sorted by UTF-16 code units, no
 * spaces. It shares nothing with the first, so that a fault of one shows. */
export function canonical(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return JSON.stringify(value);
  }
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
  for (const key of Object.keys(record).sort()) {
    const item = record[key];
    if (item === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(item)}`;
  }
  return `{${text}}`;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
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
