import { ageMs, type Context, type Invariant } from './context.ts';
import type { Tally } from './finding.ts';
import { isLive } from './ours.ts';

/** 11, 13 and 19 are about the same orders over time. */
export const STATE_INVARIANTS: readonly Invariant[] = [
  {
    number: 11,
    says: 'Order states only move forward; nothing leaves an end; late fills are still booked.',
    unchecked: null,
    check: forwardOnly,
  },
  {
    number: 13,
    says: 'Fencing epochs never go back.',
    unchecked: null,
    check: epochsForward,
  },
  {
    number: 19,
    says: 'Within 60 s after faults end no order is unknown and no debate is open.',
    unchecked:
      'whether every schedule ran within 1.5 periods (no run of one is in Postgres or the log); ' +
      'when faults ended is said by --settled, without it a debate has its 10 minutes',
    check: settledSoon,
  },
];

/** Every step a state may take, and no other; a record that repeats a state tells a detail. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  prepared: ['sent', 'never-arrived'],
  sent: ['unknown', 'open', 'filled', 'cancelled', 'expired', 'rejected', 'never-arrived'],
  unknown: ['open', 'filled', 'cancelled', 'expired', 'rejected', 'never-arrived'],
  open: ['filled', 'cancelled', 'expired'],
  filled: [],
  cancelled: [],
  expired: [],
  rejected: [],
  'never-arrived': [],
};
const ACTS = Object.keys(STEPS).map((state) => `order-${state}`);
const PAIRS = Object.entries(STEPS).flatMap(([from, to]) =>
  [from, ...to].map((state) => `order-${from} order-${state}`),
);

async function forwardOnly({ db, ours }: Context, tally: Tally): Promise<void> {
  tally.database += await db.count('select count(*) from audit where act = any($1)', [ACTS]);
  const wrong = await db.rows<{ id: string; act: string; before: string | null; less: boolean }>(
    `select reference as id, act, before, executed < earlier as less from (
       select reference, act, lag(act) over steps as before,
         (body ->> 'executedQuantity')::numeric as executed,
         lag((body ->> 'executedQuantity')::numeric) over steps as earlier
       from audit where act = any($1)
       window steps as (partition by partition, reference order by seq)) step
     where (before is null and act <> 'order-prepared')
       or (before is not null and before || ' ' || act <> all($2))
       or executed < earlier`,
    [ACTS, PAIRS],
  );
  for (const { id, act, before, less } of wrong) {
    const step = `${before ?? 'nothing'} to ${act}`;
    tally.violate(id, less ? `executed less at ${step}` : `went from ${step}`);
  }
  const last = await db.rows<{ id: string; act: string }>(
    `select distinct on (reference) reference as id, act from audit
     where act = any($1) order by reference, seq desc`,
    [ACTS],
  );
  const ends = new Map(last.map(({ id, act }) => [id, act]));
  for (const { id, state } of ours.orders.values()) {
    const told = ends.get(id);
    if (told === `order-${state.replace('_', '-')}`) continue;
    tally.violate(id, `is ${state}, its last record says ${told ?? 'nothing'}`);
  }
}

async function epochsForward({ db }: Context, tally: Tally): Promise<void> {
  tally.database += await db.count('select count(*) from leases');
  const back = await db.rows<{ id: string; epoch: string; before: string }>(
    `select reference as id, epoch, before from (
       select reference, (body ->> 'epoch')::bigint as epoch,
         lag((body ->> 'epoch')::bigint) over
           (partition by partition, body ->> 'legId' order by seq) as before
       from audit where act = any($1)) step
     where epoch < before`,
    [ACTS],
  );
  for (const { id, epoch, before } of back) {
    tally.violate(id, `acted with epoch ${epoch} after epoch ${before}`);
  }
  const behind = await db.rows<{ id: string; epoch: string; lease: string | null }>(
    `select o.client_order_id as id, o.epoch, l.epoch as lease
     from orders o left join leases l on l.name = 'leg-' || o.leg_id
     where l.epoch is null or l.epoch < o.epoch`,
  );
  for (const { id, epoch, lease } of behind) {
    tally.violate(id, `acted with epoch ${epoch}, its lease is at ${lease ?? 'none'}`);
  }
}

async function settledSoon(context: Context, tally: Tally): Promise<void> {
  const { db, ours, bounds, settled } = context;
  for (const order of ours.orders.values()) {
    tally.database += 1;
    if (!isLive(order.state) || order.state === 'open') continue;
    const age = ageMs(context, order.updatedAtMs);
    if (age <= bounds.settledMs) tally.inFlight += 1;
    else tally.violate(order.id, `has been ${order.state} for ${Math.round(age / 1000)} s`);
  }
  const debates = await db.rows<{ id: string; ms: number }>(
    `select id, recorded_at as ms from debates where status = 'open'`,
  );
  tally.database += debates.length;
  for (const { id, ms } of debates) {
    const age = ageMs(context, ms);
    if (age <= (settled ? bounds.settledMs : bounds.debateMs)) tally.inFlight += 1;
    else tally.violate(id, `the debate has been open for ${Math.round(age / 1000)} s`);
  }
}
