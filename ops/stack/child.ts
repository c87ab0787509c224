import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { StackError } from './failure.ts';
import { lastFaults, lastLines, openLog } from './log-file.ts';
import { endProcess, markOf, type ProcessMark, pause } from './processes.ts';
import type { ServiceState, ServiceStatus } from './state.ts';
import { type Command, type Service, type StackContext, Unwell } from './topology.ts';

/** How long a first start may take: a machine busy with a test suite is slow. */
const START_WITHIN_MS = 90_000;
/** Exits before it was ever healthy after which the start has failed. */
const MOST_EARLY_EXITS = 3;
const STARTING_POLL_MS = 80;
const HEALTH_POLL_MS = 1_000;
/** A process that does not answer at all for so long is frozen: it is killed and started again. */
const FROZEN_AFTER_MS = 20_000;
const BACKOFF_MS = { least: 100, most: 2_000 };
/** Healthy for so long: the next fault starts from the least backoff again. */
const STEADY_AFTER_MS = 1_000;
const STOP_GRACE_MS = 10_000;

export interface ChildOptions {
  readonly service: Service;
  readonly instance: string;
  readonly context: StackContext;
  readonly healthPort: number;
  readonly logPath: string;
  readonly onChange: (state: ServiceState) => void;
}

/** One process of the stack, kept alive: started, watched for its exit (not only polled), started
 * again with backoff when it dies, stopped with its own signal and killed if it does not obey. */
export class Child {
  readonly service: Service;
  readonly #options: ChildOptions;
  #state: ServiceState;
  #process: ChildProcess | null = null;
  #mark: ProcessMark | null = null;
  #launching: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #stopping = false;
  #wasHealthy = false;
  #earlyExits = 0;
  #backoffMs = BACKOFF_MS.least;
  #healthySince = 0;

  constructor(options: ChildOptions) {
    this.service = options.service;
    this.#options = options;
    const worker = options.healthPort !== 0;
    this.#state = {
      service: options.service.name,
      instance: options.instance,
      status: 'waiting',
      mark: null,
      pid: null,
      restarts: 0,
      sinceMs: Date.now(),
      detail: null,
      log: options.logPath,
      healthUrl: worker ? `http://127.0.0.1:${options.healthPort}/health` : null,
    };
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** Starts it; resolves when it is healthy. Throws `start_failed` with its last words. */
  async start(): Promise<void> {
    await this.#launch();
    const giveUpAt = performance.now() + START_WITHIN_MS;
    let why = 'it never answered';
    while (!this.#stopping) {
      if (this.#process !== null) {
        const fault = await this.#ping();
        if (fault === null) break;
        why = fault.message;
      }
      if (this.#earlyExits >= MOST_EARLY_EXITS) throw this.#failed('it ended again and again');
      if (performance.now() > giveUpAt) throw this.#failed(why);
      await pause(STARTING_POLL_MS);
    }
    if (this.#stopping) return;
    await this.service.furnish(this.#options.context);
    this.#becomeHealthy();
    void this.#watch();
  }

  /** Stops it for good; nothing of it runs afterwards. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    // What prepares a start (initdb) is not left running either.
    await this.#launching.catch(() => undefined);
    if (this.#mark) {
      this.#set('stopping', {});
      await endProcess(this.#mark, { signal: this.service.stopSignal, graceMs: STOP_GRACE_MS });
    }
    this.#set('stopped', { mark: null });
  }

  /** Stops it for good, and says why it is not there. */
  async giveUp(why: string): Promise<void> {
    await this.stop();
    this.#set('failed', { detail: why });
  }

  #launch(): Promise<void> {
    this.#launching = this.#spawn();
    return this.#launching;
  }

  async #spawn(): Promise<void> {
    const { context, healthPort, logPath } = this.#options;
    this.#set(this.#state.restarts > 0 ? 'restarting' : 'starting', { mark: null });
    await this.service.prepare(context);
    if (this.#stopping) return;
    const child = spawnCommand(this.service.command(context, healthPort), logPath);
    const pid = child.pid;
    this.#process = child;
    this.#mark = pid === undefined ? null : markOf(pid);
    child.once('error', (error) => this.#ended(child, String(error)));
    child.once('exit', (code, by) => this.#ended(child, by ? `killed by ${by}` : `exit ${code}`));
    this.#set(this.#state.status, { mark: this.#mark });
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#process !== child) return;
    this.#process = null;
    this.#mark = null;
    if (this.#stopping) return;
    if (!this.#wasHealthy) this.#earlyExits += 1;
    if (performance.now() - this.#healthySince > STEADY_AFTER_MS && this.#wasHealthy) {
      this.#backoffMs = BACKOFF_MS.least;
    }
    this.#set('restarting', { mark: null, detail: how, restarts: this.#state.restarts + 1 });
    this.#wake();
    void this.#relaunch();
  }

  async #relaunch(): Promise<void> {
    await pause(this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MS.most);
    if (this.#stopping) return;
    if (!this.#wasHealthy && this.#earlyExits >= MOST_EARLY_EXITS) return;
    try {
      await this.#launch();
    } catch (error) {
      this.#set('restarting', { detail: String(error) });
      void this.#relaunch();
    }
  }

  /** Asks for its health for as long as it is wanted; a frozen one is killed, and so started
   * again. */
  async #watch(): Promise<void> {
    let answeredAt = performance.now();
    while (!this.#stopping) {
      const starting = this.#state.status !== 'healthy';
      await this.#rest(starting ? STARTING_POLL_MS : HEALTH_POLL_MS);
      if (this.#stopping) return;
      if (this.#process === null) {
        answeredAt = performance.now();
        continue;
      }
      const fault = await this.#ping();
      if (fault === null || saysItself(fault)) answeredAt = performance.now();
      if (this.#stopping || this.#process === null) continue;
      if (fault === null) this.#becomeHealthy();
      else if (this.#state.status === 'healthy') this.#set('unhealthy', { detail: fault.message });
      if (performance.now() - answeredAt > FROZEN_AFTER_MS) {
        this.#process.kill('SIGKILL');
        answeredAt = performance.now();
      }
    }
  }

  /** A pause that the end of the process cuts short. */
  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #ping(): Promise<Error | null> {
    try {
      await this.service.ping(this.#options.context, this.#options.healthPort);
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #becomeHealthy(): void {
    if (this.#state.status === 'healthy') return;
    this.#wasHealthy = true;
    this.#healthySince = performance.now();
    this.#set('healthy', {});
  }

  #failed(why: string): StackError {
    this.#set('failed', { detail: why });
    const { logPath } = this.#options;
    const faults = lastFaults(logPath, 5);
    const words = (faults.length > 0 ? faults : lastLines(logPath, 5)).join('\n  ');
    return new StackError(
      'start_failed',
      `${this.#options.instance} did not start: ${why}. Its log is ${this.#options.logPath}` +
        (words ? `, and says:\n  ${words}` : ', and is empty'),
    );
  }

  #set(status: ServiceStatus, change: Partial<ServiceState>): void {
    const sinceMs = status === this.#state.status ? this.#state.sinceMs : Date.now();
    const next = { ...this.#state, ...change, status, sinceMs };
    this.#state = { ...next, pid: next.mark?.pid ?? null };
    this.#options.onChange(this.#state);
  }
}

/** A process group of its own: Ctrl-C in a terminal reaches the supervisor alone, which then stops
 * everything in order. */
function spawnCommand(command: Command, logPath: string): ChildProcess {
  const log = openLog(logPath);
  try {
    return spawn(command.program, command.flags, {
      cwd: command.runAs ? '/' : undefined,
      env: { ...process.env, TZ: 'UTC', ...command.environment },
      stdio: ['ignore', log, log],
      detached: true,
      ...command.runAs,
    });
  } finally {
    closeSync(log);
  }
}

/** An answer that is a refusal (a server out of connections, a worker that misses a server) still
 * shows that the process is not frozen. */
function saysItself(fault: Error): boolean {
  const code = (fault as { code?: unknown }).code;
  return fault instanceof Unwell || (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code));
}
