/** Failure here means: a process can write in the database what is another's to write, or read what
 * it has no business to know. Every role tries every verb on every table and column of a real
 * database. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  DATABASE_ROLES,
  type DatabaseRole,
  ensureDatabaseRoles,
  GRANTS,
  type Grant,
  type Table,
} from '../ops/stack/postgres-roles.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

const PASSWORD = 'only for these tests';
const REFUSED = '42501';
/** What the triggers of the append-only tables raise. */
const APPEND_ONLY = '23001';

let database: TestDatabase;
let owner: pg.Client;
const clients = new Map<DatabaseRole, pg.Client>();
let columns: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  database = await openTestDatabase();
  await ensureDatabaseRoles(database.url, () => PASSWORD);
  // Twice, because every start of a stack does it again.
  await ensureDatabaseRoles(database.url, () => PASSWORD);
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await owner.query(
    "insert into leases (name, holder, epoch, expires_at) values ('leg-a', 'a', 7, now())",
  );
  for (const role of DATABASE_ROLES) clients.set(role, await connected(role));
  const { rows } = await owner.query<{ table: string; columns: string[] }>(`
    select table_name as table, array_agg(column_name::text order by column_name) as columns
    from information_schema.columns where table_schema = 'public'
      -- One that is always generated nobody can set: Postgres says so before it looks at rights.
      and identity_generation is distinct from 'ALWAYS' group by table_name`);
  columns = new Map(rows.map((row) => [row.table, row.columns]));
});

afterAll(async () => {
  for (const client of [owner, ...clients.values()]) await client.end();
  await database.drop();
});

async function connected(role: DatabaseRole): Promise<pg.Client> {
  const url = new URL(database.url);
  url.username = role;
  url.password = encodeURIComponent(PASSWORD);
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return client;
}

function clientOf(role: DatabaseRole): pg.Client {
  const client = clients.get(role);
  if (!client) throw new Error(`${role} is not connected`);
  return client;
}

/** The SQLSTATE a statement ends with, null when it is carried out; it is undone either way. */
async function attempt(client: pg.Client, statement: string): Promise<string | null> {
  await client.query('begin');
  try {
    await client.query(statement);
    return null;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.code ?? '';
    throw error;
  } finally {
    await client.query('rollback');
  }
}

async function may(role: DatabaseRole, statement: string): Promise<boolean> {
  return (await attempt(clientOf(role), statement)) !== REFUSED;
}

/** What a role can do with a table, found out by trying. */
async function tried(role: DatabaseRole, table: string): Promise<readonly string[]> {
  const found: string[] = [];
  const note = async (what: string, statement: string): Promise<void> => {
    if (await may(role, statement)) found.push(what);
  };
  await note('select', `select * from ${table}`);
  await note('insert', `insert into ${table} default values`);
  for (const column of columns.get(table) ?? []) {
    await note(`update ${column}`, `update ${table} set ${column} = null`);
  }
  await note('delete', `delete from ${table}`);
  await note('truncate', `truncate ${table}`);
  await note('alter', `alter table ${table} add column more integer`);
  await note('trigger', `alter table ${table} disable trigger all`);
  await note('drop', `drop table ${table}`);
  return found;
}

function granted(role: DatabaseRole, table: string): readonly string[] {
  const grant: Grant = GRANTS[role][table as Table] ?? {};
  const all = columns.get(table) ?? [];
  const changed = grant.update === true ? all : (grant.update ?? []);
  // Held for a moment by the gateway, and never changed: its policy refuses every new row.
  const held = role === 'corro_venue' && table === 'leases';
  return [
    ...(grant.select ? ['select'] : []),
    ...(grant.insert ? ['insert'] : []),
    ...(held ? [] : all.filter((column) => changed.includes(column)).map((one) => `update ${one}`)),
  ];
}

async function whoMay(statement: string): Promise<readonly DatabaseRole[]> {
  const answers = await Promise.all(DATABASE_ROLES.map((role) => may(role, statement)));
  return DATABASE_ROLES.filter((_, at) => answers[at]);
}

describe('authority in the database', () => {
  test.each(DATABASE_ROLES)(
    '%s - may do what the table of grants says and no more',
    async (role) => {
      expect(columns.size).toBeGreaterThan(25);
      for (const table of columns.keys()) {
        expect({ table, may: await tried(role, table) }).toEqual({
          table,
          may: granted(role, table),
        });
      }
    },
  );

  test.each([
    ...['intents', 'approvals', 'orders', 'fills', 'leases', 'plans', 'guards', 'halts'].map(
      (table): [string, DatabaseRole[]] => [table, ['corro_order']],
    ),
    ['ledger_transactions', ['corro_order']],
    ['ledger_entries', ['corro_order']],
    ['decisions', ['corro_decision']],
    ['escalations', ['corro_decision']],
    ['escalation_answers', ['corro_decision']],
    ['utterances', ['corro_actor']],
    ['audit', ['corro_decision', 'corro_order', 'corro_learning']],
    ...[
      'outcomes',
      'weights',
      'models',
      'model_changes',
      'champions',
      'drift',
      'learning_runs',
    ].map((table): [string, DatabaseRole[]] => [table, ['corro_learning']]),
    ['predictions', ['corro_decision', 'corro_learning']],
    ['blobs', ['corro_learning', 'corro_trainer']],
    ['users', []],
    ['user_config', []],
    ['user_keys', []],
    ['secrets', []],
  ] satisfies [string, DatabaseRole[]][])('%s - written by no other', async (table, only) => {
    expect(await whoMay(`insert into ${table} default values`)).toEqual(only);
  });

  test('secrets - read by the gateway alone', async () => {
    expect(await whoMay('select * from secrets')).toEqual(['corro_venue']);
  });

  test('assistants - cannot see orders, money, people or keys', async () => {
    const seen: string[] = [];
    for (const table of columns.keys()) {
      if (await may('corro_actor', `select * from ${table}`)) seen.push(table);
    }
    const models = ['blobs', 'champions', 'models'];
    expect(seen.toSorted()).toEqual([...models, 'motions', 'utterances']);
  });

  test.each([
    "update models set state = 'champion'",
    'update champions set model_hash = null, epoch = epoch + 1',
    'update champions set worth_bp = 0',
  ])('promotion - %s - is what the learning loop alone may do', async (statement) => {
    expect(await whoMay(statement)).toEqual(['corro_learning']);
  });

  test('a model’s identity - what it is is changed by nobody once it is registered', async () => {
    for (const column of (columns.get('models') ?? []).filter((one) => one !== 'state')) {
      expect(await whoMay(`update models set ${column} = null`)).toEqual([]);
    }
  });

  test('trainer - knows content by its hash, and nothing else', async () => {
    const seen: string[] = [];
    for (const table of columns.keys()) {
      if (await may('corro_trainer', `select * from ${table}`)) seen.push(table);
    }
    expect(seen).toEqual(['blobs']);
  });

  test('lease - the gateway holds one while it looks, and cannot change it', async () => {
    const gateway = clientOf('corro_venue');
    await gateway.query('begin');
    const { rows } = await gateway.query("select epoch from leases where name = 'leg-a' for share");
    expect(rows).toEqual([{ epoch: '7' }]);
    const order = clientOf('corro_order');
    await order.query("set lock_timeout = '50ms'");
    const retake = "update leases set epoch = epoch + 1 where name = 'leg-a'";
    expect(await attempt(order, retake)).toBe('55P03');
    await gateway.query('rollback');
    await order.query("set lock_timeout = '20s'");
    expect(await attempt(order, retake)).toBeNull();
    expect(await attempt(gateway, "update leases set holder = 'b'")).toBe(REFUSED);
  });

  test.each([
    ['create a table', 'create table mine (n integer)'],
    ['create a temporary table', 'create temporary table mine (n integer)'],
    ['create a schema', 'create schema mine'],
    ['create a function', "create function mine() returns integer language sql as 'select 1'"],
    ['create a role', 'create role mine'],
    ['become the owner', 'set role corro'],
    ['read a file of the server', "select pg_read_file('postgresql.conf')"],
    ['run a program', "copy (select 1) to program 'true'"],
    ['switch triggers off', "set session_replication_role = 'replica'"],
    ['have settings read anew', 'select pg_reload_conf()'],
    ['read passwords', 'select * from pg_authid'],
    ['replace a trigger', 'drop function append_only() cascade'],
  ])('nobody - may %s', async (_what, statement) => {
    expect(await whoMay(statement)).toEqual([]);
  });

  test('append-only - not even the owner changes or removes a row', async () => {
    const { rows } = await owner.query<{ table: string }>(
      "select tgrelid::regclass::text as table from pg_trigger where tgname = 'append_only'",
    );
    expect(rows.length).toBeGreaterThan(9);
    for (const { table } of rows) {
      const [column] = columns.get(table) ?? [];
      for (const verb of [`delete from ${table}`, `truncate ${table} cascade`]) {
        expect(await attempt(owner, verb)).toBe(APPEND_ONLY);
      }
      expect(await attempt(owner, `update ${table} set ${column} = null`)).toBe(APPEND_ONLY);
    }
  });

  test('withdrawn - a right given by an earlier version ends with the next start', async () => {
    await owner.query('grant delete on orders to corro_order');
    await owner.query('grant update (quantity) on intents to corro_order');
    expect(await may('corro_order', 'delete from orders')).toBe(true);
    await ensureDatabaseRoles(database.url, () => PASSWORD);
    expect(await may('corro_order', 'delete from orders')).toBe(false);
    expect(await may('corro_order', 'update intents set quantity = 1')).toBe(false);
  });

  test('password - a wrong one is refused', async () => {
    const url = new URL(database.url);
    url.username = 'corro_checker';
    url.password = 'wrong';
    const client = new pg.Client({ connectionString: url.href });
    client.on('error', () => undefined);
    await expect(client.connect()).rejects.toThrow(/password authentication failed/);
  });
});
