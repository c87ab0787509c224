import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import pg from 'pg';
import { inject } from 'vitest';
import type { Database } from '../../adapters/store/schema.ts';
import { openStore } from '../../adapters/store/store.ts';
import { migrateToLatest } from '../../ops/migrations/migrate.ts';

/** Has the newest schema and no rows. Made once a run: its copies need no migrating. */
const TEMPLATE = 'test_template';

/** Addresses of the servers all server tests of a run share. Each test keeps to its own database
 * and its own namespace. */
export interface TestServers {
  /** Of the maintenance database: tests make their own (`openTestDatabase`). */
  readonly postgresUrl: string;
  /** Without credentials a client may do everything here. */
  readonly natsUrl: string;
  readonly temporalAddress: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: TestServers;
  }
}

export interface TestDatabase {
  readonly url: string;
  readonly db: Kysely<Database>;
  /** Closes the pool and removes the database, whoever still uses it. */
  drop(): Promise<void>;
}

/** Makes what `openTestDatabase` copies. */
export async function prepareTestDatabases(postgresUrl: string): Promise<void> {
  await administer(postgresUrl, `create database ${TEMPLATE}`);
  await migrateToLatest(addressOf(postgresUrl, TEMPLATE));
}

/** A database of the test's own, with the newest schema. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const { postgresUrl } = inject('servers');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(postgresUrl, `create database ${name} template ${TEMPLATE}`);
  const url = addressOf(postgresUrl, name);
  const store = openStore({ url, poolSize: 5 });
  const drop = async (): Promise<void> => {
    await store.close();
    await administer(postgresUrl, `drop database if exists ${name} with (force)`);
  };
  return { url, db: store.db, drop };
}

function addressOf(postgresUrl: string, database: string): string {
  const address = new URL(postgresUrl);
  address.pathname = `/${database}`;
  return address.href;
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A token no other test has, for subjects, streams and ids: `t3f9a1c`. */
export function testNamespace(): string {
  return `t${randomBytes(3).toString('hex')}`;
}
