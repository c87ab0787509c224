import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { SettlementActivities } from '../activities/settlement.ts';
import type { Settlement, SettlementInput } from '../proto/settlement.ts';
import { settleLeg, venueAnswers } from './leg.ts';
import { STEP_HEARTBEAT } from './messages.ts';

/** These send nothing and record once: they may be repeated. */
const steps = proxyActivities<SettlementActivities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: STEP_HEARTBEAT,
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
});

/** Settles an order that was left to a person, or whose workflow was ended by hand, on a person's
 * word: by the venue's answer and no other. The venue is asked anew, behind a fence of its own;
 * what it executed is booked; what it never had is declared so by the same rule of silence as ever;
 * in both cases the rest of the reserve is given back. A person decides that it is asked, and not
 * what the answer is. */
export async function settlementWorkflow(input: SettlementInput): Promise<Settlement> {
  const { runId } = workflowInfo();
  const { venue } = await steps.openSettlement({ ...input, runId });
  const settlement = await settle(input, venue);
  await steps.closeSettlement({ ...input, runId, settlement });
  const told = settlement.kind === 'refused' ? settlement : settlement.outcome;
  setCurrentDetails(told.reason);
  return settlement;
}

async function settle(input: SettlementInput, venue: string): Promise<Settlement> {
  if (!(await venueAnswers(venue))) {
    return { kind: 'refused', reason: `${venue} does not answer: nothing was changed` };
  }
  return { kind: 'settled', outcome: await settleLeg(input.clientOrderId) };
}
