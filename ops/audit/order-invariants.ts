import type { Context, Invariant } from './context.ts';
import type { Tally } from './finding.ts';
import { fixed, plain } from './fixed.ts';
import { isLive, type OurOrder } from './ours.ts';
import type { VenueOrder } from './venue-books.ts';

/** 1, 2, 4: what is sent, how often, and that it was written down before. */
export const ORDER_INVARIANTS: readonly Invariant[] = [
  {
    number: 1,
    says: 'At most one live order per leg; unknown counts as live.',
    unchecked: null,
    check: oneLiveOrder,
  },
  {
    number: 2,
    says: 'Executed is at most the leg, the leg is what was approved, all attempts together.',
    unchecked: null,
    check: executedWithinLeg,
  },
  {
    number: 4,
    says: 'Every venue order has an intent committed before the venue accepted it.',
    unchecked: null,
    check: intentFirst,
  },
];

async function oneLiveOrder({ ours, venue }: Context, tally: Tally): Promise<void> {
  const legs = new Map<string, OurOrder[]>();
  for (const order of ours.orders.values()) {
    tally.database += 1;
    const attempts = legs.get(order.legId);
    if (attempts) attempts.push(order);
    else legs.set(order.legId, [order]);
  }
  for (const [legId, attempts] of legs) {
    const [only] = attempts;
    if (attempts.length === 1 && only?.attempt === 1) continue;
    attempts.sort((a, b) => a.attempt - b.attempt);
    const live = attempts.filter((order) => isLive(order.state));
    if (live.length > 1) tally.violate(legId, `has ${live.length} live orders`);
    attempts.forEach((order, at) => {
      if (order.attempt !== at + 1) tally.violate(legId, `lacks attempt ${at + 1}`);
      if (at + 1 < attempts.length && order.state !== 'never_arrived') {
        tally.violate(legId, `attempt ${order.attempt} is ${order.state} and another was made`);
      }
    });
  }
  const taken = new Map<string, VenueOrder>();
  for (const order of venue?.orders ?? []) {
    tally.venue += 1;
    const known = ours.orders.get(order.clientOrderId);
    const legId = known?.legId ?? order.clientOrderId;
    const other = taken.get(legId);
    if (other) {
      const ids = `${other.clientOrderId} and ${order.clientOrderId}`;
      tally.violate(legId, `the venue accepted two orders of it: ${ids}`);
    }
    taken.set(legId, order);
    if (order.n > (venue?.before ?? 0)) continue;
    if (known?.state === 'never_arrived' || known?.state === 'rejected') {
      tally.violate(legId, `${known.id} is ${known.state} in our books, the venue accepted it`);
    }
  }
}

async function executedWithinLeg({ db, ours, venue }: Context, tally: Tally): Promise<void> {
  tally.database += ours.orders.size;
  const over = await db.rows<{ leg: string; executed: string; quantity: string }>(
    `select i.leg_id as leg, i.quantity, sum(f.quantity) as executed
     from fills f join orders o using (client_order_id) join intents i using (leg_id)
     group by i.leg_id, i.quantity having sum(f.quantity) > i.quantity`,
  );
  for (const { leg, executed, quantity } of over) {
    tally.violate(leg, `executed ${plain(fixed(executed))} of ${plain(fixed(quantity))}`);
  }
  const told = await db.rows<{ id: string }>(
    `select o.client_order_id as id from orders o join intents i using (leg_id)
     where o.executed_quantity > i.quantity`,
  );
  for (const { id } of told) tally.violate(id, 'counts more executed than its leg');
  const executed = new Map<string, bigint>();
  for (const order of venue?.orders ?? []) {
    tally.venue += 1;
    const known = ours.orders.get(order.clientOrderId);
    if (known === undefined) continue;
    const sum = (executed.get(known.legId) ?? 0n) + order.executed;
    executed.set(known.legId, sum);
    if (sum > fixed(known.quantity)) {
      tally.violate(known.legId, `the venue executed ${plain(sum)} of ${known.quantity}`);
    }
    const different = differenceOf(order, known);
    if (different !== null) tally.violate(known.id, `the venue holds another ${different}`);
  }
}

/** The first term in which the venue's order is not the leg that was approved. */
function differenceOf(order: VenueOrder, ours: OurOrder): string | null {
  const texts: readonly (readonly [string, string, string | null])[] = [
    ['account', order.account, ours.account],
    ['symbol', order.symbol, ours.symbol],
    ['side', order.side, ours.side],
    ['type', order.type, ours.type],
    ['time in force', order.timeInForce, ours.timeInForce ?? order.timeInForce],
  ];
  const text = texts.find(([, theirs, own]) => theirs !== own);
  if (text) return `${text[0]}: ${text[1]}, ours ${text[2]}`;
  const amounts: readonly (readonly [string, string | null, string | null])[] = [
    ['quantity', order.quantity, ours.quantity],
    ['limit price', order.price, ours.limitPrice],
    ['stop price', order.stopPrice, ours.stopPrice],
  ];
  const amount = amounts.find(([, theirs, own]) =>
    theirs === null || own === null ? theirs !== own : fixed(theirs) !== fixed(own),
  );
  return amount ? `${amount[0]}: ${amount[1]}, ours ${amount[2]}` : null;
}

async function intentFirst(context: Context, tally: Tally): Promise<void> {
  const { ours, venue, bounds, records } = context;
  tally.database += ours.orders.size;
  if (venue === null) return;
  for (const { id, text } of venue.faults.filter((one) => one.text.includes('missing'))) {
    tally.violate(id, text);
  }
  const accepted = new Set<string>();
  for (const order of venue.orders) {
    tally.venue += 1;
    accepted.add(order.clientOrderId);
    const known = ours.orders.get(order.clientOrderId);
    const id = order.clientOrderId;
    if (known === undefined) {
      const text = `unknown order of ${order.account}: ${order.side} ${order.quantity}`;
      if (order.n <= venue.before) tally.violate(id, `${text} ${order.symbol}`);
      continue;
    }
    if (known.recordedAtMs > order.wallMs + bounds.clockMs) {
      tally.violate(id, `written down ${known.recordedAtMs - order.wallMs} ms after it was taken`);
    }
    if (known.state === 'prepared' && order.n <= venue.before) {
      tally.violate(id, 'the venue has it and our books never marked it as sent');
    }
  }
  for (const order of ours.orders.values()) {
    if (accepted.has(order.id) || !SEEN_BY_VENUE.has(order.state)) continue;
    tally.violate(order.id, `is ${order.state} in our books and the venue never accepted it`);
  }
  const { sentAtMs } = await records();
  for (const order of venue.orders) {
    const known = ours.orders.get(order.clientOrderId);
    const ms = sentAtMs.get(order.clientOrderId);
    if (known === undefined || ms === undefined || ms <= order.wallMs + bounds.clockMs) continue;
    tally.violate(known.id, `marked as sent ${ms - order.wallMs} ms after it was taken`);
  }
}

/** States that only a venue's word can bring about. */
const SEEN_BY_VENUE: ReadonlySet<string> = new Set(['open', 'filled', 'cancelled', 'expired']);
