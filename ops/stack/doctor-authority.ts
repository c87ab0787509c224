import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import pg from 'pg';
import { connectBus } from '../../adapters/bus/connect.ts';
import { wire } from '../../proto/subjects.ts';
import { type Finding, finding } from './finding.ts';
import { homeAt } from './home.ts';
import { natsUrl } from './nats.ts';
import { DATABASE_ROLES, GRANTS, type Grant, type Table } from './postgres-roles.ts';
import type { StackState } from './state.ts';
import type { ServiceName } from './topology.ts';

/** Whether what is secret is readable by its owner alone, and whether the servers really refuse a
 * process what is another's to do. Changes nothing. */
export async function diagnoseAuthority(
  root: string,
  state: StackState | null,
): Promise<readonly Finding[]> {
  const running = (name: ServiceName): boolean =>
    state?.status === 'running' &&
    state.services.some(({ service, status }) => service === name && status === 'healthy');
  return [
    ...secretFiles(root),
    ...(state !== null && running('postgres') ? [await databaseRoles(state)] : []),
    ...(state !== null && running('nats') ? [await busUsers(root, state)] : []),
  ];
}

const OTHERS = 0o077;

function secretFiles(root: string): readonly Finding[] {
  const { secrets, state } = homeAt(root);
  if (!existsSync(secrets)) return [];
  const within = readdirSync(secrets, { recursive: true, encoding: 'utf8' });
  const paths = [secrets, ...within.map((name) => join(secrets, name)), state];
  const open = paths.filter((path) => existsSync(path) && (statSync(path).mode & OTHERS) !== 0);
  if (open.length === 0) {
    return [finding('secrets', { detail: `${paths.length} files, none open to others` })];
  }
  return [
    finding('secrets', {
      state: 'ill',
      detail: `others may read or change ${open.join(', ')}`,
      advice: `chmod go= ${open.join(' ')}, and change what was in them`,
    }),
  ];
}

interface Rights {
  readonly role: string;
  readonly table: string;
  readonly select: boolean;
  readonly insert: boolean;
  readonly remove: boolean;
}

const RIGHTS = `
select r.rolname as role, t.tablename as "table",
  has_table_privilege(r.oid, format('public.%I', t.tablename), 'select') as select,
  has_table_privilege(r.oid, format('public.%I', t.tablename), 'insert') as insert,
  r.rolsuper or has_table_privilege(r.oid, format('public.%I', t.tablename), 'delete, truncate')
    as remove
from pg_roles r cross join pg_tables t
where r.rolname = any($1) and t.schemaname = 'public'`;

async function databaseRoles({ addresses }: StackState): Promise<Finding> {
  const what = 'database roles';
  try {
    const faults = await wrongRights(addresses.postgresUrl);
    if (faults.length === 0) {
      return finding(what, { detail: `${DATABASE_ROLES.length} roles, each with its own rights` });
    }
    const detail = faults.slice(0, 5).join('; ');
    return finding(what, { state: 'ill', detail, advice: './corro down and up puts them right' });
  } catch (error) {
    return unknown(what, error);
  }
}

async function wrongRights(url: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Rights>(RIGHTS, [DATABASE_ROLES]);
    const there = new Set(rows.map(({ role }) => role));
    const missing = DATABASE_ROLES.filter((role) => !there.has(role));
    return [...missing.map((role) => `${role} is missing`), ...rows.flatMap(differences)];
  } finally {
    await client.end().catch(() => undefined);
  }
}

function differences({ role, table, select, insert, remove }: Rights): readonly string[] {
  const known = DATABASE_ROLES.find((one) => one === role);
  const grant: Grant = known === undefined ? {} : (GRANTS[known][table as Table] ?? {});
  const compare = (verb: string, is: boolean, should: boolean): readonly string[] =>
    is === should ? [] : [`${role} may ${is ? '' : 'not '}${verb} ${table}`];
  return [
    ...compare('read', select, grant.select === true),
    ...compare('write to', insert, grant.insert === true),
    ...compare('remove rows of', remove, false),
  ];
}

/** The decision worker's user tries to ask an order of a venue that nobody serves, and to listen
 * where orders arrive. */
async function busUsers(root: string, state: StackState): Promise<Finding> {
  const what = 'bus users';
  const names = wire(state.namespace);
  const order = names.venue('doctor', 'order-new');
  try {
    const url = natsUrl(homeAt(root), state.ports.nats, 'decision');
    const bus = await connectBus({ url, name: 'corro doctor', connectTimeoutMs: 2_000 });
    const watching = refusals(bus.connection);
    bus.connection.publish(order);
    bus.connection.subscribe(order, { callback: () => undefined });
    await bus.connection.flush();
    await bus.connection.close();
    const refused = await watching;
    const allowed = ['publish', 'subscription'].filter((act) => !refused.has(act));
    if (allowed.length === 0) {
      return finding(what, { detail: 'the decision worker is refused an order, as it must be' });
    }
    const detail = `the decision worker was not refused the ${allowed.join(' and ')} of an order`;
    return finding(what, { state: 'ill', detail, advice: './corro down and up puts it right' });
  } catch (error) {
    return unknown(what, error);
  }
}

async function refusals(connection: NatsConnection): Promise<ReadonlySet<string>> {
  const refused = new Set<string>();
  for await (const status of connection.status()) {
    if (status.type === 'error' && status.error instanceof PermissionViolationError) {
      refused.add(status.error.operation);
    }
  }
  return refused;
}

function unknown(what: string, error: unknown): Finding {
  const why = error instanceof Error ? error.message : String(error);
  return finding(what, { state: 'notice', detail: `could not be looked at: ${why}` });
}
