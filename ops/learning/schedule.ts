import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { Market } from '../../core/learning/contract.ts';
import type { Timeframe } from '../../core/market/candle.ts';
import { symbolToken } from '../../core/market/instrument.ts';
import { CADENCES, type Cadence, type LearningInput } from '../../proto/learning.ts';
import { SYMBOL, TIMEFRAME } from '../../proto/search-attributes.ts';
import { wire } from '../../proto/subjects.ts';
import { TASK_TIMEOUT, WORKFLOWS } from '../../workflows/messages.ts';

/** How often a market learns by itself. */
export type Period = Exclude<Cadence, 'demand'>;
export const PERIODS = CADENCES.filter((cadence): cadence is Period => cadence !== 'demand');

/** One market's schedule, as Temporal has it. */
export interface LearningSchedule extends Market {
  readonly scheduleId: string;
  readonly period: Period;
  readonly paused: boolean;
  /** Wall clock; `null`: never. */
  readonly lastRunAt: Date | null;
  readonly nextRunAt: Date | null;
  /** The newest run's workflow. */
  readonly workflowId: string | null;
  readonly missedCatchups: number;
  readonly skipped: number;
}

/** When, in UTC, and how long after a missed time it is still made up for. Many missed times make
 * one run: whatever comes while one runs is skipped. Apart from each other by hours, so that a
 * market's own three do not wait for one another every month. */
const PERIODS_AT = {
  daily: { calendar: { hour: 0, minute: 20 }, catchupWindow: '7 days', runs: '12 hours' },
  weekly: {
    calendar: { dayOfWeek: 'SUNDAY', hour: 3, minute: 20 },
    catchupWindow: '28 days',
    runs: '1 day',
  },
  monthly: {
    calendar: { dayOfMonth: 1, hour: 6, minute: 20 },
    catchupWindow: '90 days',
    runs: '2 days',
  },
} as const satisfies Record<Period, object>;

/** Many markets do not ask one trainer in the same second. */
const JITTER = '20 minutes';

/** Makes sure that a market learns by itself; what was asked for before is replaced, and what a
 * person paused stays paused. */
export async function ensureLearning(client: Client, input: LearningInput): Promise<void> {
  if (await keepLearning(client, input)) return;
  const schedule = scheduleOf(input);
  await client.schedule
    .getHandle(idOf(input))
    .update((found) => ({ ...schedule, state: found.state }));
}

/** Makes sure that a market learns by itself, and leaves everything of it as it is when somebody
 * has asked for it before. True: nobody had. */
export async function keepLearning(client: Client, input: LearningInput): Promise<boolean> {
  try {
    const memo = { learning: input };
    await client.schedule.create({ scheduleId: idOf(input), ...scheduleOf(input), memo });
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}

/** Ends it; a run under way goes on. False: there was none. */
export async function endLearning(client: Client, input: LearningInput): Promise<boolean> {
  try {
    await client.schedule.getHandle(idOf(input)).delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/** Every market that learns by itself, by the schedules' ids. */
export async function listLearning(
  client: Client,
  namespace: string,
): Promise<readonly LearningSchedule[]> {
  const prefix = wire(namespace).learningSchedulePrefix;
  const found: LearningSchedule[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    if (!scheduleId.startsWith(prefix)) continue;
    try {
      found.push(scheduleFrom(await client.schedule.getHandle(scheduleId).describe()));
    } catch (error) {
      // Somebody ended it meanwhile.
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
  }
  return found.sort((a, b) => (a.scheduleId < b.scheduleId ? -1 : 1));
}

function scheduleFrom(description: ScheduleDescription): LearningSchedule {
  const { scheduleId, action, info, state } = description;
  const [input] = (action.args ?? []) as LearningInput[];
  if (input === undefined) throw new TypeError(`${scheduleId} must start a learning run`);
  const { venue, symbol, timeframe, cadence } = input;
  const last = info.recentActions.at(-1);
  return {
    ...{ scheduleId, venue, symbol, timeframe, period: cadence as Period },
    paused: state.paused,
    lastRunAt: last?.takenAt ?? null,
    nextRunAt: info.nextActionTimes[0] ?? null,
    workflowId: last?.action.workflow.workflowId ?? null,
    missedCatchups: info.numActionsMissedCatchupWindow,
    skipped: info.numActionsSkippedOverlap,
  };
}

function idOf(input: LearningInput): string {
  return wire(input.namespace).learningScheduleId(marketOf(input), input.cadence);
}

function marketOf({ venue, symbol, timeframe }: LearningInput) {
  return { venue, symbol, timeframe: timeframe as Timeframe };
}

type Schedule = Required<Pick<ScheduleOptions, 'spec' | 'policies' | 'action'>>;

/** Policies are written out: Temporal's defaults catch up for a year (SAFETY 5). */
function scheduleOf(input: LearningInput): Schedule {
  const { namespace, symbol, timeframe, cadence } = input;
  if (cadence === 'demand') throw new RangeError('a schedule must have a period, was demand');
  const { calendar, catchupWindow, runs } = PERIODS_AT[cadence];
  const names = wire(namespace);
  return {
    spec: { calendars: [calendar], jitter: JITTER, timezone: 'UTC' },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow, pauseOnFailure: false },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOWS.learning,
      workflowId: names.learningWorkflowId(marketOf(input), cadence),
      taskQueue: names.queues.learning,
      args: [input],
      workflowTaskTimeout: TASK_TIMEOUT,
      // A run that hangs would keep every later one from starting.
      workflowExecutionTimeout: runs,
      ...learningCard(input),
      typedSearchAttributes: new TypedSearchAttributes([
        { key: SYMBOL, value: [symbolToken(symbol)] },
        { key: TIMEFRAME, value: timeframe },
      ]),
    },
  };
}

/** How a run is called in the Web UI. */
export function learningCard({ symbol, timeframe, venue, cadence }: LearningInput) {
  const how = cadence === 'demand' ? 'on demand' : cadence;
  return {
    staticSummary: `What the ring learns of ${symbol} ${timeframe} at ${venue}, ${how}`,
    staticDetails: [
      'collect outcomes → analyse performance → update models → generate insights',
      '',
      'Follow it: `./corro train --schedules`, `./corro insights`.',
    ].join('\n'),
  };
}
