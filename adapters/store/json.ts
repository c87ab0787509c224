import type { ColumnType } from 'kysely';

/** What a `jsonb` column can hold. Money inside is a decimal string, never a JSON number. */
export type JsonValue =
  | boolean
  | number
  | string
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** A `jsonb` column: read as parsed JSON, written as text, because the driver would send an array
 * as a Postgres array and not as JSON. Write it with `toJson`. */
export type Jsonb = ColumnType<JsonValue, string, string>;

/** The text of a `jsonb` parameter. Refuses what JSON would silently change. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value, refuseNonFinite);
  if (text === undefined) throw new TypeError(`must be JSON, was ${typeof value}`);
  return text;
}

/** A `jsonb` value as the type its writer gave it. The store alone writes these columns, through
 * typed functions; what outsiders can send is checked before it gets here. */
export function fromJson<T>(value: JsonValue): T {
  return value as T;
}

function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`${key || 'value'} must be finite, was ${value}`);
  }
  return value;
}
