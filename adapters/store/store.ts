import { type ControlledTransaction, Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import type { Database } from './schema.ts';

/** A connection pool to Postgres, the ring's truth, typed by the generated schema. */
export interface Store {
  readonly db: Kysely<Database>;
  /** Waits for running queries and closes every connection. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Most connections at once; the database's `max_connections` is shared by all processes. */
  readonly poolSize?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** A statement that runs longer is cancelled by the server. */
  readonly statementTimeoutMs?: number;
  /** How long a caller waits for a connection before it fails. */
  readonly connectTimeoutMs?: number;
  /** Told when an idle connection breaks (the server went away); the pool replaces it by itself. */
  readonly onConnectionLost?: (error: Error) => void;
}

/** Either the pool or a transaction on it: what the store's functions read from. */
export type Reader = Kysely<Database>;

/** A transaction: what functions take that must commit together with their caller's rows. */
export type Writer = Transaction<Database> | ControlledTransaction<Database>;

/** Opens a pool. No connection is made before the first query, so a wrong address shows there.
 *
 * Values come back as the ring wants them: `numeric` and `int8` as exact strings, `timestamptz` as
 * `Date`, `jsonb` parsed. Every session runs in UTC. */
export function openStore(options: StoreOptions): Store {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize ?? 8,
    application_name: options.applicationName ?? 'corro',
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    idle_in_transaction_session_timeout: 60_000,
    options: '-c timezone=UTC',
    keepAlive: true,
  });
  // Without a listener a connection lost while idle would end the process.
  pool.on('error', (error) => options.onConnectionLost?.(error));
  // One lost in use fails its query, and tells it once more on its own: that is no crash either.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  return { db, close: () => db.destroy() };
}

const MAX_ATTEMPTS = 8;
/** serialization_failure and deadlock_detected: Postgres undid all of it and asks to try again. */
const RETRYABLE = new Set(['40001', '40P01']);

/** The SQLSTATE of a database error, or null for any other. */
export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null;
}

/** The name of the constraint a database error is about, or null. */
export function violatedConstraint(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.constraint ?? null) : null;
}

/** Runs `act` in one transaction and commits it. When Postgres undoes it for a deadlock or a
 * serialization failure it runs again from the start, eight times at most, so `act` must have no
 * effect outside the transaction. A lost connection is not retried: the commit may have
 * happened. */
export async function transaction<T>(
  db: Kysely<Database>,
  act: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(act);
    } catch (error) {
      const state = sqlState(error);
      if (state === null || !RETRYABLE.has(state) || attempt >= MAX_ATTEMPTS) throw error;
      await pause(attempt * 10 * (0.5 + Math.random()));
    }
  }
}

/** Runs `act` in the caller's transaction when it is given one, else in one of its own. */
export function within<T>(db: Reader, act: (trx: Writer) => Promise<T>): Promise<T> {
  return db.isTransaction ? act(db as Writer) : transaction(db, act);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
