import type { Timeframe } from '../market/candle.ts';
import type { Decision, Gear } from './strategy.ts';

/** All a backtest came to, JSON-safe: what `corro backtest --json` prints (metrics beside it), what
 * reports and notebooks read. Raised with every change of shape. */
export const RESULT_VERSION = 1;

export interface BacktestResult {
  readonly version: typeof RESULT_VERSION;
  readonly strategy: {
    readonly name: string;
    readonly version: number;
    readonly parameters: Readonly<Record<string, unknown>>;
  };
  readonly gear: Gear;
  readonly data: DataUsed;
  readonly account: AccountTerms;
  /** At every close of the portfolio's clock, column by column, all of one length. */
  readonly curve: EquityCurve;
  readonly decisions: readonly Decision[];
  readonly orders: readonly OrderRecord[];
  readonly fills: readonly FillRecord[];
  /** From the fill that opened a position to the one that closed it. */
  readonly trades: readonly Trade[];
  readonly counts: {
    readonly candles: number;
    readonly closes: number;
    readonly decisions: number;
    /** Orders and decisions that came to nothing, by stable reason. */
    readonly whyNoTrade: Readonly<Record<string, number>>;
    readonly verdicts: Readonly<Record<string, number>>;
    readonly contested: number;
    /** Prints that were not believed, see core/venue. */
    readonly questionedPrints: number;
  };
}

export interface DataUsed {
  readonly timeframe: Timeframe;
  /** First open and last close, Unix milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly series: readonly {
    readonly symbol: string;
    readonly candles: number;
    /** Steps longer than the timeframe. */
    readonly holes: number;
    /** sha256 over the candle numbers. */
    readonly hash: string;
  }[];
}

export interface AccountTerms {
  readonly quote: string;
  /** Decimal string, quote units. */
  readonly capital: string;
  /** The paper market's conditions: fees, spread, depth. */
  readonly conditions: Readonly<Record<string, number>>;
  /** Risk limits and user rules that differ from the defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface EquityCurve {
  readonly timeMs: readonly number[];
  /** Quote units, marked to the closes. An observation: money itself stays decimal. */
  readonly equity: readonly number[];
  /** Worth of all positions / equity, 0 … 1. */
  readonly exposure: readonly number[];
}

/** Money and quantities are decimal strings, quote per base. */
export interface OrderRecord {
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly purpose: string;
  readonly decidedAtMs: number;
  readonly quantity: string | null;
  readonly limitPrice: string | null;
  readonly stopPrice: string | null;
  /** What the book promised before it was sent; `null` when nobody looked. */
  readonly estimatedPrice: string | null;
  readonly executedQuantity: string;
  readonly averagePrice: string | null;
  readonly state: string;
  readonly reason: string;
}

export interface FillRecord {
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly purpose: string;
  readonly timeMs: number;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  readonly feeAsset: string;
}

export interface Trade {
  readonly symbol: string;
  readonly openedAtMs: number;
  /** `null`: still open at the end, valued at the last close. */
  readonly closedAtMs: number | null;
  /** Largest position, base units. */
  readonly quantity: string;
  /** Averages over all entries and all exits, quote per base. */
  readonly entryPrice: string;
  readonly exitPrice: string;
  /** Quote units, fees included. */
  readonly fees: string;
  /** Quote units, after fees. */
  readonly profit: string;
  /** Profit over what was paid for the entries, a fraction. */
  readonly return: number;
  /** Purpose of the last fill: `exit`, `stop`, `target` …; `open` when still held. */
  readonly endedBy: string;
}
