import { observedText } from '../market/money.ts';
import type { OrderInput, OrderOutcome } from '../orders/leg.ts';
import { REFUSALS, type RefusalCode } from './facts.ts';
import { isDust, passCandle, renewGuard, resizeGuard, restEffects, type Selling } from './guard.ts';
import type { GuardLeg, GuardMemory, GuardRecord, Holding, PassedCandles } from './guard-record.ts';

/** What a guard asks of whoever keeps it: a workflow over Postgres and a venue, or a simulation
 * over books in memory. */
export type KeeperStep =
  /** What is held, and which of the guard's orders may be live. */
  | { readonly type: 'holding'; readonly guard: GuardRecord }
  /** The guard's next leg, with a price where it names none, or the halt that forbids it. */
  | (WantedLeg & { readonly type: 'leg' })
  | { readonly type: 'pursue'; readonly leg: OrderInput }
  /** Book what the venue has done of a resting order; take it back. */
  | { readonly type: 'settle' | 'recall'; readonly clientOrderId: string }
  | {
      readonly type: 'save';
      readonly guard: GuardRecord;
      readonly act: {
        readonly act: string;
        readonly body: Readonly<Record<string, unknown>>;
      } | null;
    }
  /** False when other than `left` is held by now. */
  | {
      readonly type: 'close';
      readonly guard: GuardRecord;
      readonly reason: string;
      /** The market's time, Unix milliseconds. */
      readonly atMs: number;
      readonly left: string;
    };

export interface WantedLeg {
  readonly guard: GuardRecord;
  readonly purpose: 'stop' | 'target';
  /** Given: the leg rests at the venue as a stop. */
  readonly stopPrice?: string;
  /** The market's newest price known to the guard. */
  readonly price: string;
  readonly marketTimeMs: number;
}

interface Answers {
  readonly holding: Holding;
  readonly leg: GuardLeg;
  readonly pursue: OrderOutcome;
  readonly settle: OrderOutcome;
  readonly recall: OrderOutcome;
  readonly save: undefined;
  readonly close: boolean;
}
export type KeeperAnswer = Answers[KeeperStep['type']];

/** Steps one after the other; each goes on with what came of it. */
export type Course<T> = Generator<KeeperStep, T, KeeperAnswer>;

function* ask<S extends KeeperStep>(step: S): Course<Answers[S['type']]> {
  // Whoever drives a course answers each step with what belongs to it.
  return (yield step) as Answers[S['type']];
}

/** Sales tried at one close: each takes the book that the one before has left. */
const MAX_SALES = 3;
/** A stop that cannot rest becomes a sale, and a sale that is done becomes nothing: a third turn
 * has nothing left to do. */
const MAX_TURNS = 3;
/** What a venue answers when a stop would be set off at once (Binance). */
const WOULD_TRIGGER = '-2010';

/** Brings the venue in line with what the rules want for one position: one stop that rests, or a
 * sale of everything. It owns its plan's legs, and nobody else places any. */
export class GuardKeeper {
  #record: GuardRecord;
  #marketTimeMs: number;
  #minNotional = '0';

  constructor(record: GuardRecord) {
    this.#record = record;
    this.#marketTimeMs = record.state.lastCloseMs;
  }

  get record(): GuardRecord {
    return this.#record;
  }

  get open(): boolean {
    return this.#record.status !== 'closed';
  }

  /** Folds candles, oldest first, and does what then is to be done. */
  pass({ candles, ...told }: PassedCandles): Course<void> {
    const { rules } = this.#record;
    let { state } = this.#record;
    for (const candle of candles) [state] = passCandle(state, candle, rules);
    return this.passed(state, told);
  }

  /** As `pass`, by whoever has folded the candles into this guard's state already. */
  *passed(
    state: GuardMemory,
    { feed, settle }: Pick<PassedCandles, 'feed' | 'settle'>,
  ): Course<void> {
    const { state: before } = this.#record;
    this.#record = { ...this.#record, state: { ...state, feed } };
    this.#marketTimeMs = Math.max(this.#marketTimeMs, state.lastCloseMs);
    if (state.selling && !before.selling) {
      const { why } = state.selling;
      yield* this.#save('guard-selling', { why, stopPrice: state.stopPrice, ...this.#prices() });
    } else yield* this.#save();
    if (settle && !state.selling && !(yield* this.#eachLive('settle'))) return;
    // In a live market the user stream may have booked what nobody told this guard of.
    const looks = settle || feed !== null;
    if (looks && !state.selling && !(yield* this.#look())) return;
    yield* this.act();
  }

  /** Somebody else has traded the position: looks at what is left of it, and guards that. */
  *lookAgain(): Course<void> {
    yield* this.#look();
    yield* this.act();
  }

  /** Does what the state asks for and the venue does not yet show. */
  *act(): Course<void> {
    for (let turn = 0; turn < MAX_TURNS && this.open; turn += 1) {
      const { selling } = this.#state;
      if (selling !== null) return yield* this.#sell(selling);
      if (restEffects(this.#state).length === 0) return;
      yield* this.#rest();
      if (this.#state.selling === null) return;
    }
  }

  /** Has the venue hold a stop at the price the rules say. A halt is asked about before the old one
   * is taken back: what rests stays. */
  *#rest(): Course<void> {
    const { stopPrice, resting: before } = this.#state;
    const wanted = yield* this.#leg({ purpose: 'stop', stopPrice });
    if (wanted === null || !(yield* this.#takeBack()) || this.#state.selling) return;
    const outcome = yield* this.#pursue(wanted.leg);
    const { clientOrderId, reason } = outcome;
    if (outcome.state === 'resting' && clientOrderId !== null) {
      const { quantity: covers } = this.#state;
      this.#change({ resting: { clientOrderId, stopPrice, covers }, stuck: null });
      const from = before?.stopPrice ?? null;
      const told = { from, stopPrice, clientOrderId, quantity: outcome.quantity };
      return yield* this.#save(from === null ? 'guard-rested' : 'guard-moved', told);
    }
    if (outcome.state === 'needs_person') return yield* this.#stick(reason);
    if (tooLate(outcome)) return yield* this.#decide({ purpose: 'stop', why: 'stop' }, reason);
    if (this.#tooLittle(outcome, stopPrice) || outcome.state === 'rejected') {
      // Nothing will rest for this position: the guard watches it, and sells it itself.
      this.#change({ bare: reason });
    }
    yield* this.#save('guard-unrested', { stopPrice, reason });
  }

  /** Sells everything. What the venue has filled of the resting stop is booked first, halted or
   * not. What cannot be sold at this close is tried again at the next. */
  *#sell(selling: Selling): Course<void> {
    if (selling.why === 'stop' || selling.why === 'gap') {
      if (!(yield* this.#eachLive('settle')) || !(yield* this.#look())) return;
    }
    const { purpose } = selling;
    let wanted = yield* this.#leg({ purpose });
    if (wanted === null || !(yield* this.#takeBack())) return;
    for (let sale = 0; sale < MAX_SALES && wanted !== null; sale += 1) {
      const outcome = yield* this.#pursue(wanted.leg);
      if (outcome.state === 'needs_person') return yield* this.#stick(outcome.reason);
      if (!(yield* this.#look())) return;
      if (this.#tooLittle(outcome, wanted.leg.referencePrice)) {
        const left = this.#state.quantity;
        if (yield* this.#close('too little to be sold', left)) return;
      }
      if (outcome.state === 'nothing') {
        return yield* this.#save('guard-unsold', { reason: outcome.reason });
      }
      wanted = yield* this.#leg({ purpose });
    }
    yield* this.#save('guard-unsold', { reason: `something is left after ${MAX_SALES} sales` });
  }

  /** Takes back whatever of the guard's own may rest at the venue, and looks at what is left. False
   * when there is nothing more to do. */
  *#takeBack(): Course<boolean> {
    const { live } = yield* ask({ type: 'holding', guard: this.#record });
    if (live.length === 0) return yield* this.#look();
    if (!(yield* this.#eachLive('recall'))) return false;
    this.#change({ resting: null });
    return yield* this.#look();
  }

  *#eachLive(type: 'settle' | 'recall'): Course<boolean> {
    const { live } = yield* ask({ type: 'holding', guard: this.#record });
    for (const clientOrderId of live) {
      const { state, reason } = yield* ask({ type, clientOrderId });
      if (state !== 'needs_person') continue;
      yield* this.#stick(reason);
      return false;
    }
    return true;
  }

  /** Whether the whole position is too small for the venue. A leg that was, of a position that is
   * not, found the rest promised to another order: that one may still come to nothing. */
  #tooLittle(outcome: OrderOutcome, price: string): boolean {
    const held = { quantity: this.#state.quantity, price, minNotional: this.#minNotional };
    return refusedFor(outcome, ['below_minimum', 'below_lot']) && isDust(held);
  }

  /** Looks at the position; false when it is gone, and the guard with it. */
  *#look(): Course<boolean> {
    const held = yield* ask({ type: 'holding', guard: this.#record });
    const { quantity, entryPrice, lastFill, live } = held;
    this.#minNotional = held.minNotional;
    this.#marketTimeMs = Math.max(this.#marketTimeMs, lastFill?.marketTimeMs ?? 0);
    const { resting, selling } = this.#state;
    if (quantity === '0' && live.length === 0) {
      if (yield* this.#close(selling?.why ?? lastFill?.purpose ?? 'sold', '0')) return false;
      // Bought anew before this was closed: what is held now has nothing to do with what was.
      this.#change(renewGuard(this.#state, this.#marketTimeMs));
      return yield* this.#look();
    }
    if (resting !== null && !live.includes(resting.clientOrderId)) this.#change({ resting: null });
    const before = this.#state;
    if (quantity === before.quantity || quantity === '0') return true;
    this.#change(resizeGuard(before, { quantity, entryPrice }, this.#record.rules));
    const { stopPrice, targetPrice } = this.#state;
    const told = { from: before.quantity, quantity, entryPrice, stopPrice, targetPrice };
    yield* this.#save('guard-resized', told);
    return true;
  }

  /** The next leg of the plan; null when a halt forbids it. */
  *#leg(wanted: {
    readonly purpose: 'stop' | 'target';
    readonly stopPrice?: string;
  }): Course<Extract<GuardLeg, { kind: 'leg' }> | null> {
    const { atr, entryPrice } = this.#state;
    const price = atr.close === null ? entryPrice : observedText(atr.close);
    const made = yield* ask({
      type: 'leg',
      guard: this.#record,
      marketTimeMs: this.#marketTimeMs,
      price,
      ...wanted,
    });
    if (made.kind === 'leg') return made;
    yield* this.#save('guard-waits', { why: made.why, ...wanted });
    return null;
  }

  #pursue(leg: OrderInput): Course<OrderOutcome> {
    this.#change({ nextLeg: leg.leg + 1 });
    return ask({ type: 'pursue', leg });
  }

  #decide(selling: Selling, reason: string): Course<void> {
    this.#change({ selling });
    return this.#save('guard-selling', { why: selling.why, reason, ...this.#prices() });
  }

  #stick(reason: string): Course<void> {
    this.#change({ stuck: reason });
    return this.#save('guard-stuck', { reason });
  }

  /** False when the position was traded meanwhile: then there is something to guard. */
  *#close(reason: string, left: string): Course<boolean> {
    const before = this.#record;
    this.#change({ resting: null });
    this.#bump();
    const guard: GuardRecord = { ...this.#record, status: 'closed' };
    const closed = yield* ask({ type: 'close', guard, reason, atMs: this.#marketTimeMs, left });
    this.#record = closed ? guard : before;
    return closed;
  }

  *#save(act?: string, facts: Readonly<Record<string, unknown>> = {}): Course<void> {
    this.#bump();
    const body = { ...facts, atMs: this.#marketTimeMs };
    const told = act === undefined ? null : { act, body };
    yield* ask({ type: 'save', guard: this.#record, act: told });
  }

  #bump(): void {
    const status = this.#state.selling === null ? 'watching' : 'closing';
    const state = { ...this.#state, saves: this.#state.saves + 1 };
    this.#record = { ...this.#record, state, status };
  }

  get #state(): GuardMemory {
    return this.#record.state;
  }

  #change(change: Partial<GuardMemory>): void {
    this.#record = { ...this.#record, state: { ...this.#record.state, ...change } };
  }

  #prices() {
    const { entryPrice, highest, atr } = this.#state;
    return {
      entryPrice,
      highest: observedText(highest),
      close: atr.close === null ? null : observedText(atr.close),
    };
  }
}

/** The market is at or under the stop: it would be a sale, and not a stop, or has been one. */
function tooLate(outcome: OrderOutcome): boolean {
  if (outcome.state === 'rejected') return outcome.reason.includes(WOULD_TRIGGER);
  // One that ended unfilled was taken back by somebody else's sale before it was seen to rest.
  const traded = outcome.state === 'filled' || outcome.state === 'partially_filled';
  return traded || refusedFor(outcome, ['stop_misplaced']);
}

function refusedFor({ state, reason }: OrderOutcome, codes: readonly RefusalCode[]): boolean {
  return state === 'nothing' && codes.some((code) => reason.startsWith(REFUSALS[code]));
}
