import pg from 'pg';

export type Row = Readonly<Record<string, unknown>>;

/** Our books at one instant: a snapshot that several connections share, none of which can write. */
export interface Database {
  /** Rows of one query. Money and bigints come as text, JSON parsed, times as Unix milliseconds. */
  rows<T extends object = Row>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  /** The one number a query gives. */
  count(sql: string, values?: readonly unknown[]): Promise<number>;
  /** Hands on rows in pieces, so that a table of any size fits. `each` is a SELECT. */
  stream<T extends object = Row>(
    sql: string,
    values: readonly unknown[],
    take: (rows: readonly T[]) => void,
  ): Promise<number>;
  /** Wall clock of the snapshot by the server's clock, Unix milliseconds. */
  readonly takenAtMs: number;
  /** When this server started: before it, nothing could be done in time. */
  readonly startedAtMs: number;
  close(): Promise<void>;
}

const PAGE = 5_000;
const TIMESTAMPTZ = 1184;

/** Opens a snapshot of the database over `connections` connections. The role needs SELECT only; if
 * it may do more, every transaction is read only all the same. */
export async function openDatabase(url: string, connections = 2): Promise<Database> {
  const clients: pg.Client[] = [];
  try {
    const first = await begin(url, clients);
    const [instant] = (
      await first.query<{ taken: string; started: string; id: string }>(
        `select pg_export_snapshot() as id,
          (extract(epoch from clock_timestamp()) * 1000)::bigint as taken,
          (extract(epoch from pg_postmaster_start_time()) * 1000)::bigint as started`,
      )
    ).rows;
    if (instant === undefined) throw new Error('the database must tell its time');
    for (let at = 1; at < connections; at += 1) {
      const client = await begin(url, clients);
      await client.query(`set transaction snapshot '${instant.id.replaceAll("'", '')}'`);
    }
    return over(clients, {
      takenAtMs: Number(instant.taken),
      startedAtMs: Number(instant.started),
    });
  } catch (error) {
    await Promise.allSettled(clients.map((client) => client.end()));
    throw error;
  }
}

async function begin(url: string, clients: pg.Client[]): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'corro audit',
    connectionTimeoutMillis: 10_000,
    types: { getTypeParser: (oid, format) => parserOf(oid, format) },
  });
  // A server that goes away mid-query rejects the query too: nobody else listens.
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  await client.query('set default_transaction_read_only = on');
  await client.query(
    "set timezone = 'UTC'; set statement_timeout = '10min'; set work_mem = '64MB'; set jit = off",
  );
  await client.query('begin isolation level repeatable read read only');
  return client;
}

function parserOf(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === TIMESTAMPTZ) return timeMs;
  return pg.types.getTypeParser(oid, format) as (value: string) => unknown;
}

const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/;

/** Unix milliseconds, whole, cut. By hand, because a million of them are read. */
function timeMs(text: string): number {
  const parts = TIME.exec(text);
  if (parts === null) return Date.parse(text.replace(' ', 'T'));
  const at = (from: number, length = 2): number => Number(text.slice(from, from + length));
  const [, fraction = ''] = parts;
  const milliseconds = Number(fraction.slice(1, 4).padEnd(3, '0'));
  return Date.UTC(at(0, 4), at(5) - 1, at(8), at(11), at(14), at(17), milliseconds);
}

function over(
  clients: readonly pg.Client[],
  instant: { readonly takenAtMs: number; readonly startedAtMs: number },
): Database {
  const free = [...clients];
  const waiting: ((client: pg.Client) => void)[] = [];
  let cursors = 0;
  const withClient = async <T>(act: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client =
      free.pop() ?? (await new Promise<pg.Client>((resolve) => void waiting.push(resolve)));
    try {
      return await act(client);
    } finally {
      const next = waiting.shift();
      if (next) next(client);
      else free.push(client);
    }
  };
  return {
    ...instant,
    rows: <T extends object>(sql: string, values: readonly unknown[] = []) =>
      withClient(async (client) => (await client.query<T>(sql, [...values])).rows),
    count: (sql: string, values: readonly unknown[] = []) =>
      withClient(async (client) => {
        const { rows } = await client.query({ text: sql, values: [...values], rowMode: 'array' });
        return Number((rows as readonly (readonly unknown[])[])[0]?.[0] ?? 0);
      }),
    stream: <T extends object>(
      sql: string,
      values: readonly unknown[],
      take: (rows: readonly T[]) => void,
    ) => {
      cursors += 1;
      const cursor = `audit_${cursors}`;
      return withClient(async (client) => {
        await client.query(`declare ${cursor} no scroll cursor for ${sql}`, [...values]);
        let count = 0;
        const page = () => client.query<T>(`fetch ${PAGE} from ${cursor}`);
        // The database works at the next page while this process looks at the one before.
        for (let next = page(); ; ) {
          const { rows } = await next;
          if (rows.length === 0) break;
          next = page();
          next.catch(() => undefined);
          count += rows.length;
          take(rows);
        }
        await client.query(`close ${cursor}`);
        return count;
      });
    },
    close: async () => {
      await Promise.allSettled(clients.map((client) => client.end()));
    },
  };
}
