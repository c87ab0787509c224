import type { Candle } from '../market/candle.ts';
import { trueRange } from './atr.ts';
import { finite, type Indicator } from './indicator.ts';
import { WilderMean } from './moving-average.ts';

export interface AdxValue {
  readonly adx: number | null;
  readonly plusDi: number | null;
  readonly minusDi: number | null;
}

const NONE: AdxValue = { adx: null, plusDi: null, minusDi: null };

/** Average directional index (Wilder), 0 … 100, with both directional indicators: DI = 100 ×
 * smoothed directional movement / smoothed true range; DX = 100 × |+DI − −DI| / (+DI + −DI); ADX
 * its smoothed mean. Ours: on a flat range the package answers NaN for ever. Here a candle without
 * any directional movement has DX 0 (no direction is no trend), and DI without range is `null`. */
export class Adx implements Indicator<AdxValue> {
  readonly warmUp: number;
  readonly #range: WilderMean;
  readonly #plus: WilderMean;
  readonly #minus: WilderMean;
  readonly #dx: WilderMean;
  #high = Number.NaN;
  #low = Number.NaN;
  #close = Number.NaN;
  #value = NONE;

  constructor(period: number) {
    this.warmUp = 2 * period;
    this.#range = new WilderMean(period);
    this.#plus = new WilderMean(period);
    this.#minus = new WilderMean(period);
    this.#dx = new WilderMean(period);
  }

  get value(): AdxValue {
    return this.#value;
  }

  push(candle: Candle): void {
    if (!Number.isNaN(this.#close)) this.#fold(candle);
    this.#high = candle.high;
    this.#low = candle.low;
    this.#close = candle.close;
  }

  #fold(candle: Candle): void {
    const up = candle.high - this.#high;
    const down = this.#low - candle.low;
    const plus = this.#plus.push(up > down && up > 0 ? up : 0);
    const minus = this.#minus.push(down > up && down > 0 ? down : 0);
    const range = this.#range.push(trueRange(candle, this.#close));
    if (Number.isNaN(range)) return;
    const moved = plus + minus;
    const dx = moved > 0 ? (100 * Math.abs(plus - minus)) / moved : 0;
    this.#value = {
      adx: finite(this.#dx.push(dx)),
      plusDi: finite((100 * plus) / range),
      minusDi: finite((100 * minus) / range),
    };
  }
}
