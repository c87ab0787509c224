import { readFileSync, rmSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { storeCandles } from '../adapters/store/candles.ts';
import { openDebate } from '../adapters/store/debates.ts';
import { recordDecisions } from '../adapters/store/decisions.ts';
import { listFills } from '../adapters/store/fills.ts';
import { listGuards } from '../adapters/store/guards.ts';
import { storeInstruments } from '../adapters/store/instruments.ts';
import { deposit } from '../adapters/store/ledger.ts';
import { recordMotions } from '../adapters/store/motions.ts';
import { listOrders } from '../adapters/store/orders.ts';
import { listPositions } from '../adapters/store/positions.ts';
import { openStore, type Store } from '../adapters/store/store.ts';
import { addUser, ensureDefaults } from '../adapters/store/users.ts';
import { paperControl } from '../adapters/venue/paper-control.ts';
import { freezeSnapshot } from '../core/assistants/freeze.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import { eventId, legId } from '../core/identity.ts';
import type { Candle } from '../core/market/candle.ts';
import { observedText } from '../core/market/money.ts';
import { Guards } from '../ops/ring/guards.ts';
import { patiently } from '../ops/ring/patience.ts';
import { readStack, type StackHandle, startStack, stopStack } from '../ops/stack/control.ts';
import { wire } from '../proto/subjects.ts';
import type { orderWorkflow } from '../workflows/order.ts';
import { FUNDS, INSTRUMENTS } from './orders-samples.ts';
import { DETECTOR_VERSION, decisionOn } from './store-samples.ts';
import { testHome } from './support/home.ts';

/** A whole stack of its own that can be killed, all of it at once, and a market of one symbol that
 * moves minute by minute as the ring's driver moves it. */

const SERVICES = [
  'postgres',
  'nats',
  'temporal',
  'paper-venue',
  'venue-gateway',
  'order-worker',
] as const;
const ANY = { postgres: 0, nats: 0, natsMonitor: 0, temporal: 0, temporalUi: 0 };
const PORTS = { ...ANY, temporalHttp: 0, paper: 0 };
const SYMBOL = 'BTC/USDT';
const SERIES = { venue: 'paper', symbol: SYMBOL, timeframe: '1m' } as const;
const USERNAME = 'watcher';
const names = wire('corro');

export class GuardStack {
  readonly #home = testHome();
  #stack!: StackHandle;
  #store!: Store;
  #client!: Client;
  #guards!: Guards;
  #userId = '';

  get db() {
    return this.#store.db;
  }

  async open(limits: Record<string, unknown>): Promise<void> {
    await this.#start();
    await ensureDefaults(this.db);
    await storeInstruments(this.db, SERIES.venue, INSTRUMENTS);
    const user = { username: USERNAME, email: 'watcher@localhost' };
    const { id } = await addUser(this.db, { ...user, config: { riskLimits: limits } });
    this.#userId = id;
    await this.#control().instruments(INSTRUMENTS);
    const money = { asset: 'USDT', amount: FUNDS, reference: 'start', marketTime: 0 };
    await deposit(this.db, { user: id, venue: SERIES.venue, ...money });
    await this.#control().deposit({ depositId: id, account: id, deposits: { USDT: FUNDS } });
  }

  async close(): Promise<void> {
    await this.#disconnect();
    await stopStack(this.#home).catch(() => undefined);
    rmSync(this.#home, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const options = { home: this.#home, detached: true, services: SERVICES, ports: PORTS };
    this.#stack = await startStack(options);
    const { postgresUrl: url, temporalAddress: address } = this.#stack.state.addresses;
    this.#store = openStore({ url, poolSize: 4 });
    this.#client = new Client({ connection: await Connection.connect({ address }) });
    const { db } = this.#store;
    const venue = SERIES.venue;
    this.#guards = new Guards({ db, client: this.#client, wire: names, venue, feed: null });
  }

  async #disconnect(): Promise<void> {
    await this.#client?.connection.close();
    await this.#store?.close();
  }

  /** Every process of the stack at once, supervisor and servers too, as a power cut ends them; then
   * a new start on the same folder, and a driver that knows nothing but what is stored. Returns how
   * many processes were killed. */
  async powerCut(): Promise<number> {
    const { services = [], supervisorPid } = readStack(this.#home) ?? {};
    const pids = services.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    for (const pid of [supervisorPid ?? 0, ...pids]) if (pid > 0) process.kill(pid, 'SIGKILL');
    await this.#disconnect().catch(() => undefined);
    await this.#start();
    await this.#patiently(() => this.#guards.refresh());
    return pids.length;
  }

  #control() {
    const { paperUrl: url, paperSecretPath } = this.#stack.state.addresses;
    return paperControl({ url, secret: readFileSync(paperSecretPath, 'utf8').trim() });
  }

  /** Releases one candle as the driver does: the venue first, then the guards. */
  async release(candle: Candle, nextOpen: number | null): Promise<void> {
    const { symbol, timeframe } = SERIES;
    const close = {
      timeMs: candle.closeTimeMs,
      candles: [{ symbol, timeframe, candle, nextOpen }],
    };
    await this.#patiently(() => this.#control().tape(close));
    await this.#patiently(() => this.#guards.passed(close));
  }

  /** Buys at the close of the last of these candles, which the ring has decided on. Returns what
   * was paid for one unit, fees included, and at which price it traded. */
  async buy(
    candles: readonly Candle[],
  ): Promise<{ readonly entry: number; readonly fill: number }> {
    const last = candles.at(-1) as Candle;
    await storeCandles(this.db, { ...SERIES, candles });
    const decisionId = await this.#decide(candles);
    const leg = legId({ causeId: decisionId, username: USERNAME, leg: 0 });
    const handle = await this.#client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
      workflowId: names.orderWorkflowId(leg),
      taskQueue: names.queues.order,
      args: [
        {
          namespace: 'corro',
          legId: leg,
          ...{ leg: 0, cause: { kind: 'decision', id: decisionId }, purpose: 'entry' },
          ...{ userId: this.#userId, venue: SERIES.venue, symbol: SYMBOL, side: 'BUY' },
          closeTimeMs: last.closeTimeMs,
          referencePrice: observedText(last.close),
          confidenceBp: 10_000,
        },
      ],
    });
    const { averagePrice, reason } = await handle.result();
    if (averagePrice === null) throw new Error(`the entry must fill: ${reason}`);
    await this.#guards.refresh();
    await this.#guards.settle();
    const [position] = await listPositions(this.db, { userId: this.#userId });
    return { entry: Number(position?.entryPrice), fill: Number(averagePrice) };
  }

  async #decide(candles: readonly Candle[]): Promise<string> {
    const engine = new FeatureEngine({ timeframe: '1m' });
    const reading = candles.map((candle) => engine.push(candle)).at(-1);
    const { closeTimeMs } = candles.at(-1) as Candle;
    const detectorVersion = DETECTOR_VERSION;
    const kind = 'cadence';
    const none = { quantity: '0', entryPrice: '0', exposureBps: 0, drawdownBps: 0, openOrders: 0 };
    const snapshot = freezeSnapshot({
      ...SERIES,
      eventId: eventId({ ...SERIES, kind, closeTimeMs, detectorVersion }),
      trigger: kind,
      candles,
      reading: reading as NonNullable<typeof reading>,
      holdings: { equity: FUNDS, cash: FUNDS, ...none },
      news: null,
    });
    const debateId = `1m-${closeTimeMs}`;
    const motion = { debateId, detectorVersion, snapshot };
    await recordMotions(this.db, [motion]);
    const debate = { id: debateId, workflowId: debateId, timeframe: '1m', closeTimeMs } as const;
    await openDebate(this.db, debate);
    const decided = { debateId, rounds: 1, contested: false };
    const decisions = [decisionOn(motion, USERNAME, 'BUY')];
    const [recorded] = await recordDecisions(this.db, { ...decided, decisions });
    return recorded?.decision.id ?? '';
  }

  async guard() {
    return (await listGuards(this.db, { userId: this.#userId })).at(-1);
  }

  sold() {
    return listFills(this.db, { userId: this.#userId }).then((fills) =>
      fills.filter((fill) => fill.side === 'SELL'),
    );
  }

  orders() {
    return listOrders(this.db, { userId: this.#userId });
  }

  #patiently<T>(act: () => Promise<T>): Promise<T> {
    return patiently('the stack', act, { signal: AbortSignal.timeout(120_000) });
  }
}

export interface Fired {
  /** Index of the candle. */
  readonly at: number;
  readonly stop: number;
  readonly moves: number;
}

/** When a trailing stop fires, read off the candles by hand: the chandelier exit over Wilder's ATR
 * of all candles before it. Shares no code with the guard. */
export function straightReading(
  candles: readonly Candle[],
  bought: { readonly at: number; readonly entry: number; readonly fill: number },
  multiple: number,
): Fired | null {
  let atr = 0;
  let sum = 0;
  let close = (candles[0] as Candle).close;
  const wilder = (index: number, { high, low, close: next }: Candle): void => {
    const range = Math.max(high, close) - Math.min(low, close);
    sum += range;
    atr = index < 14 ? 0 : index === 14 ? sum / 14 : (atr * 13 + range) / 14;
    close = next;
  };
  for (let at = 1; at <= bought.at; at += 1) wilder(at, candles[at] as Candle);
  close = bought.fill;
  const start = atr;
  let stop = Math.floor((bought.entry - multiple * atr) * 100) / 100;
  let top = bought.fill;
  let trailing = false;
  let moves = 0;
  for (let at = bought.at + 1; at < candles.length; at += 1) {
    const candle = candles[at] as Candle;
    if (candle.low <= stop) return { at, stop, moves };
    top = Math.max(top, candle.high);
    wilder(at, candle);
    trailing ||= top - bought.entry >= start;
    const next = Math.floor((top - multiple * atr) * 100) / 100;
    if (trailing && next - stop >= Math.max(atr / 10, top / 1_000)) {
      stop = next;
      moves += 1;
    }
    if (candle.close <= stop) return { at, stop, moves };
  }
  return null;
}
