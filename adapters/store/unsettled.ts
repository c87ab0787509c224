import { sql } from 'kysely';
import type { Reader } from './store.ts';

/** An account's trades of one symbol at a venue. */
export interface TradeSource {
  readonly userId: string;
  readonly venue: string;
  readonly symbol: string;
}

export interface Span {
  /** How long ago at most an order moved last, milliseconds of the database's clock. */
  readonly withinMs: number;
  /** How long ago at least: what moved later is somebody's work in hand. */
  readonly quietMs: number;
}

/** Orders that are over, and whose leg was never settled: whoever booked them died, or was not told
 * of the last trades. Oldest first. */
export async function unsettledOrders(db: Reader, span: Span): Promise<readonly string[]> {
  const rows = await ended(db, span)
    .select('o.client_order_id')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('audit as a')
            .select('a.seq')
            .whereRef('a.reference', '=', 'o.client_order_id')
            .where('a.act', '=', 'order-settled'),
        ),
      ),
    )
    .orderBy('o.updated_at')
    .limit(100)
    .execute();
  return rows.map((row) => row.client_order_id);
}

/** Where orders ended lately: their venues may still tell of a trade. */
export async function lateSources(db: Reader, span: Span): Promise<readonly TradeSource[]> {
  return ended(db, span)
    .innerJoin('intents as i', 'i.leg_id', 'o.leg_id')
    .select(['i.user_id as userId', 'i.venue', 'i.symbol'])
    .distinct()
    .orderBy('i.user_id')
    .orderBy('i.venue')
    .orderBy('i.symbol')
    .execute();
}

export interface ReportedTrade {
  readonly tradeId: string;
  readonly venueOrderId: string;
}

/** Which of these trades of a source belong to an order of ours that is over, and are not booked:
 * by client order id. */
export async function lateTrades<T extends ReportedTrade>(
  db: Reader,
  source: TradeSource,
  trades: readonly T[],
): Promise<ReadonlyMap<string, readonly T[]>> {
  const late = new Map<string, T[]>();
  if (trades.length === 0) return late;
  const { userId, venue, symbol } = source;
  const ids = [...new Set(trades.map((trade) => trade.venueOrderId))];
  const [booked, orders] = await Promise.all([
    db
      .selectFrom('fills')
      .select('trade_id')
      .where('venue', '=', venue)
      .where('account', '=', userId)
      .where('symbol', '=', symbol)
      .where('trade_id', 'in', [...trades.map((trade) => trade.tradeId)])
      .execute(),
    db
      .selectFrom('orders')
      .select(['client_order_id', 'venue_order_id'])
      .where('venue', '=', venue)
      .where('symbol', '=', symbol)
      .where('venue_order_id', 'in', ids)
      .where('state', 'in', ['filled', 'cancelled', 'expired'])
      .execute(),
  ]);
  const known = new Set(booked.map((row) => row.trade_id));
  const ours = new Map(orders.map((row) => [row.venue_order_id, row.client_order_id]));
  for (const trade of trades) {
    const id = ours.get(trade.venueOrderId);
    if (id === undefined || known.has(trade.tradeId)) continue;
    late.set(id, [...(late.get(id) ?? []), trade]);
  }
  return late;
}

function ended(db: Reader, { withinMs, quietMs }: Span) {
  return db
    .selectFrom('orders as o')
    .where('o.state', 'in', ['filled', 'cancelled', 'expired', 'rejected'])
    .where('o.updated_at', '>', sql<Date>`now() - make_interval(secs => ${withinMs / 1000})`)
    .where('o.updated_at', '<', sql<Date>`now() - make_interval(secs => ${quietMs / 1000})`);
}
