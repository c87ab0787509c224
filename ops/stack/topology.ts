import { join } from 'node:path';
import { paperLogSecret } from '../../adapters/venue/paper-keys.ts';
import { CorroError } from '../../proto/errors.ts';
import { ASSISTANT_USERS, type BusUser } from '../../proto/permissions.ts';
import { findPython, recipeOf } from '../python/environment.ts';
import type { Binaries } from './binaries.ts';
import { furnishNats, furnishPostgres } from './furnish.ts';
import { anchorDirectory, type Home, REPOSITORY, secret } from './home.ts';
import { natsPassword, natsUrl, pingNats, writeNatsConfiguration } from './nats.ts';
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
  rolePassword,
  roleUrl,
} from './postgres.ts';
import type { DatabaseRole } from './postgres-roles.ts';
import { pingTemporal, temporalArguments } from './temporal.ts';

export const SERVICE_NAMES = [
  'postgres',
  'nats',
  'temporal',
  'paper-venue',
  'venue-gateway',
  'decision-worker',
  'order-worker',
  'learning-worker',
  'actor-host',
  'checker',
] as const;

/** Not part of a stack until somebody asks for them (`askFor`): what they run on is installed on
 * demand. */
export const ON_REQUEST = ['trainer'] as const;
export type AskedName = (typeof ON_REQUEST)[number];

export type ServiceName = (typeof SERVICE_NAMES)[number] | AskedName;

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
  /** Whom it connects to NATS as: an actor host as each of its assistants, servers as nobody. */
  readonly busUsers: readonly BusUser[];
  /** Whom it connects to Postgres as; null: not at all. */
  readonly databaseRole: DatabaseRole | null;
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
  busUsers: [],
  databaseRole: null,
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
    const url = postgresUrl(home, ports.postgres);
    await furnishPostgres(url, (role) => rolePassword(home, role));
  },
};

const NATS: Service = {
  name: 'nats',
  after: [],
  scalable: false,
  busUsers: [],
  databaseRole: null,
  stopSignal: 'SIGTERM',
  prepare: nothing,
  command: ({ home, ports, binaries, namespace, durable, prepare }) => ({
    program: binaries.nats.path,
    flags: [
      '-c',
      writeNatsConfiguration(home, {
        port: ports.nats,
        monitorPort: ports.natsMonitor,
        namespace,
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
  busUsers: [],
  databaseRole: null,
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
  readonly users: readonly BusUser[];
  readonly role: DatabaseRole | null;
}

function worker(line: WorkerLine): Service {
  const { name, after, scalable = false, users, role } = line;
  return {
    name,
    after,
    scalable,
    busUsers: users,
    databaseRole: role,
    stopSignal: 'SIGTERM',
    prepare: nothing,
    command: (context, healthPort) => ({
      program: process.execPath,
      flags: [join(REPOSITORY, 'workers', `${name}.ts`)],
      environment: workerEnvironment(context, line, healthPort),
      runAs: null,
    }),
    ping: async (_context, healthPort) => pingWorker(healthPort),
    furnish: nothing,
  };
}

const TRAINER_LINE: WorkerLine = {
  name: 'trainer',
  after: ['postgres', 'temporal'],
  users: [],
  role: 'corro_trainer',
};

/** In Python, on the training environment; it hears nothing of the bus. */
const TRAINER: Service = {
  ...worker(TRAINER_LINE),
  async prepare() {
    trainingPython();
  },
  command: (context, healthPort) => ({
    program: trainingPython(),
    flags: ['-m', 'corro_training.worker'],
    environment: workerEnvironment(context, TRAINER_LINE, healthPort),
    runAs: null,
  }),
};

function trainingPython(): string {
  const found = findPython(recipeOf('training'));
  if (found.state === 'ready') return found.environment.python;
  const why = `the training environment is ${found.state}`;
  throw new CorroError('python_missing', `${why}: corro up --trainer installs it`);
}

/** Every process of the stack, in the order they start; they stop in the opposite one. */
export const SERVICES: Readonly<Record<ServiceName, Service>> = {
  postgres: POSTGRES,
  nats: NATS,
  temporal: TEMPORAL,
  'paper-venue': worker({ name: 'paper-venue', after: [], users: [], role: null }),
  'venue-gateway': worker({
    name: 'venue-gateway',
    after: ['postgres', 'nats', 'paper-venue'],
    users: ['venue'],
    role: 'corro_venue',
  }),
  'decision-worker': worker({
    name: 'decision-worker',
    after: ['postgres', 'nats', 'temporal'],
    scalable: true,
    users: ['decision'],
    role: 'corro_decision',
  }),
  'order-worker': worker({
    name: 'order-worker',
    after: ['postgres', 'nats', 'temporal'],
    users: ['order'],
    role: 'corro_order',
  }),
  'learning-worker': worker({
    name: 'learning-worker',
    after: ['postgres', 'nats', 'temporal'],
    users: ['learning'],
    role: 'corro_learning',
  }),
  'actor-host': worker({
    name: 'actor-host',
    after: ['postgres', 'nats'],
    scalable: true,
    users: ASSISTANT_USERS,
    role: 'corro_actor',
  }),
  checker: worker({
    name: 'checker',
    after: ['postgres', 'nats', 'paper-venue'],
    users: ['checker'],
    role: 'corro_checker',
  }),
  trainer: TRAINER,
};

/** What `workers/settings.ts` reads: of each secret, only to those that need it. */
function workerEnvironment(
  context: StackContext,
  { name, users, role }: WorkerLine,
  healthPort: number,
): Record<string, string> {
  const { home } = context;
  const ports = { ...context.ports, ...context.routes[name] };
  const [user = null] = users;
  return {
    // A process that has no business there gets an address without a name.
    CORRO_POSTGRES_URL:
      role === null
        ? `postgres://127.0.0.1:${ports.postgres}/corro`
        : roleUrl(home, ports.postgres, role),
    CORRO_NATS_URL:
      user === null || users.length > 1
        ? `nats://127.0.0.1:${ports.nats}`
        : natsUrl(home, ports.nats, user),
    CORRO_TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
    CORRO_NAMESPACE: context.namespace,
    CORRO_BUNDLE_DIR: home.bundles,
    // Node keeps what it has compiled: a killed process is back in half the time.
    NODE_COMPILE_CACHE: join(home.bundles, 'compiled'),
    CORRO_HEALTH_PORT: String(healthPort),
    ...OWN_ENVIRONMENT[name]?.(context, ports),
    ...context.environment,
    ...context.environments[name],
  };
}

type OwnEnvironment = (context: StackContext, ports: Ports) => Readonly<Record<string, string>>;

const OWN_ENVIRONMENT: { readonly [name in ServiceName]?: OwnEnvironment } = {
  'paper-venue': ({ home, ports }) => ({
    CORRO_PAPER_PORT: String(ports.paper),
    CORRO_PAPER_DIR: home.paper,
    CORRO_PAPER_SECRET: secret(home, 'paper'),
  }),
  'venue-gateway': ({ home }, ports) => ({
    // The disk with the books on it: what cannot be written down must not be traded.
    CORRO_DISK_PATH: home.root,
    CORRO_PAPER_URL: `http://127.0.0.1:${ports.paper}`,
    CORRO_PAPER_SECRET: secret(home, 'paper'),
  }),
  checker: ({ home }, ports) => ({
    CORRO_PAPER_URL: `http://127.0.0.1:${ports.paper}`,
    CORRO_PAPER_LOG_KEY: paperLogSecret(secret(home, 'paper')),
    CORRO_ANCHOR_DIR: anchorDirectory(home),
    CORRO_ANCHOR_KEY: home.anchorKey,
    CORRO_CHECK_SECONDS: process.env['CORRO_CHECK_SECONDS'] || '60',
  }),
  trainer: ({ home }) => ({
    CORRO_TRAINING_DIR: join(home.root, 'training'),
    PYTHONPATH: join(REPOSITORY, 'training'),
    PYTHONDONTWRITEBYTECODE: '1',
  }),
  'actor-host': ({ home }) => ({
    CORRO_NATS_ROLES: ASSISTANT_USERS.map((user) => `${user}=${natsPassword(home, user)}`).join(),
  }),
};

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
