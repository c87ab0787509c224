import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { ensurePython } from '../ops/python/environment.ts';
import { REPOSITORY } from '../ops/stack/home.ts';
import type { TrainOrder } from '../proto/learning.ts';
import { wire } from '../proto/subjects.ts';
import { testNamespace } from './support/servers.ts';
import type { trainOnce } from './training-workflow.ts';

/** One line of the trainer's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A trainer's process, and everything it has said. */
export class TrainerProcess {
  readonly #process: ChildProcess;
  readonly lines: LogLine[] = [];
  readonly exit: Promise<number | null>;
  #waiting: (() => void)[] = [];
  #rest = '';

  constructor(process: ChildProcess) {
    this.#process = process;
    process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.exit = new Promise((resolve) => {
      process.once('close', (code) => {
        resolve(code);
        this.#wake();
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** The first line with these words, said already or later. Throws when it ends without. */
  async says(msg: string, from = 0): Promise<LogLine> {
    for (;;) {
      const found = this.lines.slice(from).find((line) => line.msg === msg);
      if (found !== undefined) return found;
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`the trainer ended: ${JSON.stringify(this.lines.slice(-3))}`);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    this.lines.push(...lines.map((line) => JSON.parse(line) as LogLine));
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** What trials of the trainer stand on: a worker for `trainOnce`, and the client to start it. */
export interface TrainingDesk {
  /** Starts `trainOnce` for the trainers of that namespace. */
  order(order: TrainOrder, namespace: string): Promise<Ordered>;
  close(): Promise<void>;
}
export type Ordered = WorkflowHandleWithFirstExecutionRunId<typeof trainOnce>;

export async function openTrainingDesk(temporalAddress: string): Promise<TrainingDesk> {
  Runtime.install({ logger, shutdownSignals: [] });
  const connection = await Connection.connect({ address: temporalAddress });
  const native = await NativeConnection.connect({ address: temporalAddress });
  const workflowsPath = fileURLToPath(new URL('./training-workflow.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger });
  const taskQueue = `trials-${testNamespace()}`;
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle: { code },
    shutdownForceTime: '5s',
  });
  const running = worker.run();
  const client = new Client({ connection });
  return {
    order: (order, namespace) =>
      client.workflow.start<typeof trainOnce>('trainOnce', {
        taskQueue,
        workflowId: `${namespace}:trial:${randomUUID()}`,
        args: [order, wire(namespace).queues.training],
      }),
    close: async () => {
      worker.shutdown();
      await running;
      await native.close();
      await connection.close();
    },
  };
}

const logger = new DefaultLogger('ERROR', () => undefined);

/** Starts `python -m corro_training.worker` with just these variables, and what a program needs to
 * run at all. */
export async function startTrainer(
  environment: Readonly<Record<string, string>>,
): Promise<TrainerProcess> {
  const { python } = await ensurePython('training');
  const child = spawn(python, ['-m', 'corro_training.worker'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      PYTHONPATH: join(REPOSITORY, 'training'),
      PYTHONDONTWRITEBYTECODE: '1',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new TrainerProcess(child);
}
