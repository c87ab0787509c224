import type { Kysely } from 'kysely';
import { championOf, readModel } from '../../adapters/store/models.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { listWeights } from '../../adapters/store/weights.ts';

/** What a tape is about to be judged with. */
export interface JudgedTape {
  readonly venue: string;
  readonly timeframe: string;
  readonly symbols: readonly string[];
  /** First close that is not judged yet, Unix ms. */
  readonly fromMs: number;
}

/** What the ring knows of the candles it is about to be shown: champions that were trained on them,
 * or on later ones, and weights that were earned after them. One sentence each; a live market never
 * has any. */
export async function hindsightOf(
  db: Kysely<Database>,
  { venue, timeframe, symbols, fromMs }: JudgedTape,
): Promise<readonly string[]> {
  const from = iso(fromMs);
  const words: string[] = [];
  for (const symbol of symbols) {
    const { hash } = await championOf(db, { venue, symbol, timeframe });
    if (hash === null) continue;
    const { dataToMs } = await readModel(db, hash);
    if (dataToMs < fromMs) continue;
    words.push(
      `HINDSIGHT: champion ${hash.slice(0, 12)} of ${symbol} ${timeframe} was trained on candles ` +
        `up to ${iso(dataToMs)}, and what is judged here begins at ${from}. Up to then it has ` +
        'seen what comes: this is no test of it, and earns nobody a score.',
    );
  }
  const [newest] = await listWeights(db, { limit: 1 });
  const learnedToMs = newest?.learnedToMs ?? null;
  if (newest !== undefined && learnedToMs !== null && learnedToMs >= fromMs) {
    words.push(
      `HINDSIGHT: weights version ${newest.version} follows from outcomes up to ` +
        `${iso(learnedToMs)}, and what is judged here begins at ${from}.`,
    );
  }
  return words;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
