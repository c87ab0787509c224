import { type Kysely, sql } from 'kysely';
import { decimal, format } from '../../core/market/money.ts';
import {
  depositTransaction,
  type LedgerTransaction,
  releaseTransaction,
} from '../../core/portfolio/ledger.ts';
import { appendAudit } from './audit.ts';
import type { Database } from './schema.ts';
import { type Reader, transaction, type Writer } from './store.ts';

/** Whose books: one user's account at one venue. */
export interface Owner {
  readonly userId: string;
  readonly venue: string;
}

export interface AssetBalance {
  readonly asset: string;
  readonly available: string;
  readonly reserved: string;
}

export interface Deposit {
  /** User id. */
  readonly user: string;
  readonly venue: string;
  readonly asset: string;
  /** Positive decimal string. */
  readonly amount: string;
  /** Names this deposit for ever: the same reference twice is one deposit. */
  readonly reference: string;
  /** Unix milliseconds. */
  readonly marketTime: number;
}

/** Every act on a user's orders and money is in this audit partition. */
export function booksPartition(userId: string): string {
  return `books-${userId}`;
}

/** Books money paid in; false when that reference was booked before. Throws when it was booked with
 * another amount or asset. */
export function deposit(db: Kysely<Database>, given: Deposit): Promise<boolean> {
  const { user, venue, asset, amount, marketTime } = given;
  const owner = { userId: user, venue };
  const reference = `${venue}:${user}:${given.reference}`;
  const movement = depositTransaction({ reference, asset, amount });
  return transaction(db, async (trx) => {
    await openPortfolio(trx, owner, { quote: asset, marketTimeMs: marketTime });
    if (!(await post(trx, owner, { transaction: movement, marketTimeMs: marketTime }))) {
      await sameDeposit(trx, movement);
      return false;
    }
    // What is paid in is no gain: the peak that drawdown is measured from moves with it.
    await trx
      .updateTable('portfolio')
      .set({ peak_balance: sql`peak_balance + ${amount}::numeric` })
      .where('user_id', '=', user)
      .where('venue', '=', venue)
      .where('quote', '=', asset)
      .execute();
    await appendAudit(trx, {
      partition: booksPartition(user),
      act: 'deposit',
      reference,
      body: { venue, asset, amount: format(decimal(amount)), marketTimeMs: marketTime },
    });
    return true;
  });
}

/** Writes a ledger transaction and moves the portfolio with it; false when it is there already. */
export async function post(
  trx: Writer,
  owner: Owner,
  given: { readonly transaction: LedgerTransaction; readonly marketTimeMs: number },
): Promise<boolean> {
  const { id, kind, reference, entries } = given.transaction;
  const marketTime = new Date(given.marketTimeMs);
  const inserted = await trx
    .insertInto('ledger_transactions')
    .values({
      id,
      user_id: owner.userId,
      venue: owner.venue,
      kind,
      reference,
      market_time: marketTime,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!inserted) return false;
  await trx
    .insertInto('ledger_entries')
    .values(entries.map((entry) => ({ transaction_id: id, ...entry })))
    .execute();
  await movePortfolio(trx, owner, given.transaction);
  return true;
}

/** Gives back what a leg still holds in reserve; the amount, `0` when there was nothing. */
export async function releaseReserve(
  trx: Writer,
  leg: Owner & { readonly legId: string; readonly marketTimeMs: number },
): Promise<string> {
  const rest = await reservedForLeg(trx, leg.legId);
  if (!rest) return '0';
  const released = releaseTransaction({ reference: leg.legId, ...rest });
  await post(trx, leg, { transaction: released, marketTimeMs: leg.marketTimeMs });
  return rest.amount;
}

/** What a leg still holds in reserve: its reservation less what its fills took and what was
 * released. */
export async function reservedForLeg(
  db: Reader,
  legId: string,
): Promise<{ readonly asset: string; readonly amount: string } | null> {
  const own = db
    .selectFrom('ledger_transactions')
    .select('id')
    .where('kind', 'in', ['reserve', 'release'])
    .where('reference', '=', legId);
  const fills = db
    .selectFrom('fills')
    .innerJoin('orders', 'orders.client_order_id', 'fills.client_order_id')
    .select('fills.transaction_id as id')
    .where('orders.leg_id', '=', legId);
  const row = await db
    .selectFrom('ledger_entries')
    .select(['asset', (eb) => eb.fn.sum<string>('amount').as('amount')])
    .where('account', '=', 'reserved')
    .where('transaction_id', 'in', own.unionAll(fills))
    .groupBy('asset')
    .having((eb) => eb.fn.sum('amount'), '<>', '0')
    .executeTakeFirst();
  return row ? { asset: row.asset, amount: format(decimal(row.amount)) } : null;
}

/** What a user has at a venue by the ledger alone, summed from every entry. */
export async function ledgerBalances(db: Reader, owner: Owner): Promise<readonly AssetBalance[]> {
  const rows = await db
    .selectFrom('ledger_entries as e')
    .innerJoin('ledger_transactions as t', 't.id', 'e.transaction_id')
    .select(['e.asset', 'e.account', (eb) => eb.fn.sum<string>('e.amount').as('amount')])
    .where('t.user_id', '=', owner.userId)
    .where('t.venue', '=', owner.venue)
    .where('e.account', 'in', ['available', 'reserved'])
    .groupBy(['e.asset', 'e.account'])
    .orderBy('e.asset')
    .execute();
  const assets = [...new Set(rows.map((row) => row.asset))];
  return assets.map((asset) => {
    const of = (account: string): string => {
      const row = rows.find((one) => one.asset === asset && one.account === account);
      return format(decimal(row?.amount ?? '0'));
    };
    return { asset, available: of('available'), reserved: of('reserved') };
  });
}

/** Holds a user's books for this transaction alone: sizing, reserving and booking for one user
 * happen one after another. Null when the user has never had money in this quote asset there. */
export async function lockPortfolio(trx: Writer, owner: Owner & { readonly quote: string }) {
  const row = await trx
    .selectFrom('portfolio')
    .selectAll()
    .where('user_id', '=', owner.userId)
    .where('venue', '=', owner.venue)
    .where('quote', '=', owner.quote)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** Recomputes what a user's money and positions of one quote asset are worth together. */
export async function revalue(
  trx: Writer,
  owner: Owner & { readonly quote: string; readonly marketTimeMs: number },
): Promise<void> {
  const worth = sql<string>`trim_scale(available_balance + locked_balance + coalesce((
    select sum(round(p.quantity * p.current_price, 18))
    from positions p join instruments i on i.venue = p.venue and i.symbol = p.symbol
    where p.user_id = portfolio.user_id and p.venue = portfolio.venue
      and i.quote = portfolio.quote), 0))`;
  await trx
    .updateTable('portfolio')
    .set({
      total_balance: worth,
      peak_balance: sql`greatest(peak_balance, ${worth})`,
      market_time: sql`greatest(market_time, ${new Date(owner.marketTimeMs)}::timestamptz)`,
    })
    .where('user_id', '=', owner.userId)
    .where('venue', '=', owner.venue)
    .where('quote', '=', owner.quote)
    .execute();
}

async function openPortfolio(
  trx: Writer,
  owner: Owner,
  { quote, marketTimeMs }: { readonly quote: string; readonly marketTimeMs: number },
): Promise<void> {
  await trx
    .insertInto('portfolio')
    .values({
      user_id: owner.userId,
      venue: owner.venue,
      quote,
      total_balance: '0',
      available_balance: '0',
      locked_balance: '0',
      peak_balance: '0',
      market_time: new Date(marketTimeMs),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await lockPortfolio(trx, { ...owner, quote });
}

/** Portfolio rows are the ledger's running sums; every entry moves its asset's row where there is
 * one. */
async function movePortfolio(trx: Writer, owner: Owner, moved: LedgerTransaction): Promise<void> {
  for (const asset of new Set(moved.entries.map((entry) => entry.asset))) {
    const change = (account: string): string =>
      moved.entries.find((entry) => entry.asset === asset && entry.account === account)?.amount ??
      '0';
    const available = change('available');
    const reserved = change('reserved');
    await trx
      .updateTable('portfolio')
      .set({
        available_balance: sql`trim_scale(available_balance + ${available}::numeric)`,
        locked_balance: sql`trim_scale(locked_balance + ${reserved}::numeric)`,
        total_balance: sql`trim_scale(
          total_balance + ${available}::numeric + ${reserved}::numeric)`,
      })
      .where('user_id', '=', owner.userId)
      .where('venue', '=', owner.venue)
      .where('quote', '=', asset)
      .execute();
  }
}

async function sameDeposit(trx: Writer, movement: LedgerTransaction): Promise<void> {
  const rows = await trx
    .selectFrom('ledger_entries')
    .select(['asset', 'amount'])
    .where('transaction_id', '=', movement.id)
    .where('account', '=', 'available')
    .execute();
  const wanted = movement.entries.find((entry) => entry.account === 'available');
  const same = rows.some(
    (row) => row.asset === wanted?.asset && decimal(row.amount).eq(wanted.amount),
  );
  if (same) return;
  const booked = rows.map((row) => `${row.amount} ${row.asset}`).join(', ');
  throw new Error(
    `deposit ${movement.reference} must be ${booked} as first booked, ` +
      `was ${wanted?.amount} ${wanted?.asset}`,
  );
}
