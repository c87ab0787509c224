import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { FeedPublisher } from '../adapters/bus/feed.ts';
import { bookFills, type FillSummary } from '../adapters/store/fills.ts';
import { abandonLeg, haltLeg, type LegRequest, prepareOrder } from '../adapters/store/intents.ts';
import { beginSend, readOrder, recordOrderEvent } from '../adapters/store/orders.ts';
import type { Database } from '../adapters/store/schema.ts';
import { transaction } from '../adapters/store/store.ts';
import type { SendOutcome, VenuePort } from '../adapters/venue/port.ts';
import { STATUS_EVENTS } from '../core/orders/lifecycle.ts';
import type { OrderView } from '../core/orders/pursuit.ts';
import type { Look } from '../core/orders/slices.ts';
import { venueRules } from '../core/orders/venue-rules.ts';
import { ask, type Question, type ResolvedOrder } from './orders-ask.ts';
import { tellFills, tellOrder } from './orders-feed.ts';
import type { KillPoint } from './orders-points.ts';
import { lookAtBook, restingStops } from './orders-route.ts';
import { refusingContradictions, tradesOf, viewOf } from './orders-venue.ts';

export interface OrderDependencies {
  readonly db: Kysely<Database>;
  /** The port to a venue by its name. */
  readonly venue: (name: string) => VenuePort;
  readonly feed: FeedPublisher;
  readonly log: Logger;
  /** Names this process in the leases it takes. */
  readonly holder: string;
  /** Told each time an order passes a named point; only trials of recovery do anything with it. */
  readonly at?: (point: KillPoint, clientOrderId: string | null) => Promise<void>;
}

export type { OrderView } from '../core/orders/pursuit.ts';
export type { Look } from '../core/orders/slices.ts';
export type { Question, ResolvedOrder } from './orders-ask.ts';

export type PreparedOrder =
  | { readonly kind: 'order'; readonly order: OrderView }
  | { readonly kind: 'refused'; readonly code: string; readonly text: string };

export interface BookedOrder {
  readonly order: OrderView;
  readonly complete: boolean;
  readonly fills: FillSummary;
}

export type OrderActivities = ReturnType<typeof createOrderActivities>;

/** The steps of an order that touch the world. All but `sendOrder` may be repeated; `sendOrder` may
 * be called again too, and then sends nothing: the mark in Postgres is set once. */
export function createOrderActivities(dependencies: OrderDependencies) {
  const { db } = dependencies;
  const step = <T>(act: () => Promise<T>): Promise<T> => refusingContradictions(dependencies, act);
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

    /** How much the book takes of what a leg would be sized to; see `lookAtBook`. */
    lookAtBook: (wish: Parameters<typeof lookAtBook>[1]): Promise<Look> =>
      step(() => lookAtBook(dependencies, wish)),

    /** The orders of a position that rest at its venue, by client order id, oldest first. */
    restingStops: (of: Parameters<typeof restingStops>[1]): Promise<readonly string[]> =>
      step(() => restingStops(db, of)),

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
  const { db, holder, at } = dependencies;
  const prepared = await transaction(db, async (trx) => {
    const made = await prepareOrder(trx, request, holder);
    if (made.kind === 'order') await at?.('before-intent-commit', made.order.clientOrderId);
    return made;
  });
  if (prepared.kind === 'refused') {
    const { refused: code, text } = prepared.refusal;
    return { kind: 'refused', code, text };
  }
  await at?.('after-intent-commit', prepared.order.clientOrderId);
  tellOrder(dependencies, prepared.order);
  return { kind: 'order', order: viewOf(prepared.order) };
}

async function sendOnce(dependencies: OrderDependencies, id: string): Promise<OrderView> {
  const { db, holder, venue, log, at } = dependencies;
  const { order, lease } = await transaction(db, async (trx) => {
    const begun = await beginSend(trx, { clientOrderId: id, holder });
    await at?.('before-mark-commit', id);
    return begun;
  });
  await at?.('after-mark-commit', id);
  tellOrder(dependencies, order);
  if (lease === null) return viewOf(order);
  const { venue: venueName, ...wanted } = order.parameters;
  const sending = venue(venueName).newOrder({ ...wanted, clientOrderId: id, lease });
  await at?.('request-left', id);
  const outcome = await sending;
  await at?.('answer-arrived', id);
  if (outcome.state === 'unknown') log.warn({ clientOrderId: id, why: outcome.why }, 'unknown');
  const after = await recordOrderEvent(db, id, newsOf(outcome, venueName));
  await at?.('answer-recorded', id);
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

/** Books what the venue's trade list has of an order; also what the sweep of the worker does. */
export async function book(dependencies: OrderDependencies, id: string): Promise<BookedOrder> {
  const { db, venue, at } = dependencies;
  const order = await readOrder(db, id);
  const trades = await tradesOf(venue(order.parameters.venue), order);
  const booking = await transaction(db, async (trx) => {
    const made = await bookFills(trx, id, trades);
    await at?.('before-booking-commit', id);
    return made;
  });
  await at?.('after-booking-commit', id);
  const { order: after, booked, complete, fills } = booking;
  await tellFills(dependencies, after, booked);
  return { order: viewOf(after), complete, fills };
}
