import { connectBus } from '../../adapters/bus/connect.ts';
import { ensureMailboxes } from '../../adapters/bus/mailboxes.ts';
import { ensureStreams } from '../../adapters/bus/streams.ts';
import { wire } from '../../proto/subjects.ts';
import { migrateToLatest } from '../migrations/migrate.ts';
import { type DatabaseRole, ensureDatabaseRoles } from './postgres-roles.ts';

/** Brings bare servers to what the workers expect: the newest schema and who may use it, the ring's
 * streams and its mailboxes. Safe to repeat. */
export async function furnishServers(servers: {
  postgresUrl: string;
  natsUrl: string;
  namespace: string;
  passwordOf: (role: DatabaseRole) => string;
}): Promise<void> {
  await furnishPostgres(servers.postgresUrl, servers.passwordOf);
  await furnishNats(servers.natsUrl, servers.namespace);
}

/** `url` is the owner's. */
export async function furnishPostgres(
  url: string,
  passwordOf: (role: DatabaseRole) => string,
): Promise<void> {
  await migrateToLatest(url);
  await ensureDatabaseRoles(url, passwordOf);
}

export async function furnishNats(url: string, namespace: string): Promise<void> {
  const bus = await connectBus({ url, name: 'corro-stack' });
  try {
    await ensureStreams(bus, wire(namespace));
    await ensureMailboxes(bus, wire(namespace));
  } finally {
    await bus.close();
  }
}
