import {
  Client,
  Connection,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { LearningWatch } from '../../activities/learning/run.ts';
import { TRAIN_ACTIVITY } from '../../proto/learning.ts';

/** Of `temporal.api.enums.v1.PendingActivityState`, which the client does not give out. */
const STARTED = 2;

export interface WorkflowWatch extends LearningWatch {
  close(): Promise<void>;
}

/** Looks at workflows of others. Connects at the first question. */
export function openWorkflowWatch(at: {
  readonly address: string;
  readonly namespace: string;
}): WorkflowWatch {
  let connection: Promise<Connection> | null = null;
  const connect = (): Promise<Connection> => {
    connection ??= Connection.connect({ address: at.address });
    // One that could not be made is made anew at the next question.
    connection.catch(() => {
      connection = null;
    });
    return connection;
  };
  const describe = async (workflowId: string): Promise<WorkflowExecutionDescription | null> => {
    const client = new Client({ connection: await connect(), namespace: at.namespace });
    try {
      return await client.workflow.getHandle(workflowId).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  };
  return {
    isRunning: async (workflowId) => (await describe(workflowId))?.status.name === 'RUNNING',
    isTraining: async (workflowId) => {
      const { pendingActivities } = (await describe(workflowId))?.raw ?? {};
      return (pendingActivities ?? []).some(({ activityType, state }) => {
        return activityType?.name === TRAIN_ACTIVITY && state === STARTED;
      });
    },
    close: async () => {
      await connection?.then((open) => open.close()).catch(() => undefined);
    },
  };
}
