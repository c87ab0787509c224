import type { Candle } from '../core/market/candle.ts';

const MINUTE_MS = 60_000;
const FIRST_MS = 1_600_000_020_000;

/** A seeded random walk with changing volatility, one candle at a time, so that a million of them
 * do not stand in the heap being measured. */
export class Market {
  #seed: number;
  #price = 50_000;
  #index = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  #random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }

  next(): Candle {
    const wildness = 0.001 * (1 + 2 * Math.sin(this.#index / 5_000) ** 2);
    const open = this.#price;
    const pull = 0.000_01 * Math.log(50_000 / open);
    const close = open * Math.exp((this.#random() - 0.5) * wildness + pull);
    const high = Math.max(open, close) * (1 + this.#random() * wildness * 0.5);
    const low = Math.min(open, close) * (1 - this.#random() * wildness * 0.5);
    const openTimeMs = FIRST_MS + this.#index * MINUTE_MS;
    this.#price = close;
    this.#index += 1;
    const volume = 1 + 100 * this.#random() ** 4;
    return { openTimeMs, closeTimeMs: openTimeMs + MINUTE_MS - 1, open, high, low, close, volume };
  }

  batch(size: number): Candle[] {
    return Array.from({ length: size }, () => this.next());
  }
}
