import type { Kysely } from 'kysely';
import type { Instrument } from '../../core/market/instrument.ts';
import { Decimal, decimal, divide, format } from '../../core/market/money.ts';
import { isLive, nextOrderState } from '../../core/orders/lifecycle.ts';
import { slippageAgainst } from '../../core/orders/routing.ts';
import { fillTransaction } from '../../core/portfolio/ledger.ts';
import type { Side } from '../../core/risk/facts.ts';
import { appendAudit } from './audit.ts';
import { findInstrument } from './instruments.ts';
import {
  booksPartition,
  lockPortfolio,
  post,
  releaseReserve,
  reservedForLeg,
  revalue,
} from './ledger.ts';
import { lockOrder, moveOrder, type OrderRow, readOrder } from './orders.ts';
import { movePosition } from './positions.ts';
import type { Database } from './schema.ts';
import { type Reader, type Writer, within } from './store.ts';

/** A trade as the venue reports it. Decimal strings; `timeMs` is the market's time. */
export interface VenueTrade {
  readonly tradeId: string;
  readonly venueOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  readonly feeAsset: string;
  readonly timeMs: number;
}

/** One booked trade. Decimal strings. */
export interface FillRow {
  readonly venue: string;
  readonly userId: string;
  readonly symbol: string;
  readonly tradeId: string;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  readonly feeAsset: string;
  readonly marketTimeMs: number;
}

export interface Booking {
  /** As it stood when its trades were booked. */
  readonly order: OrderRow;
  /** Trades this call booked; a repeat books none. */
  readonly booked: readonly FillRow[];
  /** The order is over and every unit the venue executed is booked; the reservation is released. */
  readonly complete: boolean;
  readonly fills: FillSummary;
}

export interface FillSummary {
  readonly executedQuantity: string;
  /** Quote per base; null without a fill. */
  readonly averagePrice: string | null;
  readonly fees: readonly { readonly asset: string; readonly amount: string }[];
}

/** A trade that cannot be one of the order it is booked for: a fault of ours or of the venue. */
export class ForeignTrade extends Error {
  override readonly name = 'ForeignTrade';
}

/** Books an order's trades: fill, ledger transaction, position and portfolio in one transaction,
 * each trade once for ever by (venue, account, symbol, trade id), whoever reports it and however
 * often. When the order is over and all of it is booked, what is left of the reservation is given
 * back. */
export function bookFills(
  db: Kysely<Database>,
  clientOrderId: string,
  trades: readonly VenueTrade[],
): Promise<Booking> {
  return within(db, async (trx) => {
    const { userId, parameters } = await readOrder(trx, clientOrderId);
    const instrument = await findInstrument(trx, parameters);
    const owner = { userId, venue: parameters.venue };
    await lockPortfolio(trx, { ...owner, quote: instrument.quote });
    const before = await lockOrder(trx, clientOrderId);
    const late = await wasSettled(trx, before);
    const booked: FillRow[] = [];
    for (const trade of [...trades].sort(byTradeId)) {
      const fill = await bookOne(trx, before, { trade, instrument, late });
      if (!fill) continue;
      booked.push(fill);
      // After each one: the peak must not depend on whether they were told together.
      const { marketTimeMs } = fill;
      await revalue(trx, { ...owner, quote: instrument.quote, marketTimeMs });
    }
    const fills = await summariseFills(trx, clientOrderId);
    const order = await learnFromFills(trx, before, { fills, trades });
    const complete = isOver(order) && decimal(fills.executedQuantity).eq(order.executedQuantity);
    const marketTimeMs = Math.max(order.marketTimeMs, ...booked.map((fill) => fill.marketTimeMs));
    if (complete) await settle(trx, order, { marketTimeMs, fills });
    return { order, booked, complete, fills };
  });
}

export interface RealisedOrder extends OrderRow {
  /** Of its booked trades, quote per base; null without one. */
  readonly averagePrice: string | null;
  /** Of `averagePrice` against `estimatedPrice`, basis points; positive is worse. */
  readonly slippageBps: string | null;
}

/** Orders with what came of them, beside what was expected. */
export async function withRealised(
  db: Reader,
  orders: readonly OrderRow[],
): Promise<readonly RealisedOrder[]> {
  const clientOrderIds = orders.map(({ clientOrderId }) => clientOrderId);
  const fills = Map.groupBy(
    clientOrderIds.length === 0 ? [] : await listFills(db, { clientOrderIds }),
    ({ clientOrderId }) => clientOrderId,
  );
  return orders.map((order) => {
    const sum = sumOf(fills.get(order.clientOrderId) ?? []);
    const slippageBps = slippageOf(order, sum);
    return { ...order, averagePrice: sum.averagePrice, slippageBps };
  });
}

export interface FillFilter {
  readonly userId?: string;
  readonly symbol?: string;
  readonly clientOrderId?: string;
  readonly clientOrderIds?: readonly string[];
  /** Only the newest so many of these. */
  readonly newest?: number;
}

/** Booked trades in the market's order. */
export async function listFills(
  db: Reader,
  { userId, symbol, clientOrderId, clientOrderIds, newest }: FillFilter = {},
): Promise<readonly FillRow[]> {
  const direction = newest === undefined ? 'asc' : 'desc';
  const rows = await db
    .selectFrom('fills')
    .selectAll()
    .$if(userId !== undefined, (query) => query.where('user_id', '=', userId ?? ''))
    .$if(symbol !== undefined, (query) => query.where('symbol', '=', symbol ?? ''))
    .$if(clientOrderId !== undefined, (query) =>
      query.where('client_order_id', '=', clientOrderId ?? ''),
    )
    .$if(clientOrderIds !== undefined, (query) =>
      query.where('client_order_id', 'in', [...(clientOrderIds ?? [])]),
    )
    .orderBy('market_time', direction)
    .orderBy('recorded_at', direction)
    .orderBy('trade_id', direction)
    .$if(newest !== undefined, (query) => query.limit(newest ?? 0))
    .execute();
  const fills = rows.map((row) => ({
    venue: row.venue,
    userId: row.user_id,
    symbol: row.symbol,
    tradeId: row.trade_id,
    clientOrderId: row.client_order_id,
    side: row.side as Side,
    quantity: format(decimal(row.quantity)),
    price: format(decimal(row.price)),
    fee: format(decimal(row.fee)),
    feeAsset: row.fee_asset,
    marketTimeMs: row.market_time.getTime(),
  }));
  return newest === undefined ? fills : fills.reverse();
}

/** What an order's booked trades come to together. */
export async function summariseFills(db: Reader, clientOrderId: string): Promise<FillSummary> {
  return sumOf(await listFills(db, { clientOrderId }));
}

function sumOf(fills: readonly FillRow[]): FillSummary {
  let quantity = Decimal.of(0);
  let worth = Decimal.of(0);
  const fees = new Map<string, Decimal>();
  for (const fill of fills) {
    quantity = quantity.plus(fill.quantity);
    worth = worth.plus(decimal(fill.quantity).times(fill.price));
    fees.set(fill.feeAsset, decimal(fill.fee).plus(fees.get(fill.feeAsset) ?? 0));
  }
  return {
    executedQuantity: format(quantity),
    averagePrice: quantity.gt(0) ? format(divide(worth, quantity)) : null,
    fees: [...fees].map(([asset, amount]) => ({ asset, amount: format(amount) })),
  };
}

/** Whether the order's leg was over and settled: what is booked from then on is late. */
async function wasSettled(trx: Writer, order: OrderRow): Promise<boolean> {
  if (isLive(order.state)) return false;
  if (order.state === 'never_arrived') return true;
  const settled = await trx
    .selectFrom('audit')
    .select('seq')
    .where('reference', '=', order.clientOrderId)
    .where('act', '=', 'order-settled')
    .executeTakeFirst();
  return settled !== undefined;
}

/** A trade proves that so much was executed, whatever the venue has said of the order so far, and
 * by which of its orders. */
async function learnFromFills(
  trx: Writer,
  order: OrderRow,
  { fills, trades }: { readonly fills: FillSummary; readonly trades: readonly VenueTrade[] },
): Promise<OrderRow> {
  const { executedQuantity } = fills;
  const venueOrderId = order.venueOrderId ?? trades[0]?.venueOrderId;
  const known = decimal(executedQuantity).lte(order.executedQuantity);
  if (known && order.venueOrderId === (venueOrderId ?? null)) return order;
  const learned = { executedQuantity, ...(venueOrderId === undefined ? {} : { venueOrderId }) };
  return moveOrder(trx, order.clientOrderId, { event: 'book_fill', ...learned });
}

async function bookOne(
  trx: Writer,
  order: OrderRow,
  {
    trade,
    instrument,
    late,
  }: { readonly trade: VenueTrade; readonly instrument: Instrument; readonly late: boolean },
): Promise<FillRow | null> {
  checkTrade(order, trade);
  nextOrderState(order.state, 'book_fill');
  const { userId, clientOrderId } = order;
  const { venue, account, symbol } = order.parameters;
  const { base, quote } = instrument;
  const movement = { ...trade, base, quote };
  const reserved = (await reservedForLeg(trx, order.legId))?.amount ?? '0';
  const reference = `${venue}:${account}:${symbol}:${trade.tradeId}`;
  const moved = fillTransaction({ ...movement, reference, reserved });
  const owner = { userId, venue };
  const marketTimeMs = trade.timeMs;
  if (!(await post(trx, owner, { transaction: moved, marketTimeMs }))) return null;
  const { tradeId, side, quantity, price, fee, feeAsset } = trade;
  const fill = { venue, symbol, side, quantity, price, fee };
  await trx
    .insertInto('fills')
    .values({
      ...fill,
      account,
      trade_id: tradeId,
      client_order_id: clientOrderId,
      user_id: userId,
      fee_asset: feeAsset,
      market_time: new Date(marketTimeMs),
      transaction_id: moved.id,
    })
    .execute();
  await movePosition(trx, owner, { symbol, fill: movement, marketTimeMs });
  const row = { ...fill, tradeId, clientOrderId, userId, feeAsset, marketTimeMs };
  const partition = booksPartition(userId);
  const act = late ? 'late-fill' : 'fill';
  await appendAudit(trx, { partition, act, reference: clientOrderId, body: row });
  return row;
}

function checkTrade(order: OrderRow, trade: VenueTrade): void {
  const { symbol, side } = order.parameters;
  if (trade.symbol !== symbol || trade.side !== side) {
    throw new ForeignTrade(
      `trade ${trade.tradeId} must be a ${side} of ${symbol}, ` +
        `was a ${trade.side} of ${trade.symbol}`,
    );
  }
  if (order.venueOrderId !== null && trade.venueOrderId !== order.venueOrderId) {
    throw new ForeignTrade(
      `trade ${trade.tradeId} must be of order ${order.venueOrderId}, was of ${trade.venueOrderId}`,
    );
  }
}

async function settle(
  trx: Writer,
  order: OrderRow,
  { marketTimeMs, fills }: { readonly marketTimeMs: number; readonly fills: FillSummary },
): Promise<void> {
  const { legId, userId, clientOrderId } = order;
  const owner = { userId, venue: order.parameters.venue };
  const released = await releaseReserve(trx, { ...owner, legId, marketTimeMs });
  if (await wasSettled(trx, order)) return;
  const { estimatedPrice } = order;
  const slippageBps = slippageOf(order, fills);
  await appendAudit(trx, {
    partition: booksPartition(userId),
    act: 'order-settled',
    reference: clientOrderId,
    body: { legId, released, ...fills, estimatedPrice, slippageBps },
  });
}

/** How much worse its trades were than the look at the book had promised; null where one of the two
 * is not known. */
function slippageOf({ estimatedPrice, parameters }: OrderRow, fills: FillSummary): string | null {
  const { averagePrice: realisedPrice } = fills;
  if (estimatedPrice === null || realisedPrice === null) return null;
  return slippageAgainst(parameters.side, { estimatedPrice, realisedPrice });
}

/** Over for good: a leg whose order never arrived may still be tried again with the same
 * reserve. */
function isOver(order: OrderRow): boolean {
  return !isLive(order.state) && order.state !== 'never_arrived';
}

/** Venues number trades; equal lengths first so that 9 comes before 10. */
function byTradeId(a: VenueTrade, b: VenueTrade): number {
  return (
    a.timeMs - b.timeMs ||
    a.tradeId.length - b.tradeId.length ||
    (a.tradeId < b.tradeId ? -1 : a.tradeId > b.tradeId ? 1 : 0)
  );
}
