import type { Candle } from '../market/candle.ts';
import { finite, type Indicator } from './indicator.ts';
import { ExponentialMean } from './moving-average.ts';

export interface MacdValue {
  readonly macd: number | null;
  readonly signal: number | null;
  readonly histogram: number | null;
}

/** Moving average convergence divergence (G. Appel): EMA 12 − EMA 26 of closes, its EMA 9 as
 * signal, and their difference. On a flat market all three are 0 (the package drops the signal
 * there). */
export class Macd implements Indicator<MacdValue> {
  readonly warmUp = 34;
  readonly #fast = new ExponentialMean(12);
  readonly #slow = new ExponentialMean(26);
  readonly #signal = new ExponentialMean(9);
  #macd = Number.NaN;
  #signalValue = Number.NaN;

  get value(): MacdValue {
    return {
      macd: finite(this.#macd),
      signal: finite(this.#signalValue),
      histogram: finite(this.#macd - this.#signalValue),
    };
  }

  push(candle: Candle): void {
    const fast = this.#fast.push(candle.close);
    const slow = this.#slow.push(candle.close);
    if (Number.isNaN(slow)) return;
    this.#macd = fast - slow;
    this.#signalValue = this.#signal.push(this.#macd);
  }
}
