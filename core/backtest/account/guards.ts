import type { Candle, Timeframe } from '../../market/candle.ts';
import type { Instrument } from '../../market/instrument.ts';
import { decimal } from '../../market/money.ts';
import type { OrderInput, OrderOutcome } from '../../orders/leg.ts';
import { guardRules, openGuard, passCandle, reachesResting } from '../../risk/guard.ts';
import { atrBefore } from '../../risk/guard-atr.ts';
import {
  type Course,
  GuardKeeper,
  type KeeperAnswer,
  type KeeperStep,
} from '../../risk/guard-keeper.ts';
import {
  type GuardLeg,
  type GuardMemory,
  type GuardRecord,
  type Holding,
  MOST_CANDLES,
} from '../../risk/guard-record.ts';
import type { RiskLimits } from '../../risk/limits.ts';
import type { Books } from './books.ts';
import type { Facts } from './facts.ts';
import { ACCOUNT, type PaperMarket } from './market.ts';
import type { JudgedLeg, OrderDesk } from './orders.ts';
import type { MarketCandle } from './terms.ts';

export const VENUE = 'paper';
const MINUTE_MS = 60_000;

export interface LastFill {
  readonly price: string;
  readonly marketTimeMs: number;
  readonly purpose: string;
}

/** One open guard beside whoever follows the tape for it: the same rules folded over the same
 * candles, so that the keeper is told only when there is something to do. */
interface Watch {
  readonly keeper: GuardKeeper;
  state: GuardMemory;
  /** Candles in that state which the keeper has not seen. */
  pending: number;
  due: boolean;
  settle: boolean;
}

export interface EntrySeen {
  readonly atr14: number | null;
  readonly candles: readonly Candle[];
}

/** The open guards of the account: what the tape's driver and the guards' workflows do together. */
export class Guards {
  readonly #parts: GuardParts;
  /** By symbol: the order in which they are told. */
  readonly #watches = new Map<string, Watch>();
  #opened = 0;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  get open(): number {
    return this.#watches.size;
  }

  /** Takes in a candle; `settle` then does what follows. */
  take({ symbol, candle }: MarketCandle): void {
    const watch = this.#watches.get(symbol);
    if (watch === undefined) return;
    const [next, effects] = passCandle(watch.state, candle, watch.keeper.record.rules);
    if (next !== watch.state) {
      watch.state = next;
      watch.pending += 1;
      if (effects.length > 0 || watch.pending >= MOST_CANDLES) watch.due = true;
    }
    // The venue may have believed a print that the rules do not.
    if (reachesResting(watch.state, candle.low)) watch.due = watch.settle = true;
  }

  /** Has the guards of these symbols see all that has passed: something else is about to trade. */
  catchUp(symbols: Iterable<string>): void {
    for (const symbol of symbols) {
      const watch = this.#watches.get(symbol);
      if (watch && watch.pending > 0) watch.due = true;
    }
    this.settle();
  }

  /** Tells every guard that has something to do, by symbol. */
  settle(): void {
    if (!this.#isAnyDue()) return;
    const due = [...this.#watches].filter(([, watch]) => watch.due);
    for (const [symbol, watch] of due.sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { state, settle } = watch;
      watch.pending = 0;
      watch.due = watch.settle = false;
      this.#drive(watch, watch.keeper.passed(state, { feed: null, settle }));
      if (!watch.keeper.open) this.#watches.delete(symbol);
    }
  }

  #isAnyDue(): boolean {
    for (const watch of this.#watches.values()) if (watch.due) return true;
    return false;
  }

  /** A decision's order is over, and its guard had seen all that passed: an entry opens a guard or
   * lets it grow; after a sale it guards what is left, or closes. */
  afterLeg(leg: JudgedLeg, outcome: OrderOutcome, seen: EntrySeen): void {
    if (leg.side === 'BUY' && outcome.executedQuantity === '0') return;
    const { symbol } = leg;
    const known = this.#watches.get(symbol);
    const watch = known ?? (leg.side === 'BUY' ? this.#begin(leg, seen) : null);
    if (watch === null) return;
    if (known === undefined) this.#drive(watch, watch.keeper.act());
    if (watch.keeper.open) this.#drive(watch, watch.keeper.lookAgain());
    if (watch.keeper.open) this.#watches.set(symbol, watch);
    else this.#watches.delete(symbol);
  }

  #begin(leg: JudgedLeg, seen: EntrySeen): Watch | null {
    const { books, limits, timeframe } = this.#parts;
    const { symbol } = leg;
    const quantity = books.sellable(symbol);
    if (quantity === '0') return null;
    const { entryPrice } = books.position(symbol);
    const lastFill = this.#parts.lastFill(symbol);
    const rules = guardRules(limits);
    const { tickSize } = this.#instrument(symbol);
    const openedAtMs = Math.max(leg.closeTimeMs, lastFill?.marketTimeMs ?? 0);
    const fillPrice = lastFill?.price ?? entryPrice;
    const atr = atrBefore(seen);
    const bought = { timeframe, tickSize, quantity, entryPrice, fillPrice, openedAtMs, atr };
    const fresh = { nextLeg: 0, saves: 0, stuck: null, feed: null };
    const state: GuardMemory = { ...openGuard(bought, rules), ...fresh };
    this.#opened += 1;
    const planId = `guard-${this.#opened}`;
    const owner = { userId: ACCOUNT, username: ACCOUNT, venue: VENUE, symbol };
    const record: GuardRecord = {
      ...{ planId, workflowId: planId, ...owner, rules, state },
      status: 'watching',
    };
    // Whoever follows the tape meets it as a stranger, and has it look once more.
    return { keeper: new GuardKeeper(record), state, pending: 0, due: true, settle: false };
  }

  #drive(watch: Watch, course: Course<void>): void {
    let next = course.next();
    while (next.done !== true) next = course.next(this.#do(next.value));
    watch.state = watch.keeper.record.state;
  }

  #do(step: KeeperStep): KeeperAnswer {
    const { desk, books, facts } = this.#parts;
    switch (step.type) {
      case 'holding':
        return this.#holding(step.guard);
      case 'leg':
        return this.#leg(step);
      case 'pursue':
        return desk.pursue(step.leg);
      case 'settle':
        return desk.settle(step.clientOrderId);
      case 'recall':
        return desk.recall(step.clientOrderId);
      case 'save':
        return undefined;
      case 'close': {
        const { symbol, rules } = step.guard;
        if (!decimal(books.sellable(symbol)).eq(step.left)) return false;
        facts.cool(symbol, step.atMs + rules.cooldownMinutes * MINUTE_MS);
        return true;
      }
    }
  }

  #holding({ planId, symbol }: GuardRecord): Holding {
    const { books, desk, lastFill } = this.#parts;
    return {
      quantity: books.sellable(symbol),
      entryPrice: books.position(symbol).entryPrice,
      lastFill: lastFill(symbol),
      live: desk.live(({ leg }) => leg.cause.id === planId),
      minNotional: this.#instrument(symbol).minNotional,
    };
  }

  #leg(wanted: Extract<KeeperStep, { readonly type: 'leg' }>): GuardLeg {
    const { guard, purpose, stopPrice, price, marketTimeMs } = wanted;
    const { planId, symbol, state } = guard;
    const bid = stopPrice === undefined ? this.#parts.market.bestBid(symbol) : null;
    const leg: OrderInput = {
      namespace: '',
      legId: `${planId}-${state.nextLeg}`,
      cause: { kind: 'guard', id: planId },
      leg: state.nextLeg,
      purpose,
      userId: ACCOUNT,
      venue: VENUE,
      symbol,
      side: 'SELL',
      closeTimeMs: marketTimeMs,
      referencePrice: bid ?? price,
      confidenceBp: 10_000,
    };
    return { kind: 'leg', leg: stopPrice === undefined ? leg : { ...leg, stopPrice } };
  }

  #instrument(symbol: string): Instrument {
    const instrument = this.#parts.instruments.get(symbol);
    if (instrument === undefined) throw new RangeError(`${symbol} is no market of this account`);
    return instrument;
  }
}

export interface GuardParts {
  readonly books: Books;
  readonly facts: Facts;
  readonly desk: OrderDesk;
  readonly market: PaperMarket;
  readonly limits: RiskLimits;
  readonly timeframe: Timeframe;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** The newest trade of a symbol. */
  readonly lastFill: (symbol: string) => LastFill | null;
}
