import { sql } from 'kysely';
import type { Reader } from '../../adapters/store/store.ts';
import type { LeaseClaim } from '../../adapters/venue/port.ts';

/** Why the holder of this claim must not send, or `null` when the lease is its own and has not run
 * out. Asked after the signature and right before the bytes leave: whoever was paused in between
 * finds the epoch moved on, or the lease over. A database that cannot be read is a no. */
export async function fence(db: Reader, { name, epoch }: LeaseClaim): Promise<string | null> {
  try {
    const lease = await db
      .selectFrom('leases')
      .select(['epoch', sql<boolean>`expires_at > now()`.as('live')])
      .where('name', '=', name)
      // Waits for a takeover that is under way, so that its new epoch is seen and not the old one.
      .forShare()
      .executeTakeFirst();
    if (!lease) return `there is no lease ${name}`;
    if (lease.epoch !== epoch) {
      return `lease ${name} has moved on: epoch must be ${lease.epoch}, was ${epoch}`;
    }
    return lease.live ? null : `lease ${name} has run out`;
  } catch (error) {
    return `the lease could not be read: ${error instanceof Error ? error.message : 'unknown'}`;
  }
}
