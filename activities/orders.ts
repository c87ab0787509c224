import { ApplicationFailure } from '@temporalio/common';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { FeedPublisher } from '../adapters/bus/feed.ts';
import { bookFills, type FillSummary, ForeignTrade } from '../adapters/store/fills.ts';
import { abandonLeg, haltLeg, type LegRequest, prepareOrder } from '../adapters/store/intents.ts';
import {
  beginSend,
  fenceOrder,
  knownVenueOrders,
  type OrderRow,
  readOrder,
  recordOrderEvent,
} from '../adapters/store/orders.ts';
import type { Database } from '../adapters/store/schema.ts';
import type { OrderReport, SendOutcome, Trade, VenuePort } from '../adapters/venue/port.ts';
import { ImpossibleOrderEvent, isLive, STATUS_EVENTS } from '../core/orders/lifecycle.ts';
import type { OrderView } from '../core/orders/pursuit.ts';
import {
  judgeSilence,
  mustFence,
  mustTakeBack,
  pauseBeforeQuery,
} from '../core/orders/resolution.ts';
import { venueRules } from '../core/orders/venue-rules.ts';
import { tellFills, tellOrder } from './orders-feed.ts';
import { beating } from './orders-heartbeat.ts';

export interface OrderDependencies {
  readonly db: Kysely<Database>;
  /** The port to a venue by its name. */
  readonly venue: (name: string) => VenuePort;
  readonly feed: FeedPublisher;
  readonly log: Logger;
  /** Names this process in the leases it takes. */
  readonly holder: string;
}

export type { OrderView } from '../core/orders/pursuit.ts';

export type PreparedOrder =
  | { readonly kind: 'order'; readonly order: OrderView }
  | { readonly kind: 'refused'; readonly code: string; readonly text: string };

export interface ResolvedOrder {
  readonly order: OrderView;
  /** How long to wait before asking again; null when there is nothing left to ask. */
  readonly waitMs: number | null;
}

export interface BookedOrder {
  readonly order: OrderView;
  readonly complete: boolean;
  readonly fills: FillSummary;
}

export interface Question {
  readonly clientOrderId: string;
  /** How many times it was asked before. */
  readonly asked: number;
  /** It is to be taken back, not only asked about. */
  readonly recall: boolean;
}

export type OrderActivities = ReturnType<typeof createOrderActivities>;

const PAGE = 1_000;
/** A hundred thousand trades of one order are no trade list any more. */
const MAX_PAGES = 100;

/** The steps of an order that touch the world. All but `sendOrder` may be repeated; `sendOrder` may
 * be called again too, and then sends nothing: the mark in Postgres is set once. */
export function createOrderActivities(dependencies: OrderDependencies) {
  const { db } = dependencies;
  const step = <T>(act: () => Promise<T>): Promise<T> =>
    beating(() => refusingContradictions(dependencies, act));
  return {
    /** Sizing, risk approval, reservation and intent; see `prepareOrder` of the store. */
    prepareOrder: (request: LegRequest): Promise<PreparedOrder> =>
      step(() => prepare(dependencies, request)),

    /** How an order stands by our own record. */
    readOrder: (clientOrderId: string): Promise<OrderView> =>
      step(async () => viewOf(await readOrder(db, clientOrderId))),

    /** Succeeds when the venue answers. */
    reachVenue: (name: string): Promise<void> =>
      step(async () => {
        await dependencies.venue(name).time();
      }),

    /** Sends the order once and records what the venue said, or that nobody knows. */
    sendOrder: (clientOrderId: string): Promise<OrderView> =>
      step(() => sendOnce(dependencies, clientOrderId)),

    /** Asks the venue what became of a sent order, or takes it back; see `ask`. */
    resolveOrder: (question: Question): Promise<ResolvedOrder> =>
      step(() => ask(dependencies, question)),

    /** Books the order's trades and, when that is all of it, gives back the rest of its
     * reservation. */
    bookOrder: (clientOrderId: string): Promise<BookedOrder> =>
      step(() => book(dependencies, clientOrderId)),

    /** Gives up a leg that never arrived. */
    abandonLeg: (given: Parameters<typeof abandonLeg>[1]): Promise<void> =>
      step(() => abandonLeg(db, given)),

    /** Leaves a leg to a person. */
    haltLeg: (given: Parameters<typeof haltLeg>[1]): Promise<void> =>
      step(() => haltLeg(db, given)),
  };
}

async function prepare(
  dependencies: OrderDependencies,
  request: LegRequest,
): Promise<PreparedOrder> {
  const { db, holder } = dependencies;
  const prepared = await prepareOrder(db, request, holder);
  if (prepared.kind === 'refused') {
    const { refused: code, text } = prepared.refusal;
    return { kind: 'refused', code, text };
  }
  tellOrder(dependencies, prepared.order);
  return { kind: 'order', order: viewOf(prepared.order) };
}

async function sendOnce(dependencies: OrderDependencies, id: string): Promise<OrderView> {
  const { db, holder, venue, log } = dependencies;
  const { order, lease } = await beginSend(db, { clientOrderId: id, holder });
  tellOrder(dependencies, order);
  if (lease === null) return viewOf(order);
  const { venue: venueName, ...wanted } = order.parameters;
  const outcome = await venue(venueName).newOrder({ ...wanted, clientOrderId: id, lease });
  if (outcome.state === 'unknown') log.warn({ clientOrderId: id, why: outcome.why }, 'unknown');
  const after = await recordOrderEvent(db, id, newsOf(outcome, venueName));
  tellOrder(dependencies, after);
  return viewOf(after);
}

function newsOf(outcome: SendOutcome, venueName: string) {
  switch (outcome.state) {
    case 'accepted': {
      const { venueOrderId, executedQuantity, signedAtMs, status } = outcome;
      const event = STATUS_EVENTS[status];
      return { event, venueOrderId, executedQuantity, signedAtMs };
    }
    case 'rejected':
      return { event: 'report_rejected', rejectCode: outcome.code, why: outcome.text } as const;
    case 'refused':
      return { event: 'fenced', why: outcome.why } as const;
    case 'unknown': {
      // The last moment the sender vouches for, as if it were signed then.
      const signedAtMs = outcome.validUntilMs - venueRules(venueName).requestValidityMs;
      return { event: 'lose_answer', signedAtMs, why: outcome.why } as const;
    }
  }
}

/** One question about an order that is not known to be over.
 *
 * The first one raises the leg's epoch, so that no sender still under way can sign a request for
 * it, and notes the venue's time after that: from there the wait is counted. Silence proves that
 * the order never arrived only when that wait is over, a second query is silent too, and the
 * venue's trade list holds no trade of an order that is not ours. */
async function ask(
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
  const trades = await port.trades({ account, symbol, limit: PAGE });
  const ids = [...new Set(trades.map((trade) => trade.venueOrderId))];
  const known = await knownVenueOrders(db, { venue, ids });
  const foreign = ids.filter((id) => !known.has(id));
  if (foreign.length === 0) return false;
  log.error({ clientOrderId: order.clientOrderId, foreign }, 'trades of orders that are not ours');
  return true;
}

async function book(dependencies: OrderDependencies, id: string): Promise<BookedOrder> {
  const { db, venue } = dependencies;
  const order = await readOrder(db, id);
  const trades = await tradesOf(venue(order.parameters.venue), order);
  const { order: after, booked, complete, fills } = await bookFills(db, id, trades);
  await tellFills(dependencies, after, booked);
  return { order: viewOf(after), complete, fills };
}

async function tradesOf(port: VenuePort, order: OrderRow): Promise<readonly Trade[]> {
  const { venueOrderId, parameters } = order;
  if (venueOrderId === null || order.executedQuantity === '0') return [];
  const { account, symbol } = parameters;
  const trades = new Map<string, Trade>();
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const last = [...trades.keys()].at(-1);
    const from = last === undefined ? {} : { fromTradeId: last };
    const found = await port.trades({ account, symbol, venueOrderId, limit: PAGE, ...from });
    const known = trades.size;
    for (const trade of found) trades.set(trade.tradeId, trade);
    if (found.length < PAGE || trades.size === known) return [...trades.values()];
  }
  throw new Error(`order ${order.clientOrderId} must have at most ${MAX_PAGES * PAGE} trades`);
}

/** A contradiction cannot be repeated away: it is logged and stops the leg. */
async function refusingContradictions<T>(
  { log }: OrderDependencies,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof ImpossibleOrderEvent || error instanceof ForeignTrade)) throw error;
    log.error({ err: error }, 'the venue and our record contradict each other');
    throw ApplicationFailure.create({
      message: error.message,
      type: error.name,
      nonRetryable: true,
      cause: error,
    });
  }
}

function viewOf(order: OrderRow): OrderView {
  return {
    clientOrderId: order.clientOrderId,
    legId: order.legId,
    userId: order.userId,
    venue: order.parameters.venue,
    symbol: order.parameters.symbol,
    side: order.parameters.side,
    timeInForce: order.parameters.timeInForce,
    attempt: order.attempt,
    state: order.state,
    quantity: order.parameters.quantity,
    limitPrice: order.parameters.limitPrice,
    executedQuantity: order.executedQuantity,
    rejectCode: order.rejectCode,
  };
}
