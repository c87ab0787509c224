import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  readStack,
  type ServiceState,
  type StackHandle,
  type StackState,
  startStack,
} from '../stack/control.ts';
import { freeBytes, homeAt } from '../stack/home.ts';
import { removeOutsideData } from '../stack/postgres.ts';
import type { Routes, ServiceName } from '../stack/topology.ts';
import { CuttableLine } from './proxy.ts';

/** Which lines between workers and servers can be cut: all that carry orders, debates or books. */
const LINES = {
  'decision-worker': ['postgres', 'nats', 'temporal'],
  'order-worker': ['postgres', 'nats', 'temporal'],
  'actor-host': ['postgres', 'nats'],
  'venue-gateway': ['postgres', 'nats', 'paper'],
} as const satisfies { readonly [name in ServiceName]?: readonly string[] };

/** A volume small enough to be filled, large enough for hours. */
const VOLUME_MB = 4_096;
const HEALTHY_WITHIN_MS = 120_000;

export interface ArenaOptions {
  readonly namespace: string;
  readonly onProgress?: (service: ServiceState) => void;
  /** Tries to put the home on a volume of its own, which can then be filled. */
  readonly volume?: boolean;
}

/** One whole stack to be ill-treated, in a home of its own, which is thrown away afterwards. */
export class Arena {
  readonly home: string;
  /** Null: this process may not mount one. */
  readonly volume: string | null;
  readonly lines: readonly CuttableLine[];
  readonly #root: string;
  readonly #stack: StackHandle;

  private constructor(place: Place, lines: readonly CuttableLine[], stack: StackHandle) {
    this.#root = place.root;
    this.home = place.home;
    this.volume = place.volume;
    this.lines = lines;
    this.#stack = stack;
  }

  static async open(options: ArenaOptions): Promise<Arena> {
    const place = makePlace(options.volume === true);
    const lines: CuttableLine[] = [];
    try {
      const routes = await openLines(lines);
      const any = { postgres: 0, nats: 0, natsMonitor: 0, paper: 0 };
      const stack = await startStack({
        home: place.home,
        detached: false,
        namespace: options.namespace,
        ports: { ...any, temporal: 0, temporalUi: 0, temporalHttp: 0 },
        routes,
        environments: { 'order-worker': { CORRO_KILL_FILE: killFile(place.home) } },
        onProgress: (service, state) => {
          aim(lines, state);
          options.onProgress?.(service);
        },
      });
      return new Arena(place, lines, stack);
    } catch (error) {
      await closeLines(lines);
      if (place.volume !== null) unmount(place.volume);
      removePlace(place.root, place.home);
      throw error;
    }
  }

  get state(): StackState {
    const state = readStack(this.home);
    if (state === null) throw new Error(`no stack was started in ${this.home}`);
    return state;
  }

  /** Every process kind that runs here. */
  get services(): readonly ServiceState[] {
    return this.state.services;
  }

  pidOf(instance: string): number {
    const pid = this.services.find((service) => service.instance === instance)?.pid;
    if (pid === undefined || pid === null) throw new Error(`${instance} does not run`);
    return pid;
  }

  /** Waits until every process is there and says that it is well. */
  async healthy(signal: AbortSignal): Promise<void> {
    await until('every process to be healthy', { withinMs: HEALTHY_WITHIN_MS, signal }, () =>
      this.services.every((service) => service.status === 'healthy'),
    );
  }

  freeBytes(): number {
    return freeBytes(this.home);
  }

  async close(keep: boolean): Promise<void> {
    for (const line of this.lines) line.heal();
    await this.#stack.stop();
    await closeLines(this.lines);
    if (keep) return;
    if (this.volume !== null) unmount(this.volume);
    removePlace(this.#root, this.home);
  }
}

/** The file in which an order worker under trial finds where it is to die (CORRO_KILL_FILE). It is
 * removed right before, so that the next worker lives. */
export function killFile(home: string): string {
  return join(home, 'kill-at');
}

interface Place {
  readonly root: string;
  readonly home: string;
  readonly volume: string | null;
}

function makePlace(wantsVolume: boolean): Place {
  const root = makeFolder('corro-chaos-');
  const volume = wantsVolume ? mount(join(root, 'volume')) : null;
  const home = join(volume ?? root, 'home');
  mkdirSync(home, { mode: 0o711 });
  return { root, home, volume };
}

/** As root, Postgres runs as another user, who must be able to walk through. */
export function makeFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o711);
  return folder;
}

/** Removes a home, and what of it lies elsewhere. */
export function removePlace(root: string, home: string): void {
  if (existsSync(home)) removeOutsideData(homeAt(home));
  rmSync(root, { recursive: true, force: true });
}

function mount(path: string): string | null {
  mkdirSync(path, { mode: 0o711 });
  try {
    const options = `size=${VOLUME_MB}m,mode=711`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'corro-chaos', path], { stdio: 'pipe' });
    return path;
  } catch {
    return null;
  }
}

function unmount(path: string): void {
  try {
    execFileSync('umount', [path], { stdio: 'pipe' });
  } catch {
    // Somebody still looks into it: it goes with the last of them.
    execFileSync('umount', ['-l', path], { stdio: 'pipe' });
  }
}

async function openLines(lines: CuttableLine[]): Promise<Routes> {
  const routes: Record<string, Record<string, number>> = {};
  for (const [worker, servers] of Object.entries(LINES)) {
    const ports: Record<string, number> = {};
    for (const server of servers) {
      const line = await CuttableLine.open(`${worker} to ${server}`);
      lines.push(line);
      ports[server] = line.port;
    }
    routes[worker] = ports;
  }
  return routes;
}

function aim(lines: readonly CuttableLine[], { ports }: StackState): void {
  for (const line of lines) {
    const server = line.name.split(' to ')[1] as 'postgres' | 'nats' | 'temporal' | 'paper';
    line.aim(ports[server]);
  }
}

async function closeLines(lines: readonly CuttableLine[]): Promise<void> {
  await Promise.all(lines.map((line) => line.close()));
}

/** Waits until something is so; throws, naming it, when it is not within the time. */
export async function until(
  what: string,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
  look: () => Promise<boolean> | boolean,
): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await look())) {
    if (performance.now() > giveUpAtMs) {
      throw new Error(`${what}: not within ${Math.round(withinMs / 1_000)} s`);
    }
    await sleep(50, undefined, { signal });
  }
}
