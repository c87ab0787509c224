/** Failure here means: an order is doubled, lost or booked wrong when a real process is killed -9
 * on the way from a decision to its fills. Every process is the product's own: order worker, venue
 * gateway and paper venue, over Temporal, NATS and Postgres. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { verifyChain } from '../adapters/store/audit.ts';
import { listFills } from '../adapters/store/fills.ts';
import { booksPartition, ledgerBalances } from '../adapters/store/ledger.ts';
import { listOrders } from '../adapters/store/orders.ts';
import { reconcileAccount } from '../adapters/store/reconcile.ts';
import { venueClient } from '../adapters/venue/client.ts';
import { paperControl } from '../adapters/venue/paper-control.ts';
import type { VenuePort } from '../adapters/venue/port.ts';
import type { OrderOutcome } from '../core/orders/leg.ts';
import { wire } from '../proto/subjects.ts';
import type { orderWorkflow } from '../workflows/order.ts';
import { type CorroProcess, startWorker } from './orders-processes.ts';
import {
  decidedLeg,
  FUNDS,
  fundedTrader,
  INSTRUMENTS,
  orderInput,
  prepareMarket,
  type Trader,
} from './orders-samples.ts';
import { closeTimeOf } from './store-samples.ts';
import { freePort } from './support/free-port.ts';
import { openTestDatabase, testNamespace } from './support/servers.ts';

const SECRET = 'a secret for this test alone';
const namespace = testNamespace();
const names = wire(namespace);
const folder = mkdtempSync(join(tmpdir(), 'corro-orders-'));
let database: Awaited<ReturnType<typeof openTestDatabase>>;
let environment: Record<string, string>;
let bus: Bus;
let client: Client;
let port: VenuePort;
let trader: Trader;
let paper: CorroProcess;
let gateway: CorroProcess;
let worker: CorroProcess;

beforeAll(async () => {
  const { natsUrl, temporalAddress } = inject('servers');
  database = await openTestDatabase();
  const paperPort = await freePort();
  environment = {
    CORRO_POSTGRES_URL: database.url,
    CORRO_NATS_URL: natsUrl,
    CORRO_TEMPORAL_ADDRESS: temporalAddress,
    CORRO_NAMESPACE: namespace,
    CORRO_PAPER_URL: `http://127.0.0.1:${paperPort}`,
    CORRO_PAPER_PORT: String(paperPort),
    CORRO_PAPER_SECRET: SECRET,
    CORRO_PAPER_DIR: folder,
    CORRO_LOG_LEVEL: 'info',
  };
  await prepareMarket(database.db);
  paper = await startWorker('paper-venue', environment);
  await openMarket();
  [gateway, worker] = await Promise.all([
    startWorker('venue-gateway', environment),
    startWorker('order-worker', environment),
  ]);
  bus = await connectBus({ url: natsUrl, name: 'order tests' });
  port = venueClient(bus, names, { venue: 'paper' });
  const connection = await Connection.connect({ address: temporalAddress });
  client = new Client({ connection });
});

afterAll(async () => {
  await Promise.all([worker?.stop(), gateway?.stop(), paper?.stop()]);
  await client?.connection.close();
  await bus?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** A user with the same money in both books, and a deep market at 50,000. */
async function openMarket(): Promise<void> {
  const control = paperControl({ url: environment['CORRO_PAPER_URL'] ?? '', secret: SECRET });
  trader = await fundedTrader(database.db, { maxOrderQuote: '1000' });
  await control.instruments(INSTRUMENTS);
  await control.deposit({
    depositId: trader.userId,
    account: trader.userId,
    deposits: { USDT: FUNDS },
  });
  const closeTimeMs = closeTimeOf(30);
  const prices = { open: 50_000, high: 50_000, low: 50_000, close: 50_000, volume: 100_000 };
  const candle = { ...prices, openTimeMs: closeTimeMs - 59_999, closeTimeMs };
  const candles = INSTRUMENTS.map(({ symbol }) => {
    return { symbol, timeframe: '1m' as const, candle, nextOpen: 50_000 };
  });
  await control.tape({ timeMs: closeTimeMs, candles });
}

async function start(action: 'BUY' | 'SELL') {
  const leg = await decidedLeg(database.db, trader, { action });
  return client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
    workflowId: names.orderWorkflowId(leg.legId),
    taskQueue: names.queues.order,
    args: [orderInput(namespace, leg)],
  });
}

/** What the two witnesses disagree on; nothing, one hopes. */
async function faults(): Promise<readonly unknown[]> {
  const { userId } = trader;
  const owner = { userId, venue: 'paper' };
  const { differences } = await reconcileAccount(database.db, port, owner);
  const balances = await ledgerBalances(database.db, owner);
  const fills = await listFills(database.db, { userId });
  const trades = await port.trades({ account: userId, symbol: 'BTC/USDT' });
  const chain = await verifyChain(database.db, booksPartition(userId));
  return [
    ...differences,
    ...balances.filter((balance) => balance.reserved !== '0'),
    ...(await listOrders(database.db, { userId, states: ['prepared', 'sent', 'unknown', 'open'] })),
    ...(fills.length === trades.length ? [] : [{ fills: fills.length, trades: trades.length }]),
    ...(chain.intact ? [] : [chain]),
  ];
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

describe('order through real processes', () => {
  test('path - bought and sold at the paper venue; both books agree exactly', async () => {
    const bought: OrderOutcome = await (await start('BUY')).result();
    expect(bought).toMatchObject({ state: 'filled', attempts: 1, quantity: '0.0199' });
    const sold = await (await start('SELL')).result();
    expect(sold.state).toBe('filled');
    expect(await faults()).toEqual([]);
  });

  test.each([0, 60])(
    'order worker killed -9 after %i ms - its successor finishes, nothing is doubled',
    async (afterMs) => {
      const before = (await port.trades({ account: trader.userId, symbol: 'BTC/USDT' })).length;
      const handle = await start('BUY');
      await pause(afterMs);
      await worker.kill();
      worker = await startWorker('order-worker', environment);
      const outcome = await handle.result();
      expect(outcome).toMatchObject({ state: 'filled', quantity: '0.0199' });
      expect(await faults()).toEqual([]);
      const after = await port.trades({ account: trader.userId, symbol: 'BTC/USDT' });
      const executed = after.slice(before).map((trade) => Number(trade.quantity));
      expect(executed.reduce((sum, one) => sum + one, 0)).toBeCloseTo(0.0199, 10);
    },
  );

  test('gateway killed -9 - the order waits for the next one and is sent once', async () => {
    await gateway.kill();
    const handle = await start('BUY');
    await pause(300);
    gateway = await startWorker('venue-gateway', environment);
    expect(await handle.result()).toMatchObject({ state: 'filled' });
    expect(await faults()).toEqual([]);
  });

  test('paper venue killed -9 - its log brings it back and the order is settled', async () => {
    await (await start('BUY')).result();
    const handle = await start('SELL');
    await pause(40);
    await paper.kill();
    paper = await startWorker('paper-venue', environment);
    expect(await handle.result()).toMatchObject({ state: 'filled' });
    expect(await faults()).toEqual([]);
  });
});
