import { connectBus } from '../../adapters/bus/connect.ts';
import { ensureStreams } from '../../adapters/bus/streams.ts';
import { wire } from '../../proto/subjects.ts';
import { migrateToLatest } from '../migrations/migrate.ts';

/** Brings bare servers to what the workers expect: the newest schema and the ring's streams. Safe
 * to repeat. */
export async function furnishServers(servers: {
  postgresUrl: string;
  natsUrl: string;
  namespace: string;
}): Promise<void> {
  await migrateToLatest(servers.postgresUrl);
  await furnishNats(servers.natsUrl, servers.namespace);
}

export async function furnishNats(url: string, namespace: string): Promise<void> {
  const bus = await connectBus({ url, name: 'corro-stack' });
  try {
    await ensureStreams(bus, wire(namespace));
  } finally {
    await bus.close();
  }
}
