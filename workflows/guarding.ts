import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  condition,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { GuardActivities } from '../activities/guard.ts';
import { symbolToken } from '../core/market/instrument.ts';
import type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import type { GuardRecord } from '../proto/guard.ts';
import { CORRO_USER, SYMBOL } from '../proto/search-attributes.ts';
import { wire } from '../proto/subjects.ts';
import type { guardWorkflow } from './guard.ts';
import {
  guardLookedSignal,
  lookAgainSignal,
  STEP_HEARTBEAT,
  TASK_TIMEOUT,
  WORKFLOWS,
} from './messages.ts';

const steps = proxyActivities<GuardActivities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: STEP_HEARTBEAT,
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
});

/** How long an order waits until its guard has looked. In a replay the driver waits too, without a
 * limit, before it releases the next candle. */
const LOOKED_WITHIN = '60s';
/** A guard may close between our look and our word. */
const MAX_TRIES = 5;

/** Tells the guard of a position that the position was traded: an entry opens one or lets it grow;
 * after a sale it guards what is left, or closes. Returns once the guard has looked, and its stop
 * rests where that is possible. A guard's own legs need no telling. */
export async function afterLeg(input: OrderInput, outcome: OrderOutcome): Promise<void> {
  if (input.cause.kind === 'guard') return;
  // A sale may have taken the guard's stop back, also when nothing came of it.
  // Of one whose end is not known something may have been booked.
  const unknown = outcome.state === 'needs_person';
  if (input.side === 'BUY' && outcome.executedQuantity === '0' && !unknown) return;
  let looked = false;
  setHandler(guardLookedSignal, (legId) => {
    looked ||= legId === input.legId;
  });
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const guard = await guardOf(input);
    if (guard === null) return;
    if (await tell(input, guard)) {
      await condition(() => looked, LOOKED_WITHIN);
      return;
    }
    await sleep(tries * 100);
  }
}

async function guardOf(input: OrderInput): Promise<GuardRecord | null> {
  const summary = `who guards ${input.symbol}?`;
  const { userId, venue, symbol } = input;
  return input.side === 'BUY'
    ? steps.openGuard.executeWithOptions({ summary }, [input])
    : steps.findGuard.executeWithOptions({ summary }, [{ userId, venue, symbol }]);
}

/** Starts the guard's workflow unless it runs, and has it look; false when it closed meanwhile. */
async function tell(input: OrderInput, guard: GuardRecord): Promise<boolean> {
  const names = wire(input.namespace);
  const { planId, workflowId, symbol, username } = guard;
  try {
    await startChild<typeof guardWorkflow>(WORKFLOWS.guard, {
      workflowId,
      taskQueue: names.queues.order,
      args: [{ namespace: input.namespace, planId }],
      workflowTaskTimeout: TASK_TIMEOUT,
      // A guard that somebody ended in Temporal is begun again; one that is closed is not found.
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `guards ${symbol} of ${username}`,
      typedSearchAttributes: [
        { key: SYMBOL, value: [symbolToken(symbol)] },
        { key: CORRO_USER, value: username },
      ],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  const asked = { legId: input.legId, workflowId: workflowInfo().workflowId };
  try {
    await getExternalWorkflowHandle(workflowId).signal(lookAgainSignal, asked);
    return true;
  } catch {
    return false;
  }
}
