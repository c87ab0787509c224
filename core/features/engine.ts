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
import type { Indicators, Reading, ReadingPart, Regime } from './reading.ts';
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
type IndicatorName = keyof IndicatorSet;
/** `null` stands for one that nobody asked for. */
type SomeIndicators = { readonly [Name in IndicatorName]: IndicatorSet[Name] | null };

/** Candles of an unbroken run after which every indicator has had its warm-up. */
export const WARM_UP_CANDLES = Math.max(
  ...Object.values(freshIndicators()).map(({ warmUp }) => warmUp),
);

/** Which indicators a part of a reading is made from. */
const SOURCES = {
  rsi14: ['rsi'],
  macd: ['macd'],
  macdSignal: ['macd'],
  macdHistogram: ['macd'],
  bollingerUpper: ['bollinger'],
  bollingerMiddle: ['bollinger'],
  bollingerLower: ['bollinger'],
  emaFast: ['emaFast'],
  emaSlow: ['emaSlow'],
  sma20: ['sma20'],
  sma50: ['sma50'],
  stochasticK: ['stochastic'],
  stochasticD: ['stochastic'],
  williamsR: ['williams'],
  cci20: ['cci'],
  adx14: ['adx'],
  plusDi14: ['adx'],
  minusDi14: ['adx'],
  atr14: ['atr'],
  vwap: ['vwap'],
  change1: ['change'],
  change3: ['change'],
  change12: ['change'],
  volumeRatio: ['volumeRatio'],
  volatility20: ['volatility'],
  volatilityMean: ['volatility'],
  patterns: [],
  regime: ['volatility', 'adx'],
  features: [
    ...(['rsi', 'macd', 'bollinger', 'emaFast', 'emaSlow', 'sma20'] as const),
    ...(['adx', 'atr', 'volumeRatio', 'volatility'] as const),
  ],
} as const satisfies Record<ReadingPart, readonly IndicatorName[]>;

export const READING_PARTS = Object.keys(SOURCES) as readonly ReadingPart[];

export interface EngineOptions {
  readonly timeframe: Timeframe;
  /** What of a reading will be looked at; left out: everything. What only other parts are made from
   * is then not folded: those indicators are `null`, patterns and features empty, the regime the
   * one that claims least. What is named is the same as in a whole reading. */
  readonly parts?: readonly ReadingPart[] | undefined;
}

/** Folds one symbol's closed candles into readings: O(1) time and fixed memory per candle, whatever
 * the history. No clock, no randomness: the same candles from the same start give the same readings
 * bit for bit, so a rebuilt engine must be fed from where the first one started (or from any candle
 * after which `startsAgain` was true: nothing before it is remembered). */
export class FeatureEngine {
  readonly #timeframe: Timeframe;
  readonly #parts: ReadonlySet<ReadingPart>;
  readonly #has: { readonly [Part in 'patterns' | 'regime' | 'features']: boolean };
  #indicators: SomeIndicators;
  readonly #window = new CandleWindow(PATTERN_CANDLES);
  #regime: Regime = FIRST_REGIME;
  #seen = 0;

  constructor({ timeframe, parts = READING_PARTS }: EngineOptions) {
    this.#timeframe = timeframe;
    this.#parts = new Set(parts);
    const has = (part: ReadingPart): boolean => this.#parts.has(part);
    this.#has = { patterns: has('patterns'), regime: has('regime'), features: has('features') };
    this.#indicators = indicatorsFor(this.#parts);
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
    if (this.#has.regime) this.#regime = regimeAfter(this.#regime, indicators);
    const { close, closeTimeMs } = candle;
    return {
      indicators,
      patterns: this.#has.patterns ? patternsAt(this.#window) : NOTHING,
      regime: this.#regime,
      features: this.#has.features
        ? featureVector({ indicators, close, closeTimeMs, news })
        : NOTHING,
      featureHash: FEATURE_HASH,
      candlesSeen: this.#seen,
      warm: this.#seen >= WARM_UP_CANDLES,
    };
  }

  #startAgain(): void {
    this.#indicators = indicatorsFor(this.#parts);
    this.#window.clear();
    this.#regime = FIRST_REGIME;
    this.#seen = 0;
  }
}

const NOTHING: readonly never[] = [];

function indicatorsFor(parts: ReadonlySet<ReadingPart>): SomeIndicators {
  const needed = new Set<IndicatorName>();
  for (const part of parts) for (const name of SOURCES[part]) needed.add(name);
  const fresh = Object.entries(freshIndicators());
  return Object.fromEntries(
    fresh.map(([name, one]) => [name, needed.has(name as IndicatorName) ? one : null]),
  ) as unknown as SomeIndicators;
}

/** By name, not in a loop: each call site then sees one class, and the engine can inline it. */
function fold(set: SomeIndicators, candle: Candle): void {
  set.rsi?.push(candle);
  set.macd?.push(candle);
  set.bollinger?.push(candle);
  set.emaFast?.push(candle);
  set.emaSlow?.push(candle);
  set.sma20?.push(candle);
  set.sma50?.push(candle);
  set.stochastic?.push(candle);
  set.williams?.push(candle);
  set.cci?.push(candle);
  set.adx?.push(candle);
  set.atr?.push(candle);
  set.vwap?.push(candle);
  set.change?.push(candle);
  set.volumeRatio?.push(candle);
  set.volatility?.push(candle);
}

function indicatorsOf(set: SomeIndicators): Indicators {
  const macd = set.macd?.value;
  const bollinger = set.bollinger?.value;
  const stochastic = set.stochastic?.value;
  const adx = set.adx?.value;
  const change = set.change?.value;
  const volatility = set.volatility?.value;
  return {
    rsi14: set.rsi?.value ?? null,
    macd: macd?.macd ?? null,
    macdSignal: macd?.signal ?? null,
    macdHistogram: macd?.histogram ?? null,
    bollingerUpper: bollinger?.upper ?? null,
    bollingerMiddle: bollinger?.middle ?? null,
    bollingerLower: bollinger?.lower ?? null,
    emaFast: set.emaFast?.value ?? null,
    emaSlow: set.emaSlow?.value ?? null,
    sma20: set.sma20?.value ?? null,
    sma50: set.sma50?.value ?? null,
    stochasticK: stochastic?.k ?? null,
    stochasticD: stochastic?.d ?? null,
    williamsR: set.williams?.value ?? null,
    cci20: set.cci?.value ?? null,
    adx14: adx?.adx ?? null,
    plusDi14: adx?.plusDi ?? null,
    minusDi14: adx?.minusDi ?? null,
    atr14: set.atr?.value ?? null,
    vwap: set.vwap?.value ?? null,
    change1: change?.over1 ?? null,
    change3: change?.over3 ?? null,
    change12: change?.over12 ?? null,
    volumeRatio: set.volumeRatio?.value ?? null,
    volatility20: volatility?.current ?? null,
    volatilityMean: volatility?.mean ?? null,
  };
}

function regimeAfter(regime: Regime, indicators: Indicators): Regime {
  return nextRegime(regime, {
    volatilityRatio: ratio(indicators.volatility20, indicators.volatilityMean),
    adx: indicators.adx14,
    plusDi: indicators.plusDi14,
    minusDi: indicators.minusDi14,
  });
}

function ratio(value: number | null, mean: number | null): number | null {
  return value === null || mean === null || mean === 0 ? null : value / mean;
}
