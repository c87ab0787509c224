import { sql } from 'kysely';
import type { Approval } from '../../core/risk/approval.ts';
import { toJson } from './json.ts';
import type { Writer } from './store.ts';

export async function storeApproval(trx: Writer, approval: Approval): Promise<void> {
  await trx
    .insertInto('approvals')
    .values({
      id: approval.id,
      leg_id: approval.legId,
      parameter_hash: approval.parameterHash,
      limits: toJson(approval.limits),
      expires_at: new Date(approval.expiresAtMs),
    })
    .execute();
}

/** How many approvals a leg has had; the next one's serial is one more. */
export async function countApprovals(trx: Writer, legId: string): Promise<number> {
  const { count } = await trx
    .selectFrom('approvals')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('leg_id', '=', legId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Uses up the leg's newest approval; false when it is for other parameters, used, or has lapsed.
 *
 * Market time at the act is the leg's market time plus what has passed since the approval was
 * written, by the database's clock: in a replay the tape stands still while an order is under
 * way. */
export async function spendApproval(
  trx: Writer,
  order: { readonly legId: string; readonly parameterHash: string; readonly marketTimeMs: number },
): Promise<boolean> {
  const marketTime = new Date(order.marketTimeMs);
  const now = sql<Date>`${marketTime}::timestamptz + (now() - recorded_at)`;
  const newest = trx
    .selectFrom('approvals')
    .select('id')
    .where('leg_id', '=', order.legId)
    .orderBy('recorded_at', 'desc')
    .limit(1);
  const { numUpdatedRows } = await trx
    .updateTable('approvals')
    .set({ used_at: now })
    .where('id', '=', newest)
    .where('parameter_hash', '=', order.parameterHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>=', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
