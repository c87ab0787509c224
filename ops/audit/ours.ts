import type { Database } from './database.ts';

/** The venue whose own log is the other witness. */
export const VENUE = 'paper';

/** One attempt at a leg as our books have it. Decimal text; wall-clock times in milliseconds. */
export interface OurOrder {
  readonly id: string;
  readonly legId: string;
  readonly attempt: number;
  readonly state: string;
  readonly venueOrderId: string | null;
  readonly executed: string;
  readonly signedAtMs: number | null;
  readonly recordedAtMs: number;
  readonly updatedAtMs: number;
  readonly account: string;
  readonly symbol: string;
  readonly side: string;
  readonly type: string;
  readonly timeInForce: string | null;
  readonly quantity: string;
  readonly limitPrice: string | null;
  readonly stopPrice: string | null;
}

/** Our orders at the venue that is the other witness, by client order id. */
export interface Ours {
  readonly orders: ReadonlyMap<string, OurOrder>;
}

const LIVE = new Set(['prepared', 'sent', 'unknown', 'open']);

export function isLive(state: string): boolean {
  return LIVE.has(state);
}

export async function readOurs(db: Database): Promise<Ours> {
  const orders = new Map<string, OurOrder>();
  await db.stream<OurOrder>(
    `select o.client_order_id as id, o.leg_id as "legId", o.attempt, o.state,
       o.venue_order_id as "venueOrderId", o.executed_quantity as executed,
       o.signed_at as "signedAtMs", o.recorded_at as "recordedAtMs",
       o.updated_at as "updatedAtMs", i.user_id::text as account, i.symbol, i.side, i.type,
       i.time_in_force as "timeInForce", i.quantity, i.limit_price as "limitPrice",
       i.stop_price as "stopPrice"
     from orders o join intents i on i.leg_id = o.leg_id where o.venue = $1`,
    [VENUE],
    (rows) => {
      for (const row of rows) orders.set(row.id, row);
    },
  );
  return { orders };
}
