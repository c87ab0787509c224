import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { ensureStreams } from '../adapters/bus/streams.ts';
import { ensureDefaults } from '../adapters/store/users.ts';
import { readFeed } from '../proto/feed.ts';
import type { Feed } from '../proto/feed-schemas.ts';
import { wire } from '../proto/subjects.ts';
import { startVenueGateway } from '../workers/venue-gateway/gateway.ts';
import { type CorroProcess, startWorker } from './orders-processes.ts';
import { openTestDatabase, type TestDatabase, testNamespace } from './support/servers.ts';
import { silent } from './venue-floor.ts';

/** A live ring for tests: the decision worker and an actor host as processes of their own, a
 * gateway, and one user without money, on the run's servers. Nobody works on the order queue. */
export interface LiveFloor {
  readonly names: ReturnType<typeof wire>;
  readonly database: TestDatabase;
  readonly client: Client;
  readonly bus: Bus;
  /** What the outside world was told of questions to people, so far. */
  readonly questions: Feed<'escalation'>[];
  close(): Promise<void>;
}

const NO_VENUE = 'http://127.0.0.1:9';

/** `roles`: who sits in the ring, by comma; all seven when not said. */
export async function openLiveFloor({
  roles = '',
  exchanges = () => Promise.resolve({}),
}: {
  readonly roles?: string;
  /** Addresses by exchange; asked for when all else runs, since what they tell ages. */
  readonly exchanges?: () => Promise<Readonly<Record<string, string>>>;
}): Promise<LiveFloor> {
  const { natsUrl, temporalAddress } = inject('servers');
  const names = wire(testNamespace());
  const database = await openTestDatabase();
  await ensureDefaults(database.db);
  const bus = await connectBus({ url: natsUrl, name: 'live test' });
  await ensureStreams(bus, names);
  const questions: Feed<'escalation'>[] = [];
  bus.connection.subscribe(names.feedFilter('escalation'), {
    callback: (error, message) => {
      if (!error) questions.push(readFeed('escalation', message.data));
    },
  });
  const environment = {
    CORRO_NAMESPACE: names.namespace,
    CORRO_POSTGRES_URL: database.url,
    CORRO_NATS_URL: natsUrl,
    CORRO_TEMPORAL_ADDRESS: temporalAddress,
  };
  const workers: CorroProcess[] = await Promise.all([
    startWorker('decision-worker', environment),
    startWorker('actor-host', { ...environment, CORRO_ROLES: roles }),
  ]);
  const connection = await Connection.connect({ address: temporalAddress });
  const gateway = startVenueGateway({
    venue: 'paper',
    paperUrl: NO_VENUE,
    paperSecret: 'nobody trades in these tests',
    exchangeUrls: await exchanges(),
    wire: names,
    db: database.db,
    log: silent,
    bus,
  });
  const close = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await gateway.close();
    for (const stream of Object.values(names.streams)) await bus.manager.streams.delete(stream);
    await bus.close();
    await connection.close();
    await database.drop();
  };
  return { names, database, client: new Client({ connection }), bus, questions, close };
}
