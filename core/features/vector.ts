import type { NewsDigest } from '../assistants/snapshot.ts';
import { hashOf } from '../hash.ts';
import type { Indicators } from './reading.ts';

/** Raised with every change of a name, an order or a formula: a model serves only the list it was
 * trained on. */
export const FEATURE_VERSION = 1;

export interface FeatureDefinition {
  readonly name: string;
  /** Everything is scale-free: the same number means the same on BTC/USDT and on ETH/BTC. */
  readonly formula: string;
  /** Values beyond are clipped to these. */
  readonly low: number;
  readonly high: number;
}

/** The feature list: 6 technical, 3 fundamental, 3 temporal, 4 interactions. Order is part of it.
 */
export const FEATURES = [
  { name: 'rsi_14', formula: 'RSI 14 / 50 − 1', low: -1, high: 1 },
  { name: 'macd_signal', formula: 'MACD signal line (12, 26, 9) / ATR 14', low: -10, high: 10 },
  { name: 'bb_position', formula: '(close − lower) / (upper − lower) band', low: -1, high: 2 },
  { name: 'ema_cross', formula: '(EMA 9 − EMA 21) / ATR 14', low: -10, high: 10 },
  { name: 'volume_sma_ratio', formula: 'volume / mean of the 20 before', low: 0, high: 20 },
  { name: 'price_sma_ratio', formula: 'close / SMA 20 − 1', low: -0.5, high: 0.5 },
  { name: 'news_sentiment', formula: 'digest, as given', low: -1, high: 1 },
  { name: 'social_sentiment', formula: 'digest, as given', low: -1, high: 1 },
  { name: 'market_cap_change', formula: 'fraction over 24 h, as given', low: -1, high: 1 },
  { name: 'hour_of_day', formula: 'UTC time of day at the close, days', low: 0, high: 1 },
  {
    name: 'day_of_week',
    formula: 'UTC day at the close, Monday 0 … Sunday 6, / 6',
    low: 0,
    high: 1,
  },
  { name: 'volatility_regime', formula: 'log2(volatility 20 / its slow mean)', low: -3, high: 3 },
  { name: 'rsi_x_volatility', formula: 'rsi_14 × volatility_regime', low: -3, high: 3 },
  { name: 'macd_x_adx', formula: 'macd_signal × ADX 14 / 100', low: -10, high: 10 },
  { name: 'bb_x_volume', formula: '(bb_position − ½) × volume_sma_ratio', low: -30, high: 30 },
  { name: 'news_x_price', formula: 'news_sentiment × price_sma_ratio', low: -0.5, high: 0.5 },
] as const satisfies readonly FeatureDefinition[];

export type FeatureName = (typeof FEATURES)[number]['name'];

export const FEATURE_NAMES: readonly FeatureName[] = FEATURES.map(({ name }) => name);

/** What a model must have been trained on: SHA-256 of the version and the ordered names. */
export const FEATURE_HASH: string = hashOf({ version: FEATURE_VERSION, names: FEATURE_NAMES });

/** What a vector is made of at one close. */
export interface FeatureInputs {
  readonly indicators: Indicators;
  readonly close: number;
  readonly closeTimeMs: number;
  readonly news: NewsDigest | null;
}

/** The vector in the order of `FEATURE_NAMES`; `null` where a source is absent or not warm, or the
 * formula has no answer (a flat range). Pure: the trainer's matrix and the server's row come from
 * here. */
export function featureVector(inputs: FeatureInputs): (number | null)[] {
  const { indicators, close, news } = inputs;
  const atr = indicators.atr14;
  const rsi = clip(scaled(indicators.rsi14, 50, 1), -1, 1);
  const macd = clip(over(indicators.macdSignal, atr), -10, 10);
  const position = clip(bandPosition(indicators, close), -1, 2);
  const cross = clip(over(minus(indicators.emaFast, indicators.emaSlow), atr), -10, 10);
  const volume = clip(indicators.volumeRatio, 0, 20);
  const price = clip(indicators.sma20 === null ? null : close / indicators.sma20 - 1, -0.5, 0.5);
  const sentiment = clip(news?.newsSentiment ?? null, -1, 1);
  const regime = clip(volatilityRegime(indicators), -3, 3);
  const moment = inputs.closeTimeMs + 1;
  return [
    rsi,
    macd,
    position,
    cross,
    volume,
    price,
    sentiment,
    clip(news?.socialSentiment ?? null, -1, 1),
    clip(news?.marketCapChange ?? null, -1, 1),
    dayFraction(moment),
    dayOfWeek(moment) / 6,
    regime,
    times(rsi, regime),
    times(macd, scaled(indicators.adx14, 100, 0)),
    times(minus(position, 0.5), volume),
    times(sentiment, price),
  ];
}

const DAY_MS = 86_400_000;

/** Exact for whole milliseconds; `%` on doubles costs more than all the rest of the vector. */
function dayFraction(timeMs: number): number {
  return (timeMs - Math.floor(timeMs / DAY_MS) * DAY_MS) / DAY_MS;
}

/** Monday 0 … Sunday 6; 1 January 1970 was a Thursday. */
function dayOfWeek(timeMs: number): number {
  return (Math.floor(timeMs / DAY_MS) + 3) % 7;
}

function bandPosition(indicators: Indicators, close: number): number | null {
  const { bollingerLower: lower, bollingerUpper: upper } = indicators;
  return upper === null || lower === null ? null : over(close - lower, upper - lower);
}

function volatilityRegime(indicators: Indicators): number | null {
  const ratio = over(indicators.volatility20, indicators.volatilityMean);
  return ratio === null || ratio <= 0 ? null : Math.log2(ratio);
}

function over(value: number | null, divisor: number | null): number | null {
  return value === null || divisor === null || divisor === 0 ? null : value / divisor;
}

function minus(value: number | null, other: number | null): number | null {
  return value === null || other === null ? null : value - other;
}

function times(value: number | null, other: number | null): number | null {
  return value === null || other === null ? null : value * other;
}

/** value / unit − centre. */
function scaled(value: number | null, unit: number, centre: number): number | null {
  return value === null ? null : value / unit - centre;
}

function clip(value: number | null, low: number, high: number): number | null {
  if (value === null || !Number.isFinite(value)) return null;
  return value < low ? low : value > high ? high : value;
}
