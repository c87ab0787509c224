import type { RetryPolicy } from '@temporalio/common';
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { LearningActivities } from '../activities/learning/activities.ts';
import {
  BAD_MATRIX,
  TRAIN_ACTIVITY,
  type TrainedModel,
  type TrainOrder,
} from '../proto/learning.ts';
import { wire } from '../proto/subjects.ts';
import { STEP_HEARTBEAT } from './messages.ts';

/** A server that was killed is back by then; what is still wrong is no passing matter. */
const RETRY: RetryPolicy = {
  initialInterval: '500ms',
  backoffCoefficient: 2,
  maximumInterval: '10s',
  maximumAttempts: 60,
  // What no repetition mends.
  nonRetryableErrorTypes: ['CorroError', 'RangeError', 'TypeError', 'UnknownError'],
};

/** A step under way is let finish when a run is cancelled: each leaves a whole thing or none. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** Short steps against Postgres. */
export const steps = proxyActivities<LearningActivities>({
  startToCloseTimeout: '2m',
  heartbeatTimeout: STEP_HEARTBEAT,
  cancellationType,
  retry: RETRY,
});

/** Steps that compute for seconds without a pause, on a machine that has other work too. */
export const longSteps = proxyActivities<LearningActivities>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '60s',
  cancellationType,
  retry: { ...RETRY, maximumAttempts: 20 },
});

/** What the trainer may take: a year of five-minute candles on a slow machine. */
const TRAINING_TIME = '3h';
const TRAINER_ATTEMPTS = 5;
/** How long a matrix waits for a trainer, where the run does not say. */
const TRAINER_WAIT_SECONDS = 240;

interface Trainer {
  [TRAIN_ACTIVITY](order: TrainOrder): Promise<TrainedModel>;
}

/** The one activity that is Python's, on its own queue. It beats each second, while it fits
 * too. */
export function trainerOf(namespace: string, waitSeconds = TRAINER_WAIT_SECONDS) {
  return proxyActivities<Trainer>({
    taskQueue: wire(namespace).queues.training,
    startToCloseTimeout: TRAINING_TIME,
    scheduleToStartTimeout: `${waitSeconds}s`,
    heartbeatTimeout: '5s',
    cancellationType,
    retry: {
      initialInterval: '1s',
      backoffCoefficient: 2,
      maximumInterval: '30s',
      maximumAttempts: TRAINER_ATTEMPTS,
      nonRetryableErrorTypes: [BAD_MATRIX],
    },
  });
}

/** Whether nobody took a training set in time: there is no trainer, it hangs, or it is busy. */
export function isUnserved(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || error.activityType !== TRAIN_ACTIVITY) return false;
  const { cause } = error;
  return cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
}

/** The type of a step's failure; `null`: it has none. */
export function typeOf(error: unknown): string | null {
  const isStep = error instanceof ActivityFailure && error.cause instanceof ApplicationFailure;
  return isStep ? (error.cause.type ?? null) : null;
}

/** What whoever failed said of it. */
export function messageOf(error: unknown): string {
  const said = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  return said instanceof Error ? said.message : String(said);
}

/** Why a run failed, for a reader. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ActivityFailure)) return messageOf(error);
  const { activityType, cause } = error;
  if (!(cause instanceof TimeoutFailure)) return `${activityType} failed: ${messageOf(error)}`;
  if (activityType === TRAIN_ACTIVITY && cause.timeoutType === 'HEARTBEAT') {
    return `the trainer fell silent, ${TRAINER_ATTEMPTS} times: ./corro status says how it is`;
  }
  if (isUnserved(error)) return 'no trainer is running: ./corro up --trainer starts one';
  return `${activityType} was given up: ${cause.message} (${cause.timeoutType})`;
}
