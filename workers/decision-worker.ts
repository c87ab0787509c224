import { fileURLToPath } from 'node:url';
import { createDebateActivities } from '../activities/debate.ts';
import { createEscalationActivities } from '../activities/escalation.ts';
import { createScanActivities } from '../activities/scan.ts';
import { connectBus } from '../adapters/bus/connect.ts';
import { feedPublisher } from '../adapters/bus/feed.ts';
import { forecaster } from '../adapters/bus/forecaster.ts';
import { openStore } from '../adapters/store/store.ts';
import { venueClient } from '../adapters/venue/client.ts';
import { wire } from '../proto/subjects.ts';
import { runProcess } from './process.ts';
import { startTemporalWorker } from './temporal.ts';

/** Runs debates, questions and market scans: their workflows, and the steps of theirs that touch
 * the world. */
await runProcess('decision-worker', async ({ settings, log, fail }) => {
  const names = wire(settings.CORRO_NAMESPACE);
  const store = openStore({
    url: settings.CORRO_POSTGRES_URL,
    applicationName: 'corro decision-worker',
    onConnectionLost: (err) => log.warn({ err }, 'a database connection was lost'),
  });
  const bus = await connectBus({ url: settings.CORRO_NATS_URL, name: 'corro decision-worker' });
  const feed = feedPublisher(bus, names);
  const { db } = store;
  const venue = venueClient(bus, names, { venue: settings.CORRO_VENUE });
  const worker = await startTemporalWorker({
    address: settings.CORRO_TEMPORAL_ADDRESS,
    namespace: settings.CORRO_TEMPORAL_NAMESPACE,
    taskQueue: names.queues.decision,
    workflowsPath: fileURLToPath(new URL('../workflows/decision.ts', import.meta.url)),
    bundleFolder: settings.CORRO_BUNDLE_DIR,
    activities: {
      ...createDebateActivities({ db, bus, wire: names, feed, log }),
      ...createEscalationActivities({ db, feed, log }),
      ...createScanActivities({ db, venue, forecast: forecaster(bus, names), log }),
    },
    log,
    fail,
  });
  return {
    health: async () => ({ taskQueue: names.queues.decision, ...worker.health() }),
    close: async () => {
      await worker.close();
      await bus.close();
      await store.close();
    },
  };
});
