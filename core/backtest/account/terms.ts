import type { Candle, Timeframe } from '../../market/candle.ts';
import type { CandleSeries } from '../../market/candle-series.ts';
import type { Instrument } from '../../market/instrument.ts';
import type { Side } from '../../risk/facts.ts';
import type { RiskLimits } from '../../risk/limits.ts';
import type { Conditions } from '../../venue/conditions.ts';

/** What a run keeps to the end. `figures`: what metrics are made of, which are curve, fills and
 * trades; decisions and orders are counted and carried out. There is about an order to ten candles
 * and a decision too, and a council's takes more than a kilobyte. */
export type Kept = 'everything' | 'figures';

/** What an account is opened with. */
export interface AccountOptions {
  /** Every market it may trade, with all candles that `meet` will tell of it, from the first: only
   * what was told is looked at. One timeframe. */
  readonly markets: readonly AccountMarket[];
  readonly timeframe: Timeframe;
  /** Money paid in before the first close, positive decimal strings by quote asset; what a paper
   * user begins with where an asset is left out. */
  readonly capital?: Readonly<Record<string, string>>;
  /** The paper market's; what is left out takes its default. */
  readonly conditions?: Partial<Conditions>;
  /** The user's; what is left out takes its default. */
  readonly limits?: Partial<RiskLimits>;
  /** Everything, where not said. */
  readonly keeps?: Kept | undefined;
}

export interface AccountMarket {
  readonly instrument: Instrument;
  readonly candles: CandleSeries;
}

/** Everything that closes at one instant, by symbol. */
export interface MarketClose {
  /** Close of its candles, Unix milliseconds. */
  readonly timeMs: number;
  readonly entries: readonly MarketCandle[];
}

export interface MarketCandle {
  readonly symbol: string;
  readonly candle: Candle;
  /** Where the next candle opens, for the venue alone; `null` at the end. */
  readonly nextOpen: number | null;
}

/** What a decision asks the account to do; how much is for the risk rules to say. */
export interface OrderWish {
  readonly symbol: string;
  readonly side: Side;
  /** Of the candle that was decided on, Unix milliseconds. */
  readonly closeTimeMs: number;
  /** The close of that candle, quote per base. */
  readonly close: number;
  /** 0 … 10,000; scales an entry. */
  readonly confidenceBp: number;
  /** Of that candle's reading; `null` before they are warm. */
  readonly atr14: number | null;
  readonly volatility20: number | null;
  /** The newest closed candles, oldest first, as the decision saw them. */
  readonly candles: readonly Candle[];
}
