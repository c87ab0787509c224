import { type Kysely, sql } from 'kysely';
import { parameterHash } from '../../core/identity.ts';
import { decimal, format } from '../../core/market/money.ts';
import type { OrderCause, Purpose } from '../../core/orders/leg.ts';
import {
  ImpossibleOrderEvent,
  isLive,
  nextOrderState,
  type OrderEvent,
  type OrderState,
} from '../../core/orders/lifecycle.ts';
import type { OrderParameters } from '../../core/orders/parameters.ts';
import { spendApproval } from './approvals.ts';
import { appendAudit } from './audit.ts';
import { type Lease, legLease, takeLease } from './leases.ts';
import { booksPartition } from './ledger.ts';
import type { Database } from './schema.ts';
import { type Reader, transaction, type Writer, within } from './store.ts';

/** One attempt at a leg, with the leg's own facts. Decimal strings; times in Unix milliseconds. */
export interface OrderRow {
  readonly clientOrderId: string;
  readonly legId: string;
  readonly attempt: number;
  readonly cause: OrderCause;
  readonly purpose: Purpose;
  readonly userId: string;
  readonly parameters: OrderParameters;
  readonly parameterHash: string;
  readonly referencePrice: string;
  /** What a look at the book promised, quote per base; null without one. */
  readonly estimatedPrice: string | null;
  /** The market's time of the decision. */
  readonly marketTimeMs: number;
  readonly state: OrderState;
  readonly venueOrderId: string | null;
  readonly executedQuantity: string;
  readonly rejectCode: string | null;
  readonly epoch: string;
  /** The venue's clock: no request for this order was signed later. Null until that is known. */
  readonly signedAtMs: number | null;
}

export interface OrderFilter {
  readonly userId?: string;
  readonly venue?: string;
  readonly symbol?: string;
  readonly states?: readonly OrderState[];
  /** Only the newest so many of these. */
  readonly newest?: number;
}

/** Orders in the order they were prepared. */
export async function listOrders(
  db: Reader,
  { userId, venue, symbol, states, newest }: OrderFilter = {},
): Promise<readonly OrderRow[]> {
  const direction = newest === undefined ? 'asc' : 'desc';
  const rows = await ordersQuery(db)
    .$if(userId !== undefined, (query) => query.where('i.user_id', '=', userId ?? ''))
    .$if(venue !== undefined, (query) => query.where('o.venue', '=', venue ?? ''))
    .$if(symbol !== undefined, (query) => query.where('o.symbol', '=', symbol ?? ''))
    .$if(states !== undefined, (query) => query.where('o.state', 'in', [...(states ?? [])]))
    .orderBy('i.market_time', direction)
    .orderBy('o.recorded_at', direction)
    .$if(newest !== undefined, (query) => query.limit(newest ?? 0))
    .execute();
  const orders = rows.map(orderOf);
  return newest === undefined ? orders : orders.reverse();
}

/** One order. Throws when there is none of that id. */
export async function readOrder(db: Reader, clientOrderId: string): Promise<OrderRow> {
  const row = await ordersQuery(db)
    .where('o.client_order_id', '=', clientOrderId)
    .executeTakeFirstOrThrow();
  return orderOf(row);
}

/** One order; null when there is none of that id. */
export async function findOrder(db: Reader, clientOrderId: string): Promise<OrderRow | null> {
  const row = await ordersQuery(db)
    .where('o.client_order_id', '=', clientOrderId)
    .executeTakeFirst();
  return row ? orderOf(row) : null;
}

/** The newest attempt at a leg; null when it has none. */
export async function newestAttempt(db: Reader, legId: string): Promise<OrderRow | null> {
  const row = await ordersQuery(db)
    .where('o.leg_id', '=', legId)
    .orderBy('o.attempt', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? orderOf(row) : null;
}

/** The order as it stands, its row held until the transaction ends. */
export async function lockOrder(trx: Writer, clientOrderId: string): Promise<OrderRow> {
  const row = await ordersQuery(trx)
    .where('o.client_order_id', '=', clientOrderId)
    .forUpdate('o')
    .executeTakeFirstOrThrow();
  return orderOf(row);
}

export async function insertAttempt(
  trx: Writer,
  order: {
    readonly clientOrderId: string;
    readonly legId: string;
    readonly attempt: number;
    readonly parameters: OrderParameters;
    readonly lease: Lease;
  },
): Promise<void> {
  await trx
    .insertInto('orders')
    .values({
      client_order_id: order.clientOrderId,
      leg_id: order.legId,
      attempt: order.attempt,
      venue: order.parameters.venue,
      symbol: order.parameters.symbol,
      state: 'prepared',
      epoch: order.lease.epoch,
    })
    .execute();
}

/** What is learned with an event, beside the state it leads to. */
export interface Learned {
  readonly venueOrderId?: string;
  /** What the venue says was executed so far; it never goes down. */
  readonly executedQuantity?: string;
  readonly rejectCode?: string;
  readonly signedAtMs?: number;
  readonly epoch?: string;
  /** For the audit alone. */
  readonly why?: string;
}

/** Moves an order by one event, in the caller's transaction, from the state its row has now. Throws
 * `ImpossibleOrderEvent` and changes nothing when the event contradicts that state. Repeated news
 * writes nothing. */
export async function moveOrder(
  trx: Writer,
  clientOrderId: string,
  { event, ...learned }: Learned & { readonly event: OrderEvent },
): Promise<OrderRow> {
  const before = await lockOrder(trx, clientOrderId);
  const state = nextOrderState(before.state, event);
  const executed = largest(before.executedQuantity, learned.executedQuantity);
  if (!isLive(before.state) && executed !== before.executedQuantity && event !== 'book_fill') {
    // The venue changed its mind about an order that is over: a contradiction, not news. A trade is
    // no opinion: it is booked, however late.
    throw new ImpossibleOrderEvent(before.state, event);
  }
  const after: OrderRow = {
    ...before,
    state,
    venueOrderId: learned.venueOrderId ?? before.venueOrderId,
    executedQuantity: executed,
    rejectCode: learned.rejectCode ?? before.rejectCode,
    epoch: learned.epoch ?? before.epoch,
    signedAtMs: learned.signedAtMs ?? before.signedAtMs,
  };
  if (JSON.stringify(after) === JSON.stringify(before)) return after;
  await trx
    .updateTable('orders')
    .set({
      state,
      venue_order_id: after.venueOrderId,
      executed_quantity: after.executedQuantity,
      reject_code: after.rejectCode,
      epoch: after.epoch,
      signed_at: after.signedAtMs === null ? null : new Date(after.signedAtMs),
      updated_at: sql`now()`,
    })
    .where('client_order_id', '=', clientOrderId)
    .execute();
  await auditOrder(trx, after, { event, why: learned.why });
  return after;
}

/** `moveOrder` in a transaction of its own. */
export function recordOrderEvent(
  db: Kysely<Database>,
  clientOrderId: string,
  news: Learned & { readonly event: OrderEvent },
): Promise<OrderRow> {
  return within(db, (trx) => moveOrder(trx, clientOrderId, news));
}

/** Marks an order as sent, before it is: takes the leg's lease and uses up its approval. `lease` is
 * null when it must not be sent: it was marked before, or the approval does not cover it (then the
 * order ends as never arrived, and the next attempt needs an approval of its own). */
export function beginSend(
  db: Kysely<Database>,
  { clientOrderId, holder }: { readonly clientOrderId: string; readonly holder: string },
): Promise<{ readonly order: OrderRow; readonly lease: Lease | null }> {
  return within(db, async (trx) => {
    const order = await lockOrder(trx, clientOrderId);
    if (order.state !== 'prepared') return { order, lease: null };
    // Over what is about to be sent, not over what the intent says that it hashes to.
    const approved = { ...order, parameterHash: parameterHash(order.parameters) };
    if (!(await spendApproval(trx, approved))) {
      const why = 'no unused approval covers it';
      const ended = await moveOrder(trx, clientOrderId, { event: 'abandon', why });
      return { order: ended, lease: null };
    }
    const lease = await takeLease(trx, { name: legLease(order.legId), holder });
    const { epoch } = lease;
    const sent = await moveOrder(trx, clientOrderId, { event: 'begin_send', epoch });
    return { order: sent, lease };
  });
}

/** Raises the epoch of the order's leg: whoever was about to send it no longer can. An order that
 * was never marked as sent ends here. */
export function fenceOrder(
  db: Kysely<Database>,
  { clientOrderId, holder }: { readonly clientOrderId: string; readonly holder: string },
): Promise<OrderRow> {
  return transaction(db, async (trx) => {
    const order = await lockOrder(trx, clientOrderId);
    if (!isLive(order.state)) return order;
    await takeLease(trx, { name: legLease(order.legId), holder });
    if (order.state !== 'prepared') return order;
    return moveOrder(trx, clientOrderId, { event: 'abandon', why: 'its sender never began' });
  });
}

export async function auditOrder(
  trx: Writer,
  order: OrderRow,
  facts: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { clientOrderId, legId, attempt, state, executedQuantity, venueOrderId, epoch } = order;
  await appendAudit(trx, {
    partition: booksPartition(order.userId),
    act: `order-${state.replace('_', '-')}`,
    reference: clientOrderId,
    body: { legId, attempt, executedQuantity, venueOrderId, epoch, ...facts },
  });
}

function ordersQuery(db: Reader) {
  return db
    .selectFrom('orders as o')
    .innerJoin('intents as i', 'i.leg_id', 'o.leg_id')
    .select(['o.client_order_id', 'o.leg_id', 'o.attempt', 'o.state', 'o.venue_order_id'])
    .select(['o.executed_quantity', 'o.reject_code', 'o.epoch', 'o.signed_at'])
    .leftJoin('plans as p', 'p.id', 'i.plan_id')
    .select(['i.plan_id', 'p.kind as plan_kind', 'i.purpose', 'i.stop_price', 'i.estimated_price'])
    .select(['i.decision_id', 'i.user_id', 'i.venue', 'i.symbol', 'i.side', 'i.type'])
    .select(['i.time_in_force', 'i.quantity', 'i.limit_price', 'i.parameter_hash'])
    .select(['i.reference_price', 'i.market_time']);
}

type JoinedRow = Awaited<ReturnType<ReturnType<typeof ordersQuery>['executeTakeFirstOrThrow']>>;

/** The checks of the tables hold the unions; the generated types do not know them. */
function orderOf(row: JoinedRow): OrderRow {
  return {
    clientOrderId: row.client_order_id,
    legId: row.leg_id,
    attempt: row.attempt,
    cause: causeOf(row),
    purpose: row.purpose as Purpose,
    userId: row.user_id,
    parameters: {
      venue: row.venue,
      account: row.user_id,
      symbol: row.symbol,
      side: row.side as OrderParameters['side'],
      type: row.type as OrderParameters['type'],
      timeInForce: row.time_in_force as OrderParameters['timeInForce'],
      quantity: format(decimal(row.quantity)),
      limitPrice: row.limit_price === null ? null : format(decimal(row.limit_price)),
      stopPrice: row.stop_price === null ? null : format(decimal(row.stop_price)),
    },
    parameterHash: row.parameter_hash,
    referencePrice: format(decimal(row.reference_price)),
    estimatedPrice: row.estimated_price === null ? null : format(decimal(row.estimated_price)),
    marketTimeMs: row.market_time.getTime(),
    state: row.state as OrderState,
    venueOrderId: row.venue_order_id,
    executedQuantity: format(decimal(row.executed_quantity)),
    rejectCode: row.reject_code,
    epoch: row.epoch,
    signedAtMs: row.signed_at?.getTime() ?? null,
  };
}

function causeOf(row: JoinedRow): OrderCause {
  return row.plan_id === null
    ? { kind: 'decision', id: row.decision_id ?? '' }
    : { kind: row.plan_kind as OrderCause['kind'], id: row.plan_id };
}

function largest(known: string, told: string | undefined): string {
  if (told === undefined) return known;
  const value = decimal(told, 'executedQuantity');
  return value.gt(known) ? format(value) : known;
}

/** Which of these venue order ids are orders of ours. */
export async function knownVenueOrders(
  db: Reader,
  { venue, ids }: { readonly venue: string; readonly ids: readonly string[] },
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('orders')
    .select('venue_order_id')
    .where('venue', '=', venue)
    .where('venue_order_id', 'in', [...ids])
    .execute();
  return new Set(rows.flatMap((row) => row.venue_order_id ?? []));
}
