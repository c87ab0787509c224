import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { storeCandles } from '../adapters/store/candles.ts';
import { listFills } from '../adapters/store/fills.ts';
import { listGuards } from '../adapters/store/guards.ts';
import { booksPartition } from '../adapters/store/ledger.ts';
import { listOrders } from '../adapters/store/orders.ts';
import { paperControl } from '../adapters/venue/paper-control.ts';
import type { Candle } from '../core/market/candle.ts';
import type { OrderOutcome } from '../core/orders/leg.ts';
import { Guards } from '../ops/ring/guards.ts';
import type { Close } from '../ops/ring/source.ts';
import type { GuardFeed, GuardRecord } from '../proto/guard.ts';
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
import { closeTimeOf, START_MS } from './store-samples.ts';
import { freePort } from './support/free-port.ts';
import { openTestDatabase, type TestDatabase, testNamespace } from './support/servers.ts';

/** What the tests of the guard trade on: the product's own paper venue, gateway and order worker,
 * as processes that can be killed, and a market that moves candle by candle as the ring's driver
 * moves it. */

const SECRET = 'a secret for the tests of the guard';
const SYMBOL = 'BTC/USDT';

export interface Prices {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export const flat = (price: number): Prices => {
  return { open: price, high: price, low: price, close: price };
};

export class GuardFloor {
  readonly names = wire(testNamespace());
  database!: TestDatabase;
  client!: Client;
  guards!: Guards;
  trader!: Trader;
  worker!: CorroProcess;
  gateway!: CorroProcess;
  paper!: CorroProcess;
  environment: Record<string, string> = {};
  #bus!: Bus;
  #minute = 30;
  readonly #folder = mkdtempSync(join(tmpdir(), 'corro-guards-'));

  get db() {
    return this.database.db;
  }

  get control() {
    return paperControl({ url: this.environment['CORRO_PAPER_URL'] ?? '', secret: SECRET });
  }

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
    };
    await prepareMarket(this.db);
    this.paper = await startWorker('paper-venue', this.environment);
    await this.control.instruments(INSTRUMENTS);
    [this.gateway, this.worker] = await Promise.all([
      startWorker('venue-gateway', this.environment),
      startWorker('order-worker', this.environment),
    ]);
    this.#bus = await connectBus({ url: natsUrl, name: 'guard tests' });
    const connection = await Connection.connect({ address: temporalAddress });
    this.client = new Client({ connection });
    this.drive();
  }

  async close(): Promise<void> {
    const processes = [this.worker, this.gateway, this.paper];
    await Promise.all(processes.map((process) => process?.stop()));
    await this.client?.connection.close();
    await this.#bus?.close();
    await this.database?.drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** From now on another driver follows the guards, as after a restart of the command. */
  drive(feed: GuardFeed | null = null): void {
    const { db, client, names } = this;
    this.guards = new Guards({ db, client, wire: names, venue: 'paper', feed });
  }

  async killWorker(): Promise<void> {
    await this.worker.kill();
    this.worker = await startWorker('order-worker', this.environment);
  }

  /** A fresh user with money in both books. */
  async meet(limits: Record<string, unknown>): Promise<void> {
    this.trader = await fundedTrader(this.db, limits);
    const { userId: account } = this.trader;
    await this.control.deposit({ depositId: account, account, deposits: { USDT: FUNDS } });
  }

  /** The candle of one minute, as the driver releases it. */
  candle(minute: number, prices: Prices, volume = 100_000): Candle {
    const openTimeMs = START_MS + minute * 60_000;
    return { openTimeMs, closeTimeMs: closeTimeOf(minute), ...prices, volume };
  }

  /** Moves the venue by a minute that nobody tells the guards. */
  async unheard(prices: Prices): Promise<void> {
    this.#minute += 1;
    await this.control.tape(this.#closeOf(this.candle(this.#minute, prices), prices.close));
  }

  /** Releases the next minute. `nextOpen`: where the one after it opens. */
  async minute(
    prices: Prices,
    { nextOpen = prices.close, volume = 100_000 } = {},
  ): Promise<Candle> {
    this.#minute += 1;
    const candle = this.candle(this.#minute, prices, volume);
    await this.release(candle, nextOpen);
    return candle;
  }

  async release(candle: Candle, nextOpen: number | null): Promise<void> {
    this.#minute = (candle.openTimeMs - START_MS) / 60_000;
    await this.control.tape(this.#closeOf(candle, nextOpen));
    await this.tell(candle);
  }

  /** What the driver does when the tape has moved. */
  tell(candle: Candle): Promise<boolean> {
    return this.guards.passed(this.#closeOf(candle, candle.close));
  }

  #closeOf(candle: Candle, nextOpen: number | null): Close {
    const one = { symbol: SYMBOL, timeframe: '1m' as const, candle, nextOpen };
    return { timeMs: candle.closeTimeMs, candles: [one] };
  }

  /** The ring decides, the order is traded, and what follows is over. */
  async trade(action: 'BUY' | 'SELL', price: number): Promise<OrderOutcome> {
    const handle = await this.start(action, price);
    const outcome = await handle.result();
    await this.guards.refresh();
    await this.guards.settle();
    return outcome;
  }

  async start(action: 'BUY' | 'SELL', price: number) {
    const leg = await decidedLeg(this.db, this.trader, { action });
    const closeTimeMs = closeTimeOf(this.#minute);
    const candle = this.candle(this.#minute, flat(price));
    const series = { venue: 'paper', symbol: SYMBOL, timeframe: '1m' as const };
    await storeCandles(this.db, { ...series, candles: [candle] });
    const input = { ...leg, referencePrice: String(price), closeTimeMs };
    return this.client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
      workflowId: this.names.orderWorkflowId(leg.legId),
      taskQueue: this.names.queues.order,
      args: [orderInput(this.names.namespace, input)],
    });
  }

  async guard(): Promise<GuardRecord | null> {
    const { userId } = this.trader;
    return (await listGuards(this.db, { userId })).at(-1) ?? null;
  }

  /** What the guard has done, by the trader's audit. */
  async acts(): Promise<readonly { readonly act: string; readonly body: unknown }[]> {
    return this.db
      .selectFrom('audit')
      .select(['act', 'body'])
      .where('partition', '=', booksPartition(this.trader.userId))
      .where('act', 'like', 'guard-%')
      .orderBy('seq')
      .execute();
  }

  orders() {
    return listOrders(this.db, { userId: this.trader.userId });
  }

  fills() {
    return listFills(this.db, { userId: this.trader.userId });
  }

  async closed(): Promise<{ readonly reason: string | null; readonly cooldownMs: number } | null> {
    const row = await this.db
      .selectFrom('guards')
      .select(['close_reason as reason', 'closed_at', 'cooldown_until'])
      .where('user_id', '=', this.trader.userId)
      .where('status', '=', 'closed')
      .orderBy('closed_at', 'desc')
      .executeTakeFirst();
    if (!row) return null;
    const { reason, cooldown_until: until, closed_at: at } = row;
    return { reason, cooldownMs: (until?.getTime() ?? 0) - (at?.getTime() ?? 0) };
  }
}
