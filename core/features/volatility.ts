import type { Candle } from '../market/candle.ts';
import { finite, type Indicator } from './indicator.ts';
import { NumberWindow } from './rolling.ts';

export interface VolatilityValue {
  /** Population standard deviation of the last 20 one-candle log returns. */
  readonly current: number | null;
  /** Its slow mean. */
  readonly mean: number | null;
}

const PERIOD = 20;
const SLOW = 100;

/** How wildly closes move, and how wildly they usually do. The slow mean is the plain mean of the
 * first 100 values and moves by 1/100 of the distance after that. */
export class Volatility implements Indicator<VolatilityValue> {
  readonly warmUp = PERIOD + 1;
  readonly #returns = new NumberWindow(PERIOD);
  #close = Number.NaN;
  #values = 0;
  #mean = 0;
  #value: VolatilityValue = { current: null, mean: null };

  get value(): VolatilityValue {
    return this.#value;
  }

  push(candle: Candle): void {
    const previous = this.#close;
    this.#close = candle.close;
    if (Number.isNaN(previous)) return;
    this.#returns.push(Math.log(candle.close / previous));
    if (!this.#returns.full) return;
    const current = this.#returns.deviation(this.#returns.mean());
    this.#values = Math.min(this.#values + 1, SLOW);
    this.#mean += (current - this.#mean) / this.#values;
    this.#value = { current: finite(current), mean: finite(this.#mean) };
  }
}
