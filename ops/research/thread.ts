import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { StrategyFault } from '../../core/backtest/strategy-fault.ts';
import { CorroError, ERRORS } from '../../proto/errors.ts';
import type { Outcome } from './pool.ts';

export interface ToThread<Task> {
  readonly index: number;
  readonly task: Task;
}

export type FromThread<Result> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly index: number; readonly done: number }
  | { readonly kind: 'outcome'; readonly index: number; readonly outcome: Outcome<Result> };

/** Does one task; `progress` tells how far it is, in a measure of its own. */
export type Perform<Task, Result, Shared> = (
  task: Task,
  shared: Shared,
  progress: (done: number) => void,
) => Result | Promise<Result>;

/** Makes this thread one that does tasks, one after the other, until it is ended. What a task
 * throws is its outcome. */
export function serveTasks<Task, Result, Shared>(perform: Perform<Task, Result, Shared>): void {
  const port = parentPort;
  if (port === null) throw new Error('tasks are served in a worker thread only');
  const tell = (message: FromThread<Result>): void => port.postMessage(message);
  port.on('message', ({ index, task }: ToThread<Task>) => {
    const progress = (done: number): void => tell({ kind: 'progress', index, done });
    void attempt(() => perform(task, workerData as Shared, progress)).then((outcome) =>
      tell({ kind: 'outcome', index, outcome }),
    );
  });
  tell({ kind: 'ready' });
}

async function attempt<Result>(act: () => Result | Promise<Result>): Promise<Outcome<Result>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    return { ok: false, fault: faultOf(error) };
  }
}

/** A fault as it crosses threads: errors of ours keep their code, a bug keeps its stack, and a
 * strategy's own fault names the strategy and the candle. */
export function faultOf(error: unknown): Extract<Outcome<never>, { ok: false }>['fault'] {
  if (error instanceof CorroError) return { code: error.code, text: error.message };
  if (error instanceof StrategyFault) {
    return { code: 'failed', text: `${ERRORS.failed.text}: ${error.message}` };
  }
  return { code: 'failed', text: inspect(error) };
}
