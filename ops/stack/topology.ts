import { join } from 'node:path';
import { migrateToLatest } from '../migrations/migrate.ts';
import type { Binaries } from './binaries.ts';
import { furnishNats } from './furnish.ts';
import { type Home, REPOSITORY, secret } from './home.ts';
import { type NatsUser, natsUrl, pingNats, writeNatsConfiguration } from './nats.ts';
import type { Ports } from './ports.ts';
import {
  clearStalePostmaster,
  ensureDatabase,
  initialisePostgres,
  type PostgresPlace,
  pingPostgres,
  postgresArguments,
  postgresUrl,
  type RunAs,
} from './postgres.ts';
import { pingTemporal, temporalArguments } from './temporal.ts';

export const SERVICE_NAMES = [
  'postgres',
  'nats',
  'temporal',
  'paper-venue',
  'venue-gateway',
  'decision-worker',
  'order-worker',
  'actor-host',
] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

export const SERVERS: readonly ServiceName[] = ['postgres', 'nats', 'temporal'];

/** What every service may need to know to start. */
export interface StackContext {
  readonly home: Home;
  readonly ports: Ports;
  readonly binaries: Binaries;
  readonly place: PostgresPlace;
  readonly namespace: string;
  /** False only in tests: servers do not wait for the disk. */
  readonly durable: boolean;
  /** False for a stack of bare servers: no database `corro`, no streams. */
  readonly prepare: boolean;
  /** Added to every worker's environment, over what the stack sets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly routes: Routes;
  /** Added to the environment of one kind of worker. */
  readonly environments: Environments;
}

/** Ports at which one kind of worker finds servers instead of the servers' own: where something
 * stands between the two and may cut the line. */
export type Routes = { readonly [name in ServiceName]?: Partial<Record<RoutedPort, number>> };
export type RoutedPort = 'postgres' | 'nats' | 'temporal' | 'paper';
export type Environments = { readonly [name in ServiceName]?: Readonly<Record<string, string>> };

export interface Command {
  readonly program: string;
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly runAs: RunAs | null;
}

/** One line of the table: how a service starts, what it waits for, how it shows its health, how it
 * stops. Servers carry their own; workers share `worker`. */
export interface Service {
  readonly name: ServiceName;
  /** Started once all of these are healthy; stopped before any of them. */
  readonly after: readonly ServiceName[];
  /** Whether several copies may run side by side. */
  readonly scalable: boolean;
  /** Whom it connects to NATS as; null for the servers. */
  readonly natsUser: NatsUser | null;
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  /** Before each start. */
  prepare(context: StackContext): Promise<void>;
  command(context: StackContext, healthPort: number): Command;
  /** Throws when it does not answer, or says it is unwell. */
  ping(context: StackContext, healthPort: number): Promise<void>;
  /** Once, after it was healthy for the first time. */
  furnish(context: StackContext): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

const POSTGRES: Service = {
  name: 'postgres',
  after: [],
  scalable: false,
  natsUser: null,
  // Fast shutdown: open transactions are rolled back and the data is flushed.
  stopSignal: 'SIGINT',
  async prepare({ home, place, durable }) {
    await initialisePostgres(place, { password: secret(home, 'postgres'), durable });
    clearStalePostmaster(place);
  },
  command: ({ place, ports, durable }) => ({
    program: place.binary,
    flags: postgresArguments(place, { port: ports.postgres, durable }),
    environment: { LC_ALL: 'C' },
    runAs: place.runAs,
  }),
  ping: ({ home, ports }) => pingPostgres(postgresUrl(home, ports.postgres, 'postgres')),
  async furnish({ home, ports, prepare }) {
    if (!prepare) return;
    await ensureDatabase(home, ports.postgres);
    await migrateToLatest(postgresUrl(home, ports.postgres));
  },
};

const NATS: Service = {
  name: 'nats',
  after: [],
  scalable: false,
  natsUser: null,
  stopSignal: 'SIGTERM',
  prepare: nothing,
  command: ({ home, ports, binaries, durable, prepare }) => ({
    program: binaries.nats.path,
    flags: [
      '-c',
      writeNatsConfiguration(home, {
        port: ports.nats,
        monitorPort: ports.natsMonitor,
        durable,
        open: !prepare,
      }),
    ],
    environment: {},
    runAs: null,
  }),
  ping: ({ ports }) => pingNats(`http://127.0.0.1:${ports.natsMonitor}`),
  async furnish({ home, ports, namespace, prepare }) {
    if (!prepare) return;
    await furnishNats(natsUrl(home, ports.nats, 'operator'), namespace);
  },
};

const TEMPORAL: Service = {
  name: 'temporal',
  after: [],
  scalable: false,
  natsUser: null,
  stopSignal: 'SIGTERM',
  prepare: nothing,
  command: ({ home, ports, binaries }) => ({
    program: binaries.temporal.path,
    flags: temporalArguments(home, ports),
    environment: {},
    runAs: null,
  }),
  ping: ({ ports }) => pingTemporal(`http://127.0.0.1:${ports.temporalHttp}`),
  furnish: nothing,
};

interface WorkerLine {
  readonly name: ServiceName;
  readonly after: readonly ServiceName[];
  readonly scalable?: boolean;
  readonly user: NatsUser;
}

function worker({ name, after, scalable = false, user }: WorkerLine): Service {
  return {
    name,
    after,
    scalable,
    natsUser: user,
    stopSignal: 'SIGTERM',
    prepare: nothing,
    command: (context, healthPort) => ({
      program: process.execPath,
      flags: [join(REPOSITORY, 'workers', `${name}.ts`)],
      environment: workerEnvironment(context, { name, user, healthPort }),
      runAs: null,
    }),
    ping: async (_context, healthPort) => pingWorker(healthPort),
    furnish: nothing,
  };
}

/** Every process of the stack, in the order they start; they stop in the opposite one. */
export const SERVICES: Readonly<Record<ServiceName, Service>> = {
  postgres: POSTGRES,
  nats: NATS,
  temporal: TEMPORAL,
  'paper-venue': worker({ name: 'paper-venue', after: [], user: 'venue' }),
  'venue-gateway': worker({
    name: 'venue-gateway',
    after: ['postgres', 'nats', 'paper-venue'],
    user: 'venue',
  }),
  'decision-worker': worker({
    name: 'decision-worker',
    after: ['postgres', 'nats', 'temporal'],
    scalable: true,
    user: 'decision',
  }),
  'order-worker': worker({
    name: 'order-worker',
    after: ['postgres', 'nats', 'temporal'],
    user: 'order',
  }),
  'actor-host': worker({
    name: 'actor-host',
    after: ['postgres', 'nats'],
    scalable: true,
    user: 'actor',
  }),
};

/** What `workers/settings.ts` reads. The paper secret goes only to the two that need it. */
function workerEnvironment(
  context: StackContext,
  worker: { name: ServiceName; user: NatsUser; healthPort: number },
): Record<string, string> {
  const { home } = context;
  const ports = { ...context.ports, ...context.routes[worker.name] };
  const venue = {
    CORRO_PAPER_URL: `http://127.0.0.1:${ports.paper}`,
    CORRO_PAPER_PORT: String(context.ports.paper),
    CORRO_PAPER_DIR: home.paper,
    CORRO_PAPER_SECRET: secret(home, 'paper'),
  };
  return {
    CORRO_POSTGRES_URL: postgresUrl(home, ports.postgres),
    CORRO_NATS_URL: natsUrl(home, ports.nats, worker.user),
    CORRO_TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
    CORRO_NAMESPACE: context.namespace,
    CORRO_HEALTH_PORT: String(worker.healthPort),
    ...(worker.user === 'venue' ? venue : {}),
    ...context.environment,
    ...context.environments[worker.name],
  };
}

async function pingWorker(healthPort: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${healthPort}/health`, {
    signal: AbortSignal.timeout(2_000),
  });
  if (answer.ok) return;
  throw new Unwell(`answers ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
}

/** It answers, and says that it is not well (a server it needs is away): no reason to restart
 * it. */
export class Unwell extends Error {
  override readonly name = 'Unwell';
}
