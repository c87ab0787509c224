import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  proxyActivities,
  setCurrentDetails,
  sleep,
  upsertMemo,
} from '@temporalio/workflow';
import type { BookedOrder, OrderActivities, OrderView } from '../activities/orders.ts';
import type { OrderEnd, OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import { isLive } from '../core/orders/lifecycle.ts';

export type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';

/** An order activity is never retried by Temporal: what may be repeated is repeated below, in
 * sight. */
const steps = proxyActivities<OrderActivities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: '5s',
  retry: { maximumAttempts: 1 },
});

/** How often one leg may be sent: each after proof that the one before never arrived. */
const MAX_ATTEMPTS = 5;
/** How often a repeatable step may fail in a row: about ten minutes of servers being away. */
const MAX_FAILURES = 120;
const LONGEST_PAUSE_MS = 5_000;
/** Questions about one order before a person is asked; at the longest pause about three minutes. */
const MAX_QUESTIONS = 100;
/** Looks at the trade list before a person is asked why it lacks what the venue says it
 * executed. */
const MAX_BOOKINGS = 60;

/** Takes one leg from the decision to its booked fills. A worker that dies leaves nothing
 * undecided: an order whose send has no answer is unknown, is asked about, and is sent again only
 * when it has been proven that the venue never had it. Cancelling the workflow does not stop an
 * order under way. */
export function orderWorkflow(input: OrderInput): Promise<OrderOutcome> {
  return CancellationScope.nonCancellable(async () => {
    const outcome = await trade(input).catch((error: unknown) => halt(input, error));
    show(`${outcome.state}: ${outcome.reason}`, { state: outcome.state });
    return outcome;
  });
}

async function trade(input: OrderInput): Promise<OrderOutcome> {
  const what = `${input.side} ${input.symbol}`;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    if (attempt > 1) {
      // Repeatable: a question. Attempts are not spent on a venue that is away.
      await insist(() => steps.reachVenue(input.venue));
    }
    // Repeatable: the leg's id finds what an earlier try committed.
    const prepared = await insist(() =>
      steps.prepareOrder.executeWithOptions({ summary: `${what}: size, approve, reserve` }, [
        legOf(input),
      ]),
    );
    if (prepared.kind === 'refused') return nothing(input, prepared.text, attempt - 1);
    const order = await place(prepared.order, what);
    if (order === null) throw halted('the venue does not say what became of the order');
    if (order.state !== 'never_arrived') return book(input, order);
    show(`attempt ${attempt} never arrived`, { attempts: attempt });
  }
  const reason = `${MAX_ATTEMPTS} attempts never arrived`;
  // Repeatable: a reservation is released once.
  await insist(() => steps.abandonLeg({ legId: input.legId, reason }));
  return nothing(input, reason, MAX_ATTEMPTS);
}

/** Sends a prepared order and follows it to its end; null when that cannot be known. */
async function place(order: OrderView, what: string): Promise<OrderView | null> {
  const { clientOrderId, quantity, limitPrice } = order;
  show(`${what} ${quantity} at ${limitPrice} or better`, { clientOrderId });
  let known = order;
  if (order.state === 'prepared') {
    const summary = `${what} ${quantity} at ${limitPrice}, IOC, attempt ${order.attempt}`;
    try {
      // Never repeated: once begun, only questions may follow.
      known = await steps.sendOrder.executeWithOptions({ summary }, [clientOrderId]);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      known = { ...order, state: 'unknown' };
    }
  }
  for (let asked = 0; isLive(known.state); asked += 1) {
    if (asked >= MAX_QUESTIONS) return null;
    // Repeatable: it only asks, and raises the fence.
    const answer = await insist(() =>
      steps.resolveOrder.executeWithOptions({ summary: `what became of it? (${asked + 1})` }, [
        { clientOrderId, asked },
      ]),
    );
    known = answer.order;
    if (answer.waitMs !== null) await sleep(answer.waitMs);
  }
  return known;
}

async function book(input: OrderInput, order: OrderView): Promise<OrderOutcome> {
  for (let look = 1; look <= MAX_BOOKINGS; look += 1) {
    // Repeatable: a trade is booked once, by its id.
    const booked = await insist(() =>
      steps.bookOrder.executeWithOptions({ summary: `book ${order.executedQuantity}` }, [
        order.clientOrderId,
      ]),
    );
    if (booked.complete) return outcomeOf(input, booked);
    await sleep(pauseAfter(look));
  }
  throw halted(`the trade list lacks part of the ${order.executedQuantity} that were executed`);
}

/** Repeats a step that may be repeated until it succeeds, with growing pauses. A contradiction
 * (a non-retryable failure) and a step that keeps failing end it. */
async function insist<T>(step: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof ActivityFailure) || failures >= MAX_FAILURES) throw error;
      if (error.cause instanceof ApplicationFailure && error.cause.nonRetryable) throw error;
      await sleep(pauseAfter(failures));
    }
  }
}

function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, 100 * 2 ** Math.min(failures, 10));
}

async function halt(input: OrderInput, error: unknown): Promise<OrderOutcome> {
  if (!(error instanceof ActivityFailure || error instanceof ApplicationFailure)) throw error;
  const reason = error instanceof ActivityFailure ? reasonOf(error) : error.message;
  const { legId, userId } = input;
  // Repeatable: a leg is halted once.
  await insist(() => steps.haltLeg({ legId, userId, reason }));
  return { ...nothing(input, reason, 0), state: 'needs_person' };
}

function reasonOf(failure: ActivityFailure): string {
  return `${failure.activityType}: ${failure.cause?.message ?? failure.message}`;
}

function halted(message: string): ApplicationFailure {
  return ApplicationFailure.create({ message, type: 'LegHalted', nonRetryable: true });
}

function legOf(input: OrderInput): Parameters<OrderActivities['prepareOrder']>[0] {
  const { legId, leg, cause, purpose, userId, venue, symbol, side } = input;
  const { closeTimeMs, referencePrice, confidenceBp, requestedQuantity, stopPrice } = input;
  return {
    ...{ legId, leg, cause, purpose, userId, venue, symbol, side },
    ...{ closeTimeMs, referencePrice, confidenceBp },
    ...(requestedQuantity === undefined ? {} : { requestedQuantity }),
    ...(stopPrice === undefined ? {} : { stopPrice }),
  };
}

function nothing(input: OrderInput, reason: string, attempts: number): OrderOutcome {
  return {
    legId: input.legId,
    state: 'nothing',
    reason,
    clientOrderId: null,
    attempts,
    quantity: null,
    limitPrice: null,
    executedQuantity: '0',
    averagePrice: null,
    fees: [],
  };
}

function outcomeOf(input: OrderInput, { order, fills }: BookedOrder): OrderOutcome {
  const { clientOrderId, quantity, limitPrice, attempt, rejectCode } = order;
  const executed = fills.executedQuantity;
  const state = endOf(order, executed);
  const price = fills.averagePrice ?? limitPrice;
  const reason =
    state === 'rejected'
      ? `the venue refused it: ${rejectCode}`
      : `${input.side} ${executed} of ${quantity} ${input.symbol} at ${price}`;
  const told = { legId: input.legId, state, reason, clientOrderId, attempts: attempt };
  return { ...told, ...fills, quantity, limitPrice };
}

function endOf(order: OrderView, executed: string): OrderEnd {
  if (order.state === 'filled') return 'filled';
  if (executed !== '0') return 'partially_filled';
  return order.state === 'rejected' ? 'rejected' : 'not_filled';
}

function show(details: string, memo: Record<string, unknown>): void {
  setCurrentDetails(details);
  upsertMemo(memo);
}
