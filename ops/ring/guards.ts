import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Kysely } from 'kysely';
import { listGuards, readGuard } from '../../adapters/store/guards.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { Candle } from '../../core/market/candle.ts';
import { passCandle, reachesResting } from '../../core/risk/guard.ts';
import {
  type GuardFeed,
  type GuardInput,
  type GuardMemory,
  type GuardRecord,
  type GuardView,
  MOST_CANDLES,
} from '../../proto/guard.ts';
import type { Wire } from '../../proto/subjects.ts';
import { candlesPassedUpdate, TASK_TIMEOUT, WORKFLOWS } from '../../workflows/messages.ts';
import type { Close, ReleasedCandle } from './source.ts';

/** One open guard as the driver sees it: the same rules folded over the same candles, so that the
 * workflow need only be told when there is something to do. */
interface Watch {
  readonly record: GuardRecord;
  state: GuardMemory;
  /** What the workflow has not been told. */
  pending: Candle[];
  due: boolean;
  /** The venue may have filled the stop where the rules saw no reason to sell. */
  settle: boolean;
}

export interface GuardsOptions {
  readonly db: Kysely<Database>;
  readonly client: Client;
  readonly wire: Wire;
  readonly venue: string;
  /** Given: the market is live; every candle is told at once, and a guard that hears none reads
   * them here. */
  readonly feed: GuardFeed | null;
}

/** The open guards of the ring, as its driver must follow them between two closes. A candle that
 * moves nothing costs no call to any server. After a restart it goes on from what is stored: what a
 * guard has seen is part of its state, and candles told again change nothing. */
export class Guards {
  readonly #options: GuardsOptions;
  readonly #recent = new Map<string, Candle[]>();
  #watches = new Map<string, Watch>();

  constructor(options: GuardsOptions) {
    this.#options = options;
  }

  /** How many positions are guarded. */
  get open(): number {
    return this.#watches.size;
  }

  /** Reads again which guards are open; after everything that may have traded. */
  async refresh(): Promise<void> {
    const { db, venue } = this.#options;
    const known = this.#watches;
    const records = await listGuards(db, { venue, open: true });
    this.#watches = new Map(
      records.map((record) => [record.planId, this.#watch(record, known.get(record.planId))]),
    );
  }

  /** Takes in one close, and has every guard do what follows from it before anything newer is
   * released. True when one had anything to do: positions may have changed. Safe to repeat. */
  async passed(close: Close): Promise<boolean> {
    for (const released of [...close.candles, ...(close.prices ?? [])]) this.#take(released);
    return this.settle();
  }

  /** Has the guards of these symbols see all that has passed: something else is about to trade. */
  async catchUp(symbols: ReadonlySet<string>): Promise<boolean> {
    for (const watch of this.#watches.values()) {
      if (symbols.has(watch.record.symbol) && watch.pending.length > 0) watch.due = true;
    }
    return this.settle();
  }

  /** Tells every guard that has something to do, in an order that is nobody's luck, and waits until
   * it is done. */
  async settle(): Promise<boolean> {
    let told = false;
    for (const watch of [...this.#watches.values()]) {
      if (!watch.due) continue;
      await this.#tell(watch);
      told = true;
    }
    return told;
  }

  #watch(record: GuardRecord, known: Watch | undefined): Watch {
    if (known && known.record.state.saves === record.state.saves) return known;
    const { feed } = this.#options;
    const { state, symbol } = record;
    const strange = known === undefined || state.feed?.exchange !== feed?.exchange;
    const watch: Watch = { record, state, pending: [], due: strange, settle: false };
    const unseen = known?.pending ?? this.#recent.get(keyOf(symbol, state.timeframe)) ?? [];
    for (const candle of unseen) this.#fold(watch, candle);
    return watch;
  }

  #take({ symbol, timeframe, candle }: ReleasedCandle): void {
    const key = keyOf(symbol, timeframe);
    const recent = this.#recent.get(key) ?? [];
    this.#recent.set(key, recent);
    if (candle.closeTimeMs > (recent.at(-1)?.closeTimeMs ?? 0)) recent.push(candle);
    if (recent.length > MOST_CANDLES) recent.shift();
    for (const watch of this.#watches.values()) {
      if (watch.record.symbol !== symbol) continue;
      if (watch.state.timeframe === timeframe) this.#fold(watch, candle);
      // The venue may have believed a print that the rules do not.
      if (reachesResting(watch.state, candle.low)) watch.due = watch.settle = true;
    }
  }

  #fold(watch: Watch, candle: Candle): void {
    const [next, effects] = passCandle(watch.state, candle, watch.record.rules);
    if (next === watch.state) return;
    watch.state = { ...watch.state, ...next };
    watch.pending.push(candle);
    const full = watch.pending.length >= MOST_CANDLES;
    if (effects.length > 0 || full || this.#options.feed !== null) watch.due = true;
  }

  async #tell(watch: Watch): Promise<void> {
    const { planId } = watch.record;
    const view = await this.#update(watch);
    if (view === null || view.status === 'closed') {
      this.#watches.delete(planId);
      return;
    }
    const record = { ...watch.record, ...view };
    const { state } = view;
    this.#watches.set(planId, { record, state, pending: [], due: false, settle: false });
  }

  /** Null when the guard has closed. One whose workflow somebody ended in Temporal is begun
   * again. */
  async #update({ record, pending, settle }: Watch): Promise<GuardView | null> {
    const { client, db, feed } = this.#options;
    const handle = client.workflow.getHandle(record.workflowId);
    const told = { candles: pending.slice(0, MOST_CANDLES), feed, settle };
    try {
      return await handle.executeUpdate(candlesPassedUpdate, { args: [told] });
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      const stored = await readGuard(db, record.planId);
      if (stored === null || stored.status === 'closed') return null;
    }
    await this.#begin(record);
    return handle.executeUpdate(candlesPassedUpdate, { args: [told] });
  }

  async #begin({ planId, workflowId }: GuardRecord): Promise<void> {
    const { client, wire } = this.#options;
    const input: GuardInput = { namespace: wire.namespace, planId };
    try {
      await client.workflow.start(WORKFLOWS.guard, {
        workflowId,
        taskQueue: wire.queues.order,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        args: [input],
        workflowTaskTimeout: TASK_TIMEOUT,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}

function keyOf(symbol: string, timeframe: string): string {
  return `${symbol} ${timeframe}`;
}
