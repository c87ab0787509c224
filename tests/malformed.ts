/** Malformed messages on every subject of a running ring, sent by the users who may publish there.
 *
 *     node tests/malformed.ts [--messages N] [--seed S] [--json]
 *
 * Starts a stack of its own. Counts, for each door, what was sent, what was refused and what was
 * accepted (it must be nothing), whether a process ended, and the memory of every process while it
 * goes on. Mail and questions to the models go to the actor host, requests to the venue gateway and
 * the halt door of the order worker, each as it runs; utterances, candles, executions and feeds to
 * the readers the ring uses for them, in this process. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import pg from 'pg';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { Random } from '../core/random.ts';
import { readStack, type StackState, startStack } from '../ops/stack/control.ts';
import { homeAt } from '../ops/stack/home.ts';
import { natsUrl } from '../ops/stack/nats.ts';
import type { BusUser } from '../proto/permissions.ts';
import { wire } from '../proto/subjects.ts';
import { type Door, type DoorFigures, type Floor, openDoors } from './malformed-doors.ts';
import { testHome } from './support/home.ts';

export interface MemoryFigures {
  /** Megabytes resident, first measured when a fifth of the messages was sent. */
  readonly fromMb: number;
  readonly toMb: number;
  readonly mostMb: number;
}

export interface MalformedFigures {
  readonly messages: number;
  readonly seed: number;
  readonly seconds: number;
  readonly doors: Readonly<Record<string, DoorFigures>>;
  /** Processes that ended while it went on. */
  readonly crashes: number;
  readonly memory: Readonly<Record<string, MemoryFigures>>;
  /** Rows in the tables that a message accepted anywhere would have written. */
  readonly rowsWritten: number;
}

/** Sent to a door before its answers are waited for. */
const CHUNK = 200;

export async function sendMalformed(options: {
  readonly messages: number;
  readonly seed: number;
  readonly onProgress?: (sent: number) => void;
}): Promise<MalformedFigures> {
  const home = testHome();
  const ports = { postgres: 0, nats: 0, natsMonitor: 0, paper: 0 };
  const others = { temporal: 0, temporalUi: 0, temporalHttp: 0 };
  const all = { ...ports, ...others };
  const stack = await startStack({ home, detached: false, ports: all, durable: false });
  const { state } = stack;
  const buses = new Map<BusUser, Promise<Bus>>();
  const as = (user: BusUser): Promise<Bus> => {
    const url = natsUrl(homeAt(home), state.ports.nats, user);
    const bus = buses.get(user) ?? connectBus({ url, name: `malformed ${user}` });
    buses.set(user, bus);
    return bus;
  };
  const random = new Random(options.seed);
  const floor = { wire: wire(state.namespace), state, random, as, closers: [] };
  try {
    return await flood(floor, options);
  } finally {
    for (const close of floor.closers as (() => void)[]) close();
    await Promise.all([...buses.values()].map(async (bus) => (await bus).close()));
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function flood(
  floor: Floor,
  { messages, seed, onProgress }: Parameters<typeof sendMalformed>[0],
): Promise<MalformedFigures> {
  const doors = await openDoors(floor);
  const memory = new MemoryWatch(floor.state);
  const pidsBefore = pidsOf(floor.state);
  const startedAt = performance.now();
  const share = Math.ceil(messages / Object.keys(doors).length);
  let sent = 0;
  const lane = async (door: Door): Promise<void> => {
    for (let left = share; left > 0; left -= CHUNK) {
      await door.send(Math.min(CHUNK, left));
      sent += Math.min(CHUNK, left);
      memory.look(sent / messages);
      onProgress?.(sent);
    }
  };
  await Promise.all(Object.values(doors).map(lane));
  const seconds = (performance.now() - startedAt) / 1_000;
  const figures = Object.entries(doors).map(([name, door]) => [name, door.figures]);
  const pidsAfter = pidsOf(readStack(floor.state.home) ?? floor.state);
  return {
    messages: Object.values(doors).reduce((sum, door) => sum + door.figures.sent, 0),
    seed,
    seconds,
    doors: Object.fromEntries(figures) as Record<string, DoorFigures>,
    crashes: pidsBefore.filter((pid, at) => pidsAfter[at] !== pid).length,
    memory: memory.figures(),
    rowsWritten: await rowsWritten(floor.state.addresses.postgresUrl),
  };
}

function pidsOf({ services }: StackState): readonly (number | null)[] {
  return services.map(({ pid }) => pid);
}

/** Resident memory of every process of the stack and of this one, from a fifth of the way on. */
class MemoryWatch {
  readonly #pids: ReadonlyMap<string, number>;
  readonly #seen = new Map<string, number[]>();
  #next = 0.2;

  constructor({ services }: StackState) {
    const running = services.flatMap(({ instance, pid }): [string, number][] =>
      pid === null ? [] : [[instance, pid]],
    );
    this.#pids = new Map([...running, ['this process', process.pid]]);
  }

  look(share: number): void {
    if (share < this.#next) return;
    this.#next += 0.1;
    for (const [name, pid] of this.#pids) {
      this.#seen.set(name, [...(this.#seen.get(name) ?? []), residentMb(pid)]);
    }
  }

  figures(): Record<string, MemoryFigures> {
    return Object.fromEntries(
      [...this.#seen].map(([name, seen]) => [
        name,
        { fromMb: seen[0] ?? 0, toMb: seen.at(-1) ?? 0, mostMb: Math.max(...seen) },
      ]),
    );
  }
}

function residentMb(pid: number): number {
  try {
    const told = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
    return Math.round(Number(told) / 1_024);
  } catch {
    return 0;
  }
}

const WRITTEN = ['utterances', 'decisions', 'halts', 'candles', 'intents', 'orders', 'fills'];

async function rowsWritten(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const counts = WRITTEN.map((table) => `(select count(*) from ${table})`).join(' + ');
    const { rows } = await client.query<{ n: string }>(`select ${counts} as n`);
    return Number(rows[0]?.n);
  } finally {
    await client.end();
  }
}

function show(figures: MalformedFigures): string {
  const { messages, seed, seconds, doors, memory, crashes, rowsWritten: rows } = figures;
  const perSecond = Math.round(messages / seconds);
  return [
    `${messages} malformed messages, seed ${seed}, ${Math.round(seconds)} s (${perSecond}/s)`,
    ...Object.entries(doors).map(
      ([name, { sent, refused, accepted }]) =>
        `  ${name.padEnd(12)} sent ${sent}, refused ${refused}, accepted ${accepted}`,
    ),
    `crashes ${crashes}, rows written ${rows}; resident memory in MB:`,
    ...Object.entries(memory).map(
      ([name, { fromMb, toMb, mostMb }]) =>
        `  ${name.padEnd(16)} ${fromMb} → ${toMb}, at most ${mostMb}`,
    ),
  ].join('\n');
}

if (import.meta.main) {
  const flags = process.argv.slice(2);
  const option = (name: string, otherwise: number): number =>
    flags.includes(name) ? Number(flags[flags.indexOf(name) + 1]) : otherwise;
  const messages = option('--messages', 1_000_000);
  let told = 0;
  const figures = await sendMalformed({
    messages,
    seed: option('--seed', 7),
    onProgress: (sent) => {
      if (sent - told < messages / 20) return;
      told = sent;
      process.stderr.write(`${sent} sent\n`);
    },
  });
  process.stdout.write(`${flags.includes('--json') ? JSON.stringify(figures) : show(figures)}\n`);
  const accepted = Object.values(figures.doors).some((door) => door.accepted > 0);
  process.exit(accepted || figures.crashes > 0 || figures.rowsWritten > 0 ? 1 : 0);
}
