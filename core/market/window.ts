import type { Candle } from './candle.ts';

/** The newest `capacity` closed candles, oldest forgotten first. Time only moves forward. Every
 * candle is written twice, half a buffer apart, so that the window is always one stretch. */
export class CandleWindow {
  readonly #capacity: number;
  readonly #slots: (Candle | undefined)[];
  #next = 0;
  #count = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`window capacity must be a positive integer, was ${capacity}`);
    }
    this.#capacity = capacity;
    this.#slots = new Array<Candle | undefined>(2 * capacity).fill(undefined);
  }

  get length(): number {
    return this.#count;
  }

  get newest(): Candle | null {
    return this.at(0);
  }

  push(candle: Candle): void {
    const newest = this.at(0);
    if (newest !== null && candle.openTimeMs <= newest.openTimeMs) {
      throw new RangeError(
        `openTimeMs must be after ${newest.openTimeMs}, was ${candle.openTimeMs}`,
      );
    }
    const [next, capacity] = [this.#next, this.#capacity];
    this.#slots[next] = candle;
    this.#slots[next + capacity] = candle;
    this.#next = next + 1 === capacity ? 0 : next + 1;
    if (this.#count < capacity) this.#count += 1;
  }

  /** `back` = 0 is the newest; `null` where the window does not reach. */
  at(back: number): Candle | null {
    if (back < 0 || back >= this.#count) return null;
    return this.#slots[this.#start() + this.#count - 1 - back] ?? null;
  }

  /** Oldest first: what a snapshot carries. */
  candles(): Candle[] {
    const start = this.#start();
    return this.#slots.slice(start, start + this.#count) as Candle[];
  }

  clear(): void {
    this.#slots.fill(undefined);
    this.#next = 0;
    this.#count = 0;
  }

  #start(): number {
    return this.#count === this.#capacity ? this.#next : 0;
  }
}
