import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Hashes of the models that a close may ask for, of all markets: champions first, then models in
 * the shadow, then of each market the newest retired one, to which a rollback would go back, and
 * the newest candidate, which a person may promote. At most `most`, the newest first within
 * each. */
export async function servableHashes(
  db: Kysely<Database>,
  most: number,
): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly hash: string }>`
    select m.hash from models m
    where m.state in ('champion', 'shadow')
      or (m.state in ('retired', 'candidate') and not exists (
        select from models newer
        where newer.venue = m.venue and newer.symbol = m.symbol
          and newer.timeframe = m.timeframe and newer.state = m.state
          and (newer.recorded_at, newer.hash) > (m.recorded_at, m.hash)))
    order by array_position(array['champion', 'shadow', 'retired', 'candidate'], m.state),
      m.recorded_at desc, m.hash
    limit ${most}`.execute(db);
  return rows.map((row) => row.hash);
}
