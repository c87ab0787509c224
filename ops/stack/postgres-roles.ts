import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Database } from '../../adapters/store/schema.ts';

/** Who the processes are in the database. The owner (`corro`) migrates and serves the command line;
 * no process that runs by itself is the owner. */
export const DATABASE_ROLES = [
  'corro_decision',
  'corro_order',
  'corro_actor',
  'corro_venue',
  'corro_checker',
  'corro_learning',
  'corro_trainer',
] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];
export type Table = keyof Database;

/** What a role may do with one table; `update` names the columns it may change. Nobody is granted a
 * deletion or a truncation. */
export interface Grant {
  readonly select?: true;
  readonly insert?: true;
  readonly update?: true | readonly string[];
}

type Grants = { readonly [table in Table]?: Grant };

const READ = { select: true } as const;
const APPEND = { select: true, insert: true } as const;
const KEEP = { select: true, insert: true, update: true } as const;

/** Every table but the sealed secrets, to read. A new table does not compile until it is here. */
const READABLE: Record<Exclude<Table, 'secrets'>, Grant> = {
  approvals: READ,
  audit: READ,
  audit_heads: READ,
  blobs: READ,
  candles: READ,
  champions: READ,
  debates: READ,
  decisions: READ,
  drift: READ,
  escalation_answers: READ,
  escalations: READ,
  fills: READ,
  guards: READ,
  halts: READ,
  instruments: READ,
  intents: READ,
  learning_runs: READ,
  leases: READ,
  ledger_entries: READ,
  ledger_transactions: READ,
  model_changes: READ,
  models: READ,
  motions: READ,
  orders: READ,
  outcomes: READ,
  plans: READ,
  portfolio: READ,
  positions: READ,
  predictions: READ,
  user_config: READ,
  user_keys: READ,
  users: READ,
  utterances: READ,
  weights: READ,
};

/** Decides, and asks people: writes nothing that an order is made of. Its scan of a live market
 * values what is held at the newest close. */
const DECISION: Grants = {
  ...READABLE,
  audit: APPEND,
  audit_heads: KEEP,
  candles: APPEND,
  debates: { ...APPEND, update: ['status', 'rounds', 'contested', 'decided_at'] },
  decisions: APPEND,
  escalation_answers: APPEND,
  escalations: {
    ...APPEND,
    update: [
      ...['status', 'question', 'deadline', 'asks', 'closed_at'],
      ...['nonce', 'parameter_hash', 'expires_at'],
    ],
  },
  motions: { ...APPEND, update: ['started_at'] },
  portfolio: { ...READ, update: ['total_balance', 'peak_balance', 'market_time'] },
  positions: { ...READ, update: ['current_price', 'market_time'] },
  predictions: APPEND,
};

/** From the decision to the booked fill: the only one that writes intents, orders, fills and the
 * ledger. What an order was asked to be is never changed again. */
const ORDER: Grants = {
  ...READABLE,
  approvals: { ...APPEND, update: ['used_at'] },
  audit: APPEND,
  audit_heads: KEEP,
  candles: APPEND,
  fills: APPEND,
  guards: {
    ...APPEND,
    update: [
      ...['status', 'state', 'stop_order', 'market_time'],
      ...['closed_at', 'close_reason', 'cooldown_until'],
    ],
  },
  halts: { ...APPEND, update: ['lifted_at', 'lifted_by', 'lift_reason'] },
  intents: APPEND,
  leases: { ...APPEND, update: ['holder', 'epoch', 'expires_at'] },
  ledger_entries: APPEND,
  ledger_transactions: APPEND,
  orders: {
    ...APPEND,
    update: [
      ...['state', 'venue_order_id', 'executed_quantity', 'reject_code'],
      ...['epoch', 'signed_at', 'updated_at'],
    ],
  },
  plans: APPEND,
  portfolio: KEEP,
  positions: KEEP,
};

/** Answers mail about motions, and remembers what it said; serves the models there are. */
const ACTOR: Grants = {
  blobs: READ,
  champions: READ,
  models: READ,
  motions: READ,
  utterances: APPEND,
};

/** Settles what was foretold, earns weights, judges and promotes models: nothing of an order. */
const LEARNING: Grants = {
  ...READABLE,
  audit: APPEND,
  audit_heads: KEEP,
  blobs: APPEND,
  champions: { ...APPEND, update: ['model_hash', 'epoch', 'worth_bp', 'changed_at'] },
  drift: APPEND,
  learning_runs: {
    ...APPEND,
    update: [
      ...['workflow_id', 'status', 'weights_version', 'model_hash', 'verdict'],
      ...['why', 'insights', 'insights_markdown', 'ended_at'],
    ],
  },
  model_changes: APPEND,
  models: { ...APPEND, update: ['state'] },
  outcomes: APPEND,
  predictions: APPEND,
  weights: APPEND,
};

/** Reads a matrix by its hash and leaves a model: knows nothing of the ring. */
const TRAINER: Grants = { blobs: APPEND };

/** Asks one question before the bytes of an order leave: is the lease still its sender's, and is
 * nothing halted. To hold a lease row for that moment Postgres wants the right to change it; the
 * policies below take the change itself away. */
const VENUE: Grants = {
  leases: { ...READ, update: ['holder'] },
  intents: READ,
  halts: READ,
  secrets: READ,
};

export const GRANTS: Readonly<Record<DatabaseRole, Grants>> = {
  corro_decision: DECISION,
  corro_order: ORDER,
  corro_actor: ACTOR,
  corro_venue: VENUE,
  corro_checker: READABLE,
  corro_learning: LEARNING,
  corro_trainer: TRAINER,
};

/** Rows of `leases` are everybody's to read and the order worker's to write. The gateway may hold
 * one (`for share`) but leaves it as it is: no row it writes passes the check. */
const LEASE_POLICIES = `
alter table leases enable row level security;
drop policy if exists leases_read on leases;
create policy leases_read on leases for select using (true);
drop policy if exists leases_take on leases;
create policy leases_take on leases for insert to corro_order with check (true);
drop policy if exists leases_retake on leases;
create policy leases_retake on leases for update to corro_order using (true) with check (true);
drop policy if exists leases_hold on leases;
create policy leases_hold on leases for update to corro_venue using (true) with check (false);
`;

/** The variable that carries a role's password into a container: `CORRO_POSTGRES_ORDER`. */
export function roleVariable(role: DatabaseRole): string {
  return role.replace('corro_', 'CORRO_POSTGRES_').toUpperCase();
}

/** Makes the roles of a migrated database, or brings them to what this file says. Safe to repeat,
 * and for several databases of one server at once. `url` is the owner's. */
export async function ensureDatabaseRoles(
  url: string,
  passwordOf: (role: DatabaseRole) => string,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const role of DATABASE_ROLES) await ensureRole(client, role, passwordOf(role));
    await inTransaction(client, grantStatements(client.database ?? 'corro'));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Roles belong to the whole server: another database's preparation may be making the same one. */
const ELSEWHERE = new Set(['42710', '23505', 'XX000']);
const MOST_TRIES = 10;

async function ensureRole(client: pg.Client, role: DatabaseRole, password: string): Promise<void> {
  const rights = 'login nosuperuser nocreatedb nocreaterole noreplication nobypassrls';
  // A refused statement is logged as it stands: the password itself is never in one.
  const verifier = pg.escapeLiteral(scramVerifier(password));
  for (let tries = 1; ; tries += 1) {
    try {
      const found = await client.query('select 1 from pg_roles where rolname = $1', [role]);
      const verb = found.rowCount === 0 ? 'create' : 'alter';
      await client.query(`${verb} role ${role} ${rights} password ${verifier}`);
      return;
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
      if (!ELSEWHERE.has(code) || tries >= MOST_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, tries * 20));
    }
  }
}

async function inTransaction(client: pg.Client, statements: readonly string[]): Promise<void> {
  await client.query('begin');
  try {
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

function grantStatements(database: string): readonly string[] {
  const name = pg.escapeIdentifier(database);
  const roles = DATABASE_ROLES.join(', ');
  return [
    `revoke all on database ${name} from public`,
    `grant connect on database ${name} to ${roles}`,
    'revoke all on schema public from public',
    `grant usage on schema public to ${roles}`,
    `revoke all on all tables in schema public from public, ${roles}`,
    `revoke all on all sequences in schema public from public, ${roles}`,
    ...DATABASE_ROLES.flatMap((role) => roleGrants(role)),
    LEASE_POLICIES,
  ];
}

function roleGrants(role: DatabaseRole): readonly string[] {
  return Object.entries(GRANTS[role]).map(([table, { select, insert, update }]) => {
    const columns = update === true || update === undefined ? '' : ` (${update.join(', ')})`;
    const verbs = [select && 'select', insert && 'insert', update && `update${columns}`];
    return `grant ${verbs.filter(Boolean).join(', ')} on ${table} to ${role}`;
  });
}

const SCRAM_ROUNDS = 4096;

/** What Postgres keeps of a password (RFC 5803), so that the password need not be told. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, SCRAM_ROUNDS, 32, 'sha256');
  const keyed = (label: string) => createHmac('sha256', salted).update(label).digest();
  const stored = createHash('sha256').update(keyed('Client Key')).digest('base64');
  const server = keyed('Server Key').toString('base64');
  return `SCRAM-SHA-256$${SCRAM_ROUNDS}:${salt.toString('base64')}$${stored}:${server}`;
}
