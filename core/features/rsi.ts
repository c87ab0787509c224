import type { Candle } from '../market/candle.ts';
import { finite, type Indicator } from './indicator.ts';
import { WilderMean } from './moving-average.ts';

/** Relative strength index (Wilder), 0 … 100: 100 × gains / (gains + losses), both Wilder means of
 * one-candle changes. Ours: the package rounds to two decimals and calls a flat market 100; here
 * no change at all is `null`. */
export class Rsi implements Indicator<number | null> {
  readonly warmUp: number;
  readonly #gains: WilderMean;
  readonly #losses: WilderMean;
  #previous = Number.NaN;
  #value = Number.NaN;

  constructor(period: number) {
    this.warmUp = period + 1;
    this.#gains = new WilderMean(period);
    this.#losses = new WilderMean(period);
  }

  get value(): number | null {
    return finite(this.#value);
  }

  push(candle: Candle): void {
    const previous = this.#previous;
    this.#previous = candle.close;
    if (Number.isNaN(previous)) return;
    const change = candle.close - previous;
    const gain = this.#gains.push(change > 0 ? change : 0);
    const loss = this.#losses.push(change < 0 ? -change : 0);
    this.#value = (100 * gain) / (gain + loss);
  }
}
