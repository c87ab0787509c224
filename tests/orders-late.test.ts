/** Failure here means: a fill is lost or booked twice because the user stream told it twice, too
 * early, too late, in the wrong order or not at all, or because nobody was left to book it. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OrderDependencies } from '../activities/orders.ts';
import { Sweeper, takeExecution } from '../activities/orders-late.ts';
import { listFills } from '../adapters/store/fills.ts';
import { prepareOrder } from '../adapters/store/intents.ts';
import { ledgerBalances } from '../adapters/store/ledger.ts';
import { beginSend, listOrders, type OrderRow, readOrder } from '../adapters/store/orders.ts';
import { reconcileAccount } from '../adapters/store/reconcile.ts';
import type { Execution, Trade, VenueOrderStatus } from '../adapters/venue/port.ts';
import { Decimal } from '../core/market/money.ts';
import { audit } from '../ops/audit/audit.ts';
import { decidedLeg, FUNDS, fundedTrader, prepareMarket, type Trader } from './orders-samples.ts';
import { LyingVenue } from './orders-venue.ts';
import { openTestDatabase } from './support/servers.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
let venue: LyingVenue;
let trader: Trader;
let dependencies: OrderDependencies;

beforeEach(async () => {
  // A sweep sees everybody's orders.
  database = await openTestDatabase();
  await prepareMarket(database.db);
  venue = new LyingVenue(database.db);
  trader = await fundedTrader(database.db);
  venue.fund(trader.userId, 'USDT', FUNDS);
  const log = pino({ level: 'silent' });
  const port = venue.port();
  dependencies = { db: database.db, venue: () => port, feed: () => undefined, log, holder: 'one' };
});

/** An order that the venue has executed in two trades; we have only marked it as sent. */
async function executed(): Promise<{ readonly order: OrderRow; readonly trades: Trade[] }> {
  const { db } = database;
  const leg = await decidedLeg(db, trader, { action: 'BUY' });
  venue.marketTimeMs = leg.closeTimeMs;
  const preparation = await prepareOrder(db, leg, 'one');
  if (preparation.kind === 'refused') throw new Error(preparation.refusal.text);
  const { clientOrderId } = preparation.order;
  const { order, lease } = await beginSend(db, { clientOrderId, holder: 'one' });
  if (lease === null) throw new Error('it must be sent');
  await venue.port().newOrder({ ...order.parameters, clientOrderId, lease });
  const { account, symbol } = order.parameters;
  return { order, trades: [...(await venue.port().trades({ account, symbol }))] };
}

type Told = readonly [trade: Trade | null, status: VenueOrderStatus, sum: string];

function told(order: OrderRow, [trade, status, sum]: Told) {
  const { clientOrderId, userId: account, parameters } = order;
  const venueOrderId = trade?.venueOrderId ?? '9000';
  const head = { account, clientOrderId, venueOrderId, symbol: parameters.symbol };
  return { ...head, status, executedQuantity: sum, trade } satisfies Execution;
}

function stream({ order, trades }: Awaited<ReturnType<typeof executed>>): Execution[] {
  const [first, second] = trades as [Trade, Trade];
  const sum = Decimal.of(first.quantity).plus(second.quantity).toFixed();
  return [
    told(order, [null, 'open', '0']),
    told(order, [first, 'partially_filled', first.quantity]),
    told(order, [second, 'filled', sum]),
  ];
}

async function acts(order: OrderRow): Promise<readonly string[]> {
  const rows = await database.db
    .selectFrom('audit')
    .select('act')
    .where('reference', '=', order.clientOrderId)
    .orderBy('seq')
    .execute();
  return rows.map((row) => row.act);
}

async function faults(): Promise<readonly unknown[]> {
  const owner = { userId: trader.userId, venue: 'paper' };
  const balances = await ledgerBalances(database.db, owner);
  const { differences } = await reconcileAccount(database.db, venue.port(), owner);
  return [...differences, ...balances.filter(({ reserved }) => reserved !== '0')];
}

const NOW = { withinMs: 600_000, quietMs: 0, lateMs: 600_000 };

afterEach(() => database.drop());

describe('user stream', () => {
  test.each([
    ['in order', (all: Execution[]) => all],
    ['twice', (all: Execution[]) => [...all, ...all]],
    ['backwards', (all: Execution[]) => [...all].reverse()],
    ['the end first', (all: Execution[]) => [...all.slice(2), ...all.slice(0, 2), ...all]],
  ])('%s - the order ends filled, each trade is booked once', async (_name, order) => {
    const given = await executed();
    for (const news of order(stream(given))) {
      expect(await takeExecution(dependencies, news)).toBe(true);
    }
    const { clientOrderId } = given.order;
    expect(await readOrder(database.db, clientOrderId)).toMatchObject({ state: 'filled' });
    expect(await listFills(database.db, { clientOrderId })).toHaveLength(2);
    expect((await acts(given.order)).filter((act) => act === 'order-settled')).toHaveLength(1);
    expect(await faults()).toEqual([]);
  });

  test('beside the queries - all at once book each trade once', async () => {
    const given = await executed();
    const { clientOrderId } = given.order;
    const activities = stream(given).map((news) => takeExecution(dependencies, news));
    const sweeper = new Sweeper(dependencies);
    await Promise.all([...activities, sweeper.sweep(NOW), sweeper.sweep(NOW)]);
    await sweeper.sweep(NOW);
    expect(await listFills(database.db, { clientOrderId })).toHaveLength(2);
    expect(await faults()).toEqual([]);
  });

  test('not ours - another account or an unknown id changes nothing', async () => {
    const given = await executed();
    const [news] = stream(given) as [Execution];
    const foreign = { ...news, account: crypto.randomUUID() };
    expect(await takeExecution(dependencies, foreign)).toBe(false);
    expect(await takeExecution(dependencies, { ...news, clientOrderId: 'c1-nobody' })).toBe(false);
    expect(await readOrder(database.db, given.order.clientOrderId)).toMatchObject({
      state: 'sent',
    });
  });

  test('contradiction - a trade of the other side books nothing, a person is asked', async () => {
    const given = await executed();
    const news = stream(given)[2] as Execution;
    const trade = { ...(news.trade as Trade), side: 'SELL' as const };
    expect(await takeExecution(dependencies, { ...news, trade })).toBe(true);
    expect(await listFills(database.db, { userId: trader.userId })).toEqual([]);
    const halted = await database.db
      .selectFrom('audit')
      .select('body')
      .where('reference', '=', given.order.legId)
      .where('act', '=', 'leg-halted')
      .execute();
    expect(JSON.stringify(halted)).toContain('must be a BUY of BTC/USDT, was a SELL');
    expect(await new Sweeper(dependencies).sweep(NOW)).toMatchObject({ left: 1 });
  });
});

describe('sweep', () => {
  test('order that ended unbooked - is booked and settled though nobody pursues it', async () => {
    const given = await executed();
    await takeExecution(dependencies, { ...(stream(given)[2] as Execution), trade: null });
    expect(await new Sweeper(dependencies).sweep(NOW)).toMatchObject({ settled: 1 });
    expect(await new Sweeper(dependencies).sweep(NOW)).toMatchObject({ settled: 0, late: 0 });
    expect(await faults()).toEqual([]);
  });

  test('order in hand - what moved a moment ago is left to whoever moved it', async () => {
    const given = await executed();
    await takeExecution(dependencies, { ...(stream(given)[2] as Execution), trade: null });
    const report = await new Sweeper(dependencies).sweep({ ...NOW, quietMs: 60_000 });
    expect(report).toEqual({ settled: 0, late: 0, failed: 0, left: 0 });
  });

  test('late fill - told after the leg was settled, it is booked as what it is', async () => {
    const { db } = database;
    venue.fates.push('rest');
    const { order } = await executed();
    const { clientOrderId } = order;
    await takeExecution(dependencies, told(order, [null, 'expired', '0']));
    await new Sweeper(dependencies).sweep(NOW);
    expect(await acts(order)).toContain('order-settled');
    venue.fill(clientOrderId, '0.1');
    expect(await new Sweeper(dependencies).sweep(NOW)).toMatchObject({ late: 1 });
    expect(await readOrder(db, clientOrderId)).toMatchObject({
      state: 'expired',
      executedQuantity: '0.1',
    });
    expect((await acts(order)).filter((act) => act === 'late-fill')).toHaveLength(1);
    expect((await acts(order)).filter((act) => act === 'fill')).toEqual([]);
    expect(await faults()).toEqual([]);
    expect(await listOrders(db, { userId: trader.userId, states: ['open'] })).toEqual([]);
    // The checker must not stop trading over it.
    const { findings } = await audit({ postgresUrl: database.url, log: null, only: [9, 11] });
    const about = findings
      .flatMap(({ shown }) => shown)
      .filter(({ id }) => id.includes(clientOrderId));
    expect(about).toEqual([]);
  });

  test('venue away - what could not be asked is counted and tried again', async () => {
    const given = await executed();
    await takeExecution(dependencies, { ...(stream(given)[2] as Execution), trade: null });
    const away = () => ({ ...venue.port(), trades: () => Promise.reject(new Error('away')) });
    const blind = new Sweeper({ ...dependencies, venue: away });
    const report = await blind.sweep({ ...NOW, lateMs: 0 });
    expect(report).toEqual({ settled: 0, late: 0, failed: 1, left: 0 });
    expect(await new Sweeper(dependencies).sweep(NOW)).toMatchObject({ settled: 1, failed: 0 });
  });
});
