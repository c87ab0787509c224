import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StackError } from './failure.ts';
import { type Home, writeAtomically } from './home.ts';
import { claim, release } from './lock.ts';

export const PREFERRED_PORTS = {
  postgres: 55432,
  nats: 4222,
  natsMonitor: 8222,
  temporal: 7233,
  temporalUi: 8233,
  temporalHttp: 7243,
  paper: 7300,
} as const;

export type PortName = keyof typeof PREFERRED_PORTS;
export type Ports = Record<PortName, number>;

/** Ports that must be as said; 0 means any free one, absent means Corro chooses. */
export type PinnedPorts = { readonly [name in PortName]?: number | undefined };

export interface PortChoice {
  readonly ports: Ports;
  /** Ports that could not be the preferred ones, for the status screen. */
  readonly moved: readonly PortName[];
}

/** Chooses a port for every server: the one this home had last time, else the preferred one, else
 * any free one. `pinned` ports are not moved: when one is taken this throws `ports_taken`. */
export async function choosePorts(home: Home, pinned: PinnedPorts = {}): Promise<PortChoice> {
  const remembered = readRemembered(home);
  const chosen = new Map<PortName, number>();
  const moved: PortName[] = [];
  for (const name of Object.keys(PREFERRED_PORTS) as PortName[]) {
    const used = new Set(chosen.values());
    const port = await choosePort(name, {
      pinned: pinned[name],
      remembered: remembered[name],
      used,
    });
    chosen.set(name, port);
    if (port !== (pinned[name] ?? PREFERRED_PORTS[name])) moved.push(name);
  }
  const ports = Object.fromEntries(chosen) as Ports;
  writeAtomically(home.ports, `${JSON.stringify(ports, null, 2)}\n`);
  return { ports, moved };
}

interface PortWish {
  readonly pinned: number | undefined;
  readonly remembered: number | undefined;
  readonly used: ReadonlySet<number>;
}

async function choosePort(name: PortName, wish: PortWish): Promise<number> {
  if (wish.pinned !== undefined && wish.pinned !== 0) {
    if (!wish.used.has(wish.pinned) && (await takeIfFree(wish.pinned))) return wish.pinned;
    throw new StackError(
      'ports_taken',
      `port ${wish.pinned} for ${name} is taken: free it, or leave the choice to Corro`,
    );
  }
  const preferred = wish.pinned === 0 ? [] : [wish.remembered, PREFERRED_PORTS[name]];
  for (const port of preferred) {
    if (port !== undefined && !wish.used.has(port) && (await takeIfFree(port))) return port;
  }
  return freePort(wish.used);
}

function readRemembered(home: Home): Partial<Ports> {
  try {
    return JSON.parse(readFileSync(home.ports, 'utf8')) as Partial<Ports>;
  } catch {
    return {};
  }
}

/** Between the look at a port and the server that takes it, another stack may look too: a port is
 * free for this process only with its claim, which ends with the process. */
async function takeIfFree(port: number): Promise<boolean> {
  return (await isFree(port)) && claimPort(port);
}

const CLAIMS = join(tmpdir(), `corro-ports-${process.getuid?.() ?? 'all'}`);
const claimed = new Set<string>();

function claimPort(port: number): boolean {
  mkdirSync(CLAIMS, { recursive: true, mode: 0o700 });
  const path = join(CLAIMS, String(port));
  if (claimed.has(path)) return true;
  if (!claim(path).taken) return false;
  if (claimed.size === 0) process.once('exit', () => claimed.forEach(release));
  claimed.add(path);
  return true;
}

export async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}

const MOST_PORT_TRIES = 100;
/** Below what systems give to outgoing connections (Linux from 32768): a server that was killed
 * finds its port free again, however many clients try to reach it meanwhile. */
const PORTS_OF_CHOICE = [15_000, 32_000] as const;

export async function freePort(used: ReadonlySet<number> = new Set()): Promise<number> {
  for (let tries = 0; tries < MOST_PORT_TRIES; tries += 1) {
    const port = randomInt(...PORTS_OF_CHOICE);
    if (!used.has(port) && (await takeIfFree(port))) return port;
  }
  throw new StackError('ports_taken', 'this machine gave no free port on 127.0.0.1');
}
