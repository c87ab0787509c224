import type { Candle } from '../market/candle.ts';
import { finite, type Indicator } from './indicator.ts';
import { WilderMean } from './moving-average.ts';

/** Average true range (Wilder): the smoothed mean of max(high − low, |high − previous close|,
 * |low − previous close|). */
export class Atr implements Indicator<number | null> {
  readonly warmUp: number;
  readonly #mean: WilderMean;
  #close = Number.NaN;
  #value = Number.NaN;

  constructor(period: number) {
    this.warmUp = period + 1;
    this.#mean = new WilderMean(period);
  }

  get value(): number | null {
    return finite(this.#value);
  }

  push(candle: Candle): void {
    const previous = this.#close;
    this.#close = candle.close;
    if (Number.isNaN(previous)) return;
    this.#value = this.#mean.push(trueRange(candle, previous));
  }
}

/** The range a candle covers, together with the step from the close before it. */
export function trueRange(candle: Candle, previousClose: number): number {
  const top = candle.high > previousClose ? candle.high : previousClose;
  const bottom = candle.low < previousClose ? candle.low : previousClose;
  return top - bottom;
}
