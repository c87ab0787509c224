import { type Candle, TIMEFRAMES } from '../core/market/candle.ts';
import { Random } from '../core/random.ts';

/** Made-up markets for trials of the learning loop. */

export const TIMEFRAME = '5m';
const LENGTH_MS = TIMEFRAMES[TIMEFRAME];
const START_MS = Date.UTC(2024, 0, 1);

/** Runs of one direction, long enough to be seen and to pay: what a model can learn of. `noise`: a
 * walk that nobody can foretell. */
export type Kind = 'runs' | 'noise';

export function madeUpCandles(kind: Kind, count: number, seed: number): readonly Candle[] {
  const random = new Random(seed);
  const candles: Candle[] = [];
  let price = 1_000;
  let [drift, left] = [0, 0];
  for (let at = 0; at < count; at += 1) {
    if (left === 0) {
      left = Math.floor(random.between(30, 90));
      drift = kind === 'noise' ? 0 : random.pick([-0.006, 0.006]);
      // Prices stay far from where money's steps end.
      if (price > 5_000 || price < 200) drift = price > 5_000 ? -Math.abs(drift) : Math.abs(drift);
    }
    left -= 1;
    const open = price;
    const close = open * (1 + drift + random.between(-0.002, 0.002));
    const openTimeMs = START_MS + at * LENGTH_MS;
    candles.push({
      ...{ openTimeMs, closeTimeMs: openTimeMs + LENGTH_MS - 1, open, close },
      high: Math.max(open, close) * (1 + random.between(0, 0.001)),
      low: Math.min(open, close) * (1 - random.between(0, 0.001)),
      volume: random.between(10, 100),
    });
    price = close;
  }
  return candles;
}
