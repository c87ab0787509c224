import type { OrderOutcome } from '../core/orders/leg.ts';

/** A plan of legs that no decision asked for, as its workflow is started. */
export interface PlanInput {
  /** The ring's namespace. */
  readonly namespace: string;
  readonly planId: string;
  readonly kind: 'flatten' | 'hedge' | 'rebalance';
  readonly userId: string;
  readonly username: string;
  readonly venue: string;
  /** The halt's id, the close, the period: what makes this plan another than the one before. */
  readonly reference: string;
  /** Unix milliseconds. */
  readonly marketTimeMs: number;
  /** Of the candles its orders are judged by; left out: the newest that are stored. */
  readonly timeframe?: string;
}

export interface PlanResult {
  readonly planId: string;
  /** Orders that were taken back at the venue. */
  readonly recalled: number;
  /** What became of each leg, in order. */
  readonly legs: readonly Pick<OrderOutcome, 'legId' | 'state' | 'reason'>[];
  /** True when nothing is left to do; false when it gave up, for `reason`. */
  readonly finished: boolean;
  readonly reason: string;
}
