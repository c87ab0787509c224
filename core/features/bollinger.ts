import type { Candle } from '../market/candle.ts';
import { FLAT, type Indicator } from './indicator.ts';
import { NumberWindow } from './rolling.ts';

export interface BollingerValue {
  readonly upper: number | null;
  readonly middle: number | null;
  readonly lower: number | null;
}

const NONE: BollingerValue = { upper: null, middle: null, lower: null };

/** Bollinger bands: the 20-candle mean of closes ± 2 population standard deviations. Ours: the
 * package keeps every close for ever. On a flat window the bands touch. */
export class Bollinger implements Indicator<BollingerValue> {
  readonly warmUp: number;
  readonly #width: number;
  readonly #closes: NumberWindow;
  #value = NONE;

  constructor(period: number, width: number) {
    this.warmUp = period;
    this.#width = width;
    this.#closes = new NumberWindow(period);
  }

  get value(): BollingerValue {
    return this.#value;
  }

  push(candle: Candle): void {
    this.#closes.push(candle.close);
    if (!this.#closes.full) return;
    const middle = this.#closes.mean();
    const deviation = this.#closes.deviation(middle);
    if (deviation <= FLAT * middle) {
      this.#value = { upper: middle, middle, lower: middle };
      return;
    }
    const upper = middle + this.#width * deviation;
    const lower = middle - this.#width * deviation;
    this.#value = { upper, middle, lower };
  }
}
