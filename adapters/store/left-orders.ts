import { sql } from 'kysely';
import { reservedForLeg } from './ledger.ts';
import type { Reader } from './store.ts';

/** An order that nobody pursues and that is not settled: it waits for a person, and what it has
 * reserved waits with it. */
export interface LeftOrder {
  readonly clientOrderId: string;
  readonly legId: string;
  readonly userId: string;
  readonly symbol: string;
  readonly side: string;
  readonly state: string;
  /** When it moved last, wall clock, Unix milliseconds. */
  readonly sinceMs: number;
  /** What it holds back, decimal text; null: nothing. */
  readonly reserved: { readonly asset: string; readonly amount: string } | null;
  /** Why it was left to a person; null: nobody said, its pursuit has just ended. */
  readonly reason: string | null;
}

/** Longer than a pursuit waits for servers that are away before it gives up. */
export const LEFT_AFTER_MS = 900_000;
const MOST_LISTED = 1_000;

/** Newest attempts of legs that are neither settled, nor given up, nor resting at their venue, and
 * that were left to a person or have not moved for `quietMs`; oldest first, at most 1,000. */
export async function leftOrders(
  db: Reader,
  { quietMs = LEFT_AFTER_MS }: { readonly quietMs?: number } = {},
): Promise<readonly LeftOrder[]> {
  const { rows } = await sql<Omit<LeftOrder, 'reserved' | 'sinceMs'> & { readonly since: Date }>`
    with waiting as materialized (
      select o.client_order_id as "clientOrderId", o.leg_id as "legId", i.user_id as "userId",
        i.symbol, i.side, o.state, o.updated_at as since
      from orders o join intents i on i.leg_id = o.leg_id
      where not (o.state = 'open' and i.time_in_force = 'GTC')
        and not exists (select from orders n where n.leg_id = o.leg_id and n.attempt > o.attempt)
        and not exists (select from audit a where a.reference = o.client_order_id
          and a.act = 'order-settled')
        and not exists (select from audit a where a.reference = o.leg_id
          and a.act = 'leg-abandoned'))
    select w.*, (select body ->> 'reason' from audit a where a.reference = w."legId"
        and a.act = 'leg-halted' order by seq desc limit 1) as reason
    from waiting w
    where since < now() - make_interval(secs => ${quietMs / 1000}) or exists (
      select from audit a where a.reference = w."legId" and a.act = 'leg-halted')
    order by since limit ${MOST_LISTED}`.execute(db);
  const left: LeftOrder[] = [];
  for (const { since, ...row } of rows) {
    const reserved = await reservedForLeg(db, row.legId);
    left.push({ ...row, sinceMs: since.getTime(), reserved });
  }
  return left;
}
