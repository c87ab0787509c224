import { type ChildProcess, spawn } from 'node:child_process';
import { sql } from 'kysely';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { RECV_WINDOW_MS } from '../adapters/venue/exchange.ts';
import { freePort } from './support/free-port.ts';
import { holdLease, logged, order, withDesk } from './venue-desk.ts';
import { SECRET, until } from './venue-floor.ts';

/** The gateway as a process of its own, stopped (SIGSTOP) while it has an order in hand and woken
 * after somebody else has taken its lease. A failure here means an order that a zombie sent. */
describe('venue gateway frozen', () => {
  const desk = withDesk();
  let gateway: ChildProcess | null = null;

  afterEach(async () => {
    const dying = gateway;
    gateway = null;
    if (!dying) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  });

  /** In place of the desk's own, on the same bus, database and venue. */
  async function start(): Promise<ChildProcess> {
    await desk.gateway.close();
    const healthPort = await freePort();
    const child = spawn(process.execPath, ['workers/venue-gateway.ts'], {
      env: {
        PATH: process.env['PATH'],
        TZ: 'UTC',
        CORRO_POSTGRES_URL: desk.database.url,
        CORRO_NATS_URL: inject('servers').natsUrl,
        CORRO_TEMPORAL_ADDRESS: '127.0.0.1:1',
        CORRO_NAMESPACE: desk.names.namespace,
        CORRO_HEALTH_PORT: String(healthPort),
        CORRO_PAPER_URL: desk.floor.server.url,
        CORRO_PAPER_SECRET: SECRET,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    gateway = child;
    const health = () => fetch(`http://127.0.0.1:${healthPort}/health`).then(({ ok }) => ok);
    await until(() => health().catch(() => false), 90_000);
    await holdLease(desk, { epoch: '7', minutes: 5 });
    const warm = () => desk.port.newOrder(order({ clientOrderId: 'warm' }));
    await until(async () => (await warm()).state === 'accepted', 60_000);
    return child;
  }

  test('between signature and send, longer than the lease - nothing leaves', async () => {
    const child = await start();
    const { db } = desk.database;
    let sent: Promise<{ readonly state: string }> = Promise.resolve({ state: 'none' });
    // The fence asks for this row after the signature: the gateway stands there, and is frozen.
    await db.transaction().execute(async (trx) => {
      await trx
        .selectFrom('leases')
        .select('epoch')
        .where('name', '=', 'leg-1')
        .forUpdate()
        .execute();
      sent = desk.port.newOrder(order());
      await until(async () => (await waiting()) > 0, 60_000);
      child.kill('SIGSTOP');
      await trx.updateTable('leases').set({ epoch: '8' }).where('name', '=', 'leg-1').execute();
    });
    await new Promise((resolve) => setTimeout(resolve, RECV_WINDOW_MS + 500));
    child.kill('SIGCONT');
    expect((await sent).state).not.toBe('accepted');
    await nothingElse();
  });

  test('at any moment of a send - what was signed before is too old afterwards', async () => {
    const child = await start();
    for (const [round, delayMs] of [0, 3, 8].entries()) {
      const clientOrderId = `frozen-${round}`;
      await holdLease(desk, { epoch: '7', minutes: 1 });
      const sent = desk.port.newOrder(order({ clientOrderId, quantity: '0.001' }));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      child.kill('SIGSTOP');
      await holdLease(desk, { epoch: String(100 + round), minutes: 1 });
      await new Promise((resolve) => setTimeout(resolve, RECV_WINDOW_MS + 500));
      const wokenAtMs = Date.now();
      child.kill('SIGCONT');
      await sent;
      const late = (await logged(desk, 'order')).filter(
        (line) => Number(line['wallMs']) >= wokenAtMs,
      );
      expect(late).toEqual([]);
    }
  });

  /** Sessions that wait for somebody else's lock. */
  async function waiting(): Promise<number> {
    const { rows } = await sql<{ count: string }>`
      select count(*) as count from pg_stat_activity
      where wait_event_type = 'Lock' and datname = current_database()`.execute(desk.database.db);
    return Number(rows[0]?.count);
  }

  async function nothingElse(): Promise<void> {
    const orders = await logged(desk, 'order');
    expect(orders.filter(({ order: terms }) => isOf(terms, 'c-1'))).toEqual([]);
  }

  function isOf(terms: unknown, clientOrderId: string): boolean {
    return (terms as { readonly clientOrderId: string }).clientOrderId === clientOrderId;
  }
});
