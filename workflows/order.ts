import { setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import { afterLeg } from './guarding.ts';
import { pursueLeg } from './leg.ts';

export type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
export { guardWorkflow } from './guard.ts';

/** What a decision asks for, from its leg to the booked fills and the guard of what they bought. */
export async function orderWorkflow(input: OrderInput): Promise<OrderOutcome> {
  const outcome = await pursueLeg(input);
  setCurrentDetails(`${outcome.state}: ${outcome.reason}`);
  upsertMemo({ state: outcome.state });
  await afterLeg(input, outcome);
  return outcome;
}
