import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  proxyActivities,
  setCurrentDetails,
  sleep,
  upsertMemo,
} from '@temporalio/workflow';
import type { OrderActivities } from '../activities/orders.ts';
import type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import {
  advance,
  type Goal,
  type Pursuit,
  type PursuitEvent,
  pursuit,
  type Step,
} from '../core/orders/pursuit.ts';

/** An order activity is never retried by Temporal: what may be repeated the pursuit repeats, in
 * sight. Steps beat each second, so a killed worker's step is given up after two. Not exported:
 * a step whose failure nobody takes as an event would end the whole workflow with its worker. */
const orderSteps = proxyActivities<Omit<OrderActivities, 'restingStops' | 'lookAtBook'>>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: '2s',
  retry: { maximumAttempts: 1 },
});

/** Reads our own books and nothing else, so it may be repeated until it is answered: an exit must
 * not end with the worker that was killed while it read. */
const reads = proxyActivities<Pick<OrderActivities, 'restingStops'>>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: '2s',
  retry: { initialInterval: '100ms', maximumInterval: '5s' },
});

/** Takes one leg from its cause to its booked fills, or, given a stop price, to the moment the
 * venue holds it. A worker that dies leaves nothing undecided: an order whose send has no answer is
 * unknown, is asked about, and is sent again only when it has been proven that the venue never had
 * it. Cancelling the workflow does not stop an order under way. */
export function pursueLeg(input: OrderInput): Promise<OrderOutcome> {
  const { legId, userId } = input;
  return drive('pursue', { clientOrderId: '', input, leg: { legId, userId } });
}

/** Asks the venue how a resting leg stands and books what came of it; `resting` while it is
 * open, `needs_person` when our own record of it cannot be read. */
export function settleLeg(clientOrderId: string): Promise<OrderOutcome> {
  return drive('settle', { clientOrderId, input: null, leg: null });
}

/** Takes a resting leg back: cancels it at the venue, follows it to its end, books what it executed
 * on the way and gives back the rest of its reserve. `needs_person` as above. */
export function recallLeg(clientOrderId: string): Promise<OrderOutcome> {
  return drive('recall', { clientOrderId, input: null, leg: null });
}

/** Whether a venue answers now; false too when nobody could ask. */
export async function venueAnswers(venue: string): Promise<boolean> {
  try {
    await orderSteps.reachVenue(venue);
    return true;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return false;
  }
}

/** The stops of a position that may rest at its venue, by client order id. */
export function restingStops({ userId, venue, symbol }: OrderInput): Promise<readonly string[]> {
  return reads.restingStops({ userId, venue, symbol });
}

interface Quarry {
  /** Given to settle and to recall. */
  readonly clientOrderId: string;
  /** Given to pursue. */
  readonly input: OrderInput | null;
  readonly leg: Pursuit['leg'];
}

/** Carries out the pursuit's steps until it is done. */
function drive(goal: Goal, quarry: Quarry): Promise<OrderOutcome> {
  return CancellationScope.nonCancellable(async () => {
    let [state, step] = advance(pursuit(goal, quarry.leg), { type: 'begin' });
    while (step.type !== 'done') {
      if (step.type === 'fail') return unread(quarry, step.reason);
      [state, step] = advance(state, await outcome(step, quarry));
    }
    return step.outcome;
  });
}

/** One order that cannot be read must end neither a guard, nor a flattening, nor an exit. */
function unread({ clientOrderId }: Quarry, reason: string): OrderOutcome {
  const none = { quantity: null, limitPrice: null, averagePrice: null, executedQuantity: '0' };
  const told = { legId: '', clientOrderId, reason, attempts: 0, fees: [] };
  return { ...told, state: 'needs_person', ...none };
}

type Act = Exclude<Step, { readonly type: 'done' | 'fail' }>;

async function outcome(step: Act, quarry: Quarry): Promise<PursuitEvent> {
  show(step, quarry);
  try {
    return await carryOut(step, quarry);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const { cause } = error;
    const reason = `${error.activityType}: ${cause?.message ?? error.message}`;
    const final = cause instanceof ApplicationFailure && cause.nonRetryable === true;
    return { type: final ? 'contradicted' : 'failed', reason };
  }
}

async function carryOut(step: Act, quarry: Quarry): Promise<PursuitEvent> {
  const options = { summary: summaryOf(step) };
  switch (step.type) {
    case 'read': {
      const order = await orderSteps.readOrder(quarry.clientOrderId);
      return { type: 'told', order, waitMs: null };
    }
    case 'prepare': {
      const request = legRequest(quarry.input as OrderInput);
      const prepared = await orderSteps.prepareOrder.executeWithOptions(options, [request]);
      return prepared.kind === 'order'
        ? { type: 'prepared', order: prepared.order }
        : { type: 'refused', text: prepared.text };
    }
    case 'reach_venue':
      await orderSteps.reachVenue((quarry.input as OrderInput).venue);
      return { type: 'reached' };
    case 'send': {
      const { clientOrderId } = step.order;
      const order = await orderSteps.sendOrder.executeWithOptions(options, [clientOrderId]);
      return { type: 'told', order, waitMs: null };
    }
    case 'ask':
    case 'recall': {
      const { clientOrderId } = step.order;
      const question = { clientOrderId, asked: step.asked, recall: step.type === 'recall' };
      const answer = await orderSteps.resolveOrder.executeWithOptions(options, [question]);
      return { type: 'told', ...answer };
    }
    case 'book': {
      const { clientOrderId } = step.order;
      const booked = await orderSteps.bookOrder.executeWithOptions(options, [clientOrderId]);
      return { type: 'booked', ...booked };
    }
    case 'abandon':
    case 'halt':
    case 'wait':
      return record(step);
  }
}

async function record(
  step: Extract<Act, { readonly type: 'abandon' | 'halt' | 'wait' }>,
): Promise<PursuitEvent> {
  const { type } = step;
  if (type === 'wait') {
    await sleep(step.ms);
    return { type: 'waited' };
  }
  const { legId, reason } = step;
  if (type === 'abandon') await orderSteps.abandonLeg({ legId, reason });
  else await orderSteps.haltLeg({ legId, userId: step.userId, reason });
  return { type: 'recorded' };
}

function summaryOf(step: Act): string {
  switch (step.type) {
    case 'prepare':
      return 'size, approve, reserve';
    case 'send': {
      const { side, symbol, quantity, limitPrice, attempt } = step.order;
      return `${side} ${symbol} ${quantity} at ${limitPrice}, attempt ${attempt}`;
    }
    case 'ask':
      return `what became of it? (${step.asked + 1})`;
    case 'recall':
      return `take it back (${step.asked + 1})`;
    case 'book':
      return `book ${step.order.executedQuantity}`;
    case 'read':
    case 'reach_venue':
    case 'abandon':
    case 'halt':
    case 'wait':
      return step.type;
  }
}

/** A leg without the workflow's own affairs. */
export function legRequest(input: OrderInput): Parameters<OrderActivities['prepareOrder']>[0] {
  const { legId, leg, cause, purpose, userId, venue, symbol, side } = input;
  const { closeTimeMs, referencePrice, confidenceBp } = input;
  const { requestedQuantity, stopPrice, estimatedPrice } = input;
  return {
    ...{ legId, leg, cause, purpose, userId, venue, symbol, side },
    ...{ closeTimeMs, referencePrice, confidenceBp },
    ...(requestedQuantity === undefined ? {} : { requestedQuantity }),
    ...(stopPrice === undefined ? {} : { stopPrice }),
    ...(estimatedPrice === undefined ? {} : { estimatedPrice }),
  };
}

/** What Temporal's page of the workflow says. */
function show(step: Act, { input }: Quarry): void {
  if (step.type === 'prepare') setCurrentDetails(`${input?.side} ${input?.symbol}: being sized`);
  if (step.type !== 'send' && step.type !== 'recall') return;
  const { clientOrderId, attempt, side, symbol, quantity, limitPrice } = step.order;
  const verb = step.type === 'send' ? '' : 'taking back ';
  setCurrentDetails(`${verb}${side} ${symbol} ${quantity} at ${limitPrice} or better`);
  upsertMemo({ clientOrderId, attempts: attempt });
}
