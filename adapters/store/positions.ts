import { type Kysely, sql } from 'kysely';
import type { Holdings } from '../../core/assistants/snapshot.ts';
import { Decimal, decimal, format, positive } from '../../core/market/money.ts';
import {
  applyFill,
  FLAT,
  type Position,
  type PositionFill,
} from '../../core/portfolio/position.ts';
import { holdingsOf } from '../../core/risk/books.ts';
import { type Owner, revalue } from './ledger.ts';
import type { Database } from './schema.ts';
import { type Reader, transaction, type Writer } from './store.ts';

/** One user's position in one symbol, as lists show it. Decimal strings. */
export interface PositionRow extends Position {
  readonly userId: string;
  readonly venue: string;
  readonly symbol: string;
  readonly currentPrice: string;
  /** What the holding would win at the current price, quote units. */
  readonly unrealisedPnl: string;
  /** Unix milliseconds. */
  readonly marketTimeMs: number;
}

/** One user's money in one quote asset at one venue, positions included. Decimal strings. */
export interface PortfolioRow {
  readonly userId: string;
  readonly venue: string;
  readonly quote: string;
  readonly total: string;
  readonly available: string;
  readonly locked: string;
  readonly peak: string;
  readonly marketTimeMs: number;
}

/** The newest closes of a venue's symbols. */
export interface Closes {
  readonly venue: string;
  /** Unix milliseconds: when these candles closed. */
  readonly marketTimeMs: number;
  /** Quote per base by symbol, decimal strings. */
  readonly closes: Readonly<Record<string, string>>;
}

export async function listPositions(
  db: Reader,
  filter: { readonly userId?: string; readonly venue?: string; readonly symbol?: string } = {},
): Promise<readonly PositionRow[]> {
  let query = db.selectFrom('positions').selectAll().orderBy('symbol').orderBy('user_id');
  if (filter.userId !== undefined) query = query.where('user_id', '=', filter.userId);
  if (filter.venue !== undefined) query = query.where('venue', '=', filter.venue);
  if (filter.symbol !== undefined) query = query.where('symbol', '=', filter.symbol);
  const rows = await query.execute();
  return rows.map((row) => {
    const quantity = decimal(row.quantity);
    const gain = decimal(row.current_price).minus(row.entry_price).times(quantity);
    return {
      userId: row.user_id,
      venue: row.venue,
      symbol: row.symbol,
      quantity: format(quantity),
      entryPrice: format(decimal(row.entry_price)),
      currentPrice: format(decimal(row.current_price)),
      realisedPnl: format(decimal(row.realised_pnl)),
      unrealisedPnl: format(gain.toDecimalPlaces(18)),
      marketTimeMs: row.market_time.getTime(),
    };
  });
}

export async function listPortfolios(
  db: Reader,
  filter: { readonly userId?: string; readonly venue?: string } = {},
): Promise<readonly PortfolioRow[]> {
  let query = db.selectFrom('portfolio').selectAll().orderBy('user_id').orderBy('quote');
  if (filter.userId !== undefined) query = query.where('user_id', '=', filter.userId);
  if (filter.venue !== undefined) query = query.where('venue', '=', filter.venue);
  const rows = await query.execute();
  return rows.map((row) => ({
    userId: row.user_id,
    venue: row.venue,
    quote: row.quote,
    total: format(decimal(row.total_balance)),
    available: format(decimal(row.available_balance)),
    locked: format(decimal(row.locked_balance)),
    peak: format(decimal(row.peak_balance)),
    marketTimeMs: row.market_time.getTime(),
  }));
}

/** Average entry price of what everybody holds of each symbol together, quote per base, as numbers
 * to compare with observed closes. What is less than a lot can never be sold and does not count. */
export async function entryPrices(db: Reader, venue: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('positions as p')
    .innerJoin('instruments as i', (join) =>
      join.onRef('i.venue', '=', 'p.venue').onRef('i.symbol', '=', 'p.symbol'),
    )
    .select([
      'p.symbol',
      sql<number>`(sum(p.quantity * p.entry_price) / sum(p.quantity))::float8`.as('entry'),
    ])
    .where('p.venue', '=', venue)
    .whereRef('p.quantity', '>=', 'i.lot_size')
    .groupBy('p.symbol')
    .execute();
  return new Map(rows.map(({ symbol, entry }) => [symbol, entry]));
}

/** What a user could sell of a symbol, base units: `0` when flat or less than a lot is left. */
export async function sellableQuantity(
  db: Reader,
  { userId, venue, symbol }: Owner & { readonly symbol: string },
): Promise<string> {
  const row = await db
    .selectFrom('positions as p')
    .innerJoin('instruments as i', (join) =>
      join.onRef('i.venue', '=', 'p.venue').onRef('i.symbol', '=', 'p.symbol'),
    )
    .select('p.quantity')
    .where('p.user_id', '=', userId)
    .where('p.venue', '=', venue)
    .where('p.symbol', '=', symbol)
    .whereRef('p.quantity', '>=', 'i.lot_size')
    .executeTakeFirst();
  return row?.quantity ?? '0';
}

/** Moves a user's position by one booked trade. The caller holds the user's portfolio row. */
export async function movePosition(
  trx: Writer,
  owner: Owner,
  moved: { readonly symbol: string; readonly fill: PositionFill; readonly marketTimeMs: number },
): Promise<Position> {
  const key = { user_id: owner.userId, venue: owner.venue, symbol: moved.symbol };
  const row = await trx
    .selectFrom('positions')
    .select(['quantity', 'entry_price as entryPrice', 'realised_pnl as realisedPnl'])
    .where('user_id', '=', key.user_id)
    .where('venue', '=', key.venue)
    .where('symbol', '=', key.symbol)
    .forUpdate()
    .executeTakeFirst();
  const after = applyFill(row ?? FLAT, moved.fill);
  const values = {
    quantity: after.quantity,
    entry_price: after.entryPrice,
    current_price: moved.fill.price,
    realised_pnl: after.realisedPnl,
    market_time: new Date(moved.marketTimeMs),
  };
  await trx
    .insertInto('positions')
    .values({ ...key, ...values })
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'venue', 'symbol']).doUpdateSet({
        ...values,
        market_time: sql`greatest(positions.market_time, excluded.market_time)`,
      }),
    )
    .execute();
  return after;
}

/** Values open positions at new closes, and each owner's portfolio with them. Older closes than a
 * position has seen are ignored, so a repeat changes nothing. Returns the portfolios it touched. */
export function markToMarket(
  db: Kysely<Database>,
  { venue, marketTimeMs, closes }: Closes,
): Promise<readonly PortfolioRow[]> {
  const marketTime = new Date(marketTimeMs);
  return transaction(db, async (trx) => {
    const owners = new Map<string, Owner & { quote: string; marketTimeMs: number }>();
    for (const [symbol, close] of Object.entries(closes)) {
      for (const holder of await lockHolders(trx, { venue, symbol })) {
        owners.set(`${holder.userId} ${holder.quote}`, { ...holder, venue, marketTimeMs });
      }
      await trx
        .updateTable('positions')
        .set({ current_price: format(positive(close, 'close')), market_time: marketTime })
        .where('venue', '=', venue)
        .where('symbol', '=', symbol)
        .where('quantity', '<>', '0')
        .where('market_time', '<=', marketTime)
        .execute();
    }
    for (const owner of owners.values()) await revalue(trx, owner);
    if (owners.size === 0) return [];
    const rows = await listPortfolios(trx, { venue });
    return rows.filter((row) => owners.has(`${row.userId} ${row.quote}`));
  });
}

/** Everybody's books at a venue together, as the snapshot shows them at one close. Cash is what is
 * free; equity counts what is reserved too, and what is less than a lot: that can never be sold, so
 * it counts for nothing else. The peak is the sum of everybody's own peaks. */
export async function houseHoldings(
  db: Reader,
  at: { readonly venue: string; readonly symbol: string; readonly close: string },
): Promise<Holdings> {
  const quote = quoteOf(at.symbol);
  const [money, positions, live] = await Promise.all([
    db
      .selectFrom('portfolio')
      .select((eb) => [
        eb.fn.sum<string | null>('available_balance').as('available'),
        eb.fn.sum<string | null>('locked_balance').as('locked'),
        eb.fn.sum<string | null>('peak_balance').as('peak'),
      ])
      .where('venue', '=', at.venue)
      .where('quote', '=', quote)
      .executeTakeFirstOrThrow(),
    positionsIn(db, { venue: at.venue, quote }),
    countLive(db, at),
  ]);
  const books = {
    available: money.available ?? '0',
    locked: money.locked ?? '0',
    peak: money.peak ?? '0',
    openOrders: live,
    here: positions
      .filter(({ symbol }) => symbol === at.symbol)
      .map(({ quantity, entry_price: entryPrice, lot_size: lotSize }) => {
        return { quantity, entryPrice, lotSize };
      }),
    elsewhere: positions
      .filter(({ symbol }) => symbol !== at.symbol)
      .reduce(
        (sum, { quantity, current_price: price }) => sum.plus(decimal(quantity).times(price)),
        Decimal.of(0),
      ),
  };
  return holdingsOf(books, at.close);
}

/** Every position of one quote asset at a venue, of one user or of all. */
export async function positionsIn(
  db: Reader,
  books: { readonly venue: string; readonly quote: string; readonly userId?: string },
) {
  let query = db
    .selectFrom('positions as p')
    .innerJoin('instruments as i', (join) =>
      join.onRef('i.venue', '=', 'p.venue').onRef('i.symbol', '=', 'p.symbol'),
    )
    .select(['p.symbol', 'i.base', 'i.lot_size', 'p.quantity', 'p.entry_price', 'p.current_price'])
    .where('p.venue', '=', books.venue)
    .where('i.quote', '=', books.quote)
    .orderBy('p.symbol')
    .orderBy('p.user_id');
  if (books.userId !== undefined) query = query.where('p.user_id', '=', books.userId);
  return query.execute();
}

function quoteOf(symbol: string): string {
  return symbol.slice(symbol.indexOf('/') + 1);
}

/** Portfolio rows before positions, in one order: the order every writer of books takes its locks
 * in. */
async function lockHolders(trx: Writer, at: { readonly venue: string; readonly symbol: string }) {
  return trx
    .selectFrom('portfolio')
    .select(['user_id as userId', 'quote'])
    .where('venue', '=', at.venue)
    .where('quote', '=', quoteOf(at.symbol))
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('positions')
          .select('positions.symbol')
          .whereRef('positions.user_id', '=', 'portfolio.user_id')
          .where('positions.venue', '=', at.venue)
          .where('positions.symbol', '=', at.symbol)
          .where('positions.quantity', '<>', '0'),
      ),
    )
    .orderBy('user_id')
    .forUpdate()
    .execute();
}

async function countLive(
  db: Reader,
  at: { readonly venue: string; readonly symbol: string },
): Promise<number> {
  const { count } = await db
    .selectFrom('orders')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('state', 'in', ['prepared', 'sent', 'unknown', 'open'])
    .where('venue', '=', at.venue)
    .where('symbol', '=', at.symbol)
    .executeTakeFirstOrThrow();
  return Number(count);
}
