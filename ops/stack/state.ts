import { readFileSync } from 'node:fs';
import { StackError } from './failure.ts';
import { type Home, homeAt, writeAtomically } from './home.ts';
import { lockHolder } from './lock.ts';
import type { PortName, Ports } from './ports.ts';
import { type ProcessMark, pause } from './processes.ts';
import type { ServiceName } from './topology.ts';

export type ServiceStatus =
  | 'waiting'
  | 'starting'
  | 'healthy'
  | 'unhealthy'
  | 'restarting'
  | 'stopping'
  | 'stopped'
  | 'failed';

/** One process of the stack. `instance` is its name, numbered from the second copy on. */
export interface ServiceState {
  readonly service: ServiceName;
  readonly instance: string;
  readonly status: ServiceStatus;
  readonly mark: ProcessMark | null;
  readonly pid: number | null;
  readonly restarts: number;
  /** Wall clock of the last change of status. */
  readonly sinceMs: number;
  /** How the last run ended, or why it is unhealthy: one line. */
  readonly detail: string | null;
  readonly log: string;
  /** `GET` tells the health of a worker; null for the servers. */
  readonly healthUrl: string | null;
}

/** Where everything answers. URLs with a password in them are for programs, not for screens. */
export interface Addresses {
  readonly postgresUrl: string;
  /** As the operator: may read and publish everything but is no worker. */
  readonly natsUrl: string;
  /** Without credentials: the feeds only. */
  readonly natsFeedUrl: string;
  readonly natsMonitorUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
  readonly temporalHttpUrl: string;
  readonly paperUrl: string;
  readonly paperSecretPath: string;
}

/** `lost`: the file says it runs, but its supervisor is gone. */
export type StackStatus = 'starting' | 'running' | 'stopping' | 'stopped' | 'failed' | 'lost';

export interface StackState {
  readonly version: 1;
  readonly home: string;
  readonly status: StackStatus;
  readonly supervisorPid: number;
  readonly startedAtMs: number;
  readonly namespace: string;
  readonly ports: Ports;
  /** Ports that are not the preferred ones, because those were taken. */
  readonly moved: readonly PortName[];
  /** What a person should know: where Postgres keeps its data, say. */
  readonly notes: readonly string[];
  readonly addresses: Addresses;
  readonly services: readonly ServiceState[];
}

/** The file holds passwords. */
export function writeState(home: Home, state: StackState): void {
  writeAtomically(home.state, `${JSON.stringify(state, null, 2)}\n`, 0o600);
}

/** What the stack in this home said last; null when none was ever started there. */
export function readStack(root: string): StackState | null {
  const home = homeAt(root);
  const state = parseState(home);
  if (state === null || state.status === 'stopped' || state.status === 'failed') return state;
  const holder = lockHolder(home);
  return holder?.pid === state.supervisorPid ? state : { ...state, status: 'lost' };
}

function parseState(home: Home): StackState | null {
  try {
    return JSON.parse(readFileSync(home.state, 'utf8')) as StackState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new StackError('no_access', `cannot read ${home.state}: ${String(error)}`);
  }
}

/** Waits until the state satisfies `wanted`; throws `start_failed` when it does not in time. */
export async function waitForState(
  root: string,
  wanted: (state: StackState) => boolean,
  withinMs: number,
): Promise<StackState> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const state = readStack(root);
    if (state && wanted(state)) return state;
    if (performance.now() >= giveUpAt) {
      throw new StackError('start_failed', `the stack in ${root} did not get there in time`);
    }
    await pause(50);
  }
}
