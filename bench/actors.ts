/** An actor host with 100 symbols × 7 assistants, on real servers with durable disks.
 *
 *     node bench/actors.ts [--json] [--symbols N] [--kills N]
 *
 * Printed: resident memory of a host with all its actors awake, processor time of a host with
 * nothing to do (56 mailboxes being asked once a second), opinions a second through one host
 * (mail in, answer committed to Postgres, said in the transcript, heard), and the time until
 * another host has answered a whole docket after `kill -9` of the one that was active. Beside it
 * the bare NATS gather. Not measured: Temporal, language models, other machines; snapshots are
 * small walks, minds are real. */
import { readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { gatherRound } from '../adapters/bus/round.ts';
import { openStore, type Store } from '../adapters/store/store.ts';
import { startStack } from '../ops/stack/control.ts';
import { homeAt } from '../ops/stack/home.ts';
import { natsPassword, natsUrl } from '../ops/stack/nats.ts';
import { ASSISTANT_USERS } from '../proto/permissions.ts';
import { type Wire, wire as wireOf } from '../proto/subjects.ts';
import {
  askAll,
  type HostPlace,
  type HostProcess,
  type Question,
  question,
  record,
  spawnHost,
  until,
} from '../tests/actors-ring.ts';
import { testHome } from '../tests/support/home.ts';
import { type GatherFigures, gatherBare } from './nats-gather.ts';

interface Bench {
  readonly bus: Bus;
  readonly wire: Wire;
  readonly store: Store;
  readonly place: HostPlace;
  readonly symbols: readonly string[];
}

interface Figures {
  readonly symbols: number;
  readonly actors: number;
  readonly freshHostMb: number;
  readonly fullHostMb: number;
  /** Heap and buffers one awake actor adds, by resident memory. */
  readonly kbPerActor: number;
  readonly idleCpuPercent: number;
  readonly opinionsPerSecond: number;
  readonly takeOverMs: readonly number[];
  readonly bareGather: GatherFigures;
  readonly machine: string;
}

const IDLE_MS = 5_000;
const ROUNDS_TIMED = 5;
/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;

function symbolsOf(count: number): readonly string[] {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  return Array.from({ length: count }, (_, index) => {
    const [first, second] = [Math.floor(index / 26) % 26, index % 26].map((at) => letters[at]);
    return `${first}${second}/USDT`;
  });
}

function residentMb(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/);
  return Number(line?.[1]) / 1_024;
}

function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

async function hold(bench: Bench, step: number): Promise<number> {
  const motions: readonly Question[] = bench.symbols.map((symbol) => question(symbol, step));
  await record(bench.store.db, motions);
  const asks = askAll(motions, { round: 1, kind: 'opinion' });
  const { bus, wire } = bench;
  const startedAt = performance.now();
  const options = { bus, wire, motions, round: 1, kind: 'opinion', asks } as const;
  const { missing } = await gatherRound({ ...options, deadlineMs: 60_000 });
  if (missing.length > 0) throw new Error(`${missing.length} of ${asks.length} did not answer`);
  return performance.now() - startedAt;
}

/** Kills the host that is active for every mailbox while a docket is on its way to it. */
async function takeOver(bench: Bench, active: HostProcess, step: number): Promise<number> {
  const round = hold(bench, step);
  await active.kill('SIGKILL');
  return round;
}

async function measure(bench: Bench, kills: number): Promise<Omit<Figures, 'bareGather'>> {
  let active = await spawnHost(bench.place);
  const freshHostMb = residentMb(active.pid);
  const busyFrom = processorMs(active.pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const idleCpuPercent = ((processorMs(active.pid) - busyFrom) / IDLE_MS) * 100;
  await hold(bench, 0);
  const tookMs: number[] = [];
  for (let step = 1; step <= ROUNDS_TIMED; step += 1) tookMs.push(await hold(bench, step));
  const fullHostMb = residentMb(active.pid);
  const actors = bench.symbols.length * 7;
  await until(async () => (await active.facts())['actors'] === actors, 5_000);
  const takeOverMs: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const standby = await spawnHost(bench.place);
    takeOverMs.push(await takeOver(bench, active, ROUNDS_TIMED + 1 + kill));
    active = standby;
  }
  await active.kill('SIGTERM');
  const medianMs = [...tookMs].sort((a, b) => a - b)[Math.floor(tookMs.length / 2)] ?? 0;
  return {
    symbols: bench.symbols.length,
    actors,
    freshHostMb,
    fullHostMb,
    kbPerActor: ((fullHostMb - freshHostMb) * 1_024) / actors,
    idleCpuPercent,
    opinionsPerSecond: (actors / medianMs) * 1_000,
    takeOverMs,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
  };
}

async function run(symbols: number, kills: number): Promise<Figures> {
  const home = testHome();
  const services = ['postgres', 'nats'] as const;
  const stack = await startStack({ home, detached: false, services, namespace: 'bench' });
  try {
    const { postgresUrl, natsUrl: deskUrl, natsFeedUrl } = stack.state.addresses;
    const at = homeAt(home);
    // Each assistant by its own line, as in the stack.
    const passwords = ASSISTANT_USERS.map((user) => `${user}=${natsPassword(at, user)}`).join();
    const place = { namespace: 'bench', natsUrl: natsFeedUrl, postgresUrl, passwords };
    const askerUrl = natsUrl(at, stack.state.ports.nats, 'decision');
    const figures = await onServers(place, { symbols: symbolsOf(symbols), kills, askerUrl });
    const bareGather = await gatherBare({ url: deskUrl, debates: 3_000, inFlight: 16 });
    return { ...figures, bareGather };
  } finally {
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function onServers(
  place: HostPlace,
  load: { readonly symbols: readonly string[]; readonly kills: number; readonly askerUrl: string },
): Promise<Omit<Figures, 'bareGather'>> {
  const store = openStore({ url: place.postgresUrl });
  const bus = await connectBus({ url: load.askerUrl, name: 'bench-actors' });
  const wire = wireOf(place.namespace);
  try {
    const { symbols, kills } = load;
    return await measure({ bus, wire, store, place, symbols }, kills);
  } finally {
    await Promise.all([bus.close(), store.close()]);
  }
}

function show(figures: Figures): string {
  const { bareGather: bare, actors, takeOverMs } = figures;
  const round = (value: number, digits = 0): string => value.toFixed(digits);
  const memory = `${round(figures.freshHostMb)} MB fresh, ${round(figures.fullHostMb)} MB full`;
  const times = takeOverMs.map((ms) => round(ms)).join(', ');
  const bareTimes = `p50 ${round(bare.p50Ms, 2)} ms, p99 ${round(bare.p99Ms, 2)} ms`;
  return [
    `machine: ${figures.machine}`,
    `${figures.symbols} symbols × 7 assistants: ${actors} actors`,
    `resident memory: ${memory}`,
    `idle host: ${round(figures.idleCpuPercent, 1)} % of one core`,
    `opinions: ${round(figures.opinionsPerSecond)} a second, committed and heard`,
    `take-over after kill -9, all ${actors} answered: ${times} ms`,
    `bare gather, 16 in flight: ${round(bare.debatesPerSecond)} debates/s, ${bareTimes}`,
  ].join('\n');
}

const flags = process.argv.slice(2);
const option = (name: string, otherwise: number): number =>
  flags.includes(name) ? Number(flags[flags.indexOf(name) + 1]) : otherwise;
const figures = await run(option('--symbols', 100), option('--kills', 3));
console.log(flags.includes('--json') ? JSON.stringify(figures) : show(figures));
