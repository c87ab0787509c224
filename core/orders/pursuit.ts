import type { Side } from '../risk/facts.ts';
import type { OrderEnd, OrderOutcome } from './leg.ts';
import { isLive, type OrderState } from './lifecycle.ts';
import type { OrderParameters } from './parameters.ts';
import { needsPerson } from './rejections.ts';

/** How often one leg may be sent: each after proof that the one before never arrived. */
export const MAX_ATTEMPTS = 5;
/** How often a repeatable step may fail in a row: about ten minutes of servers being away. */
export const MAX_FAILURES = 120;
/** Questions about one order before a person is asked; at the longest pause about three minutes. */
export const MAX_QUESTIONS = 100;
/** Looks at the trade list before a person is asked why it lacks what the venue says it
 * executed. */
export const MAX_BOOKINGS = 60;
const LONGEST_PAUSE_MS = 5_000;
const FIRST_PAUSE_MS = 100;

/** What the pursuit of a leg needs to know of its newest order; money as decimal strings. */
export interface OrderView {
  readonly clientOrderId: string;
  readonly legId: string;
  readonly userId: string;
  readonly venue: string;
  readonly symbol: string;
  readonly side: Side;
  readonly timeInForce: OrderParameters['timeInForce'];
  readonly attempt: number;
  readonly state: OrderState;
  readonly quantity: string;
  readonly limitPrice: string | null;
  readonly executedQuantity: string;
  readonly rejectCode: string | null;
}

export interface BookedFills {
  readonly executedQuantity: string;
  /** Quote per base; null without a fill. */
  readonly averagePrice: string | null;
  readonly fees: readonly { readonly asset: string; readonly amount: string }[];
}

/** `pursue` takes a leg from its cause to its end, or to rest; `settle` says how a resting order
 * stands; `recall` takes one back. */
export type Goal = 'pursue' | 'settle' | 'recall';

/** What is awaited. Every phase but `ready`, `pausing` and `done` has one step under way. */
export type Phase =
  | 'ready'
  | 'reading'
  | 'preparing'
  | 'reaching'
  | 'sending'
  | 'asking'
  | 'booking'
  | 'abandoning'
  | 'halting'
  | 'pausing'
  | 'done';

export interface Pursuit {
  readonly goal: Goal;
  readonly phase: Phase;
  /** Whose leg; known from the start when it is pursued, from our record otherwise. */
  readonly leg: { readonly legId: string; readonly userId: string } | null;
  /** The phase to take up again after a pause. */
  readonly next: Phase;
  /** Of the step in hand, in a row. */
  readonly failures: number;
  /** Questions about the order in hand. */
  readonly asked: number;
  /** Looks at the trade list of the order in hand. */
  readonly looks: number;
  readonly order: OrderView | null;
  /** What it ends as, once that is recorded. */
  readonly outcome: OrderOutcome | null;
}

/** What is to be done next; exactly one step is under way at any moment. `send` may be begun twice
 * and then sends nothing; every other one may be repeated at will. */
export type Step =
  | { readonly type: 'read' }
  | { readonly type: 'prepare' }
  | { readonly type: 'reach_venue' }
  | { readonly type: 'send'; readonly order: OrderView }
  | { readonly type: 'ask' | 'recall'; readonly order: OrderView; readonly asked: number }
  | { readonly type: 'book'; readonly order: OrderView }
  | { readonly type: 'abandon'; readonly legId: string; readonly reason: string }
  | {
      readonly type: 'halt';
      readonly legId: string;
      readonly userId: string;
      readonly reason: string;
    }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'done'; readonly outcome: OrderOutcome }
  /** Our own record cannot be read: there is nothing to say about a leg nobody knows. */
  | { readonly type: 'fail'; readonly reason: string };

/** What came of a step. `told`: how the order stands by our record now; `waitMs` is null when there
 * is nothing left to ask. `recorded`: an abandonment or a halt is written. `failed`: the step may
 * be repeated. `contradicted`: it may not, somebody's record is wrong. */
export type PursuitEvent =
  | { readonly type: 'begin' }
  | { readonly type: 'prepared'; readonly order: OrderView }
  | { readonly type: 'refused'; readonly text: string }
  | { readonly type: 'reached' }
  | { readonly type: 'told'; readonly order: OrderView; readonly waitMs: number | null }
  | {
      readonly type: 'booked';
      readonly order: OrderView;
      readonly complete: boolean;
      readonly fills: BookedFills;
    }
  | { readonly type: 'recorded' }
  | { readonly type: 'waited' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'contradicted'; readonly reason: string };

export type PursuitEventType = PursuitEvent['type'];
type EventOf<T extends PursuitEventType> = Extract<PursuitEvent, { readonly type: T }>;
type Move = readonly [Pursuit, Step];
type Cell<T extends PursuitEventType> =
  | ((state: Pursuit, event: EventOf<T>) => Move)
  | 'impossible';

/** An event that does not belong to the step under way: a bug of whoever drives the machine. */
export class ImpossiblePursuitEvent extends Error {
  override readonly name = 'ImpossiblePursuitEvent';
}

const IMPOSSIBLE = {
  begin: 'impossible',
  prepared: 'impossible',
  refused: 'impossible',
  reached: 'impossible',
  told: 'impossible',
  booked: 'impossible',
  recorded: 'impossible',
  waited: 'impossible',
  failed: 'impossible',
  contradicted: 'impossible',
} as const;
const REPEATABLE = { ...IMPOSSIBLE, failed: again, contradicted: stopped } as const;

/** See SPEC.md beside this file. */
export const PURSUIT_TABLE: {
  readonly [P in Phase]: { readonly [T in PursuitEventType]: Cell<T> };
} = {
  ready: { ...IMPOSSIBLE, begin: begun },
  reading: { ...REPEATABLE, told: followed },
  preparing: { ...REPEATABLE, prepared: placed, refused: refused },
  reaching: { ...REPEATABLE, reached: (state) => enter(state, 'preparing') },
  // Whatever became of it: from here on only questions tell.
  sending: { ...IMPOSSIBLE, told: followed, failed: doubted, contradicted: doubted },
  asking: { ...REPEATABLE, told: answered },
  booking: { ...REPEATABLE, booked },
  abandoning: { ...REPEATABLE, recorded: ended },
  halting: { ...IMPOSSIBLE, recorded: ended, failed: insisted, contradicted: ended },
  pausing: { ...IMPOSSIBLE, waited: (state) => entered({ ...state, phase: state.next }) },
  done: IMPOSSIBLE,
};

export function pursuit(goal: Goal, leg: Pursuit['leg']): Pursuit {
  const none = { failures: 0, asked: 0, looks: 0, order: null, outcome: null };
  return { goal, leg, phase: 'ready', next: 'ready', ...none };
}

/** The life of one leg as a pure machine: what came of the last step in, the next step out. It
 * knows every rule of attempts, failures, questions and pauses, and nothing of whoever carries the
 * steps out: a workflow, or a simulation with a clock of its own. */
export function advance(state: Pursuit, event: PursuitEvent): Move {
  const cell = PURSUIT_TABLE[state.phase][event.type];
  if (cell === 'impossible') {
    throw new ImpossiblePursuitEvent(`${event.type} must not come while ${state.phase}`);
  }
  // The table's type ties every cell to its event; the index alone cannot show it.
  return (cell as (state: Pursuit, event: PursuitEvent) => Move)(state, event);
}

function begun(state: Pursuit): Move {
  return enter(state, state.goal === 'pursue' ? 'preparing' : 'reading');
}

function refused(state: Pursuit, { text }: EventOf<'refused'>): Move {
  return finish(state, nothing(state, text));
}

function placed(state: Pursuit, { order }: EventOf<'prepared'>): Move {
  const fresh = { ...state, order, asked: 0, looks: 0 };
  return order.state === 'prepared' ? enter(fresh, 'sending') : follow(fresh);
}

function followed(state: Pursuit, { order }: EventOf<'told'>): Move {
  return follow({ ...state, order, leg: { legId: order.legId, userId: order.userId } });
}

function doubted(state: Pursuit): Move {
  return follow({ ...state, order: { ...orderOf(state), state: 'unknown' } });
}

function answered(state: Pursuit, { order, waitMs }: EventOf<'told'>): Move {
  const move = follow({ ...state, order, asked: state.asked + 1 });
  return waitMs === null ? move : pause(move, waitMs);
}

/** What an order's state asks for. */
function follow(state: Pursuit): Move {
  const order = orderOf(state);
  if (isLive(order.state) && (state.goal === 'recall' || !rests(order))) {
    return state.asked < MAX_QUESTIONS
      ? enter(state, 'asking')
      : stop(state, 'the venue does not say what became of the order');
  }
  if (order.state !== 'never_arrived') return enter(state, 'booking');
  if (state.goal === 'pursue' && order.attempt < MAX_ATTEMPTS) return enter(state, 'reaching');
  const many = state.goal === 'pursue';
  const reason = many ? `${order.attempt} attempts never arrived` : 'it never arrived';
  return enter({ ...state, outcome: nothing(state, reason) }, 'abandoning');
}

function booked(state: Pursuit, event: EventOf<'booked'>): Move {
  const { order, complete, fills } = event;
  const after = { ...state, order, looks: state.looks + 1 };
  const over = complete || (rests(order) && state.goal !== 'recall');
  if (over) return bookedEnd(after, fills);
  // The user stream may have moved it on while it was thought to rest.
  if (isLive(order.state)) return follow(after);
  if (after.looks >= MAX_BOOKINGS) {
    const { executedQuantity: executed } = order;
    return stop(after, `the trade list lacks part of the ${executed} that were executed`);
  }
  return pause(enter(after, 'booking'), pauseAfter(after.looks));
}

function bookedEnd(state: Pursuit, fills: BookedFills): Move {
  const order = orderOf(state);
  const outcome = outcomeOf(order, fills);
  const { rejectCode, venue } = order;
  return outcome.state === 'rejected' && rejectCode !== null && needsPerson(venue, rejectCode)
    ? stop(state, outcome.reason)
    : finish(state, outcome);
}

function again(state: Pursuit, { reason }: EventOf<'failed'>): Move {
  const failures = state.failures + 1;
  if (failures >= MAX_FAILURES) return stop(state, reason);
  const [same, step] = entered(state);
  return pause([{ ...same, failures }, step], pauseAfter(failures));
}

/** A halt that cannot be written down is one all the same. */
function insisted(state: Pursuit, event: EventOf<'failed'>): Move {
  return state.failures + 1 >= MAX_FAILURES ? ended(state) : again(state, event);
}

function stopped(state: Pursuit, { reason }: EventOf<'contradicted'>): Move {
  return stop(state, reason);
}

/** Leaves the leg to a person: we cannot tell, so nothing more is sent. */
function stop(state: Pursuit, reason: string): Move {
  if (state.leg === null)
    return [
      { ...state, phase: 'done' },
      { type: 'fail', reason },
    ];
  const outcome = { ...nothing(state, reason), attempts: 0, state: 'needs_person' as const };
  return enter({ ...state, outcome }, 'halting');
}

function ended(state: Pursuit): Move {
  if (state.outcome === null) throw new ImpossiblePursuitEvent('nothing is to be recorded');
  return finish(state, state.outcome);
}

function finish(state: Pursuit, outcome: OrderOutcome): Move {
  return [
    { ...state, phase: 'done', outcome },
    { type: 'done', outcome },
  ];
}

function enter(state: Pursuit, phase: Phase): Move {
  return entered({ ...state, phase, failures: 0 });
}

function entered(state: Pursuit): Move {
  return [state, stepOf(state)];
}

function pause([state]: Move, ms: number): Move {
  if (state.phase === 'done' || state.phase === 'halting') return entered(state);
  return [
    { ...state, phase: 'pausing', next: state.phase },
    { type: 'wait', ms },
  ];
}

function stepOf(state: Pursuit): Step {
  const { phase, asked, outcome, leg } = state;
  const legId = leg?.legId ?? '';
  const reason = outcome?.reason ?? '';
  switch (phase) {
    case 'reading':
      return { type: 'read' };
    case 'preparing':
      return { type: 'prepare' };
    case 'reaching':
      return { type: 'reach_venue' };
    case 'sending':
      return { type: 'send', order: orderOf(state) };
    case 'asking':
      return { type: state.goal === 'recall' ? 'recall' : 'ask', order: orderOf(state), asked };
    case 'booking':
      return { type: 'book', order: orderOf(state) };
    case 'abandoning':
      return { type: 'abandon', legId, reason };
    case 'halting':
      return { type: 'halt', legId, userId: leg?.userId ?? '', reason };
    case 'ready':
    case 'pausing':
    case 'done':
      throw new ImpossiblePursuitEvent(`${phase} has no step`);
  }
}

function orderOf({ order }: Pursuit): OrderView {
  if (order === null) throw new ImpossiblePursuitEvent('there is no order yet');
  return order;
}

/** An order that may stay open at the venue and does. */
export function rests({ state, timeInForce }: Pick<OrderView, 'state' | 'timeInForce'>): boolean {
  return state === 'open' && timeInForce === 'GTC';
}

/** Doubling from 0.2 s, at most 5 s. */
export function pauseAfter(times: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(times, 10));
}

function nothing(state: Pursuit, reason: string): OrderOutcome {
  return {
    legId: state.leg?.legId ?? '',
    state: 'nothing',
    reason,
    clientOrderId: null,
    attempts: state.order?.attempt ?? 0,
    quantity: null,
    limitPrice: null,
    executedQuantity: '0',
    averagePrice: null,
    fees: [],
  };
}

/** How a leg stands or ended whose order is known. */
export function outcomeOf(order: OrderView, fills: BookedFills): OrderOutcome {
  const { legId, clientOrderId, quantity, limitPrice, attempt, rejectCode, side, symbol } = order;
  const { executedQuantity: executed, averagePrice, fees } = fills;
  const state = endOf(order, executed);
  const reason =
    state === 'rejected'
      ? `the venue refused it: ${rejectCode}`
      : `${side} ${executed} of ${quantity} ${symbol} at ${averagePrice ?? limitPrice}`;
  const told = { legId, state, reason, clientOrderId, attempts: attempt };
  return { ...told, executedQuantity: executed, averagePrice, fees, quantity, limitPrice };
}

function endOf(order: OrderView, executed: string): OrderEnd {
  if (rests(order)) return 'resting';
  if (order.state === 'filled') return 'filled';
  if (executed !== '0') return 'partially_filled';
  return order.state === 'rejected' ? 'rejected' : 'not_filled';
}
