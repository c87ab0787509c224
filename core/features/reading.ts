/** The market's manner at one close: which way it goes and how wildly. */
export const REGIMES = ['calm', 'trend_up', 'trend_down', 'choppy', 'turbulent'] as const;
export type Regime = (typeof REGIMES)[number];

export const PATTERNS = [
  'bullish_engulfing',
  'bearish_engulfing',
  'hammer',
  'shooting_star',
  'doji',
  'morning_star',
  'evening_star',
] as const;
export type Pattern = (typeof PATTERNS)[number];

/** Named indicator values. `null`: not enough candles yet, or undefined on this data (a flat
 * range). */
export interface Indicators {
  readonly rsi14: number | null;
  readonly macd: number | null;
  readonly macdSignal: number | null;
  readonly macdHistogram: number | null;
  readonly bollingerUpper: number | null;
  readonly bollingerMiddle: number | null;
  readonly bollingerLower: number | null;
  readonly emaFast: number | null;
  readonly emaSlow: number | null;
  readonly sma20: number | null;
  readonly sma50: number | null;
  readonly stochasticK: number | null;
  readonly stochasticD: number | null;
  readonly williamsR: number | null;
  readonly cci20: number | null;
  readonly adx14: number | null;
  readonly plusDi14: number | null;
  readonly minusDi14: number | null;
  readonly atr14: number | null;
  /** Volume-weighted average price since 00:00 UTC. */
  readonly vwap: number | null;
  /** Close-to-close change over the last 1, 3 and 12 candles, as fractions. */
  readonly change1: number | null;
  readonly change3: number | null;
  readonly change12: number | null;
  /** This candle's volume over the mean of the 20 before it. */
  readonly volumeRatio: number | null;
  /** Standard deviation of the last 20 one-candle log returns. */
  readonly volatility20: number | null;
  /** Slow mean of `volatility20`, the yardstick for the regime. */
  readonly volatilityMean: number | null;
}

/** What somebody may ask of a reading; the rest of it need not be made. */
export type ReadingPart = keyof Indicators | 'patterns' | 'regime' | 'features';

/** What the closed candles say at one close; computed once per candle, O(1), for the whole ring. */
export interface Reading {
  readonly indicators: Indicators;
  readonly patterns: readonly Pattern[];
  readonly regime: Regime;
  /** In the order of `FEATURE_NAMES`; `null` where a source is absent or not warm. */
  readonly features: readonly (number | null)[];
  /** Hash of the feature list's names and version: what a model must have been trained on. */
  readonly featureHash: string;
  /** Candles folded so far in an unbroken run. */
  readonly candlesSeen: number;
  /** True once every technical indicator has had its declared warm-up. */
  readonly warm: boolean;
}
