import type { Candle } from '../market/candle.ts';
import { finite, type Indicator } from './indicator.ts';

const DAY_MS = 86_400_000;

/** Volume-weighted average of the typical price since 00:00 UTC of the candle's day (since the
 * first candle seen, on the first day). `null` while the day has no volume. Ours: the package
 * never resets. */
export class Vwap implements Indicator<number | null> {
  readonly warmUp = 1;
  #day = Number.NaN;
  #traded = 0;
  #volume = 0;
  #value = Number.NaN;

  get value(): number | null {
    return finite(this.#value);
  }

  push(candle: Candle): void {
    const day = Math.floor(candle.openTimeMs / DAY_MS);
    if (day !== this.#day) {
      this.#day = day;
      this.#traded = 0;
      this.#volume = 0;
    }
    this.#traded += (candle.volume * (candle.high + candle.low + candle.close)) / 3;
    this.#volume += candle.volume;
    this.#value = this.#traded / this.#volume;
  }
}
