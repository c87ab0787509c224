import type { Candle } from '../market/candle.ts';
import type { OrderInput } from '../orders/leg.ts';
import type { GuardRules, GuardState } from './guard.ts';

/** Where a live guard reads candles by itself when nobody tells it any. */
export interface GuardFeed {
  /** A ccxt exchange id; null: the venue's own data. */
  readonly exchange: string | null;
  /** How long it waits for a candle; two of its intervals when not said. */
  readonly patienceMs?: number;
}

/** One guard as it is stored: whose position, by which rules, and how it stands. */
export interface GuardRecord {
  readonly planId: string;
  readonly workflowId: string;
  readonly userId: string;
  readonly username: string;
  readonly venue: string;
  readonly symbol: string;
  readonly rules: GuardRules;
  readonly status: GuardStatus;
  readonly state: GuardMemory;
}

export type GuardStatus = 'watching' | 'closing' | 'closed';

/** The rules' state, and what the workflow itself must not forget. */
export interface GuardMemory extends GuardState {
  /** Number of its next leg; the legs are those of its plan. */
  readonly nextLeg: number;
  /** How often it was saved; a repeated save is found by it. */
  readonly saves: number;
  /** Why it sends nothing more until somebody has looked at its orders; null: it may. */
  readonly stuck: string | null;
  /** Given: the market is live, and the guard looks for itself when candles stay away. */
  readonly feed: GuardFeed | null;
}

/** The most candles a guard is told at once: about 45 KB. */
export const MOST_CANDLES = 300;

/** Closed candles of the guard's own timeframe, oldest first. Told again, they change nothing. */
export interface PassedCandles {
  readonly candles: readonly Candle[];
  readonly feed: GuardFeed | null;
  /** The venue's price has gone where it may have filled the resting stop, whatever the candles
   * say: it is asked, and booked before anything else happens. */
  readonly settle: boolean;
}

/** What a guard must know of its position before it acts. */
export interface Holding {
  /** Base units; `0` when nothing is left that could be sold. */
  readonly quantity: string;
  readonly entryPrice: string;
  /** The newest trade in it; null without one. */
  readonly lastFill: {
    readonly price: string;
    readonly marketTimeMs: number;
    readonly purpose: string;
  } | null;
  /** Orders of the guard that the venue may have, by client order id. */
  readonly live: readonly string[];
  /** The least that the venue trades, quote units. */
  readonly minNotional: string;
}

/** The guard's next leg, or the halt that forbids it. */
export type GuardLeg =
  | { readonly kind: 'leg'; readonly leg: OrderInput }
  | { readonly kind: 'halted'; readonly why: string };
