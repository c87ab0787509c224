import { setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import { Decimal, format } from '../core/market/money.ts';
import type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import { MAX_SLICES } from '../core/orders/routing.ts';
import { afterLeg } from './guarding.ts';
import { pursueLeg, recallLeg, restingStops } from './leg.ts';
import { lookFor, notSent } from './look.ts';
import { sellOverStops } from './sale.ts';

export type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
export { guardWorkflow } from './guard.ts';
export { planWorkflow } from './plan.ts';

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

/** One leg, or as many slices as the book wants and the limit allows, one after the other: each
 * looks at what the one before has left. */
async function trade(input: OrderInput): Promise<OrderOutcome> {
  const done: OrderOutcome[] = [];
  let wanted = input.requestedQuantity;
  for (let slice = 0; slice < MAX_SLICES; slice += 1) {
    const wish = wanted === undefined ? input : { ...input, requestedQuantity: wanted };
    const look = await lookFor(wish, slice);
    if (look.kind === 'stop') {
      if (slice === 0) return notSent(input, look.text);
      break;
    }
    const { legId, leg, quantity, rest, estimatedPrice } = look;
    const last = slice === MAX_SLICES - 1 && input.side === 'SELL';
    const outcome = await pursueLeg({
      ...wish,
      ...{ legId, leg },
      // What is left at the end of an exit goes at once: its limit price is what protects it.
      ...(quantity === null || last ? {} : { requestedQuantity: quantity }),
      ...(estimatedPrice === null ? {} : { estimatedPrice }),
    });
    done.push(outcome);
    if (rest === '0' || last || outcome.state !== 'filled') break;
    wanted = rest;
  }
  return together(done);
}

/** What several slices come to. A slice of which nobody knows leaves all of them to a person. */
function together(slices: readonly OrderOutcome[]): OrderOutcome {
  const [first] = slices as [OrderOutcome, ...OrderOutcome[]];
  if (slices.length === 1) return first;
  const sum = (of: (slice: OrderOutcome) => string) =>
    slices.reduce((total, slice) => total.plus(of(slice)), new Decimal(0));
  const quantity = sum((slice) => slice.quantity ?? '0');
  const executed = sum((slice) => slice.executedQuantity);
  const worth = slices.reduce(
    (total, slice) =>
      total.plus(new Decimal(slice.averagePrice ?? 0).times(slice.executedQuantity)),
    new Decimal(0),
  );
  const unsure = slices.some(({ state }) => state === 'needs_person');
  const averagePrice = executed.gt(0) ? format(worth.div(executed).toDecimalPlaces(18)) : null;
  return {
    ...first,
    state: unsure ? 'needs_person' : executed.gte(quantity) ? 'filled' : 'partially_filled',
    reason: slices.map(({ reason }) => reason).join('; '),
    attempts: slices.reduce((total, { attempts }) => total + attempts, 0),
    quantity: format(quantity),
    executedQuantity: format(executed),
    averagePrice,
    fees: feesOf(slices),
  };
}

function feesOf(slices: readonly OrderOutcome[]): OrderOutcome['fees'] {
  const fees = new Map<string, Decimal>();
  for (const { asset, amount } of slices.flatMap((slice) => slice.fees)) {
    fees.set(asset, (fees.get(asset) ?? new Decimal(0)).plus(amount));
  }
  return [...fees].map(([asset, amount]) => ({ asset, amount: format(amount) }));
}
