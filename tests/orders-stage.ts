import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { verifyChain } from '../adapters/store/audit.ts';
import { listFills } from '../adapters/store/fills.ts';
import { booksPartition, ledgerBalances } from '../adapters/store/ledger.ts';
import { listOrders, type OrderRow } from '../adapters/store/orders.ts';
import { reconcileAccount } from '../adapters/store/reconcile.ts';
import { venueClient } from '../adapters/venue/client.ts';
import { paperControl } from '../adapters/venue/paper-control.ts';
import type { Trade, VenuePort } from '../adapters/venue/port.ts';
import { Decimal } from '../core/market/money.ts';
import type { Settlement, SettlementInput } from '../proto/settlement.ts';
import { wire } from '../proto/subjects.ts';
import { TASK_TIMEOUT, WORKFLOWS } from '../workflows/messages.ts';
import type { orderWorkflow, settlementWorkflow } from '../workflows/order.ts';
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

/** The order path in processes of its own: order worker, venue gateway and paper venue, over
 * Temporal, NATS and Postgres. */
export class OrderStage {
  readonly names = wire(testNamespace());
  readonly #folder = mkdtempSync(join(tmpdir(), 'corro-orders-'));
  database!: Awaited<ReturnType<typeof openTestDatabase>>;
  environment!: Record<string, string>;
  port!: VenuePort;
  trader!: Trader;
  paper!: CorroProcess;
  gateway!: CorroProcess;
  worker: CorroProcess | null = null;
  #bus!: Bus;
  #client!: Client;

  async open(): Promise<void> {
    const { natsUrl, temporalAddress } = inject('servers');
    this.database = await openTestDatabase();
    const paperPort = await freePort();
    this.environment = {
      CORRO_POSTGRES_URL: this.database.url,
      CORRO_NATS_URL: natsUrl,
      CORRO_TEMPORAL_ADDRESS: temporalAddress,
      CORRO_NAMESPACE: this.names.namespace,
      CORRO_PAPER_URL: `http://127.0.0.1:${paperPort}`,
      CORRO_PAPER_PORT: String(paperPort),
      CORRO_PAPER_SECRET: SECRET,
      CORRO_PAPER_DIR: this.#folder,
      CORRO_LOG_LEVEL: 'info',
    };
    await prepareMarket(this.database.db);
    this.paper = await startWorker('paper-venue', this.environment);
    await this.meet();
    this.gateway = await startWorker('venue-gateway', this.environment);
    this.#bus = await connectBus({ url: natsUrl, name: 'order tests' });
    this.port = venueClient(this.#bus, this.names, { venue: 'paper' });
    const connection = await Connection.connect({ address: temporalAddress });
    this.#client = new Client({ connection });
  }

  async close(): Promise<void> {
    await Promise.all([this.worker?.stop(), this.gateway?.stop(), this.paper?.stop()]);
    await this.#client?.connection.close();
    await this.#bus?.close();
    await this.database?.drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Starts an order worker; it is the stage's own from now on. */
  async work(environment: Readonly<Record<string, string>> = {}): Promise<CorroProcess> {
    this.worker = await startWorker('order-worker', { ...this.environment, ...environment });
    return this.worker;
  }

  /** From now on a fresh user trades, with the same money in both books, in a deep market at
   * 50,000. */
  async meet(): Promise<void> {
    const url = this.environment['CORRO_PAPER_URL'] ?? '';
    const control = paperControl({ url, secret: SECRET });
    const limits = { maxOrderQuote: '1000', cooldownMinutes: 0 };
    this.trader = await fundedTrader(this.database.db, limits);
    await control.instruments(INSTRUMENTS);
    const { userId } = this.trader;
    await control.deposit({ depositId: userId, account: userId, deposits: { USDT: FUNDS } });
    const closeTimeMs = closeTimeOf(30);
    const prices = { open: 50_000, high: 50_000, low: 50_000, close: 50_000, volume: 100_000 };
    const candle = { ...prices, openTimeMs: closeTimeMs - 59_999, closeTimeMs };
    const candles = INSTRUMENTS.map(({ symbol }) => {
      return { symbol, timeframe: '1m' as const, candle, nextOpen: 50_000 };
    });
    await control.tape({ timeMs: closeTimeMs, candles });
  }

  async start(action: 'BUY' | 'SELL') {
    const leg = await decidedLeg(this.database.db, this.trader, { action });
    return this.#client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
      workflowId: this.names.orderWorkflowId(leg.legId),
      taskQueue: this.names.queues.order,
      args: [orderInput(this.names.namespace, leg)],
      workflowTaskTimeout: '3s',
    });
  }

  /** As the command line does. */
  async settle(input: SettlementInput): Promise<Settlement> {
    const handle = await this.#client.workflow.start<typeof settlementWorkflow>(
      WORKFLOWS.settlement,
      {
        workflowId: this.names.settlementWorkflowId(input.clientOrderId),
        workflowIdConflictPolicy: 'USE_EXISTING',
        taskQueue: this.names.queues.order,
        args: [input],
        workflowTaskTimeout: TASK_TIMEOUT,
      },
    );
    return handle.result();
  }

  trades(): Promise<readonly Trade[]> {
    return this.port.trades({ account: this.trader.userId, symbol: 'BTC/USDT' });
  }

  /** What the two witnesses disagree on, or what is left undone; nothing, one hopes. A stop that
   * rests is no order left undone, and holds what it would sell. */
  async faults(): Promise<readonly unknown[]> {
    const { userId } = this.trader;
    const { db } = this.database;
    const owner = { userId, venue: 'paper' };
    const { differences } = await reconcileAccount(db, this.port, owner);
    const balances = await ledgerBalances(db, owner);
    const fills = await listFills(db, { userId });
    const trades = await this.trades();
    const chain = await verifyChain(db, booksPartition(userId));
    const states = ['prepared', 'sent', 'unknown', 'open'] as const;
    const live = await listOrders(db, { userId, states });
    const held = live.filter(rests).map((order) => order.parameters.quantity);
    const stopped = Decimal.sum(...held).toFixed();
    return [
      ...differences,
      ...balances.filter(({ asset, reserved }) => reserved !== (asset === 'BTC' ? stopped : '0')),
      ...live.filter((order) => !rests(order)),
      ...(fills.length === trades.length ? [] : [{ fills: fills.length, trades: trades.length }]),
      ...(chain.intact ? [] : [chain]),
    ];
  }
}

function rests({ state, parameters }: OrderRow): boolean {
  return state === 'open' && parameters.type === 'STOP_LOSS_LIMIT';
}

/** A stage for a test file. */
export function orderStage(): OrderStage {
  const stage = new OrderStage();
  beforeAll(() => stage.open());
  afterAll(() => stage.close());
  return stage;
}
