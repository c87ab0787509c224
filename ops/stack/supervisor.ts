import { join } from 'node:path';
import { askedServices } from './asked.ts';
import { findBinaries } from './binaries.ts';
import { Child } from './child.ts';
import { isStackErrorCode, StackError } from './failure.ts';
import { checkDiskSpace, type Home, homeAt, makeHome, secret } from './home.ts';
import { removeLeftovers } from './leftovers.ts';
import { releaseLock, takeLock } from './lock.ts';
import { capLog } from './log-file.ts';
import { natsUrl } from './nats.ts';
import { choosePorts, freePort, type PinnedPorts, type PortChoice, type Ports } from './ports.ts';
import { placePostgres, postgresUrl } from './postgres.ts';
import { type Addresses, type StackState, type StackStatus, writeState } from './state.ts';
import {
  type Environments,
  type Routes,
  SERVICE_NAMES,
  SERVICES,
  type ServiceName,
  type StackContext,
} from './topology.ts';

/** What the starter tells the supervisor, as one JSON argument. */
export interface SupervisorPlan {
  readonly home: string;
  readonly services: readonly ServiceName[];
  /** Copies of the scalable services; one of each when not said. */
  readonly replicas: Partial<Record<ServiceName, number>>;
  readonly namespace: string;
  readonly pinnedPorts: PinnedPorts;
  readonly durable: boolean;
  readonly prepare: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly routes: Routes;
  readonly environments: Environments;
}

/** What the supervisor tells its starter over the process channel. */
export type SupervisorMessage =
  | { readonly type: 'state'; readonly state: StackState }
  | { readonly type: 'ready'; readonly state: StackState }
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly message: string;
      readonly pid: number | null;
    };

const LOG_CHECK_MS = 5_000;
const ASKED_CHECK_MS = 300;

/** Starts the services of a plan, keeps them alive, writes `stack.json` at every change. */
class Supervisor {
  readonly #plan: SupervisorPlan;
  readonly #home: Home;
  readonly #startedAtMs = Date.now();
  #children: readonly Child[] = [];
  #context: StackContext | null = null;
  #choice: PortChoice | null = null;
  #status: StackStatus = 'starting';
  #stop: Promise<void> | null = null;
  /** When each service on request was asked for as it was last seen to. */
  readonly #answered = new Map<ServiceName, number>();

  constructor(plan: SupervisorPlan) {
    this.#plan = plan;
    this.#home = homeAt(plan.home);
  }

  async start(): Promise<StackState> {
    makeHome(this.#home);
    takeLock(this.#home);
    await removeLeftovers(this.#home);
    checkDiskSpace(this.#home.root);
    this.#choice = await choosePorts(this.#home, this.#plan.pinnedPorts);
    this.#context = this.#makeContext(this.#choice.ports);
    this.#children = await this.#makeChildren(this.#context);
    this.#report();
    await this.#startAll();
    setInterval(() => this.#capLogs(), LOG_CHECK_MS).unref();
    setInterval(() => void this.#startAsked().catch(writeLog), ASKED_CHECK_MS).unref();
    if (this.#status === 'starting') this.#status = 'running';
    const state = this.#report();
    if (state === null) throw new Error('a started stack has a state');
    return state;
  }

  /** Stops everything in the opposite order of the start; repeated calls wait for the same stop. */
  stop(last: 'stopped' | 'failed' = 'stopped'): Promise<void> {
    this.#stop ??= this.#stopAll(last);
    return this.#stop;
  }

  #makeContext(ports: Ports): StackContext {
    const { namespace, durable, prepare, environment, routes, environments } = this.#plan;
    const binaries = findBinaries();
    const place = placePostgres(this.#home, binaries.postgres);
    const home = this.#home;
    const told = { namespace, durable, prepare, environment, routes, environments };
    return { home, ports, binaries, place, ...told };
  }

  async #makeChildren(context: StackContext): Promise<readonly Child[]> {
    const used = new Set<number>(Object.values(context.ports));
    const children: Child[] = [];
    for (const name of SERVICE_NAMES.filter((each) => this.#plan.services.includes(each))) {
      const copies = SERVICES[name].scalable ? (this.#plan.replicas[name] ?? 1) : 1;
      for (let copy = 1; copy <= copies; copy += 1) {
        const instance = copy === 1 ? name : `${name}-${copy}`;
        const healthPort = isServer(name) ? 0 : await freePort(used);
        used.add(healthPort);
        children.push(this.#makeChild(context, name, { instance, healthPort }));
      }
    }
    return children;
  }

  #makeChild(
    context: StackContext,
    name: ServiceName,
    { instance, healthPort }: { readonly instance: string; readonly healthPort: number },
  ): Child {
    const logPath = join(this.#home.logs, `${instance}.log`);
    const onChange = () => this.#report();
    const service = SERVICES[name];
    return new Child({ service, instance, context, healthPort, logPath, onChange });
  }

  /** Services beyond the usual ones join when they are asked for. The ring does not need them: one
   * that does not start is shown as failed, and started anew when it is asked for again. */
  async #startAsked(): Promise<void> {
    const context = this.#context;
    if (context === null || !this.#plan.prepare) return;
    for (const { name, atMs } of askedServices(this.#home)) {
      if (this.#answered.get(name) === atMs) continue;
      this.#answered.set(name, atMs);
      const old = this.#children.find(({ service }) => service.name === name);
      if (old !== undefined && old.state.status !== 'failed') continue;
      const healthPort = await freePort(new Set(Object.values(context.ports)));
      if (this.#stop !== null) return;
      const child = this.#makeChild(context, name, { instance: name, healthPort });
      this.#children = [...this.#children.filter((each) => each !== old), child];
      void child.start().catch(async (error: unknown) => {
        writeLog(error);
        await child.giveUp(error instanceof Error ? error.message : String(error));
      });
    }
  }

  /** Each service starts as soon as those it waits for are healthy. The first failure stops the
   * start. */
  async #startAll(): Promise<void> {
    const started = new Map<Child, Promise<void>>();
    const ready = (child: Child): Promise<void> => started.get(child) ?? Promise.resolve();
    for (const child of this.#children) {
      const before = this.#children.filter((other) =>
        child.service.after.includes(other.service.name),
      );
      const waits = before.map(ready);
      started.set(
        child,
        Promise.all(waits).then(() => (this.#stop ? undefined : child.start())),
      );
    }
    await Promise.all(started.values());
  }

  async #stopAll(last: 'stopped' | 'failed'): Promise<void> {
    this.#status = 'stopping';
    this.#report();
    const stopped = new Map<Child, Promise<void>>();
    const gone = (child: Child): Promise<void> => stopped.get(child) ?? Promise.resolve();
    for (const child of this.#children.toReversed()) {
      const dependents = this.#children.filter((other) =>
        other.service.after.includes(child.service.name),
      );
      const waits = dependents.map(gone);
      stopped.set(
        child,
        Promise.all(waits).then(() => child.stop()),
      );
    }
    await Promise.all(stopped.values());
    this.#status = last;
    this.#report();
    releaseLock(this.#home);
  }

  /** Null before the ports are chosen: there is nothing to say yet. */
  #report(): StackState | null {
    const state = this.#state();
    if (state === null) return null;
    writeState(this.#home, state);
    tell({ type: 'state', state });
    return state;
  }

  #state(): StackState | null {
    if (this.#choice === null || this.#context === null) return null;
    return {
      version: 1,
      home: this.#home.root,
      status: this.#status,
      supervisorPid: process.pid,
      startedAtMs: this.#startedAtMs,
      namespace: this.#plan.namespace,
      ports: this.#choice.ports,
      moved: this.#choice.moved,
      notes: this.#context.place.note === null ? [] : [this.#context.place.note],
      addresses: addresses(this.#home, this.#choice.ports),
      services: this.#children.map((child) => child.state),
    };
  }

  #capLogs(): void {
    for (const child of this.#children) capLog(child.state.log);
    capLog(join(this.#home.logs, 'supervisor.log'));
  }
}

function isServer(name: ServiceName): boolean {
  return name === 'postgres' || name === 'nats' || name === 'temporal';
}

function addresses(home: Home, ports: Ports): Addresses {
  secret(home, 'paper');
  return {
    postgresUrl: postgresUrl(home, ports.postgres),
    natsUrl: natsUrl(home, ports.nats, 'operator'),
    natsFeedUrl: `nats://127.0.0.1:${ports.nats}`,
    natsMonitorUrl: `http://127.0.0.1:${ports.natsMonitor}`,
    temporalAddress: `127.0.0.1:${ports.temporal}`,
    temporalUiUrl: `http://127.0.0.1:${ports.temporalUi}`,
    temporalHttpUrl: `http://127.0.0.1:${ports.temporalHttp}`,
    paperUrl: `http://127.0.0.1:${ports.paper}`,
    paperSecretPath: join(home.secrets, 'paper'),
  };
}

/** The starter may have gone; that is noticed by the channel's end and not here. */
function tell(message: SupervisorMessage): void {
  if (process.connected) process.send?.(message, () => undefined);
}

/** The process: started by `startStack`, with the plan as its argument. It lives until a signal, or
 * until its starter's channel ends, unless the starter has let it go (`release`). */
async function main(): Promise<void> {
  const supervisor = new Supervisor(JSON.parse(process.argv[2] ?? '') as SupervisorPlan);
  let released = false;
  const end = (): void => {
    void supervisor.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', end);
  process.on('message', (message) => {
    if (message === 'release') released = true;
  });
  process.on('disconnect', () => {
    if (!released) end();
  });
  try {
    const state = await supervisor.start();
    tell({ type: 'ready', state });
  } catch (error) {
    await fail(supervisor, error);
  }
}

/** The supervisor's own log is its standard error. */
function writeLog(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

async function fail(supervisor: Supervisor, error: unknown): Promise<void> {
  writeLog(error);
  const known = error instanceof StackError && isStackErrorCode(error.code);
  const code = known ? error.code : 'start_failed';
  const message = known ? error.message : `the stack did not start: ${String(error)}`;
  const pid = known ? error.pid : null;
  // Without the lock nothing here is ours to stop.
  if (code !== 'already_running') await supervisor.stop('failed').catch(writeLog);
  tell({ type: 'failed', code, message, pid });
  setTimeout(() => process.exit(1), 200);
}

await main();
