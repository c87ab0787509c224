import type { Kysely } from 'kysely';
import { storeInstruments } from '../../adapters/store/instruments.ts';
import { deposit } from '../../adapters/store/ledger.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { activeUsersWithConfig, ensureDefaults } from '../../adapters/store/users.ts';
import type { PaperControl } from '../../adapters/venue/paper-control.ts';
import type { Instrument } from '../../core/market/instrument.ts';
import { firstDeposit } from '../../core/portfolio/first-deposit.ts';

export interface Opening {
  readonly venue: string;
  readonly instruments: readonly Instrument[];
  /** The market's time of the first close. */
  readonly marketTimeMs: number;
}

/** Opens a paper market for everybody: lists its instruments with the venue and in our books, and
 * pays in each active user's first paper money, once for ever per quote asset. Repeating changes
 * nothing. */
export async function openMarket(
  { db, paper }: { readonly db: Kysely<Database>; readonly paper: PaperControl },
  { venue, instruments, marketTimeMs }: Opening,
): Promise<void> {
  await ensureDefaults(db);
  await paper.instruments(instruments);
  await storeInstruments(db, venue, instruments);
  const quotes = [...new Set(instruments.map((instrument) => instrument.quote))];
  for (const user of await activeUsersWithConfig(db)) {
    for (const asset of quotes) {
      const amount = firstDeposit(asset);
      const reference = `first-${asset}`;
      await deposit(db, {
        user: user.id,
        venue,
        asset,
        amount,
        reference,
        marketTime: marketTimeMs,
      });
      await paper.deposit({
        depositId: `${user.id}-${reference}`,
        account: user.id,
        deposits: { [asset]: amount },
      });
    }
  }
}
