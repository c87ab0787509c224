import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isStackErrorCode, StackError } from './failure.ts';
import { homeAt, makeHome, REPOSITORY } from './home.ts';
import { leftovers, removeLeftovers } from './leftovers.ts';
import { lockHolder, releaseLock, takeLock } from './lock.ts';
import { openLog } from './log-file.ts';
import type { PinnedPorts } from './ports.ts';
import { removeOutsideData } from './postgres.ts';
import { endProcess, waitForEnd } from './processes.ts';
import type { ServiceState, StackState } from './state.ts';
import type { SupervisorMessage, SupervisorPlan } from './supervisor.ts';
import { type Environments, type Routes, SERVICE_NAMES, type ServiceName } from './topology.ts';

export interface StartOptions {
  /** The home folder (`stackHome`). */
  readonly home: string;
  /** True: the stack outlives the caller. False: it stops when the caller stops or dies. */
  readonly detached: boolean;
  /** Told of every change of one service while the stack starts, and later while attached. */
  readonly onProgress?: (service: ServiceState, state: StackState) => void;
  /** Which services; all when not said. */
  readonly services?: readonly ServiceName[];
  readonly replicas?: Partial<Record<ServiceName, number>>;
  /** First token of every subject, stream and workflow id. */
  readonly namespace?: string;
  /** Ports that must be as said (`ports_taken` when they are not free); 0 means any free port. */
  readonly ports?: PinnedPorts;
  /** Added to every worker's environment, over what the stack sets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Ports at which kinds of workers find servers instead of the servers' own. */
  readonly routes?: Routes;
  /** Added to the environment of one kind of worker. */
  readonly environments?: Environments;
  /** Only for tests: false does not wait for the disk. */
  readonly durable?: boolean;
  /** Only for bare servers: false makes no database `corro` and no streams, and opens NATS. */
  readonly prepare?: boolean;
}

export interface StackHandle {
  /** As it was when everything was healthy; `readStack` tells how it is now. */
  readonly state: StackState;
  readonly supervisorPid: number;
  /** Resolves when the supervisor has ended, with its exit code; only while attached. */
  readonly ended: Promise<number | null>;
  /** Stops everything in order; resolves when nothing runs any more. */
  stop(): Promise<void>;
}

/** A supervisor needs longer than one service's grace when several stop one after another. */
const STOP_WITHIN_MS = 60_000;

/** Starts a stack and resolves when all of it is healthy. Throws `StackError`: `already_running`
 * (with the pid), `no_disk_space`, `missing_binary`, `old_server`, `ports_taken`, `no_access`,
 * `start_failed`. */
export async function startStack(options: StartOptions): Promise<StackHandle> {
  const home = homeAt(options.home);
  makeHome(home);
  const log = openLog(join(home.logs, 'supervisor.log'));
  const supervisor = fork(
    join(REPOSITORY, 'ops/stack/supervisor.ts'),
    [JSON.stringify(plan(options))],
    { detached: true, execArgv: [], cwd: REPOSITORY, stdio: ['ignore', log, log, 'ipc'] },
  );
  closeSync(log);
  const ended = new Promise<number | null>((resolve) => {
    supervisor.once('exit', (code) => resolve(code));
  });
  const state = await whenReady(supervisor, options);
  if (options.detached) {
    await new Promise<void>((resolve) => supervisor.send('release', () => resolve()));
    supervisor.disconnect();
    supervisor.unref();
  }
  const stop = () => stopStack(options.home);
  return { state, supervisorPid: state.supervisorPid, ended, stop };
}

function plan(options: StartOptions): SupervisorPlan {
  return {
    home: options.home,
    services: options.services ?? SERVICE_NAMES,
    replicas: options.replicas ?? {},
    namespace: options.namespace ?? 'corro',
    pinnedPorts: options.ports ?? {},
    durable: options.durable ?? true,
    prepare: options.prepare ?? true,
    environment: options.environment ?? {},
    routes: options.routes ?? {},
    environments: options.environments ?? {},
  };
}

function whenReady(supervisor: ChildProcess, options: StartOptions): Promise<StackState> {
  const seen = new Map<string, string>();
  return new Promise((resolve, reject) => {
    supervisor.once('error', reject);
    supervisor.once('exit', (code, by) => {
      const log = join(options.home, 'logs/supervisor.log');
      const how = by ?? `exit ${code}`;
      reject(new StackError('start_failed', `the supervisor ended (${how}); its log is ${log}`));
    });
    supervisor.on('message', (message: SupervisorMessage) => {
      if (message.type === 'ready') resolve(message.state);
      else if (message.type === 'failed') {
        const code = isStackErrorCode(message.code) ? message.code : 'start_failed';
        reject(new StackError(code, message.message, message.pid));
      } else tellChanges(message.state, seen, options.onProgress);
    });
  });
}

function tellChanges(
  state: StackState,
  seen: Map<string, string>,
  onProgress: StartOptions['onProgress'],
): void {
  for (const service of state.services) {
    const now = `${service.status} ${service.pid} ${service.detail}`;
    if (seen.get(service.instance) === now) continue;
    seen.set(service.instance, now);
    onProgress?.(service, state);
  }
}

/** Stops the stack of this home, also when its supervisor was killed and only its processes are
 * left. Throws `not_running` when there is nothing to stop, `stop_failed` when it would not
 * stop. */
export async function stopStack(root: string): Promise<void> {
  const home = homeAt(root);
  const holder = lockHolder(home);
  if (holder) {
    await endProcess(holder, { signal: 'SIGTERM', graceMs: STOP_WITHIN_MS });
    if (!(await waitForEnd(holder, 1_000))) {
      throw new StackError('stop_failed', `process ${holder.pid} would not stop`, holder.pid);
    }
    if (leftovers(home).length === 0) return;
  }
  if (!existsSync(home.root) || leftovers(home).length === 0) {
    throw new StackError('not_running', `no stack runs in ${root}`);
  }
  takeLock(home);
  try {
    await removeLeftovers(home);
  } finally {
    releaseLock(home);
  }
}

/** Wipes everything this home holds. Refuses with `already_running` while anything of it runs. */
export async function resetStack(root: string): Promise<void> {
  const home = homeAt(root);
  if (!existsSync(home.root) || readdirSync(home.root).length === 0) return;
  if (!existsSync(home.state) && !existsSync(home.secrets)) {
    throw new StackError('no_access', `${root} is no home of a stack: nothing was removed`);
  }
  takeLock(home);
  await removeLeftovers(home);
  removeOutsideData(home);
  rmSync(home.root, { recursive: true, force: true });
}

export { diagnose } from './doctor.ts';
export { StackError } from './failure.ts';
export { stackHome } from './home.ts';
export { readStack, type ServiceState, type StackState } from './state.ts';
