import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { DocketResult } from '../../proto/docket.ts';
import {
  type Docket,
  docketAttributes,
  docketCard,
  docketInput,
} from '../../proto/docket-start.ts';
import { CorroError } from '../../proto/errors.ts';
import type { Wire } from '../../proto/subjects.ts';
import { TASK_TIMEOUT, WORKFLOWS } from '../../workflows/messages.ts';

/** Starts debates on Temporal and waits for them. */
export class Debates {
  readonly #client: Client;
  readonly #wire: Wire;

  constructor(client: Client, wire: Wire) {
    this.#client = client;
    this.#wire = wire;
  }

  /** Holds one docket to its end, orders included. Calling it again joins the same debate, whether
   * it runs or is over: the workflow's id is the docket's. Throws `CorroError` when the debate was
   * ended without a verdict. */
  async hold(docket: Docket): Promise<DocketResult> {
    const { debateId } = docket;
    const workflowId = this.#wire.debateWorkflowId(debateId);
    const input = docketInput(docket, this.#wire.namespace);
    try {
      await this.#client.workflow.start(WORKFLOWS.docket, {
        workflowId,
        taskQueue: this.#wire.queues.decision,
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        args: [input],
        workflowTaskTimeout: TASK_TIMEOUT,
        ...docketCard(docket),
        typedSearchAttributes: new TypedSearchAttributes(docketAttributes(input)),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    return this.#resultOf(debateId);
  }

  /** Waits until a debate that was decided before is over, orders included. One that Temporal has
   * forgotten, or that somebody ended there, has nothing left to wait for. */
  async ended(debateId: string): Promise<void> {
    const handle = this.#client.workflow.getHandle(this.#wire.debateWorkflowId(debateId));
    try {
      await handle.result();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || error instanceof WorkflowFailedError) return;
      throw error;
    }
  }

  async #resultOf(debateId: string): Promise<DocketResult> {
    const handle = this.#client.workflow.getHandle(this.#wire.debateWorkflowId(debateId));
    try {
      return (await handle.result()) as DocketResult;
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      const why = `${error.message}: ${error.cause?.message ?? 'no reason was given'}`;
      throw new CorroError('failed', `debate ${debateId} came to no end: ${why}`, { cause: error });
    }
  }
}
