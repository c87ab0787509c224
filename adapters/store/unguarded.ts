import { type Kysely, sql } from 'kysely';
import { legId } from '../../core/identity.ts';
import type { OrderInput } from '../../core/orders/leg.ts';
import type { GuardRecord } from '../../proto/guard.ts';
import { listGuards } from './guards.ts';
import { readOrder } from './orders.ts';
import type { Database } from './schema.ts';

/** A position whose newest trade nobody may have told a guard of. */
export interface Unwatched {
  /** The leg of that trade. */
  readonly entry: OrderInput;
  /** The cause's first leg: its workflow carries the name, whichever slice traded. */
  readonly firstLegId: string;
  /** The open guard, which believes in another quantity; null: there is none. */
  readonly guard: GuardRecord | null;
}

/** Positions worth an order that have no guard since their newest trade, or one that does not count
 * in their newest purchase, where that was booked at least `quietMs` ago. A guard that closed after
 * the trade knew of it. A hedge is closed by its own rule and has no guard. Whoever asks still has
 * to see that the trade's own workflow is not about to tell the guard itself. */
export async function unwatchedPositions(
  db: Kysely<Database>,
  { namespace, quietMs }: { readonly namespace: string; readonly quietMs: number },
): Promise<readonly Unwatched[]> {
  const { rows } = await sql<{ id: string; guard: string | null }>`
    select newest.client_order_id as id, g.plan_id as guard
    from positions p
    join instruments i on i.venue = p.venue and i.symbol = p.symbol
    left join guards g on g.user_id = p.user_id and g.venue = p.venue and g.symbol = p.symbol
      and g.status <> 'closed'
    cross join lateral (
      select f.client_order_id, f.side, f.recorded_at, n.purpose
      from fills f join orders o on o.client_order_id = f.client_order_id
        join intents n on n.leg_id = o.leg_id
      where f.user_id = p.user_id and f.venue = p.venue and f.symbol = p.symbol
      order by f.recorded_at desc, f.trade_id desc limit 1) newest
    where p.quantity >= i.lot_size and p.quantity * p.current_price >= 2 * i.min_notional
      and (g.plan_id is null or (g.state ->> 'quantity')::numeric <> p.quantity)
      and (newest.side = 'BUY' or g.plan_id is null) and newest.purpose <> 'hedge'
      and not exists (
        select from guards c join audit a on a.reference = c.plan_id and a.act = 'guard-closed'
        where c.user_id = p.user_id and c.venue = p.venue and c.symbol = p.symbol
          and a.recorded_at >= newest.recorded_at)
      and newest.recorded_at < now() - make_interval(secs => ${quietMs / 1000})
    order by p.symbol, p.user_id`.execute(db);
  return Promise.all(rows.map(({ id, guard }) => unwatchedOf(db, { namespace, id, guard })));
}

async function unwatchedOf(
  db: Kysely<Database>,
  of: { readonly namespace: string; readonly id: string; readonly guard: string | null },
): Promise<Unwatched> {
  const order = await readOrder(db, of.id);
  const { userId, cause, purpose, legId: own, marketTimeMs: closeTimeMs } = order;
  const { venue, symbol, side } = order.parameters;
  const { username, leg } = await db
    .selectFrom('intents as i')
    .innerJoin('users as u', 'u.id', 'i.user_id')
    .select(['u.username', 'i.leg'])
    .where('i.leg_id', '=', own)
    .executeTakeFirstOrThrow();
  const { referencePrice } = order;
  const entry: OrderInput = {
    ...{ namespace: of.namespace, legId: own, leg, cause, purpose, userId, venue, symbol, side },
    ...{ closeTimeMs, referencePrice, confidenceBp: 10_000 },
  };
  const [guard = null] = of.guard === null ? [] : await listGuards(db, { planId: of.guard });
  return { entry, firstLegId: legId({ causeId: cause.id, username, leg: 0 }), guard };
}
