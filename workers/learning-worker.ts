import { fileURLToPath } from 'node:url';
import { createLearningActivities } from '../activities/learning/activities.ts';
import { connectBus } from '../adapters/bus/connect.ts';
import { openStore } from '../adapters/store/store.ts';
import { wire } from '../proto/subjects.ts';
import { openWorkflowWatch } from './learning-worker/workflow-watch.ts';
import { runProcess } from './process.ts';
import { startTemporalWorker } from './temporal.ts';

/** A matrix of a year is tens of megabytes, and there are other processes on the machine. */
const MOST_STEPS_AT_ONCE = 2;

/** Runs the learning loop: its workflow, and every step of it but the training itself. */
await runProcess('learning-worker', async ({ settings, log, fail }) => {
  const names = wire(settings.CORRO_NAMESPACE);
  const store = openStore({
    url: settings.CORRO_POSTGRES_URL,
    poolSize: 4,
    applicationName: 'corro learning-worker',
    onConnectionLost: (err) => log.warn({ err }, 'a database connection was lost'),
  });
  const bus = await connectBus({ url: settings.CORRO_NATS_URL, name: 'corro learning-worker' });
  const temporal = {
    address: settings.CORRO_TEMPORAL_ADDRESS,
    namespace: settings.CORRO_TEMPORAL_NAMESPACE,
  };
  const workflows = openWorkflowWatch(temporal);
  const worker = await startTemporalWorker({
    ...temporal,
    taskQueue: names.queues.learning,
    workflowsPath: fileURLToPath(new URL('../workflows/learning-queue.ts', import.meta.url)),
    bundleFolder: settings.CORRO_BUNDLE_DIR,
    activities: createLearningActivities({
      db: store.db,
      bus,
      wire: names,
      log,
      workflows,
      trainerWaitSeconds: settings.CORRO_TRAINER_WAIT_SECONDS,
    }),
    log,
    fail,
    limits: { maxConcurrentActivityTaskExecutions: MOST_STEPS_AT_ONCE },
  });
  return {
    health: async () => ({ taskQueue: names.queues.learning, ...worker.health() }),
    close: async () => {
      await worker.close();
      await workflows.close();
      await bus.close();
      await store.close();
    },
  };
});
