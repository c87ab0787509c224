import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { symbolToken } from '../../core/market/instrument.ts';
import { SCAN_TIMEFRAME, type ScanInput } from '../../proto/scan.ts';
import { SYMBOL, TIMEFRAME } from '../../proto/search-attributes.ts';
import { wire } from '../../proto/subjects.ts';
import { TASK_TIMEOUT, WORKFLOWS } from '../../workflows/messages.ts';

/** A market that is looked at each minute for as long as its session lives. */
export interface Watch {
  readonly scheduleId: string;
  /** Ends the schedule. A look under way finishes, and what it started goes on. */
  stop(): Promise<void>;
}

export interface WatchOptions {
  /** Told when the schedule could not be prolonged; the next attempt is a minute away. */
  readonly onFault?: (error: unknown) => void;
}

/** An exchange has its minute's candle some seconds after the minute, and the driver goes first. */
const AFTER_THE_MINUTE = '15s';
/** A session prolongs its schedule each minute. One that died without a word leaves it to end by
 * itself this long after: nobody would tell the paper venue what time it is. */
const LEASE_MS = 5 * 60_000;
const PROLONG_MS = 60_000;

/** Starts the market's watch, or takes over the one that a dead session left behind. */
export async function watchMarket(
  client: Client,
  scan: ScanInput,
  { onFault = () => undefined }: WatchOptions = {},
): Promise<Watch> {
  const scheduleId = scheduleIdOf(scan);
  await ensureSchedule(client, scan);
  const prolong = setInterval(() => {
    ensureSchedule(client, scan).catch(onFault);
  }, PROLONG_MS);
  return {
    scheduleId,
    stop: async () => {
      clearInterval(prolong);
      await client.schedule
        .getHandle(scheduleId)
        .delete()
        .catch((error: unknown) => {
          if (!(error instanceof ScheduleNotFoundError)) throw error;
        });
    },
  };
}

type Schedule = Required<Pick<ScheduleOptions, 'spec' | 'policies' | 'action'>>;

function scheduleIdOf({ namespace, exchange, symbol }: ScanInput): string {
  return wire(namespace).watchScheduleId({ venue: exchange, symbol, timeframe: SCAN_TIMEFRAME });
}

async function ensureSchedule(client: Client, scan: ScanInput): Promise<void> {
  const scheduleId = scheduleIdOf(scan);
  const schedule = scheduleOf(scan);
  try {
    await client.schedule.create({ scheduleId, ...schedule, memo: { exchange: scan.exchange } });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // What a person paused stays paused; everything else is as this version wants it.
    await client.schedule
      .getHandle(scheduleId)
      .update((found) => ({ ...schedule, state: found.state }));
  }
}

/** Policies are written out: Temporal's defaults catch up for a year (SAFETY 5). */
function scheduleOf(scan: ScanInput): Schedule {
  const { namespace, exchange, symbol } = scan;
  const queues = wire(namespace).queues;
  return {
    spec: {
      intervals: [{ every: '1 minute', offset: AFTER_THE_MINUTE }],
      endAt: new Date(Date.now() + LEASE_MS),
    },
    policies: {
      overlap: ScheduleOverlapPolicy.SKIP,
      catchupWindow: '1 minute',
      pauseOnFailure: false,
    },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOWS.marketScan,
      workflowId: `${scheduleIdOf(scan)}:scan`,
      taskQueue: queues.decision,
      args: [scan],
      workflowTaskTimeout: TASK_TIMEOUT,
      // A look that hangs would keep every later one from starting.
      workflowExecutionTimeout: '2 minutes',
      staticSummary: `Is ${symbol} at ${exchange} moving out of the ordinary?`,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: SYMBOL, value: [symbolToken(symbol)] },
        { key: TIMEFRAME, value: SCAN_TIMEFRAME },
      ]),
    },
  };
}
