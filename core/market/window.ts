import type { Candle } from './candle.ts';

/** The newest `capacity` closed candles, oldest forgotten first. Time only moves forward. */
export class CandleWindow {
  readonly #slots: (Candle | undefined)[];
  #next = 0;
  #count = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`window capacity must be a positive integer, was ${capacity}`);
    }
    this.#slots = new Array<Candle | undefined>(capacity).fill(undefined);
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
    this.#slots[this.#next] = candle;
    this.#next = (this.#next + 1) % this.#slots.length;
    if (this.#count < this.#slots.length) this.#count += 1;
  }

  /** `back` = 0 is the newest; `null` where the window does not reach. */
  at(back: number): Candle | null {
    if (back < 0 || back >= this.#count) return null;
    const index = this.#next - 1 - back;
    return this.#slots[index < 0 ? index + this.#slots.length : index] ?? null;
  }

  /** Oldest first: what a snapshot carries. */
  candles(): Candle[] {
    const list: Candle[] = [];
    for (let back = this.#count - 1; back >= 0; back -= 1) {
      const candle = this.at(back);
      if (candle !== null) list.push(candle);
    }
    return list;
  }

  clear(): void {
    this.#slots.fill(undefined);
    this.#next = 0;
    this.#count = 0;
  }
}
