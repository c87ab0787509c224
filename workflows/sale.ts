import type { OrderOutcome } from '../core/orders/leg.ts';
import { type SaleAnswer, type SaleStep, saleOverStops } from '../core/orders/sale.ts';

/** What a sale over resting stops does; each may be repeated. */
export interface SaleSteps {
  /** The stops that rest for the position now, by client order id. */
  readonly resting: () => Promise<readonly string[]>;
  readonly recall: (clientOrderId: string) => Promise<unknown>;
  readonly sell: () => Promise<OrderOutcome>;
}

/** `saleOverStops` by these steps. */
export async function sellOverStops(steps: SaleSteps): Promise<OrderOutcome> {
  const sale = saleOverStops();
  let next = sale.next();
  while (next.done !== true) next = sale.next(await carryOut(steps, next.value));
  return next.value;
}

async function carryOut(steps: SaleSteps, step: SaleStep): Promise<SaleAnswer> {
  if (step.type === 'resting') return steps.resting();
  if (step.type === 'sell') return steps.sell();
  await steps.recall(step.clientOrderId);
  return undefined;
}
