import { connect } from '@nats-io/transport-node';
import { sql } from 'kysely';
import { describe, expect, inject, test } from 'vitest';
import { openTestDatabase, testNamespace } from './support/servers.ts';

describe('test servers', () => {
  test('databases - each test has its own with the schema, gone when dropped', async () => {
    const [one, other] = await Promise.all([openTestDatabase(), openTestDatabase()]);
    await one.db
      .insertInto('users')
      .values({ username: 'ana', email: 'ana@example.org' })
      .execute();
    expect(await other.db.selectFrom('users').selectAll().execute()).toEqual([]);
    const found = sql<{
      n: string;
    }>`select count(*) as n from pg_database where datname = ${sql.lit(
      new URL(one.url).pathname.slice(1),
    )}`;
    expect((await found.execute(other.db)).rows[0]?.n).toBe('1');
    await one.drop();
    expect((await found.execute(other.db)).rows[0]?.n).toBe('0');
    await other.drop();
  });

  test('NATS - a client without credentials may publish and use JetStream', async () => {
    const connection = await connect({ servers: inject('servers').natsUrl });
    expect(connection.info?.jetstream).toBe(true);
    await connection.flush();
    await connection.close();
  });

  test('namespaces - fit subjects and differ', () => {
    const names = new Set(Array.from({ length: 20 }, testNamespace));
    expect(names.size).toBe(20);
    for (const name of names) expect(name).toMatch(/^t[0-9a-f]{6}$/);
  });
});
