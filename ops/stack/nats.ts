import { join } from 'node:path';
import { BUS_USERS, type BusUser, permissionsOf } from '../../proto/permissions.ts';
import { type Wire, wire as wireOf } from '../../proto/subjects.ts';
import { type Home, secret, writeAtomically } from './home.ts';

export interface NatsOptions {
  readonly port: number;
  readonly monitorPort: number;
  /** The ring whose subjects the users may use; all others are closed to them. */
  readonly namespace: string;
  /** False only in tests: the disk is then not waited for. */
  readonly durable: boolean;
  /** True only for bare test servers: a client without credentials may then do everything. */
  readonly open: boolean;
}

/** Who a client without credentials is: the listener to the feeds, or on a bare test server
 * somebody who may do everything. */
type Anonymous = 'feed' | 'anybody';

/** What a configuration says besides who may do what. Values stand in it as they are. */
interface NatsText {
  readonly listen: string;
  readonly http: string;
  readonly storeDir: string;
  readonly sync: string;
  readonly anonymous: Anonymous;
  readonly wire: Wire;
  password(user: BusUser | Anonymous): string;
}

/** Writes the server's configuration (0600: it carries the passwords) and returns its path. A
 * client without credentials may only listen to the feeds. */
export function writeNatsConfiguration(home: Home, options: NatsOptions): string {
  const path = join(home.secrets, 'nats.conf');
  const text = natsConfiguration({
    listen: JSON.stringify(`127.0.0.1:${options.port}`),
    http: JSON.stringify(`127.0.0.1:${options.monitorPort}`),
    storeDir: JSON.stringify(home.nats),
    sync: options.durable ? 'always' : '"2m"',
    anonymous: options.open ? 'anybody' : 'feed',
    wire: wireOf(options.namespace),
    password: (user) => JSON.stringify(natsPassword(home, user)),
  });
  writeAtomically(path, text, 0o600);
  return path;
}

/** The same for `docker compose`: passwords come from the container's environment. */
export function dockerNatsConfiguration(): string {
  return natsConfiguration({
    listen: '"0.0.0.0:4222"',
    http: '"0.0.0.0:8222"',
    storeDir: '"/data"',
    sync: 'always',
    anonymous: 'feed',
    wire: wireOf(),
    password: (user) => `$${natsVariable(user)}`,
  });
}

/** The variable that carries a user's password into a container. */
export function natsVariable(user: string): string {
  return `CORRO_NATS_${user.toUpperCase().replaceAll('-', '_')}`;
}

/** `sync_interval: always`: the default loses acknowledged messages in a power cut (SAFETY 3). */
function natsConfiguration(text: NatsText): string {
  const users = BUS_USERS.map((user) => userEntry(text, user));
  if (text.anonymous === 'anybody') {
    users.push(`    { user: anybody, password: ${text.password('anybody')} }`);
  }
  return `server_name: corro
listen: ${text.listen}
http: ${text.http}
max_payload: 1MB
max_connections: 1000
write_deadline: "10s"
jetstream {
  store_dir: ${text.storeDir}
  max_memory_store: 256MB
  max_file_store: 64GB
  sync_interval: ${text.sync}
}
no_auth_user: ${text.anonymous}
authorization {
  users: [
${users.join('\n')}
  ]
}
`;
}

function userEntry({ wire, password }: NatsText, user: BusUser): string {
  const { publish, subscribe } = permissionsOf(wire, user);
  return `    { user: ${JSON.stringify(user)}, password: ${password(user)}, permissions: {
      publish: ${rule(publish)}
      subscribe: ${rule(subscribe)} } }`;
}

/** An empty allow list would allow everything. */
function rule(allowed: readonly string[]): string {
  if (allowed.length === 0) return '{ deny: [">"] }';
  const lines = allowed.map((subject) => `\n        ${JSON.stringify(subject)}`);
  return `{ allow: [${lines.join('')} ] }`;
}

export function natsUrl(home: Home, port: number, user: BusUser): string {
  return `nats://${user}:${natsPassword(home, user)}@127.0.0.1:${port}`;
}

export function natsPassword(home: Home, user: BusUser | Anonymous): string {
  return secret(home, `nats-${user}`);
}

/** Throws unless the server says it is healthy, JetStream included. */
export async function pingNats(monitorUrl: string): Promise<void> {
  await expectOk(`${monitorUrl}/healthz`);
}

export async function expectOk(url: string): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${said.slice(0, 300)}`);
}
