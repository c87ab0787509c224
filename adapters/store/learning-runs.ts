import { type Kysely, sql } from 'kysely';
import type { LearningVerdict, Market } from '../../core/learning/contract.ts';
import type { Cadence } from '../../proto/learning.ts';
import { type JsonValue, toJson } from './json.ts';
import type { Database } from './schema.ts';
import { violatedConstraint } from './store.ts';
import { UnknownError } from './unknown.ts';

export const RUN_STATUSES = ['running', 'done', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** One pass of the learning loop over one market. */
export interface StoredRun extends Market {
  /** H(market, cadence, window, settings): the same inputs are the same run. */
  readonly id: string;
  readonly workflowId: string;
  readonly cadence: Cadence;
  /** Newest close it knew, Unix ms. */
  readonly marketTimeMs: number;
  readonly status: RunStatus;
  readonly weightsVersion: number | null;
  readonly modelHash: string | null;
  readonly verdict: LearningVerdict | null;
  /** One line: why this verdict, or what it failed of. */
  readonly why: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** What a run has to say, beside what it did. */
export interface RunReport {
  readonly insights: JsonValue;
  readonly markdown: string;
}

export interface RunOpening extends Market {
  readonly id: string;
  readonly workflowId: string;
  readonly cadence: Cadence;
  readonly marketTimeMs: number;
}

export type OpenedRun =
  | { readonly outcome: 'opened' }
  /** Another workflow learns in this market: two never do at once. */
  | { readonly outcome: 'taken'; readonly by: Pick<StoredRun, 'id' | 'workflowId'> };

const ONE_RUNNING = 'learning_runs_one_running';
const ID = /^[0-9a-f]{1,64}$/;

/** Puts a run on record as running, unless another one of its market runs. A run that ended may be
 * opened again: the same inputs are the same run. Repeating a call changes nothing. */
export async function openRun(db: Kysely<Database>, run: RunOpening): Promise<OpenedRun> {
  const { id, workflowId, cadence, marketTimeMs, venue, symbol, timeframe } = run;
  const running = { status: 'running', workflow_id: workflowId, ended_at: null } as const;
  try {
    const row = await db
      .insertInto('learning_runs')
      .values({
        ...{ id, venue, symbol, timeframe, cadence },
        market_time: new Date(marketTimeMs),
        ...running,
      })
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet({ ...running, verdict: null, why: '' })
          .where(sql<boolean>`learning_runs.status <> 'running'
            or learning_runs.workflow_id = ${workflowId}`),
      )
      .returning('id')
      .executeTakeFirst();
    if (row !== undefined) return { outcome: 'opened' };
  } catch (error) {
    if (violatedConstraint(error) !== ONE_RUNNING) throw error;
  }
  const by = await runningRun(db, { venue, symbol, timeframe });
  // It ended between the two questions.
  return by === null ? openRun(db, run) : { outcome: 'taken', by };
}

export interface RunEnd {
  readonly id: string;
  readonly status: Exclude<RunStatus, 'running'>;
  readonly weightsVersion: number | null;
  readonly modelHash: string | null;
  readonly verdict: LearningVerdict | null;
  readonly why: string;
  /** `null`: what was reported before stays. */
  readonly report: RunReport | null;
}

/** Ends a run. Repeating a call changes nothing. */
export async function endRun(db: Kysely<Database>, end: RunEnd): Promise<void> {
  const { id, status, weightsVersion, modelHash, verdict, why, report } = end;
  await db
    .updateTable('learning_runs')
    .set({
      ...{ status, verdict, why },
      weights_version: weightsVersion,
      model_hash: modelHash,
      ended_at: sql<Date>`coalesce(ended_at, now())`,
      ...(report === null
        ? {}
        : { insights: toJson(report.insights), insights_markdown: report.markdown }),
    })
    .where('id', '=', id)
    .execute();
}

/** The market's run that has not ended; there is one at most. */
export async function runningRun(db: Kysely<Database>, market: Market): Promise<StoredRun | null> {
  const row = await runs(db)
    .where('venue', '=', market.venue)
    .where('symbol', '=', market.symbol)
    .where('timeframe', '=', market.timeframe)
    .where('status', '=', 'running')
    .executeTakeFirst();
  return row === undefined ? null : runOf(row);
}

/** Of all markets. */
export async function runsUnderWay(db: Kysely<Database>): Promise<readonly StoredRun[]> {
  return (await runs(db).where('status', '=', 'running').orderBy('id').execute()).map(runOf);
}

export interface RunFilter extends Partial<Market> {
  readonly newest: number;
}

/** Newest first. */
export async function listRuns(
  db: Kysely<Database>,
  { newest, venue, symbol, timeframe }: RunFilter,
): Promise<readonly StoredRun[]> {
  const rows = await runs(db)
    .$if(venue !== undefined, (query) => query.where('venue', '=', venue ?? ''))
    .$if(symbol !== undefined, (query) => query.where('symbol', '=', symbol ?? ''))
    .$if(timeframe !== undefined, (query) => query.where('timeframe', '=', timeframe ?? ''))
    .orderBy('recorded_at', 'desc')
    .orderBy('id')
    .limit(newest)
    .execute();
  return rows.map(runOf);
}

/** One run with its report, by its id or the beginning of it. Throws UnknownError when none or
 * several begin so. */
export async function readRun(
  db: Kysely<Database>,
  prefix: string,
): Promise<StoredRun & { readonly report: RunReport | null }> {
  const found = ID.test(prefix)
    ? await runs(db)
        .select(['insights', 'insights_markdown'])
        .where('id', 'like', `${prefix}%`)
        .limit(2)
        .execute()
    : [];
  const [row] = found;
  if (row === undefined || found.length > 1) {
    const known = await listRuns(db, { newest: 10 });
    const ids = known.map(({ id }) => id.slice(0, 12));
    throw new UnknownError('run', prefix, ids);
  }
  const { insights, insights_markdown: markdown } = row;
  const report = insights === null || markdown === null ? null : { insights, markdown };
  return { ...runOf(row), report };
}

function runs(db: Kysely<Database>) {
  return db
    .selectFrom('learning_runs')
    .select(['id', 'workflow_id', 'venue', 'symbol', 'timeframe', 'cadence', 'market_time'])
    .select(['status', 'weights_version', 'model_hash', 'verdict', 'why'])
    .select(['recorded_at', 'ended_at']);
}

type RunRow = Awaited<ReturnType<ReturnType<typeof runs>['executeTakeFirstOrThrow']>>;

function runOf(row: RunRow): StoredRun {
  return {
    id: row.id,
    workflowId: row.workflow_id,
    venue: row.venue,
    symbol: row.symbol,
    timeframe: row.timeframe,
    cadence: row.cadence as Cadence,
    marketTimeMs: row.market_time.getTime(),
    status: row.status as RunStatus,
    weightsVersion: row.weights_version,
    modelHash: row.model_hash,
    verdict: row.verdict as LearningVerdict | null,
    why: row.why,
    startedAt: row.recorded_at,
    endedAt: row.ended_at,
  };
}
