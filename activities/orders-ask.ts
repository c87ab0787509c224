import {
  fenceOrder,
  knownVenueOrders,
  type OrderRow,
  readOrder,
  recordOrderEvent,
} from '../adapters/store/orders.ts';
import type { OrderReport, VenuePort } from '../adapters/venue/port.ts';
import { isLive, STATUS_EVENTS } from '../core/orders/lifecycle.ts';
import type { OrderView } from '../core/orders/pursuit.ts';
import {
  judgeSilence,
  mustFence,
  mustTakeBack,
  pauseBeforeQuery,
} from '../core/orders/resolution.ts';
import { venueRules } from '../core/orders/venue-rules.ts';
import type { OrderDependencies } from './orders.ts';
import { tellOrder } from './orders-feed.ts';
import { TRADES_PAGE, viewOf } from './orders-venue.ts';

export interface ResolvedOrder {
  readonly order: OrderView;
  /** How long to wait before asking again; null when there is nothing left to ask. */
  readonly waitMs: number | null;
}

export interface Question {
  readonly clientOrderId: string;
  /** How many times it was asked before. */
  readonly asked: number;
  /** It is to be taken back, not only asked about. */
  readonly recall: boolean;
}

/** One question about an order that is not known to be over.
 *
 * The first one raises the leg's epoch, so that no sender still under way can sign a request for
 * it, and notes the venue's time after that: from there the wait is counted. Silence proves that
 * the order never arrived only when that wait is over, a second query is silent too, and the
 * venue's trade list holds no trade of an order that is not ours. */
export async function ask(
  dependencies: OrderDependencies,
  { clientOrderId, asked, recall }: Question,
): Promise<ResolvedOrder> {
  const { db, venue } = dependencies;
  let order = await readOrder(db, clientOrderId);
  const port = venue(order.parameters.venue);
  if (mustFence(order.state, asked)) order = await fence(dependencies, order, port);
  if (!isLive(order.state)) return done(dependencies, order);
  const { account, symbol } = order.parameters;
  const key = { account, symbol, clientOrderId };
  // The answer of a cancel is not believed: what the order came to is asked right after.
  if (recall && order.state === 'open') await port.cancelOrder(key);
  const about = { order, asked, recall, port };
  const report = await port.queryOrder(key);
  if (report.found) return heard(dependencies, { ...about, report });
  const { state, signedAtMs } = order;
  const query = { state, asked, signedAtMs, venueTimeMs: report.venueTimeMs };
  const { verdict, waitMs } = judgeSilence(query, venueRules(order.parameters.venue));
  const wait = { order: viewOf(order), waitMs };
  if (verdict === 'wait') return wait;
  const second = await port.queryOrder(key);
  if (second.found) return heard(dependencies, { ...about, report: second });
  if (await hasForeignTrades(dependencies, order, port)) return wait;
  const why = 'two queries and the trade list know nothing of it';
  const event = 'prove_absent';
  return done(dependencies, await recordOrderEvent(db, clientOrderId, { event, why }));
}

async function fence(
  { db, holder }: OrderDependencies,
  order: OrderRow,
  port: VenuePort,
): Promise<OrderRow> {
  if (!isLive(order.state) || order.state === 'open') return order;
  const { clientOrderId } = order;
  const fenced = await fenceOrder(db, { clientOrderId, holder });
  if (!isLive(fenced.state)) return fenced;
  const { venueTimeMs } = await port.time();
  const signedAtMs = Math.max(venueTimeMs, fenced.signedAtMs ?? 0);
  return recordOrderEvent(db, clientOrderId, { event: 'lose_answer', signedAtMs });
}

async function heard(
  dependencies: OrderDependencies,
  given: {
    readonly order: OrderRow;
    readonly report: Extract<OrderReport, { found: true }>;
    readonly asked: number;
    readonly recall: boolean;
    readonly port: VenuePort;
  },
): Promise<ResolvedOrder> {
  const { order, report, asked, recall, port } = given;
  const { venueOrderId, executedQuantity, status } = report;
  const { clientOrderId } = order;
  const news = { event: STATUS_EVENTS[status], venueOrderId, executedQuantity };
  const after = await recordOrderEvent(dependencies.db, clientOrderId, news);
  if (!isLive(after.state)) return done(dependencies, after);
  const { account, symbol } = after.parameters;
  if (mustTakeBack(after.parameters, { asked, recall })) {
    await port.cancelOrder({ account, symbol, clientOrderId });
  }
  return { order: viewOf(after), waitMs: pauseBeforeQuery(asked, 0) };
}

function done(dependencies: OrderDependencies, order: OrderRow): ResolvedOrder {
  tellOrder(dependencies, order);
  return { order: viewOf(order), waitMs: null };
}

/** A trade of an order we do not know could be a trade of the one that seems never to have
 * arrived. */
async function hasForeignTrades(
  { db, log }: OrderDependencies,
  order: OrderRow,
  port: VenuePort,
): Promise<boolean> {
  const { venue, account, symbol } = order.parameters;
  const trades = await port.trades({ account, symbol, limit: TRADES_PAGE });
  const ids = [...new Set(trades.map((trade) => trade.venueOrderId))];
  const known = await knownVenueOrders(db, { venue, ids });
  const foreign = ids.filter((id) => !known.has(id));
  if (foreign.length === 0) return false;
  log.error({ clientOrderId: order.clientOrderId, foreign }, 'trades of orders that are not ours');
  return true;
}
