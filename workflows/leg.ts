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

/** Takes one leg from its cause to its booked fills, or, given a stop price, to the moment the
 * venue holds it. A worker that dies leaves nothing undecided: an order whose send has no answer is
 * unknown, is asked about, and is sent again only when it has been proven that the venue never had
 * it. Cancelling the workflow does not stop an order under way. */
export function pursueLeg(input: OrderInput): Promise<OrderOutcome> {
  return undisturbed(input, () => trade(input));
}

/** Asks the venue how a resting leg stands and books what came of it; `resting` while it is
 * open. */
export function settleLeg(clientOrderId: string): Promise<OrderOutcome> {
  return follow(clientOrderId, false);
}

/** Takes a resting leg back: cancels it at the venue, follows it to its end, books what it executed
 * on the way and gives back the rest of its reserve. */
export function recallLeg(clientOrderId: string): Promise<OrderOutcome> {
  return follow(clientOrderId, true);
}

async function follow(clientOrderId: string, recall: boolean): Promise<OrderOutcome> {
  const order = await insist(() => steps.readOrder(clientOrderId));
  return undisturbed(order, async () => {
    const known = await ask(order, recall);
    if (known === null) throw halted('the venue does not say what became of the order');
    if (known.state === 'never_arrived') {
      const reason = 'it never arrived';
      // Repeatable: a reservation is released once.
      await insist(() => steps.abandonLeg({ legId: known.legId, reason }));
      return nothing(order, reason, known.attempt);
    }
    return book(known);
  });
}

function undisturbed(
  leg: Pick<OrderInput, 'legId' | 'userId'>,
  act: () => Promise<OrderOutcome>,
): Promise<OrderOutcome> {
  return CancellationScope.nonCancellable(() => act().catch((error: unknown) => halt(leg, error)));
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
    if (order.state !== 'never_arrived') return book(order);
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
  if (order.state !== 'prepared') return ask(order, false);
  const summary = `${what} ${quantity} at ${limitPrice}, attempt ${order.attempt}`;
  try {
    // Never repeated: once begun, only questions may follow.
    return ask(await steps.sendOrder.executeWithOptions({ summary }, [clientOrderId]), false);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return ask({ ...order, state: 'unknown' }, false);
  }
}

/** Asks until the order is over, or rests where it may; null when that cannot be known. */
async function ask(order: OrderView, recall: boolean): Promise<OrderView | null> {
  const { clientOrderId } = order;
  let known = order;
  for (let asked = 0; isLive(known.state) && !(rests(known) && !recall); asked += 1) {
    if (asked >= MAX_QUESTIONS) return null;
    // Repeatable: it only asks, raises the fence, and takes back what must not rest.
    const answer = await insist(() =>
      steps.resolveOrder.executeWithOptions({ summary: `what became of it? (${asked + 1})` }, [
        { clientOrderId, asked, recall },
      ]),
    );
    known = answer.order;
    if (answer.waitMs !== null) await sleep(answer.waitMs);
  }
  return known;
}

function rests({ state, timeInForce }: OrderView): boolean {
  return state === 'open' && timeInForce === 'GTC';
}

async function book(order: OrderView): Promise<OrderOutcome> {
  for (let look = 1; look <= MAX_BOOKINGS; look += 1) {
    // Repeatable: a trade is booked once, by its id.
    const booked = await insist(() =>
      steps.bookOrder.executeWithOptions({ summary: `book ${order.executedQuantity}` }, [
        order.clientOrderId,
      ]),
    );
    if (booked.complete || rests(order)) return outcomeOf(booked);
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

async function halt(
  leg: Pick<OrderInput, 'legId' | 'userId'>,
  error: unknown,
): Promise<OrderOutcome> {
  if (!(error instanceof ActivityFailure || error instanceof ApplicationFailure)) throw error;
  const reason = error instanceof ActivityFailure ? reasonOf(error) : error.message;
  const { legId, userId } = leg;
  // Repeatable: a leg is halted once.
  await insist(() => steps.haltLeg({ legId, userId, reason }));
  return { ...nothing(leg, reason, 0), state: 'needs_person' };
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

function nothing(
  { legId }: Pick<OrderInput, 'legId'>,
  reason: string,
  attempts: number,
): OrderOutcome {
  return {
    legId,
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

function outcomeOf({ order, fills }: BookedOrder): OrderOutcome {
  const { legId, clientOrderId, quantity, limitPrice, attempt, rejectCode, side, symbol } = order;
  const executed = fills.executedQuantity;
  const state = endOf(order, executed);
  const price = fills.averagePrice ?? limitPrice;
  const reason =
    state === 'rejected'
      ? `the venue refused it: ${rejectCode}`
      : `${side} ${executed} of ${quantity} ${symbol} at ${price}`;
  const told = { legId, state, reason, clientOrderId, attempts: attempt };
  return { ...told, ...fills, quantity, limitPrice };
}

function endOf(order: OrderView, executed: string): OrderEnd {
  if (rests(order)) return 'resting';
  if (order.state === 'filled') return 'filled';
  if (executed !== '0') return 'partially_filled';
  return order.state === 'rejected' ? 'rejected' : 'not_filled';
}

function show(details: string, memo: Record<string, unknown>): void {
  setCurrentDetails(details);
  upsertMemo(memo);
}
