import type { Candle } from '../market/candle.ts';
import { finite, type Indicator } from './indicator.ts';
import { NumberWindow } from './rolling.ts';

export interface ChangeValue {
  readonly over1: number | null;
  readonly over3: number | null;
  readonly over12: number | null;
}

/** Close-to-close change over the last 1, 3 and 12 candles, as fractions (0.03 = 3 %). */
export class Change implements Indicator<ChangeValue> {
  readonly warmUp = 13;
  readonly #closes = new NumberWindow(13);
  #value: ChangeValue = { over1: null, over3: null, over12: null };

  get value(): ChangeValue {
    return this.#value;
  }

  push(candle: Candle): void {
    this.#closes.push(candle.close);
    this.#value = { over1: this.#over(1), over3: this.#over(3), over12: this.#over(12) };
  }

  #over(candles: number): number | null {
    if (this.#closes.length <= candles) return null;
    return finite(this.#closes.at(0) / this.#closes.at(candles) - 1);
  }
}
