import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import {
  ApplicationFailure,
  CancelledFailure,
  defaultPayloadConverter,
  TypedSearchAttributes,
} from '@temporalio/common';
import type { Kysely } from 'kysely';
import { runningRun } from '../../adapters/store/learning-runs.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { candleExtents } from '../../adapters/store/training-candles.ts';
import type { Timeframe } from '../../core/market/candle.ts';
import { symbolToken } from '../../core/market/instrument.ts';
import { CorroError } from '../../proto/errors.ts';
import {
  type LearningInput,
  type LearningResult,
  type LearningView,
  NO_CANDLES,
  RUN_UNDER_WAY,
  TRAIN_ACTIVITY,
  type TrainProgress,
} from '../../proto/learning.ts';
import { SYMBOL, TIMEFRAME } from '../../proto/search-attributes.ts';
import { wire } from '../../proto/subjects.ts';
import { learningQuery, TASK_TIMEOUT, WORKFLOWS } from '../../workflows/messages.ts';
import { learningCard } from './schedule.ts';

/** Throws `no_candles` when nothing at all is on record of the market, `unknown_symbol` when not
 * even its symbol is. */
export async function expectCandles(db: Kysely<Database>, input: LearningInput): Promise<void> {
  const { symbol, candles } = input;
  const timeframe = input.timeframe as Timeframe;
  const known = await candleExtents(db, { symbol, timeframe });
  if (known.some(({ venue }) => candles === null || venue === candles)) return;
  const rows = await db
    .selectFrom('candles')
    .select(['venue', 'symbol', 'timeframe'])
    .distinct()
    .orderBy('symbol')
    .limit(MOST_NAMED)
    .execute();
  const there = rows.map((row) => `${row.symbol} ${row.timeframe} (${row.venue})`);
  const how = './corro import FILE brings candles in';
  const list = there.length === 0 ? `there are none; ${how}` : `there are ${there.join(', ')}`;
  const isKnown = rows.some((row) => row.symbol === symbol);
  const of = candles === null ? '' : ` of ${candles}`;
  const text = `of ${symbol} ${timeframe}${of}: ${list}`;
  throw new CorroError(isKnown || rows.length === 0 ? 'no_candles' : 'unknown_symbol', text);
}

const MOST_NAMED = 10;

/** Throws `learning_under_way` when a run of the market is under way, whoever started it. */
export async function expectTurn(
  db: Kysely<Database>,
  client: Client,
  input: LearningInput,
): Promise<void> {
  const running = await runningRun(db, input);
  if (running === null) return;
  const { status } = await client.workflow
    .getHandle(running.workflowId)
    .describe()
    .catch(() => ({ status: { name: 'UNKNOWN' } }));
  if (status.name === 'RUNNING') throw underWay(running.workflowId);
}

function underWay(workflowId: string): CorroError {
  return new CorroError('learning_under_way', workflowId);
}

export type LearningHandle = WorkflowHandle<(input: LearningInput) => Promise<LearningResult>>;

/** Starts a run on demand. Throws `learning_under_way`. */
export async function startLearning(client: Client, input: LearningInput): Promise<LearningHandle> {
  const names = wire(input.namespace);
  const { venue, symbol } = input;
  const timeframe = input.timeframe as Timeframe;
  const workflowId = names.learningWorkflowId({ venue, symbol, timeframe }, input.cadence);
  try {
    return await client.workflow.start<(input: LearningInput) => Promise<LearningResult>>(
      WORKFLOWS.learning,
      {
        workflowId,
        taskQueue: names.queues.learning,
        args: [input],
        workflowTaskTimeout: TASK_TIMEOUT,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        ...learningCard(input),
        typedSearchAttributes: new TypedSearchAttributes([
          { key: SYMBOL, value: [symbolToken(symbol)] },
          { key: TIMEFRAME, value: timeframe },
        ]),
      },
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) throw underWay(workflowId);
    throw error;
  }
}

/** Where a run is. */
export interface LearningProgress {
  readonly view: LearningView;
  /** What the trainer said last, while it trains. */
  readonly training: TrainProgress | null;
}

/** `null` while it cannot be told: nobody has taken the run up yet, or a server is away. */
export async function progressOf(handle: LearningHandle): Promise<LearningProgress | null> {
  try {
    const [view, { raw }] = await Promise.all([handle.query(learningQuery), handle.describe()]);
    const step = raw.pendingActivities?.find(({ activityType }) => {
      return activityType?.name === TRAIN_ACTIVITY;
    });
    const [details] = step?.heartbeatDetails?.payloads ?? [];
    const training =
      details === undefined ? null : defaultPayloadConverter.fromPayload<TrainProgress>(details);
    return { view, training };
  } catch {
    return null;
  }
}

/** What came of it. Throws `learning_failed`, `learning_under_way`, `no_candles` and
 * `interrupted`. */
export async function resultOf(handle: LearningHandle): Promise<LearningResult> {
  try {
    return await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof CancelledFailure) throw new CorroError('interrupted', handle.workflowId);
    const type = cause instanceof ApplicationFailure ? cause.type : null;
    const why = cause?.message ?? error.message;
    if (type === RUN_UNDER_WAY) throw new CorroError('learning_under_way', why);
    if (type === NO_CANDLES) throw new CorroError('no_candles', why);
    throw new CorroError('learning_failed', why, { cause: error });
  }
}
