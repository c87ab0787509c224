import type { Timeframe } from '../core/market/candle.ts';

/** What passes between the order path and the venue gateway. Money and quantities are decimal
 * strings; times are Unix milliseconds, UTC. `signedAtMs`, `validUntilMs` and `venueTimeMs` are the
 * venue's wall clock (the one its recvWindow is checked against); `timeMs` of a trade is the
 * market's. */

export const SIDES = ['BUY', 'SELL'] as const;
export type Side = (typeof SIDES)[number];
export const ORDER_TYPES = ['LIMIT', 'MARKET', 'STOP_LOSS_LIMIT'] as const;
export type OrderType = (typeof ORDER_TYPES)[number];
export const TIMES_IN_FORCE = ['GTC', 'IOC', 'FOK'] as const;
export type TimeInForce = (typeof TIMES_IN_FORCE)[number];

/** The right to trade that the sender holds: a row of `leases`. The gateway checks it right before
 * the bytes leave. `epoch` is a decimal integer. */
export interface LeaseClaim {
  readonly name: string;
  readonly epoch: string;
}

export interface NewOrder {
  /** Whose money: the user's id. */
  readonly account: string;
  /** `[a-zA-Z0-9_-]{1,36}`. */
  readonly clientOrderId: string;
  /** `BTC/USDT`. */
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  /** `null` for MARKET. */
  readonly timeInForce: TimeInForce | null;
  /** Base units. */
  readonly quantity: string;
  /** Quote per base; `null` for MARKET. */
  readonly limitPrice: string | null;
  /** Quote per base; `null` but for STOP_LOSS_LIMIT. */
  readonly stopPrice: string | null;
  readonly lease: LeaseClaim;
}

/** A new order on its way to the gateway. */
export interface NewOrderRequest extends NewOrder {
  /** Wall clock: later than this nobody waits for the answer, and a gateway that wakes from a pause
   * must not sign and send it any more. */
  readonly deadlineMs: number;
}

export const VENUE_ORDER_STATUSES = [
  'open',
  'partially_filled',
  'filled',
  'cancelled',
  'rejected',
  'expired',
] as const;
export type VenueOrderStatus = (typeof VENUE_ORDER_STATUSES)[number];

/** What became of one send.
 * `accepted`: the venue has it. `rejected`: a listed refusal code, it certainly has it not.
 * `refused`: our own fence or halt stopped it before a byte left.
 * `unknown`: anything else; the venue may still take it until `validUntilMs` (plus its read
 * lag). */
export type SendOutcome =
  | {
      readonly state: 'accepted';
      readonly venueOrderId: string;
      readonly status: VenueOrderStatus;
      readonly executedQuantity: string;
      readonly signedAtMs: number;
    }
  | { readonly state: 'rejected'; readonly code: string; readonly text: string }
  | {
      readonly state: 'unknown';
      readonly why: string;
      readonly signedAtMs: number;
      readonly validUntilMs: number;
    }
  | { readonly state: 'refused'; readonly why: string };

export interface OrderKey {
  readonly account: string;
  readonly symbol: string;
  readonly clientOrderId: string;
}

/** `found: false` proves nothing before `venueTimeMs` has passed the send's `validUntilMs` and read
 * lag. */
export type OrderReport =
  | { readonly found: false; readonly venueTimeMs: number }
  | {
      readonly found: true;
      readonly venueOrderId: string;
      readonly status: VenueOrderStatus;
      readonly executedQuantity: string;
      readonly venueTimeMs: number;
    };

export type CancelOutcome =
  | {
      readonly state: 'cancelled';
      readonly venueOrderId: string;
      readonly executedQuantity: string;
    }
  /** The venue has no open order of that id: filled, cancelled before, or never arrived. */
  | { readonly state: 'not_open' }
  | { readonly state: 'unknown'; readonly why: string };

export interface OpenOrder {
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly status: VenueOrderStatus;
  readonly quantity: string;
  readonly executedQuantity: string;
  readonly limitPrice: string | null;
  readonly stopPrice: string | null;
}

export interface TradesQuery {
  readonly account: string;
  readonly symbol: string;
  /** Only this order's trades. */
  readonly venueOrderId?: string;
  /** Only trades with this id or a greater one: the way to page. */
  readonly fromTradeId?: string;
  readonly limit?: number;
}

export interface Trade {
  readonly tradeId: string;
  /** Known on the user stream; a venue's trade list does not carry it. */
  readonly clientOrderId?: string;
  readonly venueOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: string;
  readonly price: string;
  /** What the venue kept, in `feeAsset`: the base asset for a buy, the quote asset for a sell. */
  readonly fee: string;
  readonly feeAsset: string;
  readonly timeMs: number;
}

export interface Balance {
  readonly asset: string;
  readonly free: string;
  readonly locked: string;
}

export interface AccountReport {
  readonly balances: readonly Balance[];
}

export interface PriceLevel {
  readonly price: string;
  readonly quantity: string;
}

/** Best first on both sides. */
export interface Depth {
  readonly bids: readonly PriceLevel[];
  readonly asks: readonly PriceLevel[];
}

export interface KlinesQuery {
  /** A ccxt exchange id: its public data instead of the venue's own. */
  readonly exchange?: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** First open time wanted. */
  readonly sinceMs?: number;
  /** Default 500, at most 1000. */
  readonly limit?: number;
}

export interface VenueTime {
  readonly venueTimeMs: number;
}

/** A request for closed candles from now on, as they close, on the `MARKET` stream. */
export interface WatchRequest {
  /** A ccxt exchange id, or the venue's own name. Its token in the market subject. */
  readonly exchange: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Candles that opened at or after this time are back-filled first. */
  readonly sinceMs?: number;
}

export interface WatchReport {
  /** `corro.market.<exchange>.<symbol token>.<timeframe>`. */
  readonly subject: string;
  /** False when somebody was watching it already. */
  readonly started: boolean;
}

/** An order's change as the venue's user stream told it: a second witness beside the queries. */
export interface Execution {
  readonly account: string;
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly symbol: string;
  readonly status: VenueOrderStatus;
  readonly executedQuantity: string;
  /** The trade behind the change; `null` for any other change. */
  readonly trade: Trade | null;
}

export const VENUE_ERROR_CODES = [
  /** No answer in time, from the gateway or from the venue. */
  'timeout',
  /** Nobody serves this venue, or the venue's address does not answer. */
  'unreachable',
  /** The rate budget is spent; nothing was sent. */
  'budget',
  /** The request itself is wrong: an unknown symbol, a malformed field. */
  'invalid',
  /** The venue answered with an error of its own. */
  'venue',
] as const;
export type VenueErrorCode = (typeof VENUE_ERROR_CODES)[number];

/** Instead of an answer. */
export interface VenueFault {
  readonly code: VenueErrorCode;
  readonly text: string;
}
