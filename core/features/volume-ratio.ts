import type { Candle } from '../market/candle.ts';
import { finite, type Indicator } from './indicator.ts';
import { NumberWindow } from './rolling.ts';

/** This candle's volume over the mean of the `period` candles before it, ≥ 0. `null` where those
 * had no volume at all. */
export class VolumeRatio implements Indicator<number | null> {
  readonly warmUp: number;
  readonly #before: NumberWindow;
  #value = Number.NaN;

  constructor(period: number) {
    this.warmUp = period + 1;
    this.#before = new NumberWindow(period);
  }

  get value(): number | null {
    return finite(this.#value);
  }

  push(candle: Candle): void {
    if (this.#before.full) this.#value = candle.volume / this.#before.mean();
    this.#before.push(candle.volume);
  }
}
