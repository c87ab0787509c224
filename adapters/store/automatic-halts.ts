import type { Refusal, RefusalCode } from '../../core/risk/facts.ts';
import type { HaltLevel } from '../../core/risk/halt.ts';
import { placeHalt } from './halts.ts';
import type { Writer } from './store.ts';

interface AutomaticHalt {
  readonly level: HaltLevel;
  readonly liftsWhen: string;
}

/** Refusals that mean more than one order's no: they stop the user's trading until a person has
 * looked. */
const AUTOMATIC: { readonly [code in RefusalCode]?: AutomaticHalt } = {
  // Not a pause: what was bought just before must get its stop, and every guard must go on.
  fuse: {
    level: 'close-only',
    liftsWhen: 'it is known why so many orders were made, and a person lifts it by name',
  },
  drawdown: {
    level: 'close-only',
    liftsWhen:
      'equity is back above the limit, or the user allows a deeper fall, and a person lifts it ' +
      'by name',
  },
};

/** Places the halt that goes with a refusal of a user's order, where one does, in the refusal's own
 * transaction. */
export async function haltAfter(
  trx: Writer,
  { userId, refusal }: { readonly userId: string; readonly refusal: Refusal },
): Promise<void> {
  const automatic = AUTOMATIC[refusal.refused];
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
