import { expect } from 'vitest';
import type { Summary } from '../../ops/ring/summary.ts';
import type { VerifyReport } from '../../ops/ring/verify.ts';
import type { Corro } from './corro.ts';

/** A summary without what the wall clock says, and without attempts of which it is proven that they
 * never reached the venue: a kill between the signature and the send costs one. */
export function marketOf(summary: Summary): Summary {
  const orders = Object.entries(summary.orders).filter(([state]) => state !== 'never_arrived');
  return { ...summary, seconds: 0, orders: Object.fromEntries(orders) };
}

/** What must hold of the books whatever happened to the processes: every decision recomputes, the
 * chain is whole, our ledger and the venue agree, no leg was sent twice, and what an order executed
 * is what its fills add up to. */
export async function expectSoundBooks(corro: Corro, summary: Summary): Promise<void> {
  expect(summary.ledgerEqualsVenue, JSON.stringify(summary.books)).toBe(true);
  expect(summary.chain.length).toBe(summary.decisions + summary.decidedBefore);
  const verified = await corro.json<VerifyReport>('verify');
  expect(verified).toMatchObject({ equal: true, checked: summary.chain.length, faults: [] });
  expect(await corro.sql(UNSOUND_LEGS)).toEqual([]);
  expect(await corro.sql(UNSOUND_ORDERS)).toEqual([]);
  expect(await corro.sql(SPEECHES)).toEqual([]);
}

const UNSOUND_LEGS = `select leg_id, count(*) from orders
  where state not in ('never_arrived') group by leg_id having count(*) > 1`;

const UNSOUND_ORDERS = `select orders.client_order_id, executed_quantity, sum(fills.quantity)
  from orders left join fills using (client_order_id)
  group by orders.client_order_id, executed_quantity
  having executed_quantity <> coalesce(sum(fills.quantity), 0)`;

/** Nobody may have spoken twice in one round and kind. */
const SPEECHES = `select event_id, round, kind, role, count(*) from utterances
  group by event_id, round, kind, role having count(*) > 1`;
