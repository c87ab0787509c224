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

async function forwardOnly({ ours, records }: Context, tally: Tally): Promise<void> {
  const told = await records();
  tally.database += told.steps;
  for (const { id, text } of told.missteps) tally.violate(id, text);
  for (const { id, state } of ours.orders.values()) {
    const act = told.lastAct(id);
    if (act === `order-${state.replace('_', '-')}`) continue;
    tally.violate(id, `is ${state}, its last record says ${act ?? 'nothing'}`);
  }
}

async function epochsForward({ db, records }: Context, tally: Tally): Promise<void> {
  tally.database += await db.count('select count(*) from leases');
  for (const { id, text } of (await records()).regressions) tally.violate(id, text);
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
