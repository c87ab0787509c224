/** One leg of a decision: what to trade and why; how much is for the risk rules to say. */
export interface OrderInput {
  /** The ring's namespace; shown, never used to decide. */
  readonly namespace: string;
  readonly legId: string;
  readonly decisionId: string;
  readonly userId: string;
  readonly venue: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  /** The market's time of the decision, Unix milliseconds. */
  readonly closeTimeMs: number;
  /** Quote per base, decimal string. */
  readonly referencePrice: string;
  readonly confidenceBp: number;
  /** Number of the leg within the decision, from 0 (the default). */
  readonly leg?: number;
  /** What a person asked for instead of the ring's own size; cut to the limits all the same. */
  readonly requestedQuantity?: string;
  /** The question a person answered, for whoever reads the history; the answer itself is in
   * Postgres. */
  readonly approvedBy?: string;
}

/** How a leg ended. `nothing`: no order was placed, for `reason`. `not_filled`: the venue had it
 * and it expired unfilled. `needs_person`: we stopped because we cannot tell; nothing more is
 * sent. */
export type OrderEnd =
  | 'filled'
  | 'partially_filled'
  | 'not_filled'
  | 'rejected'
  | 'nothing'
  | 'needs_person';

/** Money as decimal strings. */
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
