import {
  DefaultLogger,
  type LogEntry,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { beats } from '../activities/heartbeat.ts';
import { workflowCode } from './bundle.ts';

export interface TemporalWorkerOptions {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** A TypeScript file that exports the workflows; bundled as it stands. */
  readonly workflowsPath: string;
  /** Where the bundle is kept for the next start; not given: nowhere. */
  readonly bundleFolder: string | undefined;
  readonly activities: object;
  readonly log: Logger;
  readonly fail: (reason: unknown) => void;
  readonly limits?: Pick<
    WorkerOptions,
    'maxConcurrentActivityTaskExecutions' | 'maxConcurrentWorkflowTaskExecutions'
  >;
}

export interface TemporalWorker {
  health(): Record<string, unknown>;
  /** Lets running activities finish for a moment, then stops, also when the server is away. */
  close(): Promise<void>;
}

const CONNECT_WITHIN_MS = 60_000;
const RETRY_MS = 250;

/** Connects and polls one task queue until closed. The connection outlives restarts of the server;
 * a worker that stops by itself ends the process, so that whoever watches it starts a fresh one. */
export async function startTemporalWorker(options: TemporalWorkerOptions): Promise<TemporalWorker> {
  const { log, fail } = options;
  Runtime.install({
    logger: new DefaultLogger('WARN', (entry) => tell(log, entry)),
    shutdownSignals: [],
  });
  const connection = await connect(options.address);
  const worker = await Worker.create({
    connection,
    namespace: options.namespace,
    taskQueue: options.taskQueue,
    workflowBundle: await workflowCode(options.workflowsPath, options.bundleFolder),
    activities: options.activities,
    // A workflow whose worker was killed waits no longer than this before any other takes it.
    stickyQueueScheduleToStartTimeout: '1s',
    // Every beat reaches the server: steps are given up two or three seconds after the last one.
    maxHeartbeatThrottleInterval: '500ms',
    interceptors: { activity: [beats] },
    shutdownGraceTime: '2s',
    shutdownForceTime: '4s',
    ...options.limits,
  });
  let closing = false;
  const running = worker.run().then(
    () => {
      if (!closing) fail(new Error('the Temporal worker stopped by itself'));
    },
    (error: unknown) => {
      if (!closing) fail(error);
    },
  );
  return {
    health: () => {
      const state = worker.getState();
      if (state !== 'RUNNING') throw new Error(`the Temporal worker is ${state}`);
      return { temporal: state };
    },
    close: async () => {
      closing = true;
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

async function connect(address: string): Promise<NativeConnection> {
  const giveUpAtMs = performance.now() + CONNECT_WITHIN_MS;
  for (;;) {
    try {
      return await NativeConnection.connect({ address });
    } catch (error) {
      if (performance.now() > giveUpAtMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function tell(log: Logger, { level, message, meta }: LogEntry): void {
  // An error is spelt out in the log under `err` alone.
  const { error: err, ...rest }: Readonly<Record<string, unknown>> = { ...meta };
  const facts = err === undefined ? rest : { ...rest, err };
  if (level === 'ERROR') log.error(facts, message);
  else log.warn(facts, message);
}
