import type { Candle, Timeframe } from '../market/candle.ts';
import type { Instrument } from '../market/instrument.ts';
import type { BalanceRow } from './accounts.ts';
import type { Conditions } from './conditions.ts';
import type { Side } from './matching.ts';

export type OrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED';
export type OrderType = 'LIMIT' | 'MARKET' | 'STOP_LOSS_LIMIT';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK';

/** An order as it was accepted. Decimal strings in plain digits. */
export interface OrderTerms {
  readonly orderId: number;
  readonly account: string;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** `null` for MARKET. */
  readonly price: string | null;
  /** The price that sets a STOP_LOSS_LIMIT order off; absent otherwise. */
  readonly stopPrice?: string;
  /** Base units; `0` when `quoteQuantity` says how much. */
  readonly quantity: string;
  readonly quoteQuantity: string | null;
  /** Market time. */
  readonly timeMs: number;
}

export interface TradeRow {
  readonly tradeId: number;
  readonly orderId: number;
  readonly price: string;
  readonly quantity: string;
  readonly fee: string;
  readonly feeAsset: string;
  readonly maker: boolean;
  /** Market time. */
  readonly timeMs: number;
}

export interface TapeMove {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly candle: Candle;
  /** Where the next candle opens: what an order sent after this close meets. `null`: nobody knows.
   */
  readonly nextOpen: number | null;
}

/** One act at the venue with everything it changed: where a log keeps them, a torn line loses a
 * whole act that nobody was told about, never half of one. */
export type MarketEvent =
  | { readonly type: 'conditions'; readonly conditions: Conditions }
  | { readonly type: 'instruments'; readonly instruments: readonly Instrument[] }
  | {
      readonly type: 'deposit';
      readonly depositId: string;
      readonly account: string;
      readonly deposits: Readonly<Record<string, string>>;
      readonly balances: readonly BalanceRow[];
    }
  | {
      readonly type: 'order';
      readonly order: OrderTerms;
      readonly status: OrderStatus;
      readonly trades: readonly TradeRow[];
      readonly balances: readonly BalanceRow[];
    }
  | {
      readonly type: 'cancel';
      readonly orderId: number;
      readonly timeMs: number;
      readonly balances: readonly BalanceRow[];
    }
  | {
      readonly type: 'tape';
      readonly timeMs: number;
      readonly moves: readonly TapeMove[];
      /** Orders whose stop was reached; absent: none. */
      readonly triggered?: readonly number[];
      readonly trades: readonly TradeRow[];
      readonly balances: Readonly<Record<string, readonly BalanceRow[]>>;
    };
