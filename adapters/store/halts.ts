import { type Kysely, sql } from 'kysely';
import { hashOf } from '../../core/hash.ts';
import type { Side } from '../../core/risk/facts.ts';
import { HALT_LEVELS, type HaltLevel } from '../../core/risk/halt.ts';
import { appendAudit } from './audit.ts';
import type { Database } from './schema.ts';
import { type Reader, within } from './store.ts';
import { UnknownError } from './unknown.ts';

/** Where halts are audited. */
export const SAFETY_PARTITION = 'safety';

export interface NewHalt {
  /** a-z, 0-9 and `-`, at most 80: by it the halt is lifted. */
  readonly name: string;
  readonly level: HaltLevel;
  /** Whose orders; left out: everybody's. */
  readonly userId?: string | undefined;
  /** Which symbol; left out: all. */
  readonly symbol?: string | undefined;
  readonly reason: string;
  /** True when a rule placed it and not a person. */
  readonly automatic: boolean;
  /** What has to be so before it should be lifted, for people. */
  readonly liftsWhen: string;
  /** A person, or the process that placed it. */
  readonly placedBy: string;
}

export interface Halt {
  readonly id: string;
  readonly name: string;
  readonly level: HaltLevel;
  readonly userId: string | null;
  readonly symbol: string | null;
  readonly reason: string;
  readonly automatic: boolean;
  readonly liftsWhen: string;
  readonly placedBy: string;
  /** The database's clock, Unix milliseconds. */
  readonly placedAtMs: number;
}

/** What a halt is asked about: whose order, of what, which way. */
export interface HaltQuestion {
  readonly userId: string;
  readonly symbol: string;
  readonly side: Side;
}

/** Places a halt. It holds in every process from this transaction's commit on, because every
 * process asks this table before anything is sent. While a halt of this name is active nothing
 * changes and that one is returned. */
export function placeHalt(db: Kysely<Database>, halt: NewHalt): Promise<Halt> {
  return within(db, async (trx) => {
    // One placing at a time: serials have no gap, and a name is looked for and taken at once.
    await sql`select pg_advisory_xact_lock(hashtext('corro:halts'))`.execute(trx);
    const active = await byName(trx, halt.name);
    if (active) return active;
    const { count } = await trx
      .selectFrom('halts')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .where('name', '=', halt.name)
      .executeTakeFirstOrThrow();
    const serial = Number(count) + 1;
    const { name, level, reason, automatic, liftsWhen, placedBy } = halt;
    const { userId = null, symbol = null } = halt;
    const id = hashOf({ id: 'halt', name, serial });
    const body = { name, level, userId, symbol, reason, automatic, liftsWhen, placedBy };
    // Before the row, whose clock must not run while this waits for the chain.
    await appendAudit(trx, {
      partition: SAFETY_PARTITION,
      act: 'halt-placed',
      reference: id,
      body,
    });
    await trx
      .insertInto('halts')
      .values({
        ...{ id, name, level, reason, automatic },
        ...{ user_id: userId, symbol, lifts_when: liftsWhen, placed_by: placedBy },
      })
      .execute();
    return (await byName(trx, name)) as Halt;
  });
}

/** Lifts the active halt of a name; returns what was lifted. Throws UnknownError that names the
 * active halts. */
export function liftHalt(
  db: Kysely<Database>,
  { name, by, reason }: { readonly name: string; readonly by: string; readonly reason: string },
): Promise<Halt> {
  return within(db, async (trx) => {
    const { rows } = await sql<{ id: string }>`
      select id from halts where name = ${name} and lifted_at is null for update`.execute(trx);
    const halt = rows.length === 0 ? null : await byName(trx, name);
    if (halt === null) {
      const names = (await activeHalts(trx)).map((one) => one.name);
      throw new UnknownError('halt', name, names);
    }
    const reference = halt.id;
    const body = { name, by, reason };
    await appendAudit(trx, { partition: SAFETY_PARTITION, act: 'halt-lifted', reference, body });
    await trx
      .updateTable('halts')
      .set({ lifted_at: sql<Date>`clock_timestamp()`, lifted_by: by, lift_reason: reason })
      .where('id', '=', halt.id)
      .execute();
    return halt;
  });
}

/** Every halt that holds, oldest first; `levels` leaves the others out. */
export async function activeHalts(
  db: Reader,
  { levels = HALT_LEVELS }: { readonly levels?: readonly HaltLevel[] } = {},
): Promise<readonly Halt[]> {
  const rows = await active(db)
    .where('level', 'in', [...levels])
    .orderBy('placed_at')
    .orderBy('name')
    .execute();
  return rows.map(haltOf);
}

/** The halt that forbids an order now, the oldest of several; null when none does. Only `pause`
 * forbids a sale. */
export async function haltAgainst(db: Reader, asked: HaltQuestion): Promise<Halt | null> {
  const row = await active(db)
    .where((eb) => eb.or([eb('user_id', 'is', null), eb('user_id', '=', asked.userId)]))
    .where((eb) => eb.or([eb('symbol', 'is', null), eb('symbol', '=', asked.symbol)]))
    .$if(asked.side === 'SELL', (query) => query.where('level', '=', 'pause'))
    .orderBy('placed_at')
    .limit(1)
    .executeTakeFirst();
  return row ? haltOf(row) : null;
}

interface HaltRow {
  readonly id: string;
  readonly name: string;
  readonly level: string;
  readonly user_id: string | null;
  readonly symbol: string | null;
  readonly reason: string;
  readonly automatic: boolean;
  readonly lifts_when: string;
  readonly placed_by: string;
  readonly placed_at: Date;
}

function active(db: Reader) {
  return db
    .selectFrom('halts')
    .select(['id', 'name', 'level', 'user_id', 'symbol', 'reason', 'automatic'])
    .select(['lifts_when', 'placed_by', 'placed_at'])
    .where('lifted_at', 'is', null);
}

async function byName(db: Reader, name: string): Promise<Halt | null> {
  const row = await active(db).where('name', '=', name).executeTakeFirst();
  return row ? haltOf(row) : null;
}

function haltOf(row: HaltRow): Halt {
  return {
    id: row.id,
    name: row.name,
    level: row.level as HaltLevel,
    userId: row.user_id,
    symbol: row.symbol,
    reason: row.reason,
    automatic: row.automatic,
    liftsWhen: row.lifts_when,
    placedBy: row.placed_by,
    placedAtMs: row.placed_at.getTime(),
  };
}
