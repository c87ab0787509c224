import {
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import {
  connect,
  createInbox,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  type Status,
} from '@nats-io/transport-node';
import { CorroError } from '../../proto/errors.ts';
import { inboxPrefix } from '../../proto/permissions.ts';
import { EventStream } from './events.ts';
import { Link } from './link.ts';
import { checkServerVersion } from './version.ts';

/** What happened to the connection, for logs, metrics and tests. */
export type BusEvent =
  | { readonly type: 'connected'; readonly server: string; readonly version: string }
  | { readonly type: 'disconnected'; readonly server: string }
  | { readonly type: 'slow_consumer'; readonly subject: string; readonly pending: number }
  | { readonly type: 'fault'; readonly reason: string }
  | { readonly type: 'closed'; readonly reason: string | null };

export interface BusOptions {
  /** `nats://[user:password@]host:port`; several, comma-separated, for a cluster. */
  readonly url: string;
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly user?: string;
  readonly password?: string;
  /** Text of a NATS `.creds` file. */
  readonly creds?: string;
  /** How long to try for the first connection; afterwards it reconnects for ever. */
  readonly connectTimeoutMs?: number;
}

/** One connection to NATS, as all of Corro uses it. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly link: Link;
  readonly events: EventStream<BusEvent>;
  /** A fresh subject for replies that only this connection may read; `part`: below that name, so
   * that whoever answers there may answer nothing else. */
  inbox(part?: string): string;
  /** Sends what is buffered, then closes. */
  close(): Promise<void>;
}

/** Longest wait for one JetStream answer before the caller tries again. */
const REPLY_TIMEOUT_MS = 2_000;
const RECONNECT_MS = { least: 50, spread: 250 };

/** Connects, checks the server, and from then on reconnects for ever with jitter. Throws
 * `CorroError` `server_unreachable` when no server answers in time and `server_too_old` when one
 * must not be used. */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const connection = await firstConnection(options);
  try {
    checkServerVersion(connection.info?.version ?? '');
    if (connection.info?.jetstream !== true) {
      throw new CorroError('server_too_old', 'this nats-server runs without JetStream (-js)');
    }
    return await assemble(connection, inboxOf(options));
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function assemble(connection: NatsConnection, prefix?: string): Promise<Bus> {
  const link = new Link();
  const events = new EventStream<BusEvent>();
  const manager = await jetstreamManager(connection, {
    checkAPI: false,
    timeout: REPLY_TIMEOUT_MS,
  });
  void follow(connection, link, events);
  return {
    connection,
    jetstream: jetstream(connection, { timeout: REPLY_TIMEOUT_MS }),
    manager,
    link,
    events,
    inbox: (part) => createInbox(part === undefined ? prefix : `${prefix ?? '_INBOX'}.${part}`),
    close: () => closeWithin(connection),
  };
}

async function firstConnection(options: BusOptions): Promise<NatsConnection> {
  const giveUpAt = performance.now() + (options.connectTimeoutMs ?? 20_000);
  for (;;) {
    try {
      return await connect(connectionOptions(options));
    } catch (error) {
      if (performance.now() >= giveUpAt || isRefusal(error)) {
        const why = error instanceof Error ? error.message : String(error);
        throw new CorroError(
          'server_unreachable',
          `NATS at ${withoutPasswords(options.url)}: ${why}`,
          {
            cause: error,
          },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, reconnectDelayMs()));
    }
  }
}

/** Addresses as they may be shown: `nats://user:password@host` carries a secret. */
function withoutPasswords(url: string): string {
  return url.replaceAll(/\/\/[^@/,]*@/g, '//');
}

function connectionOptions(options: BusOptions): NodeConnectionOptions {
  const { creds } = options;
  const { servers, ...named } = readUrl(options.url);
  const user = options.user ?? named.user;
  const prefix = inboxOf(options);
  const password = options.password ?? named.password;
  return {
    servers,
    name: options.name,
    timeout: 3_000,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: reconnectDelayMs,
    // A frozen server is noticed after three unanswered pings.
    pingInterval: 5_000,
    maxPingOut: 3,
    // Capturing a stack for every request costs more than the request.
    noAsyncTraces: true,
    // A server that restarts may refuse for a moment; giving up would need a person.
    ignoreAuthErrorAbort: true,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(prefix === undefined ? {} : { inboxPrefix: prefix }),
    ...(creds === undefined
      ? {}
      : { authenticator: credsAuthenticator(new TextEncoder().encode(creds)) }),
  };
}

/** Replies come to a name that no other user may listen to; without a user, to everybody's. */
function inboxOf({ url, user = readUrl(url).user }: BusOptions): string | undefined {
  return user === undefined ? undefined : inboxPrefix(user);
}

/** The client ignores a user and password inside the URL, and would connect as nobody. */
function readUrl(text: string): { servers: string[]; user?: string; password?: string } {
  const urls = text.split(',').map((server) => new URL(server.trim()));
  const servers = urls.map((url) => url.host);
  const [first] = urls;
  if (!first || first.username === '') return { servers };
  const [user, password] = [first.username, first.password].map(decodeURIComponent);
  return { servers, ...(user && { user }), ...(password && { password }) };
}

function reconnectDelayMs(): number {
  return RECONNECT_MS.least + Math.random() * RECONNECT_MS.spread;
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'AuthorizationError';
}

async function follow(
  connection: NatsConnection,
  link: Link,
  events: EventStream<BusEvent>,
): Promise<void> {
  const greet = (): void => {
    const { server_name: server = '', version = '' } = connection.info ?? {};
    try {
      checkServerVersion(version);
    } catch (error) {
      events.emit({
        type: 'fault',
        reason: error instanceof Error ? error.message : String(error),
      });
      void connection.close();
      return;
    }
    link.raise();
    events.emit({ type: 'connected', server, version });
  };
  void connection.closed().then((reason) => {
    link.cut();
    events.emit({ type: 'closed', reason: reason instanceof Error ? reason.message : null });
  });
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') link.cut();
    if (status.type === 'reconnect') greet();
    else announce(status, events);
  }
}

function announce(status: Status, events: EventStream<BusEvent>): void {
  if (status.type === 'disconnect') events.emit({ type: 'disconnected', server: status.server });
  if (status.type === 'error') events.emit({ type: 'fault', reason: status.error.message });
  if (status.type === 'slowConsumer') {
    const { sub, pending } = status;
    events.emit({ type: 'slow_consumer', subject: sub.getSubject(), pending });
  }
}

const CLOSE_GRACE_MS = 1_000;

async function closeWithin(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  // Draining waits for the server; one that is gone would hold the process for ever.
  const drained = connection.drain().catch(() => undefined);
  await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS))]);
  if (!connection.isClosed()) await connection.close();
}
