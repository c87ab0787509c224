import type { Instrument } from '../../core/market/instrument.ts';
import { Wallet } from '../../core/venue/accounts.ts';
import type { Conditions } from '../../core/venue/conditions.ts';
import { amount } from '../../core/venue/decimals.ts';
import { type OrderRecord, VenueState } from '../../core/venue/state.ts';
import { ControlError, decideTape, type TapeRequest } from '../../core/venue/tape.ts';
import { decideCancel, decideOrder, type OrderRequest } from '../../core/venue/trading.ts';
import { type FaultEvent, isMarketEvent, type VenueEvent } from './events.ts';
import type { FaultScript } from './fault-script.ts';
import { Faults, type Fired } from './faults.ts';
import { VenueLog } from './log.ts';

export type VenueListener = (event: VenueEvent) => void;

/** The paper exchange: judge an act, log it, apply it. Acts are judged one at a time in memory;
 * their answers wait for `settled()`, so nobody learns of an act that a crash could still undo. */
export class PaperVenue {
  readonly state: VenueState;
  readonly log: VenueLog;
  readonly faults: Faults;
  readonly #listeners = new Set<VenueListener>();

  private constructor(state: VenueState, log: VenueLog, faults: Faults) {
    this.state = state;
    this.log = log;
    this.faults = faults;
  }

  /** Reads `directory`'s log back. Throws when a line other than a torn last one is damaged. */
  static async open(directory: string): Promise<PaperVenue> {
    const state = new VenueState();
    const faults = new Faults();
    const log = await VenueLog.open(directory, (line) => {
      if (isMarketEvent(line)) state.apply(line);
      faults.apply(line);
      faults.recount(line);
    });
    return new PaperVenue(state, log, faults);
  }

  /** Told of every act once it is on the disk, in order. */
  listen(listener: VenueListener): void {
    this.#listeners.add(listener);
  }

  /** Resolves when everything decided so far is on the disk. */
  settled(): Promise<void> {
    return this.log.durable();
  }

  /** `share`: of the book that it may meet, 0 … 1. Throws `Refusal`. */
  place(request: OrderRequest, share = 1): OrderRecord {
    const event = decideOrder(this.state, request, { nowMs: Date.now(), share });
    this.#commit(event);
    const record = this.state.orders.get(event.order.orderId);
    if (!record) throw new Error('an accepted order must be on record');
    return record;
  }

  /** As `place`, but nothing happens. Throws `Refusal`. */
  test(request: OrderRequest): void {
    decideOrder(this.state, request, { nowMs: Date.now(), share: 1 });
  }

  /** Throws `Refusal` (-2011) unless the order is open. */
  cancel(record: OrderRecord | undefined): OrderRecord {
    const event = decideCancel(this.state, record, Date.now());
    this.#commit(event);
    return record as OrderRecord;
  }

  /** Returns whether the tape moved; a close it has seen moves nothing. Throws `ControlError`. */
  moveTape(request: TapeRequest): boolean {
    const event = decideTape(this.state, request);
    if (event) this.#commit(event);
    return event !== null;
  }

  setInstruments(instruments: readonly Instrument[]): void {
    const fresh = instruments.filter((instrument) => {
      const known = this.state.symbol(instrument.symbol)?.instrument;
      return JSON.stringify(known) !== JSON.stringify(instrument);
    });
    if (fresh.length > 0) this.#commit({ type: 'instruments', instruments: fresh });
  }

  setConditions(conditions: Conditions): void {
    this.#commit({ type: 'conditions', conditions });
  }

  /** Adds money once per deposit id. Returns whether this call did. Throws `ControlError` when the
   * id was used for something else. */
  deposit(deposit: {
    readonly depositId: string;
    readonly account: string;
    readonly deposits: Readonly<Record<string, string>>;
  }): boolean {
    const { depositId, account, deposits } = deposit;
    const earlier = this.state.deposits.get(depositId);
    if (earlier) {
      const same = earlier.account === account && sameDeposits(earlier.deposits, deposits);
      if (!same) throw new ControlError(409, `deposit ${depositId} was made with other amounts`);
      return false;
    }
    const wallet = new Wallet(this.state.accounts.balances(account));
    for (const [asset, text] of Object.entries(deposits)) {
      wallet.change(asset, { free: amount(text) });
    }
    this.#commit({ type: 'deposit', depositId, account, deposits, balances: wallet.rows() });
    return true;
  }

  setFaults(script: FaultScript): void {
    this.#commit({ type: 'faults', script });
  }

  /** Writes down what a lie really did. */
  confess(fired: Fired, did: string, orderId?: number): void {
    const { fault, rule, nth, on, account } = fired;
    const about = orderId === undefined ? {} : { orderId };
    this.#commit({ type: 'fault', fault, rule, nth, on, account, did, ...about });
  }

  /** A request that came although the venue had told everybody to stop. */
  accuse(fault: Omit<FaultEvent, 'type' | 'fault' | 'nth'>): void {
    this.#commit({ type: 'fault', fault: 'stop-ignored', nth: 0, ...fault });
  }

  close(): Promise<void> {
    return this.log.close();
  }

  #commit(event: VenueEvent): void {
    this.log.append(event);
    if (isMarketEvent(event)) this.state.apply(event);
    this.faults.apply(event);
    if (event.type === 'order' || event.type === 'tape') this.#hideFills(event);
    // A failed write rejects every answer that waits for it; here it only means nothing to tell.
    this.log.durable().then(
      () => this.#tell(event),
      () => undefined,
    );
  }

  /** Before anybody can ask for them. */
  #hideFills(event: VenueEvent & { readonly type: 'order' | 'tape' }): void {
    if (!this.faults.active) return;
    for (const { orderId, tradeId } of event.trades) {
      const terms = this.state.orders.get(orderId)?.terms;
      if (!terms) continue;
      const moment = {
        on: 'fill',
        account: terms.account,
        marketMs: this.state.tapeTimeMs,
      } as const;
      for (const fired of this.faults.fire(moment)) {
        const { forMs } = fired.parameters;
        this.faults.hideTrade(terms.symbol, tradeId, forMs);
        this.confess(
          fired,
          `trade ${tradeId} is missing from the trade list for ${forMs} ms`,
          orderId,
        );
      }
    }
  }

  #tell(event: VenueEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function sameDeposits(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const assets = Object.keys(a);
  return (
    assets.length === Object.keys(b).length &&
    assets.every((asset) => b[asset] !== undefined && amount(a[asset] ?? '0').eq(b[asset]))
  );
}
