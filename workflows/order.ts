import { setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import { tradeInSlices } from '../core/orders/slices.ts';
import { afterLeg } from './guarding.ts';
import { pursueLeg, recallLeg, restingStops } from './leg.ts';
import { lookFor } from './look.ts';
import { sellOverStops } from './sale.ts';

export type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
export { guardWorkflow } from './guard.ts';
export { planWorkflow } from './plan.ts';
export { settlementWorkflow } from './settlement.ts';

/** What a decision asks for, from the look at the book to the booked fills and the guard. */
export async function orderWorkflow(input: OrderInput): Promise<OrderOutcome> {
  const outcome = await (input.side === 'SELL' ? exit(input) : trade(input));
  setCurrentDetails(`${outcome.state}: ${outcome.reason}`);
  upsertMemo({ state: outcome.state });
  await afterLeg(input, outcome);
  return outcome;
}

function exit(input: OrderInput): Promise<OrderOutcome> {
  const resting = () => restingStops(input);
  return sellOverStops({ resting, recall: recallLeg, sell: () => trade(input) });
}

async function trade(input: OrderInput): Promise<OrderOutcome> {
  const slices = tradeInSlices(input);
  let next = slices.next();
  while (next.done !== true) {
    const step = next.value;
    const { type } = step;
    next = slices.next(
      await (type === 'look' ? lookFor(step.wish, step.slice) : pursueLeg(step.leg)),
    );
  }
  return next.value;
}
