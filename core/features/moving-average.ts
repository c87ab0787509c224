import type { Candle } from '../market/candle.ts';
import { finite, type Indicator } from './indicator.ts';
import { NumberWindow } from './rolling.ts';

/** Simple moving average of closes. Ours: the package's keeps every close for ever. */
export class Sma implements Indicator<number | null> {
  readonly warmUp: number;
  readonly #closes: NumberWindow;
  #value = Number.NaN;

  constructor(period: number) {
    this.warmUp = period;
    this.#closes = new NumberWindow(period);
  }

  get value(): number | null {
    return finite(this.#value);
  }

  push(candle: Candle): void {
    this.#closes.push(candle.close);
    if (this.#closes.full) this.#value = this.#closes.mean();
  }
}

/** Exponential moving average of closes. */
export class Ema implements Indicator<number | null> {
  readonly warmUp: number;
  readonly #mean: ExponentialMean;
  #value = Number.NaN;

  constructor(period: number) {
    this.warmUp = period;
    this.#mean = new ExponentialMean(period);
  }

  get value(): number | null {
    return finite(this.#value);
  }

  push(candle: Candle): void {
    this.#value = this.#mean.push(candle.close);
  }
}

/** An exponential mean of any numbers: smoothing 2 / (period + 1), seeded with the simple mean of
 * the first `period`. */
export class ExponentialMean {
  readonly #period: number;
  readonly #smoothing: number;
  #sum = 0;
  #count = 0;
  #mean = Number.NaN;

  constructor(period: number) {
    this.#period = period;
    this.#smoothing = 2 / (period + 1);
  }

  /** NaN until `period` values have come. */
  push(value: number): number {
    if (this.#count >= this.#period) {
      this.#mean += (value - this.#mean) * this.#smoothing;
      return this.#mean;
    }
    this.#count += 1;
    this.#sum += value;
    if (this.#count === this.#period) this.#mean = this.#sum / this.#period;
    return this.#mean;
  }
}

/** Wilder's smoothed mean: the simple mean of the first `period` values, then
 * (previous × (period − 1) + value) / period. J. W. Wilder, New Concepts in Technical Trading
 * Systems, 1978. */
export class WilderMean {
  readonly #period: number;
  #sum = 0;
  #count = 0;
  #mean = Number.NaN;

  constructor(period: number) {
    this.#period = period;
  }

  /** NaN until `period` values have come. */
  push(value: number): number {
    if (this.#count >= this.#period) {
      this.#mean = (this.#mean * (this.#period - 1) + value) / this.#period;
      return this.#mean;
    }
    this.#count += 1;
    this.#sum += value;
    if (this.#count === this.#period) this.#mean = this.#sum / this.#period;
    return this.#mean;
  }
}
