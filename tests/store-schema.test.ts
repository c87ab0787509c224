/** Failure here means: the types the code is checked against are not the database it runs on, or
 * money arrives as a float. */
import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateSchema, SCHEMA_FILE } from '../ops/migrations/schema.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
});

afterAll(() => database.drop());

test('schema - the generated types are those of the database', async () => {
  expect(await generateSchema(database.url)).toBe(await readFile(SCHEMA_FILE, 'utf8'));
});

test('schema - a column that is not in the types is found', async () => {
  await sql`alter table users add column nickname text`.execute(database.db);
  expect(await generateSchema(database.url)).not.toBe(await readFile(SCHEMA_FILE, 'utf8'));
  await sql`alter table users drop column nickname`.execute(database.db);
});

test('schema - no money column is a float, no time column lacks its zone', async () => {
  const { rows } = await sql<{ column: string }>`
    select table_name || '.' || column_name as column from information_schema.columns
    where table_schema = 'public'
      and data_type in
        ('real', 'double precision', 'money', 'timestamp without time zone')`.execute(database.db);
  expect(rows).toEqual([]);
});

describe('schema - values arrive as the types say', () => {
  test.each([
    ['an amount', '0.100000000000000001::amount', '0.100000000000000001'],
    ['a positive amount', '12345678901234567890::positive_amount', '12345678901234567890'],
    ['an int8', '9007199254740993::bigint', '9007199254740993'],
    ['basis points', '10000::basis_points', 10_000],
    ['json', `'{"a": [1, "0.10"]}'::jsonb`, { a: [1, '0.10'] }],
    ['a time', `'2024-08-05 02:00:00+02'::timestamptz`, new Date(1_722_816_000_000)],
  ])('%s', async (_name, expression, expected) => {
    const { rows } = await sql
      .raw<{ value: unknown }>(`select ${expression} as value`)
      .execute(database.db);
    expect(rows[0]?.value).toEqual(expected);
  });
});
