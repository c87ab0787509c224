import { join } from 'node:path';
import { type Home, secret, writeAtomically } from './home.ts';

/** Who connects to NATS. Each has a password of its own; what each may not do is in `DENIED`. */
export const NATS_USERS = ['operator', 'venue', 'order', 'decision', 'actor'] as const;
export type NatsUser = (typeof NATS_USERS)[number];

const SEND_ORDERS = ['*.venue.*.order-new', '*.venue.*.order-cancel'];
const SERVE_VENUE = ['*.venue.>'];

/** Only the order worker may ask a venue for an order, and only the gateway may answer in its
 * name. */
const DENIED: Record<NatsUser, { publish: readonly string[]; subscribe: readonly string[] }> = {
  operator: { publish: [], subscribe: [] },
  venue: { publish: SEND_ORDERS, subscribe: [] },
  order: { publish: [], subscribe: SERVE_VENUE },
  decision: { publish: SEND_ORDERS, subscribe: SERVE_VENUE },
  actor: { publish: SEND_ORDERS, subscribe: SERVE_VENUE },
};

export interface NatsOptions {
  readonly port: number;
  readonly monitorPort: number;
  /** False only in tests: the disk is then not waited for. */
  readonly durable: boolean;
  /** True only for bare test servers: a client without credentials may then do everything. */
  readonly open: boolean;
}

/** What a configuration says besides who may do what. Values stand in it as they are. */
interface NatsText {
  readonly listen: string;
  readonly http: string;
  readonly storeDir: string;
  readonly sync: string;
  readonly anonymous: NatsUser | 'feed';
  password(user: NatsUser | 'feed'): string;
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
    anonymous: options.open ? 'operator' : 'feed',
    password: (user) => JSON.stringify(secret(home, `nats-${user}`)),
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
    password: (user) => `$CORRO_NATS_${user.toUpperCase()}`,
  });
}

/** `sync_interval: always`: the default loses acknowledged messages in a power cut (SAFETY 3). */
function natsConfiguration(text: NatsText): string {
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
    { user: feed, password: ${text.password('feed')}, permissions: {
      publish: { deny: [">"] }, subscribe: { allow: ["*.feed.>"] } } }
${NATS_USERS.map((user) => userEntry(user, text.password(user))).join('\n')}
  ]
}
`;
}

function userEntry(user: NatsUser, password: string): string {
  const denied = DENIED[user];
  const list = (subjects: readonly string[]) => JSON.stringify(subjects);
  const permissions =
    denied.publish.length + denied.subscribe.length === 0
      ? ''
      : `, permissions: {
      publish: { deny: ${list(denied.publish)} }, subscribe: { deny: ${list(denied.subscribe)} } }`;
  return `    { user: ${user}, password: ${password}${permissions} }`;
}

export function natsUrl(home: Home, port: number, user: NatsUser): string {
  return `nats://${user}:${secret(home, `nats-${user}`)}@127.0.0.1:${port}`;
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
