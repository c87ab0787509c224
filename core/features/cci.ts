import type { Candle } from '../market/candle.ts';
import { FLAT, finite, type Indicator } from './indicator.ts';
import { NumberWindow } from './rolling.ts';

/** Commodity channel index (D. Lambert): (typical price − its mean) / (0.015 × mean distance from
 * that mean), typical price = (high + low + close) / 3. Ours: the package keeps every candle for
 * ever and answers NaN on a flat range. */
export class Cci implements Indicator<number | null> {
  readonly warmUp: number;
  readonly #typical: NumberWindow;
  #value = Number.NaN;

  constructor(period: number) {
    this.warmUp = period;
    this.#typical = new NumberWindow(period);
  }

  get value(): number | null {
    return finite(this.#value);
  }

  push(candle: Candle): void {
    const typical = (candle.high + candle.low + candle.close) / 3;
    this.#typical.push(typical);
    if (!this.#typical.full) return;
    const mean = this.#typical.mean();
    const distance = this.#typical.meanDistance(mean);
    this.#value = distance <= FLAT * mean ? Number.NaN : (typical - mean) / (0.015 * distance);
  }
}
