/** Failure here means: two transactions in each other's way lose work, a hopeless one is tried for
 * ever, or one broken connection ends a process. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  openStore,
  type Store,
  type StoreOptions,
  sqlState,
  transaction,
  violatedConstraint,
} from '../adapters/store/store.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
const stores: Store[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
});

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

afterAll(() => database.drop());

function store(options: Partial<StoreOptions> = {}): Store {
  const opened = openStore({ url: database.url, poolSize: 4, ...options });
  stores.push(opened);
  return opened;
}

async function failWith(state: string): Promise<{ attempts: number; error: unknown }> {
  let attempts = 0;
  const failing = transaction(store().db, async (trx) => {
    attempts += 1;
    await sql
      .raw(`do $$ begin raise exception 'no' using errcode = '${state}'; end $$`)
      .execute(trx);
  });
  const error = await failing.then(
    () => null,
    (reason: unknown) => reason,
  );
  return { attempts, error };
}

describe('transactions', () => {
  test('transactions - two that deadlock both commit in the end', async () => {
    const { db } = store();
    for (const name of ['one', 'two']) {
      await db
        .insertInto('leases')
        .values({ ...LEASE, name })
        .execute();
    }
    const arrived = barrier(2);
    const bump = (names: readonly string[]) => {
      let first = true;
      return transaction(db, async (trx) => {
        for (const name of names) {
          await trx
            .updateTable('leases')
            .set({ epoch: sql`epoch + 1` })
            .where('name', '=', name)
            .execute();
          // Both hold their first row before either asks for its second.
          if (first) await arrived();
          first = false;
        }
      });
    };
    await Promise.all([bump(['one', 'two']), bump(['two', 'one'])]);
    const rows = await db.selectFrom('leases').select('epoch').execute();
    expect(rows).toEqual([{ epoch: '3' }, { epoch: '3' }]);
  });

  test('transactions - a failing one is undone and its error comes through', async () => {
    const { db } = store();
    const failing = transaction(db, async (trx) => {
      await trx
        .insertInto('leases')
        .values({ ...LEASE, name: 'undone' })
        .execute();
      throw new TypeError('a bug');
    });
    await expect(failing).rejects.toThrow(new TypeError('a bug'));
    const there = db.selectFrom('leases').select('name').where('name', '=', 'undone');
    expect(await there.execute()).toEqual([]);
  });

  test.each(['40001', '40P01'])(
    'transactions - %s is tried eight times, not for ever',
    async (state) => {
      const { attempts, error } = await failWith(state);
      expect(attempts).toBe(8);
      expect(sqlState(error)).toBe(state);
    },
  );

  test('transactions - any other error is not tried again', async () => {
    const { attempts, error } = await failWith('23514');
    expect(attempts).toBe(1);
    expect(sqlState(error)).toBe('23514');
    expect(sqlState(new Error('ours'))).toBeNull();
  });

  test('transactions - the violated constraint is told by name', async () => {
    const values = { ...LEASE, name: 'x', epoch: 0 };
    const error = await store()
      .db.insertInto('leases')
      .values(values)
      .execute()
      .catch((reason: unknown) => reason);
    expect(violatedConstraint(error)).toBe('leases_epoch_check');
    expect(violatedConstraint(new Error('ours'))).toBeNull();
  });
});

describe('store', () => {
  test('store - an idle connection that breaks is told of and replaced', async () => {
    const lost: Error[] = [];
    const { db } = store({ poolSize: 1, onConnectionLost: (error) => lost.push(error) });
    const pid = async (): Promise<number> => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
      return rows[0]?.pid ?? 0;
    };
    const first = await pid();
    await sql`select pg_terminate_backend(${first})`.execute(store().db);
    await expect.poll(() => lost.length).toBe(1);
    expect(await pid()).not.toBe(first);
  });

  test('store - a statement that takes too long is cancelled', async () => {
    const { db } = store({ statementTimeoutMs: 50 });
    await expect(sql`select pg_sleep(5)`.execute(db)).rejects.toThrow('statement timeout');
  });

  test('store - sessions run in UTC under their own name', async () => {
    const { db } = store({ applicationName: 'corro-test' });
    const { rows } = await sql`select current_setting('TimeZone') as zone,
      current_setting('application_name') as name`.execute(db);
    expect(rows).toEqual([{ zone: 'UTC', name: 'corro-test' }]);
  });

  test('store - a time comes out as the same instant whatever the zone here', async () => {
    const { db } = store();
    const instant = new Date('2024-03-31T01:30:00.123Z');
    const { rows } = await sql`select ${instant}::timestamptz as there,
      extract(epoch from ${instant}::timestamptz)::text as seconds`.execute(db);
    expect(rows).toEqual([{ there: instant, seconds: '1711848600.123000' }]);
  });

  test('store - a server that is not there fails within the time given', async () => {
    const { db } = store({ url: 'postgres://nobody@127.0.0.1:1/none', connectTimeoutMs: 500 });
    await expect(sql`select 1`.execute(db)).rejects.toThrow('ECONNREFUSED');
  });
});

const LEASE = { name: '', holder: 'test', epoch: 1, expires_at: new Date(0) };

/** Waits until so many have arrived; whoever comes later passes. */
function barrier(count: number): () => Promise<void> {
  let arrived = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  return () => {
    arrived += 1;
    if (arrived >= count) resolve();
    return promise;
  };
}
