import { setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import { pursueLeg } from './leg.ts';

export type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';

/** What a decision asks for, from its leg to the booked fills. */
export async function orderWorkflow(input: OrderInput): Promise<OrderOutcome> {
  const outcome = await pursueLeg(input);
  setCurrentDetails(`${outcome.state}: ${outcome.reason}`);
  upsertMemo({ state: outcome.state });
  return outcome;
}
