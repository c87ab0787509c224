import type { OrderOutcome } from '../core/orders/leg.ts';

/** A person's wish that an order be settled which nobody pursues any more, as its workflow is
 * started. */
export interface SettlementInput {
  readonly clientOrderId: string;
  /** Who asks, and why: recorded. */
  readonly by: string;
  readonly reason: string;
}

/** `refused`: the venue did not answer, nothing was changed. `settled`: how the order stands by the
 * venue's word, booked; its outcome is `needs_person` when the venue's word does not settle it. */
export type Settlement =
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'settled'; readonly outcome: OrderOutcome };
