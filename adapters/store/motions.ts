import { type Kysely, sql } from 'kysely';
import type { Snapshot, Trigger } from '../../core/assistants/snapshot.ts';
import { hashOf } from '../../core/hash.ts';
import type { Series } from './candles.ts';
import { fromJson, type JsonValue, toJson } from './json.ts';
import type { Database } from './schema.ts';

/** A question for the ring, its facts frozen. */
export interface Motion {
  readonly debateId: string;
  readonly detectorVersion: number;
  /** Carries the event id, the market, the close and the trigger. */
  readonly snapshot: Snapshot;
}

export interface StoredMotion extends Motion {
  readonly eventId: string;
  readonly snapshotHash: string;
  /** Wall clock; null: its debate has not been started. */
  readonly startedAt: Date | null;
}

/** What became of motions, by event id; each is exactly one of the three. */
export interface MotionsRecorded {
  readonly recorded: readonly string[];
  /** Was there already, with the same snapshot. */
  readonly known: readonly string[];
  /** The close was put to the ring before, on other facts (a late correction of a candle) or by
   * another trigger. That motion stands: what was decided is not reopened. */
  readonly superseded: readonly string[];
}

/** Records motions before anything is started for them: a crash in between loses none, because
 * `unstartedMotions` finds them (the outbox). Repeating a call changes nothing. */
export async function recordMotions(
  db: Kysely<Database>,
  motions: readonly Motion[],
): Promise<MotionsRecorded> {
  if (motions.length === 0) return { recorded: [], known: [], superseded: [] };
  const rows = motions.map(rowOf);
  const inserted = await db
    .insertInto('motions')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returning('event_id')
    .execute();
  const recorded = new Set(inserted.map((row) => row.event_id));
  const repeated = rows.filter((row) => !recorded.has(row.event_id));
  const stored = new Map(
    (await hashesOf(db, repeated)).map((row) => [row.event_id, row.snapshot_hash]),
  );
  const known = (row: (typeof rows)[number]) => stored.get(row.event_id) === row.snapshot_hash;
  return {
    recorded: [...recorded],
    known: repeated.filter(known).map((row) => row.event_id),
    superseded: repeated.filter((row) => !known(row)).map((row) => row.event_id),
  };
}

function rowOf({ debateId, detectorVersion, snapshot }: Motion) {
  return {
    event_id: snapshot.eventId,
    debate_id: debateId,
    venue: snapshot.venue,
    symbol: snapshot.symbol,
    timeframe: snapshot.timeframe,
    close_time: new Date(snapshot.closeTimeMs),
    trigger: snapshot.trigger,
    detector_version: detectorVersion,
    snapshot_hash: hashOf(snapshot),
    snapshot: toJson(snapshot),
  };
}

function hashesOf(db: Kysely<Database>, rows: readonly { readonly event_id: string }[]) {
  return db
    .selectFrom('motions')
    .select(['event_id', 'snapshot_hash'])
    .where('event_id', '=', anyOf(rows.map((row) => row.event_id)))
    .execute();
}

/** Motions whose debate has not been started, oldest close first, then by symbol. */
export async function unstartedMotions(
  db: Kysely<Database>,
  { limit = 1_000 }: { readonly limit?: number } = {},
): Promise<readonly StoredMotion[]> {
  const rows = await db
    .selectFrom('motions')
    .select(COLUMNS)
    .where('started_at', 'is', null)
    .orderBy('close_time')
    .orderBy('symbol')
    .orderBy('event_id')
    .limit(limit)
    .execute();
  return rows.map(motionOf);
}

/** Takes motions out of the outbox, once their workflow is known to Temporal. */
export async function markStarted(
  db: Kysely<Database>,
  eventIds: readonly string[],
): Promise<void> {
  if (eventIds.length === 0) return;
  await db
    .updateTable('motions')
    .set({ started_at: sql`now()` })
    .where('event_id', '=', anyOf(eventIds))
    .where('started_at', 'is', null)
    .execute();
}

/** Motions by event id, in the order asked; ids that are not there are left out. */
export async function readMotions(
  db: Kysely<Database>,
  eventIds: readonly string[],
): Promise<readonly StoredMotion[]> {
  const rows = await db
    .selectFrom('motions')
    .select(COLUMNS)
    .where('event_id', '=', anyOf(eventIds))
    .execute();
  const found = new Map(rows.map((row) => [row.event_id, motionOf(row)]));
  return eventIds.flatMap((eventId) => found.get(eventId) ?? []);
}

/** The motions of one debate, by symbol. */
export async function motionsOfDebate(
  db: Kysely<Database>,
  debateId: string,
): Promise<readonly StoredMotion[]> {
  const rows = await db
    .selectFrom('motions')
    .select(COLUMNS)
    .where('debate_id', '=', debateId)
    .orderBy('symbol')
    .orderBy('event_id')
    .execute();
  return rows.map(motionOf);
}

/** A motion as history: that it was put, and whether the ring has decided it. */
export interface MotionPut {
  readonly eventId: string;
  readonly debateId: string;
  readonly closeTimeMs: number;
  readonly trigger: Trigger;
  readonly decided: boolean;
}

/** Every motion of one market, oldest first. */
export async function motionsOfSeries(
  db: Kysely<Database>,
  { venue, symbol, timeframe }: Series,
): Promise<readonly MotionPut[]> {
  const rows = await db
    .selectFrom('motions')
    .leftJoin('debates', 'debates.id', 'motions.debate_id')
    .select([
      'motions.event_id',
      'motions.debate_id',
      'motions.close_time',
      'motions.trigger',
      'debates.status',
    ])
    .where('motions.venue', '=', venue)
    .where('motions.symbol', '=', symbol)
    .where('motions.timeframe', '=', timeframe)
    .orderBy('motions.close_time')
    .orderBy('motions.event_id')
    .execute();
  return rows.map((row) => ({
    eventId: row.event_id,
    debateId: row.debate_id,
    closeTimeMs: row.close_time.getTime(),
    trigger: row.trigger as Trigger,
    decided: row.status === 'decided',
  }));
}

/** The newest motion about a symbol at a venue, on whatever candles; `null` before the first. */
export async function newestMotion(
  db: Kysely<Database>,
  { venue, symbol }: Pick<Series, 'venue' | 'symbol'>,
): Promise<StoredMotion | null> {
  const row = await db
    .selectFrom('motions')
    .select(COLUMNS)
    .where('venue', '=', venue)
    .where('symbol', '=', symbol)
    .orderBy('close_time', 'desc')
    .orderBy('event_id')
    .executeTakeFirst();
  return row === undefined ? null : motionOf(row);
}

const COLUMNS = [
  'event_id',
  'debate_id',
  'detector_version',
  'snapshot',
  'snapshot_hash',
  'started_at',
] as const;

interface MotionRow {
  readonly event_id: string;
  readonly debate_id: string;
  readonly detector_version: number;
  readonly snapshot: JsonValue;
  readonly snapshot_hash: string;
  readonly started_at: Date | null;
}

function motionOf(row: MotionRow): StoredMotion {
  return {
    eventId: row.event_id,
    debateId: row.debate_id,
    detectorVersion: row.detector_version,
    snapshot: fromJson<Snapshot>(row.snapshot),
    snapshotHash: row.snapshot_hash,
    startedAt: row.started_at,
  };
}

function anyOf(ids: readonly string[]) {
  return sql<string>`any(${[...ids]}::text[])`;
}
