/** Orders through the whole durable path: Temporal, Postgres, NATS, the venue gateway and the paper
 * venue, each a process of a stack of its own with durable disks, in a temporary home.
 *
 *     node bench/orders.ts [--json] [--legs N] [--kills N]
 *
 * Printed: from the recorded verdict to the order accepted at the venue, one in flight and 16;
 * orders a second, to the booked fill and the guard's look; beside both the bare order, signed and
 * accepted at the same venue with nothing behind it, in the same run; and the time until a fresh
 * order is accepted after `kill -9` of the order worker in the middle of another, and until that
 * other one has its end. Not measured: debates (and so no checker runs beside it), a network, a
 * real exchange, more than one machine. Traders alternate purchases and sales in a market that
 * stands still. */
import { rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStack, type StackState, startStack } from '../ops/stack/control.ts';
import { SERVICE_NAMES } from '../ops/stack/topology.ts';
import { testHome } from '../tests/support/home.ts';
import { OrderDesk } from './orders-desk.ts';
import { percentile } from './statistics.ts';

interface PathFigures {
  readonly inFlight: number;
  /** Legs of decisions; guards send orders of their own besides. */
  readonly legs: number;
  readonly legsPerSecond: number;
  /** Accepted at the venue, the guards' stops among them. */
  readonly ordersPerSecond: number;
  readonly acceptedP50Ms: number;
  readonly acceptedP99Ms: number;
}

interface LoadFigures extends PathFigures {
  readonly bareP50Ms: number;
  readonly bareP99Ms: number;
  readonly bareOrdersPerSecond: number;
}

interface TakeOverFigures {
  readonly kills: number;
  /** Until an order that was decided right after the kill was accepted. */
  readonly freshP50Ms: number;
  readonly freshP99Ms: number;
  /** Until the order that was under way had its end: proof of silence included. */
  readonly interruptedP50Ms: number;
  readonly interruptedP99Ms: number;
}

interface Figures {
  readonly date: string;
  readonly machine: string;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly loads: readonly LoadFigures[];
  readonly takeOver: TakeOverFigures;
}

const LANES = [1, 16] as const;
const LEGS = 200;
const WARM_UP_LEGS = 4;
/** The kill meets another step each time. */
const LATEST_KILL_MS = 200;
const UNLIMITED = { CORRO_ORDERS_PER_MINUTE: '1000000' } as const;

async function run(lanes: number, act: (lane: number) => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: lanes }, (_, lane) => act(lane)));
  return (performance.now() - startedAtMs) / 1_000;
}

async function measureLoad(desk: OrderDesk, inFlight: number, legs: number): Promise<PathFigures> {
  const each = Math.ceil(legs / inFlight / 2);
  const started = new Map<string, number>();
  const before = await desk.accepted();
  const seconds = await run(inFlight, async (lane) => {
    for (let round = 0; round < each; round += 1) {
      for (const action of ['BUY', 'SELL'] as const) {
        const { legId, decidedAtMs, outcome } = await desk.trade(traderOf(desk, lane), action);
        if (outcome.state !== 'filled') throw new Error(`${action}: ${outcome.reason}`);
        started.set(legId, decidedAtMs);
      }
    }
  });
  const after = await desk.accepted();
  const timesMs = [...started].map(([leg, at]) => (after.byLeg.get(leg) ?? Number.NaN) - at);
  return {
    inFlight,
    legs: started.size,
    legsPerSecond: started.size / seconds,
    ordersPerSecond: (after.all - before.all) / seconds,
    acceptedP50Ms: percentile(timesMs, 0.5),
    acceptedP99Ms: percentile(timesMs, 0.99),
  };
}

/** Last of all: orders that are not in our books are what the checker stops trading for. */
async function measureBare(desk: OrderDesk, load: PathFigures): Promise<LoadFigures> {
  const bareMs: number[] = [];
  const each = Math.ceil(load.legs / load.inFlight);
  const bareSeconds = await run(load.inFlight, async (lane) => {
    for (let count = 0; count < each; count += 1) bareMs.push(await desk.bare(lane));
  });
  return {
    ...load,
    bareP50Ms: percentile(bareMs, 0.5),
    bareP99Ms: percentile(bareMs, 0.99),
    bareOrdersPerSecond: bareMs.length / bareSeconds,
  };
}

function traderOf({ traders }: OrderDesk, lane: number) {
  const trader = traders[lane];
  if (trader === undefined) throw new Error(`there is no trader ${lane}`);
  return trader;
}

async function measureTakeOver(
  desk: OrderDesk,
  home: string,
  kills: number,
): Promise<TakeOverFigures> {
  const freshMs: number[] = [];
  const interruptedMs: number[] = [];
  const [one, other] = desk.traders;
  if (one === undefined || other === undefined) throw new Error('there must be two traders');
  for (let kill = 0; kill < kills; kill += 1) {
    const action = kill % 2 === 0 ? 'BUY' : 'SELL';
    await everythingRuns(home);
    const interrupted = desk.trade(one, action);
    await sleep((LATEST_KILL_MS / kills) * kill);
    process.kill(workerOf(home), 'SIGKILL');
    const killedAtMs = Date.now();
    const fresh = desk.trade(other, action);
    interruptedMs.push(await interrupted.then(() => Date.now() - killedAtMs));
    const { legId, outcome } = await fresh;
    const acceptedAtMs = (await desk.accepted()).byLeg.get(legId);
    if (acceptedAtMs === undefined) throw new Error(`no order after a kill: ${outcome.reason}`);
    freshMs.push(acceptedAtMs - killedAtMs);
  }
  return {
    kills,
    freshP50Ms: percentile(freshMs, 0.5),
    freshP99Ms: percentile(freshMs, 0.99),
    interruptedP50Ms: percentile(interruptedMs, 0.5),
    interruptedP99Ms: percentile(interruptedMs, 0.99),
  };
}

function workerOf(home: string): number {
  const worker = stateOf(home).services.find((service) => service.service === 'order-worker');
  if (worker === undefined || worker.pid === null) throw new Error('no order worker runs');
  return worker.pid;
}

async function everythingRuns(home: string): Promise<void> {
  while (stateOf(home).services.some((service) => service.status !== 'healthy')) await sleep(50);
}

function stateOf(home: string): StackState {
  const state = readStack(home);
  if (state === null) throw new Error(`no stack was started in ${home}`);
  return state;
}

async function measure(legs: number, kills: number): Promise<Figures> {
  const [loadBefore = 0] = loadavg();
  const home = testHome();
  const environments = { 'venue-gateway': UNLIMITED };
  // The checker would stop trading at once: these decisions were made without a debate.
  const services = SERVICE_NAMES.filter((name) => name !== 'checker');
  const stack = await startStack({ home, detached: false, services, environments });
  const desk = new OrderDesk(stack.state);
  try {
    await desk.open(Math.max(...LANES));
    for (let count = 0; count < WARM_UP_LEGS / 2; count += 1) await measureLoad(desk, 1, 2);
    const paths: PathFigures[] = [];
    for (const lanes of LANES) paths.push(await measureLoad(desk, lanes, legs));
    const takeOver = await measureTakeOver(desk, home, kills);
    const loads: LoadFigures[] = [];
    for (const path of paths) loads.push(await measureBare(desk, path));
    return {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
      loadBefore,
      loadAfter: loadavg()[0] ?? 0,
      loads,
      takeOver,
    };
  } finally {
    await desk.close();
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

const HEADINGS = [
  'in flight',
  'legs',
  'legs/s',
  'orders/s',
  'accepted p50 ms',
  'p99 ms',
  'bare p50 ms',
  'p99 ms',
  'bare orders/s',
  'p50 / bare',
] as const;

function show({ date, machine, loadBefore, loadAfter, loads, takeOver }: Figures): string {
  const round = (value: number, digits = 0): string => value.toFixed(digits);
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const { kills, freshP50Ms, freshP99Ms, interruptedP50Ms, interruptedP99Ms } = takeOver;
  return [
    `${date}, ${machine}, load ${round(loadBefore, 1)} before, ${round(loadAfter, 1)} after`,
    '',
    row(HEADINGS),
    row(HEADINGS.map(() => '---:')),
    ...loads.map((load) =>
      row([
        String(load.inFlight),
        String(load.legs),
        round(load.legsPerSecond, 1),
        round(load.ordersPerSecond, 1),
        round(load.acceptedP50Ms),
        round(load.acceptedP99Ms),
        round(load.bareP50Ms, 1),
        round(load.bareP99Ms, 1),
        round(load.bareOrdersPerSecond),
        round(load.acceptedP50Ms / load.bareP50Ms),
      ]),
    ),
    '',
    `order worker killed -9 ${kills} times: a fresh order accepted after p50 ` +
      `${round(freshP50Ms)} ms, p99 ${round(freshP99Ms)} ms (goal: p99 at most 10,000); ` +
      `the interrupted one over after p50 ${round(interruptedP50Ms)} ms, ` +
      `p99 ${round(interruptedP99Ms)} ms`,
  ].join('\n');
}

const flags = process.argv.slice(2);
const option = (name: string, otherwise: number): number =>
  flags.includes(name) ? Number(flags[flags.indexOf(name) + 1]) : otherwise;
const figures = await measure(option('--legs', LEGS), option('--kills', 20));
console.log(flags.includes('--json') ? JSON.stringify(figures) : show(figures));
