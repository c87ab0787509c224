import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { ScanActivities } from '../activities/scan.ts';
import { docketAttributes } from '../proto/docket-start.ts';
import type { ScanInput, ScanOutcome, ScanResult } from '../proto/scan.ts';
import { wire } from '../proto/subjects.ts';
import type { docketWorkflow } from './docket.ts';
import { STEP_HEARTBEAT, TASK_TIMEOUT, WORKFLOWS } from './messages.ts';

/** A look that is late is no look: the next one is a minute away, and skips this one while it
 * lasts. */
const steps = proxyActivities<ScanActivities>({
  startToCloseTimeout: '45s',
  heartbeatTimeout: STEP_HEARTBEAT,
  scheduleToCloseTimeout: '55s',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumAttempts: 3 },
});

/** One look at a live market, started each minute by its schedule: when the newest closed minute
 * is out of the ordinary, the ring debates it at once instead of at the next close of its own
 * timeframe. */
export async function marketScanWorkflow(input: ScanInput): Promise<ScanResult> {
  const summary = `the newest minute of ${input.symbol} at ${input.exchange}`;
  const seen = await steps.scanMarket.executeWithOptions({ summary }, [input]);
  setCurrentDetails(seen.why);
  if (seen.kind === 'quiet') return { why: seen.why, debateId: null };
  await startDebate(input.namespace, seen);
  return { why: seen.why, debateId: seen.docket.debateId };
}

type Found = Extract<ScanOutcome, { readonly kind: 'motion' }>;

/** The debate goes on by itself, as one that the driver starts. */
async function startDebate(namespace: string, { docket, card }: Found): Promise<void> {
  const names = wire(namespace);
  try {
    await startChild<typeof docketWorkflow>(WORKFLOWS.docket, {
      workflowId: names.debateWorkflowId(docket.debateId),
      taskQueue: names.queues.decision,
      args: [docket],
      workflowTaskTimeout: TASK_TIMEOUT,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      ...card,
      typedSearchAttributes: docketAttributes(docket),
    });
  } catch (error) {
    // The driver put the same motion; there is one debate, and it runs.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
