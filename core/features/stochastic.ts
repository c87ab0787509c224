import type { Candle } from '../market/candle.ts';
import type { Indicator } from './indicator.ts';
import { NumberWindow, RollingMax } from './rolling.ts';

export interface StochasticValue {
  readonly k: number | null;
  readonly d: number | null;
}

/** Stochastic oscillator (G. Lane), 0 … 100: %K = 100 × (close − lowest low) / (highest high −
 * lowest low) over the period, %D its mean over `signal` candles. Ours: the package keeps every
 * candle for ever. A flat range gives `null` and %D starts again. */
export class Stochastic implements Indicator<StochasticValue> {
  readonly warmUp: number;
  readonly #highs: RollingMax;
  readonly #depths: RollingMax;
  readonly #ks: NumberWindow;
  #value: StochasticValue = { k: null, d: null };

  constructor(period: number, signal: number) {
    this.warmUp = period + signal - 1;
    this.#highs = new RollingMax(period);
    this.#depths = new RollingMax(period);
    this.#ks = new NumberWindow(signal);
  }

  get value(): StochasticValue {
    return this.#value;
  }

  push(candle: Candle): void {
    const high = this.#highs.push(candle.high);
    const low = -this.#depths.push(-candle.low);
    if (!this.#highs.full) return;
    const range = high - low;
    if (range === 0) {
      this.#ks.clear();
      this.#value = { k: null, d: null };
      return;
    }
    const k = (100 * (candle.close - low)) / range;
    this.#ks.push(k);
    this.#value = { k, d: this.#ks.full ? this.#ks.mean() : null };
  }
}
