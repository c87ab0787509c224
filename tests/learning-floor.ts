import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { ensureStreams } from '../adapters/bus/streams.ts';
import { storeCandles } from '../adapters/store/candles.ts';
import { storeInstruments } from '../adapters/store/instruments.ts';
import { type Motion, recordMotions } from '../adapters/store/motions.ts';
import { ensureDefaults } from '../adapters/store/users.ts';
import { instrumentFor } from '../adapters/venue/paper-instrument.ts';
import { freezeSnapshot } from '../core/assistants/freeze.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import { eventId } from '../core/identity.ts';
import type { Market } from '../core/learning/contract.ts';
import type { Candle } from '../core/market/candle.ts';
import { symbolToken } from '../core/market/instrument.ts';
import { readFeeds } from '../ops/cli/feed-reader.ts';
import { type LearningHandle, startLearning } from '../ops/learning/runs.ts';
import type { Feed } from '../proto/feed-schemas.ts';
import type { Cadence, LearningInput } from '../proto/learning.ts';
import { wire } from '../proto/subjects.ts';
import { WORKFLOWS } from '../workflows/messages.ts';
import { type Kind, madeUpCandles, TIMEFRAME } from './made-up-market.ts';
import { type CorroProcess, startWorker } from './orders-processes.ts';
import { openTestDatabase, type TestDatabase, testNamespace } from './support/servers.ts';
import { startTrainer, type TrainerProcess } from './training-floor.ts';

/** What the tests of the learning loop stand on: the product's own learning worker, trainer and
 * actor host as processes that can be killed, and made-up markets with recorded motions. */

const DETECTOR_VERSION = 1;

const HOLDINGS = {
  ...{ equity: '100000', cash: '100000', quantity: '0', entryPrice: '0' },
  ...{ exposureBps: 0, drawdownBps: 0, openOrders: 0 },
} as const;

/** Motions every so many candles, seen through the real features. */
function motionsOn(symbol: string, candles: readonly Candle[], every: number): Motion[] {
  const engine = new FeatureEngine({ timeframe: TIMEFRAME });
  const market = { venue: 'paper', symbol, timeframe: TIMEFRAME } as const;
  return candles.flatMap((candle, at) => {
    const reading = engine.push(candle);
    if (!reading.warm || at % every !== 0) return [];
    const { closeTimeMs } = candle;
    const detectorVersion = DETECTOR_VERSION;
    const id = eventId({ ...market, kind: 'cadence', closeTimeMs, detectorVersion });
    const facts = { reading, holdings: HOLDINGS, news: null, trigger: 'cadence' } as const;
    const shown = candles.slice(Math.max(0, at - 40), at + 1);
    const snapshot = freezeSnapshot({ ...market, ...facts, eventId: id, candles: shown });
    const debateId = `${symbolToken(symbol).toLowerCase()}-${at}`;
    return [{ debateId, detectorVersion, snapshot }];
  });
}

export interface MadeUpMarket {
  readonly symbol: string;
  readonly kind: Kind;
  /** Candles that are learned from, stored as an exchange's. */
  readonly learned: number;
  /** Candles after them that the ring itself saw, with motions. */
  readonly traded: number;
  readonly seed?: number;
}

export class LearningFloor {
  readonly names = wire(testNamespace());
  database!: TestDatabase;
  client!: Client;
  worker!: CorroProcess;
  host!: CorroProcess;
  trainer!: TrainerProcess;
  environment: Record<string, string> = {};
  /** What a person was told, oldest first. */
  readonly news: Feed<'learning'>[] = [];
  #bus!: Bus;
  readonly #folder = mkdtempSync(join(tmpdir(), 'corro-learning-'));

  get db() {
    return this.database.db;
  }

  /** `more`: settings of its processes beside what they need. */
  async open(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const { natsUrl, temporalAddress } = inject('servers');
    this.database = await openTestDatabase();
    this.environment = {
      CORRO_POSTGRES_URL: this.database.url,
      CORRO_NATS_URL: natsUrl,
      CORRO_TEMPORAL_ADDRESS: temporalAddress,
      CORRO_NAMESPACE: this.names.namespace,
      CORRO_BUNDLE_DIR: join(this.#folder, 'bundles'),
      CORRO_TRAINING_DIR: join(this.#folder, 'training'),
      ...more,
    };
    await ensureDefaults(this.db);
    this.#bus = await connectBus({ url: natsUrl, name: 'learning tests' });
    readFeeds(this.#bus, this.names, (told) => {
      if (told.feed === 'learning') this.news.push(told);
    });
    await ensureStreams(this.#bus, this.names, { storage: 'memory' });
    const connection = await Connection.connect({ address: temporalAddress });
    this.client = new Client({ connection });
    [this.worker, this.host, this.trainer] = await Promise.all([
      startWorker('learning-worker', this.environment),
      startWorker('actor-host', { ...this.environment, CORRO_ROLES: 'strategist' }),
      this.newTrainer(),
    ]);
  }

  async newTrainer(): Promise<TrainerProcess> {
    const trainer = await startTrainer(this.environment);
    await trainer.says('ready');
    return trainer;
  }

  async close(): Promise<void> {
    this.trainer?.signal('SIGCONT');
    this.trainer?.signal('SIGTERM');
    await Promise.all([this.worker?.stop(), this.host?.stop(), this.trainer?.exit]);
    for (const stream of Object.values(this.names.streams)) {
      await this.#bus?.manager.streams.delete(stream).catch(() => undefined);
    }
    await this.#bus?.close();
    await this.client?.connection.close();
    await this.database?.drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** As a power cut would, and back again. */
  async killWorker(): Promise<void> {
    await this.worker.kill();
    this.worker = await startWorker('learning-worker', this.environment);
  }

  async makeMarket({ symbol, kind, learned, traded, seed = 1 }: MadeUpMarket): Promise<Market> {
    const all = madeUpCandles(kind, learned + traded, seed);
    const series = { symbol, timeframe: TIMEFRAME } as const;
    const own = all.slice(learned);
    await storeCandles(this.db, { ...series, venue: 'binance', candles: all.slice(0, learned) });
    if (own.length > 0) {
      await storeCandles(this.db, { ...series, venue: 'paper', candles: own });
      await storeInstruments(this.db, 'paper', [instrumentFor(symbol, [1_000])]);
      await recordMotions(this.db, motionsOn(symbol, own, 12));
    }
    return { venue: 'paper', symbol, timeframe: TIMEFRAME };
  }

  input(market: Market, change: Partial<LearningInput> = {}): LearningInput {
    const settings = { seed: 7, trees: 20, folds: 2, embargoCandles: 12 };
    const { namespace } = this.names;
    const open = { from: null, to: null, candles: 'binance' } as const;
    return { ...market, namespace, cadence: 'demand', ...open, settings, ...change };
  }

  start(input: LearningInput): Promise<LearningHandle> {
    return startLearning(this.client, input);
  }

  /** As a schedule would: an id of its own. */
  startAs(cadence: Cadence, market: Market): Promise<LearningHandle> {
    const timeframe = TIMEFRAME;
    const { venue, symbol } = market;
    const id = this.names.learningWorkflowId({ venue, symbol, timeframe }, cadence);
    return this.client.workflow.start(WORKFLOWS.learning, {
      workflowId: `${id}-2024-01-01T00:20:00Z`,
      taskQueue: this.names.queues.learning,
      args: [this.input(market, { cadence })],
    });
  }
}
