import { type Kysely, sql } from 'kysely';
import type { Instrument } from '../../core/market/instrument.ts';
import type { Database } from './schema.ts';
import { UnknownError } from './unknown.ts';

/** Stores what a venue trades and in which steps; a symbol that is there takes the new steps. */
export async function storeInstruments(
  db: Kysely<Database>,
  venue: string,
  instruments: readonly Instrument[],
): Promise<void> {
  if (instruments.length === 0) return;
  await db
    .insertInto('instruments')
    .values(
      instruments.map(({ symbol, base, quote, tickSize, lotSize, minNotional }) => ({
        venue,
        symbol,
        base,
        quote,
        tick_size: tickSize,
        lot_size: lotSize,
        min_notional: minNotional,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['venue', 'symbol']).doUpdateSet({
        base: sql`excluded.base`,
        quote: sql`excluded.quote`,
        tick_size: sql`excluded.tick_size`,
        lot_size: sql`excluded.lot_size`,
        min_notional: sql`excluded.min_notional`,
      }),
    )
    .execute();
}

/** What a venue trades, by symbol. */
export async function readInstruments(
  db: Kysely<Database>,
  venue: string,
): Promise<readonly Instrument[]> {
  const rows = await db
    .selectFrom('instruments')
    .selectAll()
    .where('venue', '=', venue)
    .orderBy('symbol')
    .execute();
  return rows.map((row) => ({
    symbol: row.symbol,
    base: row.base,
    quote: row.quote,
    tickSize: row.tick_size,
    lotSize: row.lot_size,
    minNotional: row.min_notional,
  }));
}

/** One instrument. Throws UnknownError that names the venue's symbols. */
export async function findInstrument(
  db: Kysely<Database>,
  { venue, symbol }: { readonly venue: string; readonly symbol: string },
): Promise<Instrument> {
  const instruments = await readInstruments(db, venue);
  const found = instruments.find((instrument) => instrument.symbol === symbol);
  if (found) return found;
  throw new UnknownError(
    `symbol at ${venue}`,
    symbol,
    instruments.map((one) => one.symbol),
  );
}
