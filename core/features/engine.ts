import type { NewsDigest } from '../assistants/snapshot.ts';
import { type Candle, candleFault, type Timeframe } from '../market/candle.ts';
import { CandleWindow } from '../market/window.ts';
import { Adx } from './adx.ts';
import { Atr } from './atr.ts';
import { Bollinger } from './bollinger.ts';
import { Cci } from './cci.ts';
import { Change } from './change.ts';
import { startsAgain } from './hole.ts';
import { Macd } from './macd.ts';
import { Ema, Sma } from './moving-average.ts';
import { PATTERN_CANDLES, patternsAt } from './patterns.ts';
import type { Indicators, Reading, Regime } from './reading.ts';
import { FIRST_REGIME, nextRegime } from './regime.ts';
import { Rsi } from './rsi.ts';
import { Stochastic } from './stochastic.ts';
import { FEATURE_HASH, featureVector } from './vector.ts';
import { Volatility } from './volatility.ts';
import { VolumeRatio } from './volume-ratio.ts';
import { Vwap } from './vwap.ts';
import { WilliamsR } from './williams.ts';

/** Every indicator of a reading, with the periods the ring uses. */
export function freshIndicators() {
  return {
    rsi: new Rsi(14),
    macd: new Macd(),
    bollinger: new Bollinger(20, 2),
    emaFast: new Ema(9),
    emaSlow: new Ema(21),
    sma20: new Sma(20),
    sma50: new Sma(50),
    stochastic: new Stochastic(14, 3),
    williams: new WilliamsR(14),
    cci: new Cci(20),
    adx: new Adx(14),
    atr: new Atr(14),
    vwap: new Vwap(),
    change: new Change(),
    volumeRatio: new VolumeRatio(20),
    volatility: new Volatility(),
  };
}

type IndicatorSet = ReturnType<typeof freshIndicators>;

/** Candles of an unbroken run after which every indicator has had its warm-up. */
export const WARM_UP_CANDLES = Math.max(
  ...Object.values(freshIndicators()).map(({ warmUp }) => warmUp),
);

/** Folds one symbol's closed candles into readings: O(1) time and fixed memory per candle, whatever
 * the history. No clock, no randomness: the same candles from the same start give the same readings
 * bit for bit, so a rebuilt engine must be fed from where the first one started (or from any candle
 * after which `startsAgain` was true: nothing before it is remembered). */
export class FeatureEngine {
  readonly #timeframe: Timeframe;
  #indicators: IndicatorSet = freshIndicators();
  readonly #window = new CandleWindow(PATTERN_CANDLES);
  #regime: Regime = FIRST_REGIME;
  #seen = 0;

  constructor({ timeframe }: { readonly timeframe: Timeframe }) {
    this.#timeframe = timeframe;
  }

  /** Takes the next closed candle. Throws a `RangeError` and stays as it was when the candle is not
   * sound, not of this timeframe, or not after the last one. `news` is only passed through. */
  push(candle: Candle, news: NewsDigest | null = null): Reading {
    const fault = candleFault(candle, this.#timeframe);
    if (fault !== null) throw new RangeError(fault);
    const last = this.#window.newest;
    if (last !== null && startsAgain(last, candle, this.#timeframe)) this.#startAgain();
    this.#window.push(candle);
    this.#seen += 1;
    fold(this.#indicators, candle);
    const indicators = indicatorsOf(this.#indicators);
    this.#regime = nextRegime(this.#regime, {
      volatilityRatio: ratio(indicators.volatility20, indicators.volatilityMean),
      adx: indicators.adx14,
      plusDi: indicators.plusDi14,
      minusDi: indicators.minusDi14,
    });
    const { close, closeTimeMs } = candle;
    return {
      indicators,
      patterns: patternsAt(this.#window),
      regime: this.#regime,
      features: featureVector({ indicators, close, closeTimeMs, news }),
      featureHash: FEATURE_HASH,
      candlesSeen: this.#seen,
      warm: this.#seen >= WARM_UP_CANDLES,
    };
  }

  #startAgain(): void {
    this.#indicators = freshIndicators();
    this.#window.clear();
    this.#regime = FIRST_REGIME;
    this.#seen = 0;
  }
}

/** By name, not in a loop: each call site then sees one class, and the engine can inline it. */
function fold(set: IndicatorSet, candle: Candle): void {
  set.rsi.push(candle);
  set.macd.push(candle);
  set.bollinger.push(candle);
  set.emaFast.push(candle);
  set.emaSlow.push(candle);
  set.sma20.push(candle);
  set.sma50.push(candle);
  set.stochastic.push(candle);
  set.williams.push(candle);
  set.cci.push(candle);
  set.adx.push(candle);
  set.atr.push(candle);
  set.vwap.push(candle);
  set.change.push(candle);
  set.volumeRatio.push(candle);
  set.volatility.push(candle);
}

function indicatorsOf(set: IndicatorSet): Indicators {
  const macd = set.macd.value;
  const bollinger = set.bollinger.value;
  const stochastic = set.stochastic.value;
  const adx = set.adx.value;
  const change = set.change.value;
  const volatility = set.volatility.value;
  return {
    rsi14: set.rsi.value,
    macd: macd.macd,
    macdSignal: macd.signal,
    macdHistogram: macd.histogram,
    bollingerUpper: bollinger.upper,
    bollingerMiddle: bollinger.middle,
    bollingerLower: bollinger.lower,
    emaFast: set.emaFast.value,
    emaSlow: set.emaSlow.value,
    sma20: set.sma20.value,
    sma50: set.sma50.value,
    stochasticK: stochastic.k,
    stochasticD: stochastic.d,
    williamsR: set.williams.value,
    cci20: set.cci.value,
    adx14: adx.adx,
    plusDi14: adx.plusDi,
    minusDi14: adx.minusDi,
    atr14: set.atr.value,
    vwap: set.vwap.value,
    change1: change.over1,
    change3: change.over3,
    change12: change.over12,
    volumeRatio: set.volumeRatio.value,
    volatility20: volatility.current,
    volatilityMean: volatility.mean,
  };
}

function ratio(value: number | null, mean: number | null): number | null {
  return value === null || mean === null || mean === 0 ? null : value / mean;
}
