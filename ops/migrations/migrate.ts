import { type Kysely, sql } from 'kysely';
import { type Migration, type MigrationResultSet, Migrator } from 'kysely/migration';
import { openStore } from '../../adapters/store/store.ts';
import * as ring from './0001_ring.ts';
import * as safety from './0002_safety.ts';
import * as learning from './0003_learning.ts';

/** Every migration there is, by name, applied in the order of the names. A list in code and not a
 * folder scan: a migration that is not named here does not exist. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_ring': ring,
  '0002_safety': safety,
  '0003_learning': learning,
};

export interface MigrationState {
  readonly name: string;
  /** Wall clock; null: not applied yet. */
  readonly appliedAt: Date | null;
}

/** Brings a database to the newest schema; returns the names it applied, oldest first (none: it
 * was there already). Any number of processes may call this at once: one works, the rest wait. */
export function migrateToLatest(url: string): Promise<readonly string[]> {
  return withMigrator(url, async (migrator) => applied(await migrator.migrateToLatest()));
}

/** Takes back the newest applied migration, or all of them; returns their names, newest first.
 * The data in their tables is gone. */
export function migrateDown(
  url: string,
  options: { all?: boolean } = {},
): Promise<readonly string[]> {
  return withMigrator(url, async (migrator) => {
    const names: string[] = [];
    do {
      const step = applied(await migrator.migrateDown());
      if (step.length === 0) break;
      names.push(...step);
    } while (options.all);
    return names;
  });
}

/** What is applied and what is still to come, oldest first. Changes nothing in the database. */
export function migrationStatus(url: string): Promise<readonly MigrationState[]> {
  return withMigrator(url, async (migrator) =>
    (await migrator.getMigrations()).map(({ name, executedAt }) => ({
      name,
      appliedAt: executedAt ?? null,
    })),
  );
}

/** Number of the advisory lock that lets one migrating process in at a time ("corro" in hex). */
const LOCK = 0x636f72726f;

async function withMigrator<T>(url: string, act: (migrator: Migrator) => Promise<T>): Promise<T> {
  const store = openStore({
    url,
    poolSize: 2,
    applicationName: 'corro-migrate',
    statementTimeoutMs: 0,
  });
  try {
    return await store.db.connection().execute(async (lockHolder) => {
      await sql`select pg_advisory_lock(${LOCK})`.execute(lockHolder);
      try {
        return await act(migratorOf(store.db));
      } finally {
        await sql`select pg_advisory_unlock(${LOCK})`.execute(lockHolder);
      }
    });
  } finally {
    await store.close();
  }
}

function migratorOf<T>(db: Kysely<T>): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
}

function applied({ error, results = [] }: MigrationResultSet): readonly string[] {
  if (error === undefined) return results.map(({ migrationName }) => migrationName);
  const failed = results.find(({ status }) => status === 'Error');
  const why = error instanceof Error ? error.message : JSON.stringify(error);
  throw new Error(`migration ${failed?.migrationName ?? 'list'} failed: ${why}`, { cause: error });
}
