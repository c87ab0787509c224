import type { Instrument } from '../../market/instrument.ts';
import { Decimal, decimal, divide, format } from '../../market/money.ts';
import type { OrderInput, OrderOutcome } from '../../orders/leg.ts';
import { isLive, type OrderState } from '../../orders/lifecycle.ts';
import { type OrderParameters, sizedParameters } from '../../orders/parameters.ts';
import {
  advance,
  type Goal,
  type OrderView,
  outcomeOf,
  type PursuitEvent,
  pursuit,
  type Step,
} from '../../orders/pursuit.ts';
import { blindLook, judgeBook, type Look } from '../../orders/slices.ts';
import { objectionTo } from '../../risk/approval.ts';
import { AUTOMATIC_HALTS } from '../../risk/automatic-halts.ts';
import { type Refusal, type RiskFacts, refusal } from '../../risk/facts.ts';
import type { HaltLevel } from '../../risk/halt.ts';
import type { RiskLimits } from '../../risk/limits.ts';
import { type Sized, sizeOrder } from '../../risk/sizing.ts';
import { Refusal as VenueRefusal } from '../../venue/errors.ts';
import type { OrderStatus, TradeRow } from '../../venue/events.ts';
import type { OrderRecord as VenueOrder } from '../../venue/state.ts';
import type { Books } from './books.ts';
import type { Facts } from './facts.ts';
import { ACCOUNT, type PaperMarket } from './market.ts';

/** A leg with what the market was when it was decided; nobody decides a guard's. */
export interface JudgedLeg extends OrderInput {
  readonly volatility20?: number | null;
}

/** An order as our own books know it. */
export interface Attempt {
  readonly clientOrderId: string;
  readonly leg: JudgedLeg;
  readonly parameters: OrderParameters;
  state: OrderState;
  /** At the venue; `null` until it has taken it. */
  venueOrder: VenueOrder | null;
  rejectCode: string | null;
  /** How many of its trades are booked, and what they come to. */
  booked: number;
  executed: Decimal;
  worth: Decimal;
  readonly fees: Map<string, Decimal>;
}

/** Told of what happens to orders, for the record. */
export interface OrderEvents {
  ended(leg: OrderInput, outcome: OrderOutcome): void;
  filled(attempt: Attempt, trade: TradeRow): void;
}

/** The newest facts, of whose leg, how often the books had changed by then, and how much that leg
 * came to when so much was asked for. */
interface Found {
  readonly legId: string;
  readonly changes: number;
  readonly facts: RiskFacts;
  requested: string | undefined;
  sized: Sized | Refusal | null;
}

interface Halt {
  readonly code: string;
  readonly level: HaltLevel;
  readonly reason: string;
}

const STATES: Readonly<Record<OrderStatus, OrderState>> = {
  NEW: 'open',
  PARTIALLY_FILLED: 'open',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  EXPIRED: 'expired',
};

/** The steps of orders against books and a venue in memory: what the order worker's activities do
 * against Postgres and the gateway. A leg is followed by the same machine. */
export class OrderDesk {
  readonly #books: Books;
  readonly #facts: Facts;
  readonly #market: PaperMarket;
  readonly #limits: RiskLimits;
  readonly #instruments: ReadonlyMap<string, Instrument>;
  readonly #events: OrderEvents;
  readonly #live = new Map<string, Attempt>();
  readonly #halts = new Map<string, Halt>();
  #attempts = 0;
  #found: Found | null = null;

  constructor(parts: {
    readonly books: Books;
    readonly facts: Facts;
    readonly market: PaperMarket;
    readonly limits: RiskLimits;
    readonly instruments: ReadonlyMap<string, Instrument>;
    readonly events: OrderEvents;
  }) {
    this.#books = parts.books;
    this.#facts = parts.facts;
    this.#market = parts.market;
    this.#limits = parts.limits;
    this.#instruments = parts.instruments;
    this.#events = parts.events;
  }

  /** Stops of a symbol that rest at the venue, oldest first. */
  resting(symbol: string): readonly string[] {
    return this.live(({ parameters }) => {
      return parameters.symbol === symbol && parameters.type === 'STOP_LOSS_LIMIT';
    });
  }

  /** Live orders, oldest first, by client order id. */
  live(which: (attempt: Attempt) => boolean): readonly string[] {
    const found: string[] = [];
    for (const attempt of this.#live.values()) {
      if (which(attempt)) found.push(attempt.clientOrderId);
    }
    return found;
  }

  /** Takes a leg to its end, or to rest. */
  pursue(leg: JudgedLeg): OrderOutcome {
    const outcome = this.#drive('pursue', { leg, clientOrderId: '' });
    this.#events.ended(leg, outcome);
    return outcome;
  }

  /** How a resting leg stands. */
  settle(clientOrderId: string): OrderOutcome {
    return this.#drive('settle', { leg: null, clientOrderId });
  }

  /** Takes a resting leg back. */
  recall(clientOrderId: string): OrderOutcome {
    const attempt = this.#attempt(clientOrderId);
    const outcome = this.#drive('recall', { leg: null, clientOrderId });
    this.#events.ended(attempt.leg, outcome);
    return outcome;
  }

  /** What the book says of a wish's slice before it is sized. */
  look(wish: JudgedLeg, slice: number): Look {
    const leg = legOfSlice(wish, slice);
    const judged = this.#size(leg);
    if ('refused' in judged) return blindLook(leg);
    const { sized } = judged;
    const { lotSize } = this.#instrument(leg.symbol);
    const { maxExpectedSlippageBps } = this.#limits;
    const wished = { quantity: sized.quantity, lotSize, maxExpectedSlippageBps };
    const depth = this.#market.depth(leg.symbol);
    const { look, refused } = judgeBook(leg, slice, { wished, depth });
    if (refused !== null) this.#haltAfter(refused);
    return look;
  }

  /** Books what the tape has filled of orders that rested. */
  hear(trades: readonly TradeRow[]): void {
    for (const { orderId } of trades) {
      const attempt = [...this.#live.values()].find(
        ({ venueOrder }) => venueOrder?.terms.orderId === orderId,
      );
      if (attempt === undefined) continue;
      this.#learn(attempt);
      this.#book(attempt);
      if (isLive(attempt.state)) continue;
      this.#events.ended(attempt.leg, outcomeOf(viewOf(attempt), fillsOf(attempt)));
    }
  }

  #drive(
    goal: Goal,
    quarry: { readonly leg: JudgedLeg | null; readonly clientOrderId: string },
  ): OrderOutcome {
    const { leg } = quarry;
    const whose = leg && { legId: leg.legId, userId: leg.userId };
    let [state, step] = advance(pursuit(goal, whose), { type: 'begin' });
    while (step.type !== 'done') [state, step] = advance(state, this.#do(step, quarry));
    return step.outcome;
  }

  #do(
    step: Exclude<Step, { readonly type: 'done' }>,
    { leg, clientOrderId }: { readonly leg: JudgedLeg | null; readonly clientOrderId: string },
  ): PursuitEvent {
    switch (step.type) {
      case 'read':
        return this.#told(clientOrderId);
      case 'prepare':
        return this.#prepare(leg as JudgedLeg);
      case 'send':
        this.#send(this.#attempt(step.order.clientOrderId));
        return this.#told(step.order.clientOrderId);
      case 'recall':
        this.#cancel(this.#attempt(step.order.clientOrderId));
        return this.#told(step.order.clientOrderId);
      case 'book':
        return this.#booked(this.#attempt(step.order.clientOrderId));
      case 'ask':
      case 'reach_venue':
      case 'wait':
      case 'abandon':
      case 'halt':
      case 'fail':
        // Nothing is ever lost between these books and this venue.
        throw new Error(`${step.type} must not be asked of a venue in memory`);
    }
  }

  #prepare(leg: JudgedLeg): PursuitEvent {
    const made = this.#judge(leg);
    if ('refused' in made) {
      this.#haltAfter(made);
      return { type: 'refused', text: made.text };
    }
    this.#attempts += 1;
    const attempt: Attempt = {
      clientOrderId: String(this.#attempts),
      leg,
      parameters: made,
      state: 'prepared',
      venueOrder: null,
      rejectCode: null,
      booked: 0,
      executed: NOTHING,
      worth: NOTHING,
      fees: new Map(),
    };
    this.#live.set(attempt.clientOrderId, attempt);
    const { base, quote } = this.#instrument(leg.symbol);
    if (made.side === 'BUY') {
      this.#facts.bought(leg.legId, leg.closeTimeMs);
      const cost = decimal(made.quantity).times(decimal(made.limitPrice ?? leg.referencePrice));
      this.#books.reserve(leg.legId, quote, cost);
    } else this.#books.reserve(leg.legId, base, made.quantity);
    return { type: 'prepared', order: viewOf(attempt) };
  }

  #judge(leg: JudgedLeg): OrderParameters | Refusal {
    const judged = this.#size(leg);
    if ('refused' in judged) return judged;
    const { sized, facts } = judged;
    const parameters = sizedParameters({ ...leg, account: ACCOUNT }, sized);
    return objectionTo({ parameters, facts, limits: this.#limits }) ?? parameters;
  }

  #size(leg: JudgedLeg): { readonly sized: Sized; readonly facts: RiskFacts } | Refusal {
    const [halt] = leg.side === 'BUY' ? this.#halts.values() : [];
    if (halt) return refusal('halted', `${halt.code} (${halt.level}): ${halt.reason}`);
    const found = this.#find(leg);
    const { facts } = found;
    const { side, confidenceBp, requestedQuantity, stopPrice } = leg;
    if (found.sized === null || found.requested !== requestedQuantity) {
      const request = { side, facts, confidenceBp, requestedQuantity, stopPrice };
      found.sized = sizeOrder({ ...request, limits: this.#limits });
      found.requested = requestedQuantity;
    }
    const { sized } = found;
    return 'refused' in sized ? sized : { sized, facts };
  }

  /** What was found for a look at the book is found again for the order that follows it: one leg is
   * judged at one price. */
  #find(leg: JudgedLeg): Found {
    const { changes } = this.#books;
    const { legId } = leg;
    const known = this.#found;
    if (known !== null && known.changes === changes && known.legId === legId) return known;
    const facts = this.#facts.of(leg, this.#instrument(leg.symbol), leg.volatility20 ?? null);
    this.#found = { legId, changes, facts, requested: undefined, sized: null };
    return this.#found;
  }

  #haltAfter({ refused, text }: Refusal): void {
    const automatic = AUTOMATIC_HALTS[refused];
    if (!automatic || this.#halts.has(refused)) return;
    this.#halts.set(refused, { code: refused, level: automatic.level, reason: text });
  }

  #send(attempt: Attempt): void {
    try {
      attempt.venueOrder = this.#market.place(attempt.clientOrderId, attempt.parameters);
      this.#learn(attempt);
    } catch (error) {
      if (!(error instanceof VenueRefusal)) throw error;
      attempt.state = 'rejected';
      attempt.rejectCode = String(error.code);
    }
  }

  #cancel(attempt: Attempt): void {
    const { venueOrder } = attempt;
    if (venueOrder !== null && isLive(attempt.state)) this.#market.cancel(venueOrder.terms.orderId);
    this.#learn(attempt);
  }

  #learn(attempt: Attempt): void {
    if (attempt.venueOrder !== null) attempt.state = STATES[attempt.venueOrder.status];
  }

  #booked(attempt: Attempt): PursuitEvent {
    this.#book(attempt);
    const fills = fillsOf(attempt);
    return { type: 'booked', order: viewOf(attempt), complete: !isLive(attempt.state), fills };
  }

  #book(attempt: Attempt): void {
    const { leg } = attempt;
    const { side } = attempt.parameters;
    const instrument = this.#instrument(leg.symbol);
    for (const trade of unbooked(attempt)) {
      this.#books.book(leg.legId, instrument, { ...trade, side });
      attempt.booked += 1;
      attempt.executed = attempt.executed.plus(decimal(trade.quantity));
      attempt.worth = attempt.worth.plus(decimal(trade.quantity).times(decimal(trade.price)));
      const { feeAsset, fee } = trade;
      attempt.fees.set(feeAsset, (attempt.fees.get(feeAsset) ?? NOTHING).plus(decimal(fee)));
      this.#events.filled(attempt, trade);
    }
    if (isLive(attempt.state)) return;
    this.#books.release(leg.legId);
    this.#live.delete(attempt.clientOrderId);
  }

  #told(clientOrderId: string): PursuitEvent {
    return { type: 'told', order: viewOf(this.#attempt(clientOrderId)), waitMs: null };
  }

  #attempt(clientOrderId: string): Attempt {
    const attempt = this.#live.get(clientOrderId);
    if (attempt === undefined) throw new Error(`order ${clientOrderId} must be live`);
    return attempt;
  }

  #instrument(symbol: string): Instrument {
    const instrument = this.#instruments.get(symbol);
    if (instrument === undefined) throw new RangeError(`${symbol} is no market of this account`);
    return instrument;
  }
}

const NOTHING = Decimal.of(0);
const NO_TRADES: readonly TradeRow[] = [];

/** Trades of its order that the books do not show yet. */
function unbooked({ venueOrder, booked }: Attempt): readonly TradeRow[] {
  if (venueOrder === null || venueOrder.trades.length === booked) return NO_TRADES;
  return venueOrder.trades.slice(booked);
}

function executedAt(order: VenueOrder | null): string {
  return order === null || order.executed.isZero() ? '0' : order.executed.toFixed();
}

/** The leg of a wish's slice: the first is the wish's own. */
function legOfSlice(wish: JudgedLeg, slice: number): JudgedLeg {
  if (slice === 0) return wish;
  return { ...wish, leg: wish.leg + slice, legId: `${wish.legId}-${slice}` };
}

function fillsOf({ executed, worth, fees }: Attempt) {
  return {
    executedQuantity: format(executed),
    averagePrice: executed.gt(0) ? format(divide(worth, executed)) : null,
    fees: [...fees].map(([asset, fee]) => ({ asset, amount: format(fee) })),
  };
}

function viewOf(attempt: Attempt): OrderView {
  const { clientOrderId, leg, parameters } = attempt;
  const { venue, symbol, side, timeInForce, quantity, limitPrice } = parameters;
  return {
    clientOrderId,
    venue,
    symbol,
    side,
    timeInForce,
    quantity,
    limitPrice,
    legId: leg.legId,
    userId: leg.userId,
    attempt: 1,
    state: attempt.state,
    executedQuantity: executedAt(attempt.venueOrder),
    rejectCode: attempt.rejectCode,
  };
}
