import type { Candle } from '../core/market/candle.ts';
import type { GuardRules, GuardState } from '../core/risk/guard.ts';

/** What a guard workflow takes and gives, as JSON in Temporal's history. */

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

export const GUARD_STATUSES = ['watching', 'closing', 'closed'] as const;
export type GuardStatus = (typeof GUARD_STATUSES)[number];

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

export interface GuardInput {
  readonly namespace: string;
  readonly planId: string;
  /** What the run before handed on; without it the guard begins from what is stored. */
  readonly carried?: GuardRecord;
}

/** Closed candles of the guard's own timeframe, oldest first. Told again, they change nothing. */
export interface PassedCandles {
  readonly candles: readonly Candle[];
  readonly feed: GuardFeed | null;
  /** The venue's price has gone where it may have filled the resting stop, whatever the candles
   * say: it is asked, and booked before anything else happens. */
  readonly settle: boolean;
}

/** A position was traded by somebody else than its guard. */
export interface LookAgain {
  /** The leg that traded, and the workflow that waits to hear that the guard has looked. */
  readonly legId: string;
  readonly workflowId: string;
}

export interface GuardView {
  readonly status: GuardStatus;
  readonly state: GuardMemory;
}

/** The most candles one message carries: about 45 KB. */
export const MOST_CANDLES = 300;
