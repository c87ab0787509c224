import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { GuardActivities, GuardLeg } from '../activities/guard.ts';
import { observedText } from '../core/market/money.ts';
import type { OrderOutcome } from '../core/orders/leg.ts';
import { REFUSALS, type RefusalCode } from '../core/risk/facts.ts';
import {
  isDust,
  passCandle,
  renewGuard,
  resizeGuard,
  restEffects,
  type Selling,
} from '../core/risk/guard.ts';
import type { GuardMemory, GuardRecord, GuardView, PassedCandles } from '../proto/guard.ts';
import { pursueLeg, recallLeg, settleLeg } from './leg.ts';
import { STEP_HEARTBEAT } from './messages.ts';

/** Steps against Postgres and questions to the venue: repeated until they answer. */
const steps = proxyActivities<GuardActivities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: STEP_HEARTBEAT,
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
});

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
  readonly #namespace: string;
  #record: GuardRecord;
  #marketTimeMs: number;
  #minNotional = '0';

  constructor(namespace: string, record: GuardRecord) {
    this.#namespace = namespace;
    this.#record = record;
    this.#marketTimeMs = record.state.lastCloseMs;
  }

  get record(): GuardRecord {
    return this.#record;
  }

  get open(): boolean {
    return this.#record.status !== 'closed';
  }

  view(): GuardView {
    const { status, state } = this.#record;
    return { status, state };
  }

  /** Folds candles, oldest first, and does what then is to be done. */
  async pass({ candles, feed, settle }: PassedCandles): Promise<void> {
    const { rules, state: before } = this.#record;
    let state = before;
    for (const candle of candles) state = { ...state, ...passCandle(state, candle, rules)[0] };
    this.#change({ ...state, feed });
    this.#marketTimeMs = Math.max(this.#marketTimeMs, state.lastCloseMs);
    if (state.selling && !before.selling) {
      const { why } = state.selling;
      await this.#save('guard-selling', { why, stopPrice: state.stopPrice, ...this.#prices() });
    } else await this.#save();
    if (settle && !state.selling && !(await this.#eachLive(settleLeg))) return;
    // In a live market the user stream may have booked what nobody told this guard of.
    const looks = settle || feed !== null;
    if (looks && !state.selling && !(await this.#look())) return;
    await this.act();
  }

  /** Somebody else has traded the position: looks at what is left of it, and guards that. */
  async lookAgain(): Promise<void> {
    await this.#look();
    await this.act();
  }

  /** Does what the state asks for and the venue does not yet show. */
  async act(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS && this.open; turn += 1) {
      const { selling } = this.#state;
      if (selling !== null) return this.#sell(selling);
      if (restEffects(this.#state).length === 0) return;
      await this.#rest();
      if (this.#state.selling === null) return;
    }
  }

  /** Has the venue hold a stop at the price the rules say. A halt is asked about before the old one
   * is taken back: what rests stays. */
  async #rest(): Promise<void> {
    const { stopPrice, resting: before } = this.#state;
    const wanted = await this.#leg({ purpose: 'stop', stopPrice });
    if (wanted === null || !(await this.#takeBack()) || this.#state.selling) return;
    const outcome = await this.#pursue(wanted.leg);
    const { clientOrderId, reason } = outcome;
    if (outcome.state === 'resting' && clientOrderId !== null) {
      const { quantity: covers } = this.#state;
      this.#change({ resting: { clientOrderId, stopPrice, covers }, stuck: null });
      const from = before?.stopPrice ?? null;
      const told = { from, stopPrice, clientOrderId, quantity: outcome.quantity };
      return this.#save(from === null ? 'guard-rested' : 'guard-moved', told);
    }
    if (outcome.state === 'needs_person') return this.#stick(reason);
    if (tooLate(outcome)) return this.#decide({ purpose: 'stop', why: 'stop' }, reason);
    if (this.#tooLittle(outcome, stopPrice) || outcome.state === 'rejected') {
      // Nothing will rest for this position: the guard watches it, and sells it itself.
      this.#change({ bare: reason });
    }
    await this.#save('guard-unrested', { stopPrice, reason });
  }

  /** Sells everything. What the venue has filled of the resting stop is booked first, halted or
   * not. What cannot be sold at this close is tried again at the next. */
  async #sell(selling: Selling): Promise<void> {
    if (selling.why === 'stop' || selling.why === 'gap') {
      if (!(await this.#eachLive(settleLeg)) || !(await this.#look())) return;
    }
    const { purpose } = selling;
    let wanted = await this.#leg({ purpose });
    if (wanted === null || !(await this.#takeBack())) return;
    for (let sale = 0; sale < MAX_SALES && wanted !== null; sale += 1) {
      const outcome = await this.#pursue(wanted.leg);
      if (outcome.state === 'needs_person') return this.#stick(outcome.reason);
      if (!(await this.#look())) return;
      if (this.#tooLittle(outcome, wanted.leg.referencePrice)) {
        const left = this.#state.quantity;
        if (await this.#close('too little to be sold', left)) return;
      }
      if (outcome.state === 'nothing') {
        return this.#save('guard-unsold', { reason: outcome.reason });
      }
      wanted = await this.#leg({ purpose });
    }
    await this.#save('guard-unsold', { reason: `something is left after ${MAX_SALES} sales` });
  }

  /** Takes back whatever of the guard's own may rest at the venue, and looks at what is left. False
   * when there is nothing more to do. */
  async #takeBack(): Promise<boolean> {
    const { live } = await steps.holdingOf(this.#record);
    if (live.length === 0) return this.#look();
    if (!(await this.#eachLive(recallLeg))) return false;
    this.#change({ resting: null });
    return this.#look();
  }

  async #eachLive(act: (clientOrderId: string) => Promise<OrderOutcome>): Promise<boolean> {
    const { live } = await steps.holdingOf(this.#record);
    for (const clientOrderId of live) {
      const { state, reason } = await act(clientOrderId);
      if (state !== 'needs_person') continue;
      await this.#stick(reason);
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
  async #look(): Promise<boolean> {
    const held = await steps.holdingOf(this.#record);
    const { quantity, entryPrice, lastFill, live } = held;
    this.#minNotional = held.minNotional;
    this.#marketTimeMs = Math.max(this.#marketTimeMs, lastFill?.marketTimeMs ?? 0);
    const { resting, selling } = this.#state;
    if (quantity === '0' && live.length === 0) {
      if (await this.#close(selling?.why ?? lastFill?.purpose ?? 'sold', '0')) return false;
      // Bought anew before this was closed: what is held now has nothing to do with what was.
      this.#change(renewGuard(this.#state, this.#marketTimeMs));
      return this.#look();
    }
    if (resting !== null && !live.includes(resting.clientOrderId)) this.#change({ resting: null });
    const before = this.#state;
    if (quantity === before.quantity || quantity === '0') return true;
    this.#change(resizeGuard(before, { quantity, entryPrice }, this.#record.rules));
    const { stopPrice, targetPrice } = this.#state;
    const told = { from: before.quantity, quantity, entryPrice, stopPrice, targetPrice };
    await this.#save('guard-resized', told);
    return true;
  }

  /** The next leg of the plan; null when a halt forbids it. */
  async #leg(wanted: {
    readonly purpose: 'stop' | 'target';
    readonly stopPrice?: string;
  }): Promise<Extract<GuardLeg, { kind: 'leg' }> | null> {
    const { atr, entryPrice } = this.#state;
    const price = atr.close === null ? entryPrice : observedText(atr.close);
    const made = await steps.guardLeg({
      namespace: this.#namespace,
      guard: this.#record,
      marketTimeMs: this.#marketTimeMs,
      price,
      ...wanted,
    });
    if (made.kind === 'leg') return made;
    await this.#save('guard-waits', { why: made.why, ...wanted });
    return null;
  }

  #pursue(leg: Parameters<typeof pursueLeg>[0]): Promise<OrderOutcome> {
    this.#change({ nextLeg: leg.leg + 1 });
    return pursueLeg(leg);
  }

  #decide(selling: Selling, reason: string): Promise<void> {
    this.#change({ selling });
    return this.#save('guard-selling', { why: selling.why, reason, ...this.#prices() });
  }

  #stick(reason: string): Promise<void> {
    this.#change({ stuck: reason });
    return this.#save('guard-stuck', { reason });
  }

  /** False when the position was traded meanwhile: then there is something to guard. */
  async #close(reason: string, left: string): Promise<boolean> {
    const before = this.#record;
    this.#change({ resting: null });
    this.#bump();
    const guard: GuardRecord = { ...this.#record, status: 'closed' };
    const closed = await steps.closeGuard({ guard, reason, atMs: this.#marketTimeMs, left });
    this.#record = closed ? guard : before;
    if (closed) setCurrentDetails(`closed: ${reason}`);
    return closed;
  }

  async #save(act?: string, facts: Readonly<Record<string, unknown>> = {}): Promise<void> {
    this.#bump();
    const guard = this.#record;
    const body = { ...facts, atMs: this.#marketTimeMs };
    await steps.saveGuard({ guard, act: act === undefined ? null : { act, body } });
    const { resting, stopPrice, targetPrice, selling } = this.#state;
    const held = resting === null ? 'no stop rests' : `a stop rests at ${resting.stopPrice}`;
    const doing = selling === null ? held : `selling: ${selling.why}`;
    setCurrentDetails(`${doing}; stop ${stopPrice}, target ${targetPrice ?? 'none'}`);
  }

  #bump(): void {
    const status = this.#state.selling === null ? 'watching' : 'closing';
    this.#change({ saves: this.#state.saves + 1 });
    this.#record = { ...this.#record, status };
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
