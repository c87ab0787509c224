import type { Context, Invariant } from './context.ts';
import type { Tally } from './finding.ts';
import { basisPoints, fixed, plain } from './fixed.ts';
import type { VenueOrder } from './venue-books.ts';

/** 5, 12, 16: leave to trade, and what takes it away. */
export const MANDATE_INVARIANTS: readonly Invariant[] = [
  {
    number: 5,
    says: 'No order without a risk approval over the same parameters, unexpired, used once.',
    unchecked: null,
    check: approvedOnce,
  },
  {
    number: 12,
    says: 'One second after a halt no new order is sent.',
    unchecked:
      'an order the venue takes up to 5 s later is believed to have been signed before the halt ' +
      'only when our books say when it was signed',
    check: haltsHold,
  },
  {
    number: 16,
    says: 'Risk limits hold at every moment in venue order of fills.',
    unchecked:
      'daily loss, drawdown, volatility, correlation, price band and orders per minute: they are ' +
      'judged before an order, from facts that are not all on record',
    check: limitsHold,
  },
];

async function approvedOnce({ db, ours, venue }: Context, tally: Tally): Promise<void> {
  tally.database += await db.count('select count(*) from approvals');
  const wrong = await db.rows<{ id: string; fault: string }>(
    `select a.id, case when a.parameter_hash <> i.parameter_hash
         then 'approves other parameters than its leg has'
         else 'was used after it had expired' end as fault
     from approvals a join intents i using (leg_id)
     where a.parameter_hash <> i.parameter_hash or a.used_at > a.expires_at`,
  );
  for (const { id, fault } of wrong) tally.violate(id, fault);
  const counted = await db.rows<{ leg: string; sent: string; used: string }>(
    `with sent as (
       select o.leg_id as leg, count(*) as sent from orders o
       where o.state not in ('prepared', 'never_arrived') or exists (
         select from audit a where a.reference = o.client_order_id and a.act = 'order-sent')
       group by o.leg_id),
     used as (select leg_id as leg, count(*) as used from approvals
       where used_at is not null group by leg_id)
     select leg, coalesce(sent, 0) as sent, coalesce(used, 0) as used
     from sent full join used using (leg) where coalesce(sent, 0) <> coalesce(used, 0)`,
  );
  for (const { leg, sent, used } of counted) {
    tally.violate(leg, `was sent ${sent} times on ${used} used approvals`);
  }
  const named = await db.rows<{ id: string; fault: string }>(
    `select a.reference as id, 'its approval is missing, another leg’s or named twice' as fault
     from (select reference, body ->> 'approvalId' as approval, body ->> 'legId' as leg,
         count(*) over (partition by body ->> 'approvalId') as times
       from audit where act = 'order-prepared') a
     left join approvals p on p.id = a.approval
     where p.id is null or p.leg_id <> a.leg or a.times <> 1`,
  );
  for (const { id, fault } of named) tally.violate(id, fault);
  if (venue === null) return;
  const used = await db.rows<{ leg: string }>(
    'select distinct leg_id as leg from approvals where used_at is not null',
  );
  const legs = new Set(used.map(({ leg }) => leg));
  for (const order of venue.orders) {
    tally.venue += 1;
    const known = ours.orders.get(order.clientOrderId);
    if (known === undefined || order.n > venue.before || legs.has(known.legId)) continue;
    tally.violate(known.id, 'the venue has it and no approval of its leg was used');
  }
}

interface Halt {
  readonly name: string;
  readonly level: string;
  readonly account: string | null;
  readonly symbol: string | null;
  readonly placed: number;
  readonly lifted: number | null;
}

async function haltsHold({ db, ours, venue, bounds }: Context, tally: Tally): Promise<void> {
  const halts = await db.rows<Halt>(
    `select name, level, user_id::text as account, symbol, placed_at as placed,
       lifted_at as lifted from halts`,
  );
  tally.database += halts.length;
  if (halts.length === 0) return;
  for (const order of ours.orders.values()) {
    const halt = halts.find((one) => forbids(one, order, { ms: order.recordedAtMs, bounds }));
    if (halt) tally.violate(order.id, `prepared under the halt ${halt.name}`);
  }
  for (const order of venue?.orders ?? []) {
    tally.venue += 1;
    const sentBy = sentNoEarlierThan(order, ours.orders.get(order.clientOrderId), bounds);
    const halt = halts.find((one) => forbids(one, order, { ms: sentBy, bounds }));
    if (halt === undefined) continue;
    const late = order.wallMs - halt.placed;
    tally.violate(order.clientOrderId, `accepted ${late} ms after the halt ${halt.name}`);
  }
}

/** The earliest moment it can have been sent, believing our own signature time no further than the
 * venue's clock allows. */
function sentNoEarlierThan(
  order: VenueOrder,
  ours: { readonly signedAtMs: number | null } | undefined,
  { validityMs }: { readonly validityMs: number },
): number {
  const signed = ours?.signedAtMs ?? order.wallMs;
  return Math.max(order.wallMs - validityMs, Math.min(signed, order.wallMs));
}

function forbids(
  halt: Halt,
  order: { readonly account: string; readonly symbol: string; readonly side: string },
  at: { readonly ms: number; readonly bounds: { readonly haltMs: number } },
): boolean {
  const { haltMs } = at.bounds;
  if (at.ms <= halt.placed + haltMs) return false;
  if (halt.lifted !== null && at.ms + haltMs >= halt.lifted) return false;
  if (halt.account !== null && halt.account !== order.account) return false;
  if (halt.symbol !== null && halt.symbol !== order.symbol) return false;
  return halt.level === 'pause' || order.side === 'BUY';
}

interface Limits {
  readonly leg: string;
  readonly most: string | null;
  readonly position: string | null;
  readonly exposure: string | null;
}

async function limitsHold(context: Context, tally: Tally): Promise<void> {
  const { db, ours, venue, bounds } = context;
  const limits = new Map<string, Limits>();
  tally.database += await db.stream<Limits>(
    `select leg_id as leg, limits ->> 'maxOrderQuote' as most,
       limits ->> 'maxPositionBps' as position, limits ->> 'maxTotalExposureBps' as exposure
     from approvals`,
    [],
    (rows) => {
      for (const row of rows) limits.set(row.leg, row);
    },
  );
  for (const trade of venue?.trades ?? []) {
    tally.venue += 1;
    const order = ours.orders.get(trade.order.clientOrderId);
    const allowed = order && limits.get(order.legId);
    if (order === undefined || allowed === undefined || order.side !== 'BUY') continue;
    const { most, position, exposure } = allowed;
    if (most !== null && trade.order.quoted > fixed(most)) {
      tally.violate(order.id, `spent ${plain(trade.order.quoted)}, at most ${most} an order`);
    }
    const room = (bps: string): bigint =>
      basisPoints(trade.equity, BigInt(bps) + BigInt(bounds.exposureBps));
    const of = `of ${plain(trade.equity)} after trade ${trade.tradeId}`;
    if (position !== null && trade.position > room(position)) {
      tally.violate(order.id, `${trade.order.symbol} is worth ${plain(trade.position)} ${of}`);
    }
    if (exposure !== null && trade.exposure > room(exposure)) {
      tally.violate(order.id, `${plain(trade.exposure)} is at risk ${of}`);
    }
  }
}
