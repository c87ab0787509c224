import type { Kysely } from 'kysely';
import type { Timeframe } from '../../core/market/candle.ts';
import type { Database } from './schema.ts';

/** What one venue has of a market's candles. */
export interface CandleExtent {
  readonly venue: string;
  readonly candles: number;
  readonly firstOpenMs: number;
  readonly lastCloseMs: number;
}

export interface CandleQuestion {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Candles that open from then on and before `toMs`; without: all. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Who has candles of a symbol and how many, most first, then by name. */
export async function candleExtents(
  db: Kysely<Database>,
  { symbol, timeframe, fromMs, toMs }: CandleQuestion,
): Promise<readonly CandleExtent[]> {
  const rows = await db
    .selectFrom('candles')
    .select(({ fn }) => [
      'venue',
      fn.countAll<string>().as('candles'),
      fn.min('open_time').as('first'),
      fn.max('close_time').as('last'),
    ])
    .where('symbol', '=', symbol)
    .where('timeframe', '=', timeframe)
    .$if(fromMs !== undefined, (query) => query.where('open_time', '>=', new Date(fromMs ?? 0)))
    .$if(toMs !== undefined, (query) => query.where('open_time', '<', new Date(toMs ?? 0)))
    .groupBy('venue')
    .orderBy('candles', 'desc')
    .orderBy('venue')
    .execute();
  return rows.map(({ venue, candles, first, last }) => ({
    venue,
    candles: Number(candles),
    firstOpenMs: first.getTime(),
    lastCloseMs: last.getTime(),
  }));
}
