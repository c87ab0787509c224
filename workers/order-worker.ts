import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createGuardActivities } from '../activities/guard.ts';
import { createOrderActivities } from '../activities/orders.ts';
import { createPlanActivities } from '../activities/plan.ts';
import { createSettlementActivities } from '../activities/settlement.ts';
import { connectBus } from '../adapters/bus/connect.ts';
import { feedPublisher } from '../adapters/bus/feed.ts';
import { openStore } from '../adapters/store/store.ts';
import { venueClient } from '../adapters/venue/client.ts';
import type { VenuePort } from '../adapters/venue/port.ts';
import { wire } from '../proto/subjects.ts';
import { startGuardFinder } from './order-worker/guard-finder.ts';
import { startHaltDoor } from './order-worker/halt-door.ts';
import { startHaltKeeper } from './order-worker/halt-keeper.ts';
import { killAt } from './order-worker/kill-point.ts';
import { startWitness } from './order-worker/witness.ts';
import { runProcess } from './process.ts';
import { startTemporalWorker } from './temporal.ts';

/** Takes orders from the decision to the booked fill. Any number of these may run: a leg belongs to
 * whoever took its lease last, and the venue gateway refuses everybody else. */
await runProcess('order-worker', async ({ settings, log, fail }) => {
  const names = wire(settings.CORRO_NAMESPACE);
  const holder = `order-worker-${hostname()}-${process.pid}`;
  const store = openStore({
    url: settings.CORRO_POSTGRES_URL,
    applicationName: 'corro order-worker',
    onConnectionLost: (err) => log.warn({ err }, 'a database connection was lost'),
  });
  const bus = await connectBus({ url: settings.CORRO_NATS_URL, name: 'corro order-worker' });
  const ports = new Map<string, VenuePort>();
  const venue = (name: string): VenuePort => {
    const port = ports.get(name) ?? venueClient(bus, names, { venue: name });
    ports.set(name, port);
    return port;
  };
  const feed = feedPublisher(bus, names);
  const dependencies = { db: store.db, venue, feed, log, holder };
  const orders = { ...dependencies, ...killAt(bus, settings) };
  const worker = await startTemporalWorker({
    address: settings.CORRO_TEMPORAL_ADDRESS,
    namespace: settings.CORRO_TEMPORAL_NAMESPACE,
    taskQueue: names.queues.order,
    workflowsPath: fileURLToPath(new URL('../workflows/order.ts', import.meta.url)),
    bundleFolder: settings.CORRO_BUNDLE_DIR,
    activities: {
      ...createOrderActivities(orders),
      ...createGuardActivities({ db: store.db, venue, log }),
      ...createPlanActivities({ db: store.db, log }),
      ...createSettlementActivities({ db: store.db, log }),
    },
    log,
    fail,
  });
  const door = startHaltDoor(bus, names, { db: store.db, log });
  const temporal = {
    address: settings.CORRO_TEMPORAL_ADDRESS,
    namespace: settings.CORRO_TEMPORAL_NAMESPACE,
  };
  const witness = startWitness({ bus, wire: names }, dependencies);
  const keeper = startHaltKeeper({ db: store.db, wire: names, log, temporal });
  const finder = startGuardFinder({ db: store.db, wire: names, log, temporal });
  return {
    health: async () => ({
      taskQueue: names.queues.order,
      holder,
      halts: { ...door.facts(), ...keeper.facts() },
      witness: witness.facts(),
      ...finder.facts(),
      ...worker.health(),
    }),
    close: async () => {
      door.stop();
      await keeper.close();
      await finder.close();
      await witness.stop();
      await worker.close();
      await bus.close();
      await store.close();
    },
  };
});
