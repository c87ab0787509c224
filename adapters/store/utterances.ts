import { type Kysely, sql } from 'kysely';
import type { PastCall } from '../../core/assistants/mind.ts';
import { ROLES, type Role } from '../../core/assistants/role.ts';
import { KINDS, type Kind, type Opinion, type Utterance } from '../../core/assistants/speech.ts';
import { topAction } from '../../core/assistants/stance.ts';
import { hashOf } from '../../core/hash.ts';
import { fromJson, type JsonValue, toJson } from './json.ts';
import type { Database } from './schema.ts';

/** What became of one utterance given to the store.
 * `known`: the same words stand there, perhaps as the answer to another mail.
 * `equivocation`: other words were stored before at the same (event, round, kind, role), or under
 * the same message id; the first stands and this one does not count. */
export interface UtteranceOutcome {
  readonly messageId: string;
  readonly outcome: 'inserted' | 'known' | 'equivocation';
  /** What stands at the utterance's address; null when nothing does, because its message id had
   * been used at another address. */
  readonly stored: Utterance | null;
}

/** Stores utterances for ever, the first at an address wins; one statement for all, in one order so
 * that two such statements wait for each other and never deadlock. Returns an outcome for each, in
 * the order given, whether it was stored now or earlier. */
export async function insertUtterances(
  db: Kysely<Database>,
  utterances: readonly Utterance[],
): Promise<readonly UtteranceOutcome[]> {
  if (utterances.length === 0) return [];
  const inserted = await sql<{ message_id: string }>`
    insert into utterances
      (debate_id, event_id, symbol, round, kind, role, message_id, content, content_hash)
    select * from ${columns(utterances)} as said(debate_id, event_id, symbol, round, kind, role)
    order by event_id, round, kind, role
    on conflict do nothing
    returning message_id`.execute(db);
  const fresh = new Set(inserted.rows.map((row) => row.message_id));
  const eventIds = [...new Set(utterances.map(({ eventId }) => eventId))];
  const there = new Map(
    (await readUtterances(db, eventIds)).map((said) => [addressOf(said), said]),
  );
  return utterances.map((offered) => {
    const stored = there.get(addressOf(offered)) ?? null;
    const { messageId } = offered;
    if (stored === null || !sameWords(stored, offered)) {
      return { messageId, outcome: 'equivocation', stored };
    }
    // The first with a fresh id is the one that was inserted; a repeat in the same call is known.
    return { messageId, outcome: fresh.delete(messageId) ? 'inserted' : 'known', stored };
  });
}

function columns(utterances: readonly Utterance[]) {
  const text = (pick: (utterance: Utterance) => string | null): (string | null)[] =>
    utterances.map(pick);
  return sql`unnest(
    ${text((said) => said.debateId)}::text[],
    ${text((said) => said.eventId)}::text[],
    ${text((said) => said.symbol)}::text[],
    ${utterances.map((said) => said.round)}::integer[],
    ${text((said) => said.kind)}::text[],
    ${text((said) => said.role)}::text[],
    ${text((said) => said.messageId)}::text[],
    ${text(({ content }) => (content === null ? null : toJson(content)))}::jsonb[],
    ${text(({ content }) => hashOf(content))}::text[])`;
}

function addressOf({ eventId, round, kind, role }: Utterance): string {
  return `${eventId} ${round} ${kind} ${role}`;
}

function sameWords(stored: Utterance, offered: Utterance): boolean {
  return hashOf(stored.content) === hashOf(offered.content);
}

/** Everything said about some motions, in the order of events given, rounds, kinds and roles. */
export async function readUtterances(
  db: Kysely<Database>,
  eventIds: readonly string[],
): Promise<readonly Utterance[]> {
  const rows = await db
    .selectFrom('utterances')
    .select(['debate_id', 'event_id', 'symbol', 'round', 'kind', 'role', 'message_id', 'content'])
    .where('event_id', '=', sql<string>`any(${[...eventIds]}::text[])`)
    .execute();
  const place = new Map(eventIds.map((eventId, index) => [eventId, index]));
  const rank = (said: Utterance): readonly number[] => [
    place.get(said.eventId) ?? 0,
    said.round,
    KINDS.indexOf(said.kind),
    ROLES.indexOf(said.role),
  ];
  return rows.map(utteranceOf).sort((a, b) => compare(rank(a), rank(b)));
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}

interface UtteranceRow {
  readonly debate_id: string;
  readonly event_id: string;
  readonly symbol: string;
  readonly round: number;
  readonly kind: string;
  readonly role: string;
  readonly message_id: string;
  readonly content: JsonValue;
}

function utteranceOf(row: UtteranceRow): Utterance {
  // Only insertUtterances writes this table, so kind and content belong together.
  return {
    debateId: row.debate_id,
    eventId: row.event_id,
    symbol: row.symbol,
    round: row.round,
    kind: row.kind as Kind,
    role: row.role as Role,
    messageId: row.message_id,
    content: row.content,
  } as unknown as Utterance;
}

export interface PastCallsQuery {
  readonly role: Role;
  readonly symbol: string;
  /** Closes strictly before, Unix ms: an assistant never remembers the future. */
  readonly beforeMs: number;
  readonly limit?: number;
  /** Only calls made on this market; absent: wherever the symbol was debated. */
  readonly venue?: string;
  readonly timeframe?: string;
}

/** The newest round-1 opinions of one assistant on one symbol, newest last, with the market's close
 * at the time. An opinion that leans nowhere counts as HOLD. The index on (symbol, close_time)
 * makes the cost that of the limit and not of the history. */
export async function pastCalls(
  db: Kysely<Database>,
  { role, symbol, beforeMs, limit = 50, venue, timeframe }: PastCallsQuery,
): Promise<readonly PastCall[]> {
  const rows = await db
    .selectFrom('motions')
    .innerJoin('utterances', 'utterances.event_id', 'motions.event_id')
    .select(['motions.close_time', 'utterances.content'])
    .select(sql<number>`(motions.snapshot -> 'candles' -> -1 ->> 'close')::float8`.as('close'))
    .where('motions.symbol', '=', symbol)
    .where('motions.close_time', '<', new Date(beforeMs))
    .$if(venue !== undefined, (query) => query.where('motions.venue', '=', venue ?? ''))
    .$if(timeframe !== undefined, (query) => query.where('motions.timeframe', '=', timeframe ?? ''))
    .where('utterances.round', '=', 1)
    .where('utterances.kind', '=', 'opinion')
    .where('utterances.role', '=', role)
    .where('utterances.content', 'is not', null)
    .orderBy('motions.close_time', 'desc')
    .orderBy('motions.event_id')
    .limit(limit)
    .execute();
  return rows
    .map(({ close_time: closeTime, content, close }) => {
      const { stance, confidenceBp } = fromJson<Opinion>(content);
      const action = topAction(stance) ?? 'HOLD';
      return { closeTimeMs: closeTime.getTime(), action, confidenceBp, close };
    })
    .reverse();
}
