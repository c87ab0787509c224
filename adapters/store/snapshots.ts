import type { Kysely } from 'kysely';
import { type Facts, freezeSnapshot } from '../../core/assistants/freeze.ts';
import type { Snapshot } from '../../core/assistants/snapshot.ts';
import type { Candle } from '../../core/market/candle.ts';
import { observedText } from '../../core/market/money.ts';
import { houseHoldings, markToMarket } from './positions.ts';
import type { Database } from './schema.ts';

type MotionFacts = Omit<Facts, 'holdings'>;

/** Freezes the facts of motions that share a close, with the books as they stand. Every position is
 * marked to its close before any books are read: what one motion sees of another's symbol must not
 * depend on which was frozen first. Throws a `RangeError` on facts without a candle. */
export async function takeSnapshots(
  db: Kysely<Database>,
  venue: string,
  motions: readonly Omit<MotionFacts, 'venue'>[],
): Promise<readonly Snapshot[]> {
  const closes = Object.fromEntries(
    motions.map(({ symbol, candles }) => [symbol, observedText(lastOf(candles).close)]),
  );
  const marketTimeMs = Math.max(0, ...motions.map(({ candles }) => lastOf(candles).closeTimeMs));
  await markToMarket(db, { venue, marketTimeMs, closes });
  return Promise.all(
    motions.map(async (facts) => {
      const { symbol } = facts;
      const close = closes[symbol] as string;
      const holdings = await houseHoldings(db, { venue, symbol, close });
      return freezeSnapshot({ ...facts, venue, holdings });
    }),
  );
}

function lastOf(candles: readonly Candle[]): Candle {
  const last = candles.at(-1);
  if (last === undefined) throw new RangeError('candles must not be empty');
  return last;
}
