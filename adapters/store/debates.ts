import { type Kysely, type Selectable, sql } from 'kysely';
import type { Utterance } from '../../core/assistants/speech.ts';
import type { Timeframe } from '../../core/market/candle.ts';
import { type Decision, readDecisions } from './decisions.ts';
import { type Escalation, readEscalations } from './escalations.ts';
import { motionsOfDebate, type StoredMotion } from './motions.ts';
import type { Database, Debates } from './schema.ts';
import { UnknownError } from './unknown.ts';
import { readUtterances } from './utterances.ts';

export interface NewDebate {
  readonly id: string;
  readonly workflowId: string;
  readonly timeframe: Timeframe;
  readonly closeTimeMs: number;
}

export interface Debate extends NewDebate {
  readonly status: 'open' | 'decided';
  /** Rounds held; 0 while open. */
  readonly rounds: number;
  readonly contested: boolean;
  /** Wall clock. */
  readonly recordedAt: Date;
  readonly decidedAt: Date | null;
}

export interface DebateListed extends Debate {
  /** Symbols of its motions, in alphabetical order. */
  readonly symbols: readonly string[];
}

/** A debate with all that was asked, said and decided in it. */
export interface DebateShown extends DebateListed {
  readonly motions: readonly StoredMotion[];
  readonly transcript: readonly Utterance[];
  readonly decisions: readonly Decision[];
  readonly escalations: readonly Escalation[];
}

/** Records that a debate began; repeating a call changes nothing. Returns what is stored. Throws
 * when the id or the workflow is already another debate's. */
export async function openDebate(db: Kysely<Database>, debate: NewDebate): Promise<Debate> {
  const { id, workflowId, timeframe, closeTimeMs } = debate;
  await db
    .insertInto('debates')
    .values({
      id,
      workflow_id: workflowId,
      timeframe,
      close_time: new Date(closeTimeMs),
      status: 'open',
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  const row = await db
    .selectFrom('debates')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const stored = debateOf(row);
  if (stored.workflowId !== workflowId || stored.closeTimeMs !== closeTimeMs) {
    const was = `${stored.workflowId} at ${new Date(stored.closeTimeMs).toISOString()}`;
    throw new Error(`debate ${id} must be ${workflowId}, was ${was}`);
  }
  return stored;
}

export interface DebateFilter {
  readonly status?: 'open' | 'decided';
  readonly symbol?: string;
  /** Closed before, Unix ms. */
  readonly beforeMs?: number;
  readonly limit?: number;
}

/** The newest debates (by market time), newest first. */
export async function listDebates(
  db: Kysely<Database>,
  { status, symbol, beforeMs, limit = 50 }: DebateFilter = {},
): Promise<readonly DebateListed[]> {
  const rows = await debatesQuery(db)
    .$if(status !== undefined, (query) => query.where('status', '=', status ?? 'open'))
    .$if(symbol !== undefined, (query) =>
      query.where(({ exists, selectFrom }) =>
        exists(
          selectFrom('motions')
            .select('event_id')
            .whereRef('motions.debate_id', '=', 'debates.id')
            .where('motions.symbol', '=', symbol ?? ''),
        ),
      ),
    )
    .$if(beforeMs !== undefined, (query) =>
      query.where('debates.close_time', '<', new Date(beforeMs ?? 0)),
    )
    .orderBy('debates.close_time', 'desc')
    .orderBy('debates.id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...debateOf(row), symbols: row.symbols }));
}

/** One debate in full. Throws UnknownError that names the newest debates. */
export async function showDebate(db: Kysely<Database>, id: string): Promise<DebateShown> {
  const row = await debatesQuery(db).where('debates.id', '=', id).executeTakeFirst();
  if (!row) {
    const newest = await listDebates(db, { limit: 5 });
    throw new UnknownError(
      'debate',
      id,
      newest.map((debate) => debate.id),
    );
  }
  const motions = await motionsOfDebate(db, id);
  const [transcript, decisions] = await Promise.all([
    readUtterances(
      db,
      motions.map((motion) => motion.eventId),
    ),
    readDecisions(db, { debateId: id }),
  ]);
  const escalations = await readEscalations(db, {
    decisionIds: decisions.map((decision) => decision.id),
  });
  return { ...debateOf(row), symbols: row.symbols, motions, transcript, decisions, escalations };
}

function debatesQuery(db: Kysely<Database>) {
  return db
    .selectFrom('debates')
    .selectAll('debates')
    .select(
      sql<string[]>`array(select distinct symbol from motions
        where motions.debate_id = debates.id order by symbol)`.as('symbols'),
    );
}

function debateOf(row: Selectable<Debates>): Debate {
  return {
    id: row.id,
    workflowId: row.workflow_id,
    timeframe: row.timeframe as Timeframe,
    closeTimeMs: row.close_time.getTime(),
    status: row.status as Debate['status'],
    rounds: row.rounds,
    contested: row.contested,
    recordedAt: row.recorded_at,
    decidedAt: row.decided_at,
  };
}
