/** Where one attempt at a leg stands. `unknown` counts as live until it is proven otherwise. */
export const ORDER_STATES = [
  'prepared',
  'sent',
  'unknown',
  'open',
  'filled',
  'cancelled',
  'rejected',
  'expired',
  'never_arrived',
] as const;
export type OrderState = (typeof ORDER_STATES)[number];

/** What can happen to an order.
 * `begin_send`: our own mark, committed before the request leaves. `abandon`: it was prepared and
 * will not be sent. `fenced`: our fence stopped it before a byte left. `lose_answer`: no proven
 * answer came.
 * `prove_absent`: the wait, two queries and the trade list all say the venue never had it.
 * `book_fill`: a trade of it was booked; a state of its own it is not, early or late. */
export const ORDER_EVENTS = [
  'begin_send',
  'abandon',
  'fenced',
  'lose_answer',
  'prove_absent',
  'report_open',
  'report_filled',
  'report_cancelled',
  'report_expired',
  'report_rejected',
  'book_fill',
] as const;
export type OrderEvent = (typeof ORDER_EVENTS)[number];

/** A cell is the next state (the same one: nothing new), or `impossible`: either we have a fault or
 * the venue contradicts itself. Both stop the leg for a person; neither moves the order. */
type Cell = OrderState | 'impossible';

const OVER = {
  begin_send: 'impossible',
  abandon: 'impossible',
  prove_absent: 'impossible',
} as const;

const TABLE = {
  prepared: {
    begin_send: 'sent',
    abandon: 'never_arrived',
    fenced: 'impossible',
    lose_answer: 'impossible',
    prove_absent: 'impossible',
    report_open: 'impossible',
    report_filled: 'impossible',
    report_cancelled: 'impossible',
    report_expired: 'impossible',
    report_rejected: 'impossible',
    book_fill: 'impossible',
  },
  sent: {
    begin_send: 'impossible',
    abandon: 'impossible',
    fenced: 'never_arrived',
    lose_answer: 'unknown',
    prove_absent: 'impossible',
    report_open: 'open',
    report_filled: 'filled',
    report_cancelled: 'cancelled',
    report_expired: 'expired',
    report_rejected: 'rejected',
    book_fill: 'sent',
  },
  unknown: {
    begin_send: 'impossible',
    abandon: 'impossible',
    fenced: 'never_arrived',
    lose_answer: 'unknown',
    prove_absent: 'never_arrived',
    report_open: 'open',
    report_filled: 'filled',
    report_cancelled: 'cancelled',
    report_expired: 'expired',
    report_rejected: 'rejected',
    book_fill: 'unknown',
  },
  open: {
    begin_send: 'impossible',
    abandon: 'impossible',
    fenced: 'impossible',
    lose_answer: 'open',
    prove_absent: 'impossible',
    report_open: 'open',
    report_filled: 'filled',
    report_cancelled: 'cancelled',
    report_expired: 'expired',
    report_rejected: 'impossible',
    book_fill: 'open',
  },
  filled: {
    ...OVER,
    fenced: 'impossible',
    lose_answer: 'filled',
    report_open: 'filled',
    report_filled: 'filled',
    report_cancelled: 'impossible',
    report_expired: 'impossible',
    report_rejected: 'impossible',
    book_fill: 'filled',
  },
  cancelled: {
    ...OVER,
    fenced: 'impossible',
    lose_answer: 'cancelled',
    report_open: 'cancelled',
    report_filled: 'impossible',
    report_cancelled: 'cancelled',
    report_expired: 'impossible',
    report_rejected: 'impossible',
    book_fill: 'cancelled',
  },
  rejected: {
    ...OVER,
    fenced: 'impossible',
    lose_answer: 'rejected',
    report_open: 'impossible',
    report_filled: 'impossible',
    report_cancelled: 'impossible',
    report_expired: 'impossible',
    report_rejected: 'rejected',
    book_fill: 'impossible',
  },
  expired: {
    ...OVER,
    fenced: 'impossible',
    lose_answer: 'expired',
    report_open: 'expired',
    report_filled: 'impossible',
    report_cancelled: 'impossible',
    report_expired: 'expired',
    report_rejected: 'impossible',
    book_fill: 'expired',
  },
  never_arrived: {
    ...OVER,
    abandon: 'never_arrived',
    prove_absent: 'never_arrived',
    fenced: 'never_arrived',
    lose_answer: 'never_arrived',
    report_open: 'impossible',
    report_filled: 'impossible',
    report_cancelled: 'impossible',
    report_expired: 'impossible',
    report_rejected: 'never_arrived',
    book_fill: 'never_arrived',
  },
} as const satisfies Record<OrderState, Record<OrderEvent, Cell>>;

/** An event that cannot happen in the state the order is in. */
export class ImpossibleOrderEvent extends Error {
  override readonly name = 'ImpossibleOrderEvent';
  readonly state: OrderState;
  readonly event: OrderEvent;
  constructor(state: OrderState, event: OrderEvent) {
    super(`order is ${state}: ${event} must not happen`);
    this.state = state;
    this.event = event;
  }
}

/** The state after an event; throws `ImpossibleOrderEvent` and never moves an order backward. */
export function nextOrderState(state: OrderState, event: OrderEvent): OrderState {
  const cell: Cell = TABLE[state][event];
  if (cell === 'impossible') throw new ImpossibleOrderEvent(state, event);
  return cell;
}

const LIVE: ReadonlySet<OrderState> = new Set(['prepared', 'sent', 'unknown', 'open']);

/** Live: the venue may have it or may still get it. At most one a leg, ever. */
export function isLive(state: OrderState): boolean {
  return LIVE.has(state);
}

/** What a venue's own status says happened. */
export const STATUS_EVENTS = {
  open: 'report_open',
  partially_filled: 'report_open',
  filled: 'report_filled',
  cancelled: 'report_cancelled',
  rejected: 'report_rejected',
  expired: 'report_expired',
} as const satisfies Record<string, OrderEvent>;
