import type { Side } from '../risk/facts.ts';

/** What asked for an order: a recorded decision, or a plan (a row of `plans`) that follows from one
 * or from a rule of the user's. */
export const CAUSES = ['decision', 'guard', 'hedge', 'rebalance', 'flatten'] as const;
export interface OrderCause {
  readonly kind: (typeof CAUSES)[number];
  /** Decision id or plan id, a hash. */
  readonly id: string;
}

/** What a leg is for. `entry` and `exit` follow a decision; `stop` rests at the venue or sells at
 * once; `target` is a guard's profit taking. */
export const PURPOSES = [
  'entry',
  'exit',
  'stop',
  'target',
  'hedge',
  'rebalance',
  'flatten',
] as const;
export type Purpose = (typeof PURPOSES)[number];

/** One leg: what to trade and why; how much is for the risk rules to say. Money and quantities are
 * decimal strings. */
export interface OrderInput {
  /** The ring's namespace. */
  readonly namespace: string;
  readonly legId: string;
  readonly cause: OrderCause;
  /** Number of the leg within its cause, from 0. */
  readonly leg: number;
  readonly purpose: Purpose;
  readonly userId: string;
  readonly venue: string;
  readonly symbol: string;
  readonly side: Side;
  /** The market's time of the cause, Unix milliseconds. */
  readonly closeTimeMs: number;
  /** Quote per base. */
  readonly referencePrice: string;
  /** How sure the ring is, 0 … 10,000; scales an entry, and is 10,000 where nobody voted. */
  readonly confidenceBp: number;
  /** What a person, a guard or a plan asks for instead of the ring's own size; cut to the limits
   * all the same. */
  readonly requestedQuantity?: string;
  /** Given: the leg rests at the venue as a stop that triggers at this price. */
  readonly stopPrice?: string;
  /** Quote per base that a look at the book promised before the leg was sized. */
  readonly estimatedPrice?: string;
  /** The question a person answered, for whoever reads the history; the answer itself is in
   * Postgres. */
  readonly approvedBy?: string;
}

/** How a leg stands or ended. `resting`: the venue holds it, open. `nothing`: no order was placed,
 * for `reason`. `not_filled`: the venue had it and it ended unfilled. `needs_person`: we stopped
 * because we cannot tell; nothing more is sent. */
export type OrderEnd =
  | 'resting'
  | 'filled'
  | 'partially_filled'
  | 'not_filled'
  | 'rejected'
  | 'nothing'
  | 'needs_person';

export interface OrderOutcome {
  readonly legId: string;
  readonly state: OrderEnd;
  readonly reason: string;
  readonly clientOrderId: string | null;
  readonly attempts: number;
  readonly quantity: string | null;
  readonly limitPrice: string | null;
  readonly executedQuantity: string;
  readonly averagePrice: string | null;
  readonly fees: readonly { readonly asset: string; readonly amount: string }[];
}
