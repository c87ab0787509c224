/** Decisions through real Temporal, NATS and Postgres: a whole stack of its own with durable disks,
 * in a temporary home, and in the same run the bare NATS gather of three rounds of seven.
 *
 *     node bench/decisions.ts [--json] [--quick] [--workers N] [--hosts N]
 *
 * Printed: decisions a second, one motion a workflow (1 and 16 in flight) and dockets of 20 motions
 * (1 and 4 in flight), each beside the bare gather with as many motions in flight; Temporal's
 * events and actions a workflow; processor time a decision, by process; and from a candle's close
 * to its recorded decision through the tape's driver, one in flight. The market is the demo's tape;
 * one user, whose rules allow no trade. Not measured: orders, questions to people, language models,
 * a network, more than one machine; the bare gather stores nothing and thinks nothing. */
import { rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { recordMotions } from '../adapters/store/motions.ts';
import { ensureDefaults, setConfig } from '../adapters/store/users.ts';
import { DETECTOR_VERSION } from '../core/assistants/market-monitor.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import { Connections } from '../ops/cli/connections.ts';
import { Debates } from '../ops/ring/debates.ts';
import { type StackState, startStack } from '../ops/stack/control.ts';
import { testHome } from '../tests/support/home.ts';
import { measureCloses } from './decisions-closes.ts';
import { actionsOf, type HistoryFigures, mostOf } from './decisions-history.ts';
import { BenchMarket, demoTape, docketId, VENUE } from './decisions-market.ts';
import { type Figures, show } from './decisions-page.ts';
import { gatherBare } from './nats-gather.ts';
import { type ProcessorTimes, processorTimes, usedBetween } from './processor.ts';
import { percentile } from './statistics.ts';

interface Load {
  readonly name: string;
  /** Motions a workflow. */
  readonly motions: number;
  /** Workflows at the same time. */
  readonly inFlight: number;
  /** Workflows timed. */
  readonly dockets: number;
}

export interface LoadFigures extends Load {
  readonly decisionsPerSecond: number;
  /** From the motions' record to the workflow's end. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Motions that went through a debate round. */
  readonly contestedPercent: number;
  readonly bareGathersPerSecond: number;
  /** Bare gathers in the time of one decision. */
  readonly bareRatio: number;
  readonly history: HistoryFigures;
  /** Milliseconds of processor a decision. */
  readonly processorMs: ProcessorTimes;
}

const LOADS: readonly Load[] = [
  { name: 'single', motions: 1, inFlight: 1, dockets: 100 },
  { name: 'single', motions: 1, inFlight: 16, dockets: 400 },
  { name: 'docket', motions: 20, inFlight: 1, dockets: 25 },
  { name: 'docket', motions: 20, inFlight: 4, dockets: 60 },
];
const CLOSES_DECIDED = 100;
const WARM_UP_DOCKETS = 10;
const BARE_GATHERS = 2_000;
/** Nobody trades this. */
const NO_SYMBOL = 'NOT/TRADED';

class Bench {
  readonly #state: StackState;
  readonly #connections: Connections;
  readonly #market: BenchMarket;
  readonly #debates: Debates;
  readonly #quick: boolean;

  private constructor(parts: {
    readonly connections: Connections;
    readonly market: BenchMarket;
    readonly debates: Debates;
    readonly quick: boolean;
  }) {
    this.#connections = parts.connections;
    this.#state = parts.connections.state;
    this.#market = parts.market;
    this.#debates = parts.debates;
    this.#quick = parts.quick;
  }

  static async on(connections: Connections, quick: boolean): Promise<Bench> {
    const { db, wire } = connections;
    await ensureDefaults(db);
    const customRules = { allowedSymbols: [NO_SYMBOL] };
    await setConfig(db, { username: 'trader', customRules });
    const market = new BenchMarket(await demoTape(), 20);
    const debates = new Debates(await connections.temporal(), wire);
    return new Bench({ connections, market, debates, quick });
  }

  async run(): Promise<Pick<Figures, 'loads' | 'closes'>> {
    await this.#timed({ name: 'warm-up', motions: 20, inFlight: 2, dockets: WARM_UP_DOCKETS });
    const loads: LoadFigures[] = [];
    for (const load of LOADS) {
      const dockets = this.#quick ? Math.ceil(load.dockets / 5) : load.dockets;
      const figures = await this.#measure({ ...load, dockets });
      loads.push(figures);
      console.error(progress(figures));
    }
    const decided = this.#quick ? CLOSES_DECIDED / 5 : CLOSES_DECIDED;
    return { loads, closes: await measureCloses(this.#connections, await demoTape(), decided) };
  }

  async #measure(load: Load): Promise<LoadFigures> {
    const bare = await gatherBare({
      url: this.#state.addresses.natsUrl,
      debates: BARE_GATHERS,
      inFlight: load.inFlight * load.motions,
    });
    const decisions = load.dockets * load.motions;
    const before = processorTimes(this.#state);
    const { seconds, timesMs, contested, ids } = await this.#timed(load);
    const processorMs = usedBetween(before, processorTimes(this.#state), decisions);
    const perSecond = decisions / seconds;
    return {
      ...load,
      decisionsPerSecond: perSecond,
      p50Ms: percentile(timesMs, 0.5),
      p99Ms: percentile(timesMs, 0.99),
      contestedPercent: (contested / decisions) * 100,
      bareGathersPerSecond: bare.debatesPerSecond,
      bareRatio: bare.debatesPerSecond / perSecond,
      history: await this.#history(ids),
      processorMs,
    };
  }

  async #timed(load: Load) {
    const timesMs: number[] = [];
    const ids: string[] = [];
    let contested = 0;
    const dockets = Array.from({ length: load.dockets }, () => this.#market.next(load.motions));
    const lane = async (): Promise<void> => {
      for (let next = dockets.shift(); next; next = dockets.shift()) {
        const startedAtMs = performance.now();
        const debateId = docketId(load.name, next);
        const result = await this.#hold(debateId, next);
        timesMs.push(performance.now() - startedAtMs);
        ids.push(debateId);
        contested += result.contested.length;
      }
    };
    const startedAtMs = performance.now();
    await Promise.all(Array.from({ length: load.inFlight }, lane));
    return { seconds: (performance.now() - startedAtMs) / 1_000, timesMs, contested, ids };
  }

  async #hold(debateId: string, snapshots: readonly Snapshot[]) {
    const motions = snapshots.map((snapshot) => ({
      debateId,
      detectorVersion: DETECTOR_VERSION,
      snapshot,
    }));
    await recordMotions(this.#connections.db, motions);
    const { timeframe = '5m', closeTimeMs = 0 } = snapshots[0] ?? {};
    const docket = {
      debateId,
      venue: VENUE,
      timeframe,
      closeTimeMs,
      clock: 'tape',
      snapshots,
    } as const;
    return this.#debates.hold(docket);
  }

  async #history(debateIds: readonly string[]): Promise<HistoryFigures> {
    const client = await this.#connections.temporal();
    const figures: HistoryFigures[] = [];
    for (const debateId of debateIds.slice(0, 30)) {
      const workflowId = this.#connections.wire.debateWorkflowId(debateId);
      figures.push(actionsOf(await client.workflow.getHandle(workflowId).fetchHistory()));
    }
    return mostOf(figures);
  }
}

function progress({ motions, inFlight, decisionsPerSecond }: LoadFigures): string {
  const rate = `${decisionsPerSecond.toFixed(1)} decisions/s`;
  return `${motions} a workflow, ${inFlight} in flight: ${rate}`;
}

async function onOwnStack(options: {
  readonly quick: boolean;
  readonly workers: number;
  readonly hosts: number;
}): Promise<Figures> {
  const home = testHome();
  const stack = await startStack({
    home,
    detached: false,
    namespace: 'bench',
    replicas: { 'decision-worker': options.workers, 'actor-host': options.hosts },
  });
  const connections = new Connections(stack.state);
  const loadBefore = loadavg()[0] ?? 0;
  try {
    const bench = await Bench.on(connections, options.quick);
    const measured = await bench.run();
    return {
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
      date: new Date().toISOString().slice(0, 10),
      loadBefore,
      loadAfter: loadavg()[0] ?? 0,
      ...measured,
    };
  } finally {
    await connections.close();
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

const flags = process.argv.slice(2);
const option = (name: string, otherwise: number): number =>
  flags.includes(name) ? Number(flags[flags.indexOf(name) + 1]) : otherwise;
const figures = await onOwnStack({
  quick: flags.includes('--quick'),
  workers: option('--workers', 1),
  hosts: option('--hosts', 1),
});
console.log(flags.includes('--json') ? JSON.stringify(figures) : show(figures));
