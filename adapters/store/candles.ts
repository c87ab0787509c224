import { type Kysely, sql } from 'kysely';
import type { Candle, Timeframe } from '../../core/market/candle.ts';
import type { Database } from './schema.ts';
import { transaction } from './store.ts';

/** One market's candles. */
export interface Series {
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

export interface CandleBatch extends Series {
  readonly candles: readonly Candle[];
}

/** What became of a batch: every candle is exactly one of the three. */
export interface CandlesStored {
  readonly inserted: number;
  /** Was there already, equal. */
  readonly known: number;
  /** Another candle stands at that open time, and stays: what was decided on it is not undone. */
  readonly differing: number;
  /** The first of them, or null. */
  readonly firstDifference: { readonly stored: Candle; readonly offered: Candle } | null;
}

const BATCH = 5_000;

/** Stores closed candles, all or none, in batches of one statement each. Repeating a call changes
 * nothing; a candle that differs from the one stored at its open time is counted and not written.
 * Throws the database's error when a candle is no candle (not positive, high below low, more than
 * 18 decimals). */
export async function storeCandles(
  db: Kysely<Database>,
  batch: CandleBatch,
): Promise<CandlesStored> {
  if (batch.candles.length === 0) return NOTHING;
  if (!db.isTransaction && batch.candles.length > BATCH) {
    return transaction(db, (trx) => storeCandles(trx, batch));
  }
  let total = NOTHING;
  for (let start = 0; start < batch.candles.length; start += BATCH) {
    const candles = batch.candles.slice(start, start + BATCH);
    total = sum(total, await storeBatch(db, { ...batch, candles }));
  }
  return total;
}

const NOTHING: CandlesStored = { inserted: 0, known: 0, differing: 0, firstDifference: null };

function sum(a: CandlesStored, b: CandlesStored): CandlesStored {
  return {
    inserted: a.inserted + b.inserted,
    known: a.known + b.known,
    differing: a.differing + b.differing,
    firstDifference: a.firstDifference ?? b.firstDifference,
  };
}

async function storeBatch(db: Kysely<Database>, batch: CandleBatch): Promise<CandlesStored> {
  const { venue, symbol, timeframe, candles } = batch;
  const result = await sql`
    insert into candles
      (venue, symbol, timeframe, open_time, close_time, open, high, low, close, volume)
    select ${venue}, ${symbol}, ${timeframe}, * from ${columns(candles)}
    on conflict (venue, symbol, timeframe, open_time) do nothing`.execute(db);
  const inserted = Number(result.numAffectedRows ?? 0n);
  if (inserted === candles.length) return { ...NOTHING, inserted };
  const different = await differences(db, batch);
  const first = different[0];
  return {
    inserted,
    known: candles.length - inserted - different.length,
    differing: different.length,
    firstDifference: first ?? null,
  };
}

function columns(candles: readonly Candle[]) {
  const time = (pick: (candle: Candle) => number): string[] =>
    candles.map((candle) => new Date(pick(candle)).toISOString());
  // A double's shortest decimal reads back as the same double, so nothing is lost here.
  const value = (pick: (candle: Candle) => number): string[] =>
    candles.map((candle) => String(pick(candle)));
  return sql`unnest(
    ${time((candle) => candle.openTimeMs)}::timestamptz[],
    ${time((candle) => candle.closeTimeMs)}::timestamptz[],
    ${value((candle) => candle.open)}::numeric[],
    ${value((candle) => candle.high)}::numeric[],
    ${value((candle) => candle.low)}::numeric[],
    ${value((candle) => candle.close)}::numeric[],
    ${value((candle) => candle.volume)}::numeric[])`;
}

async function differences(
  db: Kysely<Database>,
  { candles, ...series }: CandleBatch,
): Promise<{ stored: Candle; offered: Candle }[]> {
  const times = candles.map(({ openTimeMs }) => new Date(openTimeMs).toISOString());
  const rows = await candlesOf(db, series)
    .where('open_time', '=', sql<Date>`any(${times}::timestamptz[])`)
    .execute();
  const stored = new Map(rows.map((row) => [row.open_time.getTime(), candleOf(row)]));
  return candles.flatMap((offered) => {
    const there = stored.get(offered.openTimeMs);
    return there === undefined || equal(there, offered) ? [] : [{ stored: there, offered }];
  });
}

function equal(a: Candle, b: Candle): boolean {
  return (Object.keys(a) as (keyof Candle)[]).every((key) => a[key] === b[key]);
}

/** Which part of a series; without bounds all of it. */
export interface CandleRange extends Series {
  /** Opened at or after, Unix ms. */
  readonly fromMs?: number;
  /** Closed at or before, Unix ms: what was known then. */
  readonly toMs?: number;
  /** Only the newest so many of these. */
  readonly newest?: number;
}

/** A part of a series, oldest first. */
export async function readCandles(
  db: Kysely<Database>,
  { fromMs, toMs, newest, ...series }: CandleRange,
): Promise<readonly Candle[]> {
  const rows = await candlesOf(db, series)
    .$if(fromMs !== undefined, (query) => query.where('open_time', '>=', new Date(fromMs ?? 0)))
    .$if(toMs !== undefined, (query) =>
      query
        .where('close_time', '<=', new Date(toMs ?? 0))
        // Follows from the line above, and is what the index can find.
        .where('open_time', '<', new Date(toMs ?? 0)),
    )
    .orderBy('open_time', newest === undefined ? 'asc' : 'desc')
    .$if(newest !== undefined, (query) => query.limit(newest ?? 0))
    .execute();
  const candles = rows.map(candleOf);
  return newest === undefined ? candles : candles.reverse();
}

/** What is stored of each series. */
export interface SeriesExtent extends Series {
  readonly candles: number;
  readonly firstOpenMs: number;
  readonly lastCloseMs: number;
}

/** Every series there is, by venue, symbol and timeframe. */
export async function listSeries(db: Kysely<Database>): Promise<readonly SeriesExtent[]> {
  const rows = await db
    .selectFrom('candles')
    .select(({ fn }) => [
      'venue',
      'symbol',
      'timeframe',
      fn.countAll<string>().as('candles'),
      fn.min('open_time').as('first'),
      fn.max('close_time').as('last'),
    ])
    .groupBy(['venue', 'symbol', 'timeframe'])
    .orderBy('venue')
    .orderBy('symbol')
    .orderBy('timeframe')
    .execute();
  return rows.map(({ venue, symbol, timeframe, candles, first, last }) => ({
    venue,
    symbol,
    timeframe: timeframe as Timeframe,
    candles: Number(candles),
    firstOpenMs: first.getTime(),
    lastCloseMs: last.getTime(),
  }));
}

function candlesOf(db: Kysely<Database>, { venue, symbol, timeframe }: Series) {
  return db
    .selectFrom('candles')
    .select(['open_time', 'close_time', 'open', 'high', 'low', 'close', 'volume'])
    .where('venue', '=', venue)
    .where('symbol', '=', symbol)
    .where('timeframe', '=', timeframe);
}

interface CandleRow {
  readonly open_time: Date;
  readonly close_time: Date;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
}

function candleOf(row: CandleRow): Candle {
  return {
    openTimeMs: row.open_time.getTime(),
    closeTimeMs: row.close_time.getTime(),
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    volume: Number(row.volume),
  };
}
