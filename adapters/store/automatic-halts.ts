import { AUTOMATIC_HALTS } from '../../core/risk/automatic-halts.ts';
import type { Refusal, RefusalCode } from '../../core/risk/facts.ts';
import { placeHalt } from './halts.ts';
import type { Writer } from './store.ts';

/** Places the halt that goes with a refusal of a user's order, where one does, in the refusal's own
 * transaction. */
export async function haltAfter(
  trx: Writer,
  { userId, refusal }: { readonly userId: string; readonly refusal: Refusal },
): Promise<void> {
  const automatic = AUTOMATIC_HALTS[refusal.refused];
  if (!automatic) return;
  const { username } = await trx
    .selectFrom('users')
    .select('username')
    .where('id', '=', userId)
    .executeTakeFirstOrThrow();
  const { level, liftsWhen } = automatic;
  await placeHalt(trx, {
    name: automaticHaltName(refusal.refused, { userId, username }),
    level,
    userId,
    reason: refusal.text,
    automatic: true,
    liftsWhen,
    placedBy: 'order-worker',
  });
}

/** `drawdown-trader`. Names have no `_` and usernames may: those halts carry the user's id, so that
 * two users never share one. */
export function automaticHaltName(
  code: RefusalCode,
  { userId, username }: { readonly userId: string; readonly username: string },
): string {
  return `${code}-${username.includes('_') ? userId : username}`;
}
