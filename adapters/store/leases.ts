import { sql } from 'kysely';
import type { Writer } from './store.ts';

/** The right to act on one thing. Every taking raises the epoch, and it never goes back: who holds
 * an older epoch is stopped at the gateway, right before its bytes would leave. */
export interface Lease {
  readonly name: string;
  /** Decimal integer. */
  readonly epoch: string;
}

/** How long a lease holds without being taken again, by the database's clock. Longer than a send
 * may take; a holder that was paused for longer must not send. */
export const LEASE_MS = 30_000;

/** One lease per leg, so that any number of order workers can act for different legs at once, and
 * whoever takes up a leg fences everybody who worked on it before. */
export function legLease(legId: string): string {
  return `leg-${legId}`;
}

/** Takes a lease whoever holds it: safe, because the old holder's epoch is void from the commit on.
 * The row stays locked until the caller's transaction ends. */
export async function takeLease(
  trx: Writer,
  { name, holder }: { readonly name: string; readonly holder: string },
): Promise<Lease> {
  const expires = sql<Date>`now() + make_interval(secs => ${LEASE_MS / 1000})`;
  const { epoch } = await trx
    .insertInto('leases')
    .values({ name, holder, epoch: 1, expires_at: expires })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({
        holder,
        epoch: sql`leases.epoch + 1`,
        expires_at: expires,
      }),
    )
    .returning('epoch')
    .executeTakeFirstOrThrow();
  return { name, epoch };
}
