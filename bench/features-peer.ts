import {
  ADX,
  ATR,
  BollingerBands,
  CCI,
  EMA,
  MACD,
  RSI,
  SMA,
  Stochastic,
  VWAP,
  WilliamsR,
} from 'technicalindicators';
import type { Candle } from '../core/market/candle.ts';

const SERIES = { values: [] as number[] };
const BARS = { high: [] as number[], low: [] as number[], close: [] as number[] };

/** The peer: `technicalindicators` streaming the same indicators with the same periods, as its own
 * documentation shows it (one object an indicator, `nextValue` per candle). What it does not have
 * (changes, volume ratio, volatility, patterns, regime, feature vector) it is not asked for. */
export class Peer {
  readonly #rsi = new RSI({ ...SERIES, period: 14 });
  readonly #macd = new MACD({
    ...SERIES,
    fastPeriod: 12,
    slowPeriod: 26,
    signalPeriod: 9,
    SimpleMAOscillator: false,
    SimpleMASignal: false,
  });
  readonly #bollinger = new BollingerBands({ ...SERIES, period: 20, stdDev: 2 });
  readonly #emaFast = new EMA({ ...SERIES, period: 9 });
  readonly #emaSlow = new EMA({ ...SERIES, period: 21 });
  readonly #sma20 = new SMA({ ...SERIES, period: 20 });
  readonly #sma50 = new SMA({ ...SERIES, period: 50 });
  readonly #stochastic = new Stochastic({ ...BARS, period: 14, signalPeriod: 3 });
  readonly #williams = new WilliamsR({ ...BARS, period: 14 });
  readonly #cci = new CCI({ ...BARS, period: 20 });
  readonly #adx = new ADX({ ...BARS, period: 14 });
  readonly #atr = new ATR({ ...BARS, period: 14 });
  #vwap = new VWAP({ ...BARS, volume: [] });
  #day = Number.NaN;

  push(candle: Candle) {
    const day = Math.floor(candle.openTimeMs / 86_400_000);
    if (day !== this.#day) {
      this.#vwap = new VWAP({ ...BARS, volume: [] });
      this.#day = day;
    }
    const { close } = candle;
    // The declarations want whole series in `nextValue`; one candle is what the code takes.
    const bar = candle as never;
    return {
      rsi: this.#rsi.nextValue(close),
      macd: this.#macd.nextValue(close),
      bollinger: this.#bollinger.nextValue(close),
      emaFast: this.#emaFast.nextValue(close),
      emaSlow: this.#emaSlow.nextValue(close),
      sma20: this.#sma20.nextValue(close),
      sma50: this.#sma50.nextValue(close),
      stochastic: this.#stochastic.nextValue(bar),
      williams: this.#williams.nextValue(bar),
      cci: this.#cci.nextValue(bar),
      adx: this.#adx.nextValue(bar),
      atr: this.#atr.nextValue(bar),
      vwap: this.#vwap.nextValue(bar),
    };
  }
}

export type PeerValues = ReturnType<Peer['push']>;
