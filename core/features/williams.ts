import type { Candle } from '../market/candle.ts';
import { finite, type Indicator } from './indicator.ts';
import { RollingMax } from './rolling.ts';

/** Williams %R, −100 … 0: −100 × (highest high − close) / (highest high − lowest low) over the
 * period. Ours: the package keeps every candle for ever and answers NaN on a flat range. */
export class WilliamsR implements Indicator<number | null> {
  readonly warmUp: number;
  readonly #highs: RollingMax;
  readonly #depths: RollingMax;
  #value = Number.NaN;

  constructor(period: number) {
    this.warmUp = period;
    this.#highs = new RollingMax(period);
    this.#depths = new RollingMax(period);
  }

  get value(): number | null {
    return finite(this.#value);
  }

  push(candle: Candle): void {
    const high = this.#highs.push(candle.high);
    const low = -this.#depths.push(-candle.low);
    if (!this.#highs.full) return;
    const range = high - low;
    // `0 -` keeps a close at the high from becoming −0, which JSON would not give back.
    this.#value = range === 0 ? Number.NaN : 0 - (100 * (high - candle.close)) / range;
  }
}
