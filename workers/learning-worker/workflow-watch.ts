import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';

export interface WorkflowWatch {
  /** Whether a workflow of that id runs now; `false` also when Temporal never heard of it. Throws
   * when Temporal does not answer. */
  readonly isRunning: (workflowId: string) => Promise<boolean>;
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
  return {
    isRunning: async (workflowId) => {
      const client = new Client({ connection: await connect(), namespace: at.namespace });
      try {
        const { status } = await client.workflow.getHandle(workflowId).describe();
        return status.name === 'RUNNING';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    close: async () => {
      await connection?.then((open) => open.close()).catch(() => undefined);
    },
  };
}
