import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest';
import { beats } from '../activities/heartbeat.ts';
import { createOrderActivities, type OrderActivities } from '../activities/orders.ts';
import { verifyChain } from '../adapters/store/audit.ts';
import type { LegRequest } from '../adapters/store/intents.ts';
import { booksPartition, ledgerBalances } from '../adapters/store/ledger.ts';
import { listPortfolios, listPositions } from '../adapters/store/positions.ts';
import { reconcileAccount } from '../adapters/store/reconcile.ts';
import type { Feed } from '../proto/feed-schemas.ts';
import { wire } from '../proto/subjects.ts';
import type { OrderOutcome, orderWorkflow } from '../workflows/order.ts';
import {
  decidedLeg,
  FUNDS,
  fundedTrader,
  orderInput,
  prepareMarket,
  type Trader,
} from './orders-samples.ts';
import { LyingVenue } from './orders-venue.ts';
import { openTestDatabase, testNamespace } from './support/servers.ts';

export const nothing = () => undefined;

/** These tests are about one leg: what follows a fill is for the tests of the guard. */
const NOBODY_GUARDS = { openGuard: async () => null, findGuard: async () => null };

/** What one test trades with: a fresh user, a fresh venue, and one worker. */
export class OrderFloor {
  readonly names = wire(testNamespace());
  venue!: LyingVenue;
  trader!: Trader;
  fed: Feed[] = [];
  #database!: Awaited<ReturnType<typeof openTestDatabase>>;
  #connection!: NativeConnection;
  #client!: Client;
  #code = '';
  #stop: () => Promise<void> = async () => undefined;

  get db() {
    return this.#database.db;
  }

  async open(): Promise<void> {
    const { temporalAddress: address } = inject('servers');
    const logger = new DefaultLogger('ERROR', nothing);
    Runtime.install({ logger, shutdownSignals: [] });
    this.#database = await openTestDatabase();
    await prepareMarket(this.db);
    this.#connection = await NativeConnection.connect({ address });
    this.#client = new Client({ connection: await Connection.connect({ address }) });
    const workflowsPath = fileURLToPath(new URL('../workflows/order.ts', import.meta.url));
    this.#code = (await bundleWorkflowCode({ workflowsPath, logger })).code;
  }

  async close(): Promise<void> {
    await this.#client.connection.close();
    await this.#connection.close();
    await this.#database.drop();
  }

  async begin(): Promise<void> {
    this.venue = new LyingVenue(this.db);
    this.venue.clockStepMs = 4_500;
    this.fed = [];
    await this.meet();
    await this.work();
  }

  end(): Promise<void> {
    return this.#stop();
  }

  /** From now on a fresh user with these limits trades. */
  async meet(limits: Record<string, unknown> = {}): Promise<void> {
    this.trader = await fundedTrader(this.db, limits);
    this.venue.fund(this.trader.userId, 'USDT', FUNDS);
  }

  activities(holder: string, port = this.venue.port()): OrderActivities {
    const feed = (message: Feed) => void this.fed.push(message);
    const log = pino({ level: 'silent' });
    return createOrderActivities({ db: this.db, venue: () => port, feed, log, holder });
  }

  /** Replaces the worker by one with some steps of the test's own. */
  async work(steps: Partial<OrderActivities> = {}): Promise<void> {
    await this.#stop();
    const worker = await Worker.create({
      connection: this.#connection,
      taskQueue: this.names.queues.order,
      workflowBundle: { code: this.#code },
      activities: { ...this.activities(randomUUID()), ...NOBODY_GUARDS, ...steps },
      interceptors: { activity: [beats] },
      shutdownGraceTime: '100ms',
      shutdownForceTime: '1s',
    });
    const running = worker.run();
    this.#stop = async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
    };
  }

  leg(...decided: [Parameters<typeof decidedLeg>[2]]): Promise<LegRequest> {
    return decidedLeg(this.db, this.trader, ...decided);
  }

  start(leg: LegRequest, workflowId = this.names.orderWorkflowId(leg.legId)) {
    this.venue.marketTimeMs = leg.closeTimeMs;
    return this.#client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
      workflowId,
      taskQueue: this.names.queues.order,
      args: [orderInput(this.names.namespace, leg)],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
    });
  }

  async trade(leg: LegRequest, workflowId?: string): Promise<OrderOutcome> {
    return (await this.start(leg, workflowId)).result();
  }

  async buy(): Promise<OrderOutcome> {
    return this.trade(await this.leg({ action: 'BUY' }));
  }

  /** The bodies of one kind of act in the trader's audit. */
  async acts(act: string): Promise<readonly unknown[]> {
    const rows = await this.db
      .selectFrom('audit')
      .select('body')
      .where('partition', '=', booksPartition(this.trader.userId))
      .where('act', '=', act)
      .orderBy('seq')
      .execute();
    return rows.map((row) => row.body);
  }

  /** What is wrong with the trader's books when no order is under way: nothing, one hopes. */
  async bookFaults(): Promise<readonly unknown[]> {
    const { userId } = this.trader;
    const owner = { userId, venue: 'paper' };
    const balances = await ledgerBalances(this.db, owner);
    const { differences } = await reconcileAccount(this.db, this.venue.port(), owner);
    const [portfolio] = await listPortfolios(this.db, { userId });
    const positions = await listPositions(this.db, { userId });
    const available = (asset: string) => balances.find((one) => one.asset === asset)?.available;
    const chain = await verifyChain(this.db, booksPartition(userId));
    return [
      ...balances.filter((balance) => balance.reserved !== '0'),
      ...differences,
      ...(portfolio?.available === available('USDT') && portfolio?.locked === '0'
        ? []
        : [portfolio]),
      ...positions.filter((one) => available(one.symbol.replace('/USDT', '')) !== one.quantity),
      ...(chain.intact ? [] : [chain]),
    ];
  }
}

/** A floor for a test file: one database and bundle for the file, one user, venue and worker a
 * test. */
export function orderFloor(): OrderFloor {
  const floor = new OrderFloor();
  beforeAll(() => floor.open());
  afterAll(() => floor.close());
  beforeEach(() => floor.begin());
  afterEach(() => floor.end());
  return floor;
}
