import type { Instrument } from '../../core/market/instrument.ts';
import { Wallet } from './accounts.ts';
import type { Conditions } from './conditions.ts';
import { amount } from './decimals.ts';
import type { VenueEvent } from './events.ts';
import { VenueLog } from './log.ts';
import { type OrderRecord, VenueState } from './state.ts';
import { ControlError, decideTape, type TapeRequest } from './tape.ts';
import { decideCancel, decideOrder, type OrderRequest } from './trading.ts';

export type VenueListener = (event: VenueEvent) => void;

/** The paper exchange: judge an act, log it, apply it. Acts are judged one at a time in memory;
 * their answers wait for `settled()`, so nobody learns of an act that a crash could still undo. */
export class PaperVenue {
  readonly state: VenueState;
  readonly log: VenueLog;
  readonly #listeners = new Set<VenueListener>();

  private constructor(state: VenueState, log: VenueLog) {
    this.state = state;
    this.log = log;
  }

  /** Reads `directory`'s log back. Throws when a line other than a torn last one is damaged. */
  static async open(directory: string): Promise<PaperVenue> {
    const state = new VenueState();
    const log = await VenueLog.open(directory, (line) => state.apply(line));
    return new PaperVenue(state, log);
  }

  /** Told of every act once it is on the disk, in order. */
  listen(listener: VenueListener): void {
    this.#listeners.add(listener);
  }

  /** Resolves when everything decided so far is on the disk. */
  settled(): Promise<void> {
    return this.log.durable();
  }

  /** Throws `Refusal`. */
  place(request: OrderRequest): OrderRecord {
    const event = decideOrder(this.state, request, Date.now());
    this.#commit(event);
    const record = this.state.orders.get(event.order.orderId);
    if (!record) throw new Error('an accepted order must be on record');
    return record;
  }

  /** As `place`, but nothing happens. Throws `Refusal`. */
  test(request: OrderRequest): void {
    decideOrder(this.state, request, Date.now());
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

  close(): Promise<void> {
    return this.log.close();
  }

  #commit(event: VenueEvent): void {
    this.log.append(event);
    this.state.apply(event);
    // A failed write rejects every answer that waits for it; here it only means nothing to tell.
    this.log.durable().then(
      () => this.#tell(event),
      () => undefined,
    );
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
