import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { TrainedModel, TrainOrder } from '../proto/learning.ts';

/** For trials of the trainer alone: one order, with the timeouts that show its hazards soonest. */
export async function trainOnce(order: TrainOrder, taskQueue: string): Promise<TrainedModel> {
  const { trainModel } = proxyActivities<{
    trainModel(order: TrainOrder): Promise<TrainedModel>;
  }>({
    taskQueue,
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '5s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '100ms', backoffCoefficient: 1, maximumAttempts: 5 },
  });
  return trainModel(order);
}
