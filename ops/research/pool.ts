import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CorroError, ERRORS, type ErrorCode } from '../../proto/errors.ts';
import type { FromThread, ToThread } from './thread.ts';

/** What became of one task. A task that fails says so beside the others; it does not end them. */
export type Outcome<Result> =
  | { readonly ok: true; readonly value: Result }
  | { readonly ok: false; readonly fault: { readonly code: ErrorCode; readonly text: string } };

export interface PoolOptions<Task> {
  /** The file a thread runs; it calls `serveTasks`. */
  readonly thread: URL;
  /** At least 1. Never more are started than there are tasks. */
  readonly threads: number;
  /** What every thread is given once: copied, but for what lies in a SharedArrayBuffer. */
  readonly shared: unknown;
  /** What a task is called when its thread dies. */
  readonly nameOf: (task: Task) => string;
  readonly signal?: AbortSignal | undefined;
}

export interface PoolEvents<Result> {
  readonly onOutcome?: (index: number, outcome: Outcome<Result>) => void;
  /** A task's own measure of how far it is, see `serveTasks`. */
  readonly onProgress?: (index: number, done: number) => void;
}

/** One for each core. */
export function allThreads(): number {
  return availableParallelism();
}

/** Runs tasks on worker threads. Outcomes stand in the order of the tasks, whatever the number of
 * threads and whichever was faster. A thread that dies fails the task it was at, by name, and
 * another takes its place; one that cannot even start ends the run. An aborted signal ends every
 * thread at once and throws its reason: threads must keep nothing that could be half done. */
export async function runOnThreads<Task, Result>(
  tasks: readonly Task[],
  options: PoolOptions<Task>,
  events: PoolEvents<Result> = {},
): Promise<readonly Outcome<Result>[]> {
  options.signal?.throwIfAborted();
  if (tasks.length === 0) return [];
  const run = new Run<Task, Result>(tasks, options, events);
  try {
    return await run.outcomes();
  } finally {
    await run.close();
  }
}

interface Seat {
  readonly worker: Worker;
  /** Index of the task it is at; `null` between two. */
  at: number | null;
  ready: boolean;
}

class Run<Task, Result> {
  readonly #tasks: readonly Task[];
  readonly #options: PoolOptions<Task>;
  readonly #events: PoolEvents<Result>;
  readonly #outcomes: (Outcome<Result> | undefined)[];
  readonly #seats = new Set<Seat>();
  readonly #end = Promise.withResolvers<void>();
  #next = 0;
  #left: number;
  #closed = false;

  constructor(tasks: readonly Task[], options: PoolOptions<Task>, events: PoolEvents<Result>) {
    this.#tasks = tasks;
    this.#options = options;
    this.#events = events;
    this.#outcomes = tasks.map(() => undefined);
    this.#left = tasks.length;
  }

  async outcomes(): Promise<readonly Outcome<Result>[]> {
    const { threads, signal } = this.#options;
    const stop = (): void => this.#end.reject(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const seats = Math.min(threads, this.#tasks.length);
      for (let count = 0; count < seats; count += 1) this.#seat();
      await this.#end.promise;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    return this.#outcomes as Outcome<Result>[];
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#seats].map(({ worker }) => worker.terminate()));
  }

  #seat(): void {
    const worker = new Worker(this.#options.thread, { workerData: this.#options.shared });
    const seat: Seat = { worker, at: null, ready: false };
    this.#seats.add(seat);
    let died: unknown = null;
    worker.on('message', (message: FromThread<Result>) => this.#hear(seat, message));
    worker.on('error', (error) => {
      died = error;
    });
    worker.on('exit', (code) => this.#leave(seat, died ?? `exit ${code}`));
  }

  #hear(seat: Seat, message: FromThread<Result>): void {
    switch (message.kind) {
      case 'ready':
        seat.ready = true;
        return this.#handOut(seat);
      case 'progress':
        return this.#events.onProgress?.(message.index, message.done);
      case 'outcome':
        seat.at = null;
        this.#settle(message.index, message.outcome);
        return this.#handOut(seat);
    }
  }

  #handOut(seat: Seat): void {
    if (this.#closed || this.#next >= this.#tasks.length) return;
    const index = this.#next;
    this.#next += 1;
    seat.at = index;
    const message: ToThread<Task> = { index, task: this.#tasks[index] as Task };
    seat.worker.postMessage(message);
  }

  #leave(seat: Seat, why: unknown): void {
    this.#seats.delete(seat);
    if (this.#closed) return;
    const text = why instanceof Error ? why.message : String(why);
    if (!seat.ready) {
      const detail = `a worker thread did not start (${text})`;
      return this.#end.reject(new CorroError('failed', detail, { cause: why }));
    }
    if (seat.at !== null) {
      const name = this.#options.nameOf(this.#tasks[seat.at] as Task);
      const fault = `${ERRORS.failed.text}: the worker thread died at ${name} (${text})`;
      this.#settle(seat.at, { ok: false, fault: { code: 'failed', text: fault } });
    }
    if (this.#next < this.#tasks.length) this.#seat();
  }

  #settle(index: number, outcome: Outcome<Result>): void {
    this.#outcomes[index] = outcome;
    this.#left -= 1;
    try {
      this.#events.onOutcome?.(index, outcome);
    } catch (error) {
      this.#end.reject(error);
    }
    if (this.#left === 0) this.#end.resolve();
  }
}
