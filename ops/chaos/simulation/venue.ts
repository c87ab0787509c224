import type { Random } from '../../../core/random.ts';

/** What a new order says to the venue. Quantities are whole lots. */
export interface SimulatedRequest {
  readonly clientOrderId: string;
  readonly quantity: number;
  /** By the sender's clock. */
  readonly signedAtMs: number;
}

export interface SimulatedTrade {
  readonly tradeId: number;
  readonly venueOrderId: number;
  readonly quantity: number;
}

export interface SimulatedReport {
  readonly venueOrderId: number;
  readonly clientOrderId: string;
  readonly status: 'open' | 'filled' | 'expired' | 'cancelled';
  readonly executed: number;
}

export type NewOrderReply =
  | { readonly kind: 'accepted'; readonly report: SimulatedReport }
  | { readonly kind: 'rejected'; readonly code: '-1021' | '-2010' };

/** How long after its signature a request is taken, as Binance's recvWindow. */
const REQUEST_VALIDITY_MS = 5_000;
/** A request from the future is refused beyond this. */
const AHEAD_MS = 1_000;
/** How late an order that was taken may appear to a query, and a trade in the list. */
const READ_LAG_MS = 2_000;

interface Fill extends SimulatedTrade {
  readonly atMs: number;
  readonly seenFromMs: number;
}

interface Held {
  readonly venueOrderId: number;
  readonly clientOrderId: string;
  readonly quantity: number;
  readonly seenFromMs: number;
  readonly fills: readonly Fill[];
  /** When nothing more can happen to it. */
  endsAtMs: number;
  cancelled: boolean;
}

/** A venue with Binance's rule for ids: it refuses a client order id while the earlier order is
 * open, and takes it again once that is over. What it has accepted may not be seen by a query for
 * two seconds, fills may come late, and the trade list may repeat itself out of order. */
export class SimulatedVenue {
  readonly #random: Random;
  readonly #held: Held[] = [];
  #nextTradeId = 1;
  /** Times that an answer said less than the venue knew. */
  readonly lied = { unseen: 0, late_fill: 0, partial_fill: 0, repeated_trade: 0 };

  constructor(random: Random) {
    this.#random = random;
  }

  /** Every order it has ever accepted: the second witness. */
  get accepted(): number {
    return this.#held.length;
  }

  /** Every trade it has made, however late it is told. */
  everyTrade(): readonly SimulatedTrade[] {
    return this.#held.flatMap((held) => held.fills.filter((fill) => isMade(fill, held)));
  }

  place(request: SimulatedRequest, nowMs: number): NewOrderReply {
    const age = nowMs - request.signedAtMs;
    if (age > REQUEST_VALIDITY_MS || age < -AHEAD_MS) return { kind: 'rejected', code: '-1021' };
    const { clientOrderId } = request;
    const open = this.#held.some(
      (held) => held.clientOrderId === clientOrderId && nowMs < held.endsAtMs,
    );
    if (open) return { kind: 'rejected', code: '-2010' };
    const held = this.#hold(request, nowMs);
    this.#held.push(held);
    return { kind: 'accepted', report: reportOf(held, nowMs) };
  }

  /** The newest order with this id that a query sees, or null: "unknown order". */
  query(clientOrderId: string, nowMs: number): SimulatedReport | null {
    const known = this.#held.filter((held) => held.clientOrderId === clientOrderId);
    const seen = known.filter((held) => held.seenFromMs <= nowMs);
    if (seen.length < known.length) this.lied.unseen += 1;
    const newest = seen.at(-1);
    return newest === undefined ? null : reportOf(newest, nowMs);
  }

  /** False when there is nothing open to cancel. */
  cancel(clientOrderId: string, nowMs: number): boolean {
    const held = this.#held.find(
      (one) => one.clientOrderId === clientOrderId && nowMs < one.endsAtMs,
    );
    if (held === undefined) return false;
    held.endsAtMs = nowMs;
    held.cancelled = true;
    return true;
  }

  /** The trades a reader sees: some are late, some stand in the list twice, in any order. */
  trades(nowMs: number, venueOrderId?: number): readonly SimulatedTrade[] {
    const random = this.#random;
    const seen: SimulatedTrade[] = [];
    for (const held of this.#held) {
      if (venueOrderId !== undefined && held.venueOrderId !== venueOrderId) continue;
      for (const fill of held.fills.filter((one) => one.atMs <= nowMs && isMade(one, held))) {
        const { tradeId, venueOrderId: order, quantity } = fill;
        if (fill.seenFromMs > nowMs) this.lied.late_fill += 1;
        else seen.push({ tradeId, venueOrderId: order, quantity });
      }
    }
    if (seen.length === 0 || !random.chance(0.1)) return seen;
    this.lied.repeated_trade += 1;
    return random.shuffled([...seen, random.pick(seen)]);
  }

  #hold({ clientOrderId, quantity }: SimulatedRequest, nowMs: number): Held {
    const random = this.#random;
    const venueOrderId = this.#held.length + 1;
    const rests = random.chance(0.05);
    if (rests) this.lied.partial_fill += 1;
    // Most are over at once; some fill in parts for a while, and some never in full.
    const takesMs = rests ? random.whole(100, 20_000) : 0;
    const wanted = random.chance(0.1) ? random.whole(0, quantity) : quantity;
    const fills: Fill[] = [];
    for (let left = wanted; left > 0; ) {
      const part = rests || random.chance(0.3) ? random.whole(1, left) : left;
      const atMs = nowMs + random.whole(0, takesMs);
      const seenFromMs = atMs + this.#lag();
      const tradeId = this.#nextTradeId++;
      fills.push({ tradeId, venueOrderId, quantity: part, atMs, seenFromMs });
      left -= part;
    }
    const seenFromMs = nowMs + this.#lag();
    const endsAtMs = nowMs + takesMs;
    const ends = { endsAtMs, cancelled: false };
    return { venueOrderId, clientOrderId, quantity, seenFromMs, fills, ...ends };
  }

  #lag(): number {
    return this.#random.chance(0.25) ? this.#random.whole(1, READ_LAG_MS) : 0;
  }
}

/** A cancelled order makes no trade after it was cancelled. */
function isMade(fill: Fill, held: Held): boolean {
  return fill.atMs <= held.endsAtMs;
}

function reportOf(held: Held, nowMs: number): SimulatedReport {
  const { venueOrderId, clientOrderId, quantity, endsAtMs, cancelled } = held;
  const made = held.fills.filter((fill) => fill.atMs <= nowMs && isMade(fill, held));
  const executed = made.reduce((sum, fill) => sum + fill.quantity, 0);
  const over = nowMs >= endsAtMs;
  const ended = executed === quantity ? 'filled' : cancelled ? 'cancelled' : 'expired';
  return { venueOrderId, clientOrderId, status: over ? ended : 'open', executed };
}
