import {
  isLive,
  nextOrderState,
  type OrderEvent,
  type OrderState,
} from '../../../core/orders/lifecycle.ts';
import type { OrderView } from '../../../core/orders/pursuit.ts';

/** One attempt, as a row of `orders`. */
export interface Attempt {
  readonly clientOrderId: string;
  readonly attempt: number;
  readonly state: OrderState;
  readonly executed: number;
  readonly signedAtMs: number | null;
  readonly venueOrderId: number | null;
  readonly rejectCode: string | null;
}

type News = Partial<Pick<Attempt, 'executed' | 'signedAtMs' | 'venueOrderId' | 'rejectCode'>>;

/** What Postgres keeps of one leg. Every call is one transaction: it happens whole, at once, and
 * outlives whoever called. */
export class LegRecord {
  readonly quantity: number;
  #epoch = 0;
  #attempts: readonly Attempt[] = [];

  constructor(quantity: number) {
    this.quantity = quantity;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** The leg's live attempt, or a new one when the last has never arrived. */
  prepare(): Attempt {
    const newest = this.#attempts.at(-1);
    if (newest !== undefined && newest.state !== 'never_arrived') return newest;
    const attempt = this.#attempts.length + 1;
    const none = { executed: 0, signedAtMs: null, venueOrderId: null, rejectCode: null };
    const fresh = {
      clientOrderId: `c${attempt}-order`,
      attempt,
      state: 'prepared',
      ...none,
    } as const;
    this.#attempts = [...this.#attempts, fresh];
    return fresh;
  }

  /** Marks an order as sent and takes the leg's lease; null when somebody has done so before. */
  beginSend(clientOrderId: string): number | null {
    if (this.read(clientOrderId).state !== 'prepared') return null;
    this.#epoch += 1;
    this.move(clientOrderId, 'begin_send');
    return this.#epoch;
  }

  /** Raises the epoch; an order that nobody has begun to send ends here. */
  fence(clientOrderId: string): Attempt {
    const order = this.read(clientOrderId);
    if (!isLive(order.state)) return order;
    this.#epoch += 1;
    return order.state === 'prepared' ? this.move(clientOrderId, 'abandon') : order;
  }

  /** Throws `ImpossibleOrderEvent`, and then changes nothing. */
  move(clientOrderId: string, event: OrderEvent, news: News = {}): Attempt {
    const order = this.read(clientOrderId);
    const executed = Math.max(order.executed, news.executed ?? 0);
    const moved = { ...order, ...news, executed, state: nextOrderState(order.state, event) };
    this.#attempts = this.#attempts.map((one) => (one === order ? moved : one));
    return moved;
  }

  read(clientOrderId: string): Attempt {
    const order = this.#attempts.find((one) => one.clientOrderId === clientOrderId);
    if (order === undefined) throw new Error(`no order ${clientOrderId} on record`);
    return order;
  }

  view(order: Attempt): OrderView {
    return {
      clientOrderId: order.clientOrderId,
      legId: 'leg',
      userId: 'user',
      venue: 'paper',
      symbol: 'SIMA/USDT',
      side: 'BUY',
      timeInForce: 'IOC',
      attempt: order.attempt,
      state: order.state,
      quantity: String(this.quantity),
      limitPrice: '1',
      executedQuantity: String(order.executed),
      rejectCode: order.rejectCode,
    };
  }
}
