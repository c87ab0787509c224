import { type Kysely, type Selectable, sql } from 'kysely';
import type { Action } from '../../core/assistants/speech.ts';
import type { Regime } from '../../core/features/reading.ts';
import type { OutcomeTerms } from '../../core/judgement/assessment.ts';
import type { Outcome } from '../../core/judgement/outcome.ts';
import type { Market, SettledMotion } from '../../core/learning/contract.ts';
import { observedText } from '../../core/market/money.ts';
import type { Forecast } from '../../core/models/forecast.ts';
import { fromJson, type JsonValue, toJson } from './json.ts';
import type { Database, Outcomes } from './schema.ts';
import { saidOf } from './spoken.ts';

/** A question that waits for what the market makes of it. */
export interface UnsettledMotion {
  readonly eventId: string;
  readonly closeTimeMs: number;
  /** Average true range of 14 candles at its close, quote units, as its snapshot has it. `null`:
   * there was none, so nothing can ever settle it. */
  readonly atr: number | null;
}

export interface UnsettledQuery extends Market {
  readonly limit?: number;
  /** Only those that come after this one: the next page. */
  readonly after?: Pick<UnsettledMotion, 'closeTimeMs' | 'eventId'>;
}

const PAGE = 1_000;

/** Motions of one market without an outcome, oldest first, by event id at one close. Only what the
 * label needs is read of their snapshots. */
export async function unsettledMotions(
  db: Kysely<Database>,
  { venue, symbol, timeframe, limit = PAGE, after }: UnsettledQuery,
): Promise<readonly UnsettledMotion[]> {
  const rows = await db
    .selectFrom('motions as m')
    .select(['m.event_id', 'm.close_time'])
    .select(sql<number | null>`(m.snapshot #>> '{reading,indicators,atr14}')::float8`.as('atr'))
    .where('m.venue', '=', venue)
    .where('m.symbol', '=', symbol)
    .where('m.timeframe', '=', timeframe)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('outcomes as o').whereRef('o.event_id', '=', 'm.event_id'))),
    )
    .$if(after !== undefined, (query) => query.where(isAfter('m', after)))
    .orderBy('m.close_time')
    .orderBy('m.event_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    eventId: row.event_id,
    closeTimeMs: row.close_time.getTime(),
    atr: row.atr !== null && row.atr > 0 ? row.atr : null,
  }));
}

/** How many motions wait, and how many of them for ever. */
export interface Waiting extends Market {
  /** Too young: their candles are still to come. */
  readonly waiting: number;
  /** Put before there was a range to set barriers by: nothing will settle them. */
  readonly never: number;
  /** Close of the oldest that waits; `null`: none does. */
  readonly oldestMs: number | null;
}

/** Every market with motions that have no outcome, by venue, symbol and timeframe. */
export async function waitingMotions(
  db: Kysely<Database>,
  market: Partial<Market> = {},
): Promise<readonly Waiting[]> {
  const rows = await db
    .selectFrom('motions as m')
    .select(['m.venue', 'm.symbol', 'm.timeframe'])
    .select(({ fn }) => fn.countAll<string>().as('all'))
    .select(sql<string>`count(*) filter (where ${HAS_RANGE})`.as('waiting'))
    .select(sql<Date | null>`min(m.close_time) filter (where ${HAS_RANGE})`.as('oldest'))
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('outcomes as o').whereRef('o.event_id', '=', 'm.event_id'))),
    )
    .$if(market.venue !== undefined, (query) => query.where('m.venue', '=', market.venue ?? ''))
    .$if(market.symbol !== undefined, (query) => query.where('m.symbol', '=', market.symbol ?? ''))
    .$if(market.timeframe !== undefined, (query) =>
      query.where('m.timeframe', '=', market.timeframe ?? ''),
    )
    .groupBy(['m.venue', 'm.symbol', 'm.timeframe'])
    .orderBy('m.venue')
    .orderBy('m.symbol')
    .orderBy('m.timeframe')
    .execute();
  return rows.map(({ venue, symbol, timeframe, all, waiting, oldest }) => ({
    ...{ venue, symbol, timeframe },
    waiting: Number(waiting),
    never: Number(all) - Number(waiting),
    oldestMs: oldest?.getTime() ?? null,
  }));
}

const HAS_RANGE = sql`(m.snapshot #>> '{reading,indicators,atr14}')::float8 > 0`;

export interface SettledOutcome {
  readonly eventId: string;
  readonly closeTimeMs: number;
  readonly market: Market;
  readonly outcome: Outcome;
  readonly terms: OutcomeTerms;
}

/** Records what came of motions, once each and for ever: the first outcome of a motion stands.
 * Returns how many were new. Throws a `RangeError` when a row is not of the market or the close of
 * its motion: an outcome there would be a lie about another question. */
export async function recordOutcomes(
  db: Kysely<Database>,
  rows: readonly SettledOutcome[],
): Promise<number> {
  if (rows.length === 0) return 0;
  let recorded = 0;
  for (let start = 0; start < rows.length; start += PAGE) {
    recorded += await recordPage(db, rows.slice(start, start + PAGE));
  }
  return recorded;
}

async function recordPage(db: Kysely<Database>, rows: readonly SettledOutcome[]): Promise<number> {
  await requireTheirMotions(db, rows);
  const sorted = rows.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1));
  const result = await db
    .insertInto('outcomes')
    .values(
      sorted.map(({ eventId, closeTimeMs, market, outcome, terms }) => ({
        event_id: eventId,
        venue: market.venue,
        symbol: market.symbol,
        timeframe: market.timeframe,
        close_time: new Date(closeTimeMs),
        terms: toJson(terms),
        label: outcome.label,
        reached: outcome.reached,
        ambiguous: outcome.ambiguous,
        entry_price: observedText(outcome.entryPrice),
        exit_price: observedText(outcome.exitPrice),
        candles: outcome.candles,
        settled_at: new Date(outcome.settledAtMs),
      })),
    )
    .onConflict((conflict) => conflict.column('event_id').doNothing())
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0n);
}

async function requireTheirMotions(
  db: Kysely<Database>,
  rows: readonly SettledOutcome[],
): Promise<void> {
  const motions = await db
    .selectFrom('motions')
    .select(['event_id', 'venue', 'symbol', 'timeframe', 'close_time'])
    .where('event_id', '=', anyOf(rows.map((row) => row.eventId)))
    .execute();
  const there = new Map(
    motions.map((row) => [
      row.event_id,
      placeOf({ ...row, closeTimeMs: row.close_time.getTime() }),
    ]),
  );
  for (const { eventId, closeTimeMs, market } of rows) {
    const place = there.get(eventId) ?? 'no motion on record';
    const offered = placeOf({ ...market, closeTimeMs });
    if (place === offered) continue;
    throw new RangeError(`outcome of ${eventId} must be of ${place}, was of ${offered}`);
  }
}

function placeOf(place: Market & { readonly closeTimeMs: number }): string {
  const { venue, symbol, timeframe, closeTimeMs } = place;
  return `${venue} ${symbol} ${timeframe} ${new Date(closeTimeMs).toISOString()}`;
}

export interface OutcomeFilter {
  readonly market?: Partial<Market>;
  /** Closed at or after, Unix ms. */
  readonly fromMs?: number;
  /** Closed at or before, Unix ms. */
  readonly toMs?: number;
  /** Only what was known by then: settled at or before, Unix ms. */
  readonly settledToMs?: number;
  /** Without motions whose champion had been trained on candles from after their close, as a replay
   * of older candles brings them about: who follows it knew what came. */
  readonly withoutHindsight?: boolean;
}

export interface SettledFilter extends OutcomeFilter {
  /** Only the newest so many of these. */
  readonly newest?: number;
}

/** Settled motions with everything that was foretold of them, in the order of close times, then of
 * event ids: a page at a time, without a word of what was argued, so that a year of minutes never
 * lies in memory at once. Words that came too late are not there: see `heardInTime`. */
export async function* settledMotions(
  db: Kysely<Database>,
  filter: SettledFilter = {},
): AsyncGenerator<SettledMotion> {
  let after = await placeBefore(db, filter);
  for (;;) {
    const rows = await outcomesAfter(db, filter, after);
    const eventIds = rows.map((row) => row.event_id);
    const said = await saidOf(db, eventIds);
    for (const row of rows) {
      const { regime, forecast } = row;
      const talk = said(row.event_id);
      const foretold = talk.forecasts.some(({ part }) => part === 'champion');
      yield {
        eventId: row.event_id,
        ...{ venue: row.venue, symbol: row.symbol, timeframe: row.timeframe },
        closeTimeMs: row.close_time.getTime(),
        regime: regime as Regime,
        outcome: outcomeOf(row),
        opinions: talk.opinions,
        decision: talk.decision,
        // What the snapshot says is what the ring was told, whoever else kept it.
        forecasts:
          foretold || forecast === null
            ? talk.forecasts
            : [{ part: 'champion', forecast: fromJson<Forecast>(forecast) }, ...talk.forecasts],
      };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = { closeTimeMs: last.close_time.getTime(), eventId: last.event_id };
  }
}

/** The same, all at once: for what fits. */
export async function readSettledMotions(
  db: Kysely<Database>,
  filter: SettledFilter = {},
): Promise<readonly SettledMotion[]> {
  const motions: SettledMotion[] = [];
  for await (const motion of settledMotions(db, filter)) motions.push(motion);
  return motions;
}

interface Place {
  readonly closeTimeMs: number;
  readonly eventId: string;
}

/** The outcome just before the newest that are asked for; `null`: begin at the first. */
async function placeBefore(
  db: Kysely<Database>,
  { newest, ...filter }: SettledFilter,
): Promise<Place | null> {
  if (newest === undefined) return null;
  const row = await db
    .selectFrom('outcomes as o')
    .select(['o.close_time', 'o.event_id'])
    .where(matching(filter))
    .orderBy('o.close_time', 'desc')
    .orderBy('o.event_id', 'desc')
    .offset(newest)
    .limit(1)
    .executeTakeFirst();
  return row === undefined
    ? null
    : { closeTimeMs: row.close_time.getTime(), eventId: row.event_id };
}

function outcomesAfter(db: Kysely<Database>, filter: OutcomeFilter, after: Place | null) {
  return db
    .selectFrom('outcomes as o')
    .innerJoin('motions as m', 'm.event_id', 'o.event_id')
    .selectAll('o')
    .select(sql<string>`m.snapshot #>> '{reading,regime}'`.as('regime'))
    .select(sql<JsonValue>`m.snapshot -> 'forecast'`.as('forecast'))
    .where(matching(filter))
    .$if(after !== null, (query) => query.where(isAfter('o', after)))
    .orderBy('o.close_time')
    .orderBy('o.event_id')
    .limit(PAGE)
    .execute();
}

/** What is counted of outcomes without reading them. */
export interface OutcomeCount {
  readonly outcomes: number;
  /** Newest settling close, Unix ms; `null`: none. */
  readonly settledToMs: number | null;
}

export async function countOutcomes(
  db: Kysely<Database>,
  filter: OutcomeFilter = {},
): Promise<OutcomeCount> {
  const row = await db
    .selectFrom('outcomes as o')
    .select(sql<string>`count(*)`.as('outcomes'))
    .select(sql<Date | null>`max(o.settled_at)`.as('newest'))
    .where(matching(filter))
    .executeTakeFirst();
  return {
    outcomes: Number(row?.outcomes ?? 0),
    settledToMs: row?.newest?.getTime() ?? null,
  };
}

/** Settled motions that `withoutHindsight` leaves out. */
export async function countHindsight(
  db: Kysely<Database>,
  filter: Omit<OutcomeFilter, 'withoutHindsight'> = {},
): Promise<number> {
  const [all, fair] = await Promise.all([
    countOutcomes(db, filter),
    countOutcomes(db, { ...filter, withoutHindsight: true }),
  ]);
  return all.outcomes - fair.outcomes;
}

function matching(filter: OutcomeFilter) {
  const { market = {}, fromMs, toMs, settledToMs, withoutHindsight = false } = filter;
  const { venue, symbol, timeframe } = market;
  const until = (column: 'o.close_time' | 'o.settled_at', timeMs: number) =>
    sql<boolean>`${sql.ref(column)} <= ${new Date(timeMs)}`;
  const parts = [
    sql<boolean>`true`,
    ...(venue === undefined ? [] : [sql<boolean>`o.venue = ${venue}`]),
    ...(symbol === undefined ? [] : [sql<boolean>`o.symbol = ${symbol}`]),
    ...(timeframe === undefined ? [] : [sql<boolean>`o.timeframe = ${timeframe}`]),
    ...(fromMs === undefined ? [] : [sql<boolean>`o.close_time >= ${new Date(fromMs)}`]),
    ...(toMs === undefined ? [] : [until('o.close_time', toMs)]),
    ...(settledToMs === undefined ? [] : [until('o.settled_at', settledToMs)]),
    ...(withoutHindsight ? [sql<boolean>`not ${IN_HINDSIGHT}`] : []),
  ];
  return sql<boolean>`(${sql.join(parts, sql` and `)})`;
}

const IN_HINDSIGHT = sql<boolean>`exists (
  select from motions as seen
  join models as champion on champion.hash = seen.snapshot #>> '{forecast,model}'
  where seen.event_id = o.event_id and champion.data_to > o.close_time)`;

function outcomeOf(row: Selectable<Outcomes>): Outcome {
  const [entryPrice, exitPrice] = [Number(row.entry_price), Number(row.exit_price)];
  return {
    label: row.label as Action,
    reached: row.reached as Outcome['reached'],
    ambiguous: row.ambiguous,
    settledAtMs: row.settled_at.getTime(),
    entryPrice,
    exitPrice,
    candles: row.candles,
    move: exitPrice / entryPrice - 1,
  };
}

/** Strictly later in the order of closes and event ids: the next page. */
function isAfter(table: 'm' | 'o', place: Place | null | undefined) {
  const { closeTimeMs = 0, eventId = '' } = place ?? {};
  const columns = sql`${sql.ref(`${table}.close_time`)}, ${sql.ref(`${table}.event_id`)}`;
  return sql<boolean>`(${columns}) > (${new Date(closeTimeMs)}, ${eventId})`;
}

function anyOf(ids: readonly string[]) {
  return sql<string>`any(${[...ids]}::text[])`;
}
