/** Failure here means: two processes that start together break the database, a step cannot be taken
 * back, or what `down` leaves behind stops the next `up`. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateDown, migrateToLatest, migrationStatus } from '../ops/migrations/migrate.ts';
import { generateSchema } from '../ops/migrations/schema.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
});

afterAll(() => database.drop());

describe('migrations - up and down', () => {
  test('down takes away everything, and up makes the same schema again', async () => {
    const before = await generateSchema(database.url);
    const names = (await migrationStatus(database.url)).map(({ name }) => name);
    expect(await migrateDown(database.url, { all: true })).toEqual(names.toReversed());
    expect(await leftovers()).toEqual([]);
    expect(await migrateToLatest(database.url)).toEqual(names);
    expect(await generateSchema(database.url)).toBe(before);
  });

  test('status tells what is applied', async () => {
    const [newest] = (await migrationStatus(database.url)).toReversed();
    expect(newest?.appliedAt).toBeInstanceOf(Date);
    await migrateDown(database.url);
    const [after] = (await migrationStatus(database.url)).toReversed();
    expect(after).toEqual({ name: newest?.name, appliedAt: null });
    await migrateToLatest(database.url);
  });

  test('at the newest schema there is nothing to apply', async () => {
    expect(await migrateToLatest(database.url)).toEqual([]);
  });
});

test('migrations - of six callers at once one applies and the others wait', async () => {
  await migrateDown(database.url, { all: true });
  const applied = await Promise.all(Array.from({ length: 6 }, () => migrateToLatest(database.url)));
  const all = (await migrationStatus(database.url)).map(({ name }) => name);
  expect(applied.flat()).toEqual(all);
});

test('migrations - a step that fails is named and leaves nothing half-made', async () => {
  await migrateDown(database.url, { all: true });
  await sql`create table fills (in_the_way text)`.execute(database.db);
  await expect(migrateToLatest(database.url)).rejects.toThrow(
    'migration 0001_ring failed: relation "fills" already exists',
  );
  expect(await leftovers()).toEqual(['fills']);
  await sql`drop table fills`.execute(database.db);
  await migrateToLatest(database.url);
});

/** Tables, domains and functions of ours that are still there. */
async function leftovers(): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S')
    union all select typname from pg_type
      where typnamespace = 'public'::regnamespace and typtype = 'd'
    union all select proname from pg_proc where pronamespace = 'public'::regnamespace`.execute(
    database.db,
  );
  return rows.map(({ name }) => name).filter((name) => !name.startsWith('kysely_'));
}
