import { type PlanInputs, planId } from '../../core/identity.ts';
import type { OrderCause } from '../../core/orders/leg.ts';
import { appendAudit } from './audit.ts';
import { type JsonValue, toJson } from './json.ts';
import { booksPartition } from './ledger.ts';
import type { Reader, Writer } from './store.ts';

export interface NewPlan {
  readonly kind: PlanInputs['kind'];
  readonly userId: string;
  readonly username: string;
  readonly venue: string;
  /** Null: a plan over several symbols. */
  readonly symbol: string | null;
  /** What asked for it: an entry's leg id, a halt's id, a week. */
  readonly reference: string;
  /** What was decided, JSON with money as decimal strings; the kind says which fields. */
  readonly body: unknown;
  readonly marketTimeMs: number;
}

/** A plan of legs that no decision asked for, as it was first recorded. */
export interface PlanRow extends Omit<NewPlan, 'username'> {
  readonly id: string;
  readonly body: JsonValue;
}

/** Records a plan and its audit in the caller's transaction. A plan is never changed: the same
 * (kind, user, venue, reference) again finds the first one, and `fresh` is false. */
export async function recordPlan(
  trx: Writer,
  plan: NewPlan,
): Promise<{ readonly id: string; readonly fresh: boolean }> {
  const { kind, userId, username, venue, symbol, reference, body, marketTimeMs } = plan;
  const id = planId({ kind, username, venue, reference });
  const inserted = await trx
    .insertInto('plans')
    .values({
      ...{ id, kind, venue, symbol, reference },
      user_id: userId,
      body: toJson(body),
      market_time: new Date(marketTimeMs),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!inserted) {
    await readPlan(trx, id);
    return { id, fresh: false };
  }
  const facts = { kind, venue, symbol, reference, plan: body, marketTimeMs };
  const partition = booksPartition(userId);
  await appendAudit(trx, { partition, act: 'plan-recorded', reference: id, body: facts });
  return { id, fresh: true };
}

/** One plan. Throws when there is none of that id. */
export async function readPlan(db: Reader, id: string): Promise<PlanRow> {
  const row = await db
    .selectFrom('plans')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return {
    id: row.id,
    kind: row.kind as Exclude<OrderCause['kind'], 'decision'>,
    userId: row.user_id,
    venue: row.venue,
    symbol: row.symbol,
    reference: row.reference,
    body: row.body,
    marketTimeMs: row.market_time.getTime(),
  };
}
