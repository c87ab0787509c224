import type { Candle } from './candle.ts';

/** Numbers of one candle column by column: time, open, high, low, close, volume. */
const COLUMNS = 6;
const FIRST_CAPACITY = 1_024;

/** Many candles of one timeframe in 48 bytes each, oldest first. Candles are made as they are asked
 * for: half a million of them as objects would cost ten times as much. */
export class CandleSeries {
  readonly #lengthMs: number;
  readonly #numbers: Float64Array;
  readonly length: number;

  /** `numbers` holds six to a candle, in time order; the series keeps it. It may stand on memory
   * that several threads share: nobody writes to it any more. */
  constructor(lengthMs: number, numbers: Float64Array) {
    this.#lengthMs = lengthMs;
    this.#numbers = numbers;
    this.length = numbers.length / COLUMNS;
  }

  /** All of it, six to a candle: to be hashed or copied to shared memory, never written to. */
  get numbers(): Float64Array {
    return this.#numbers;
  }

  /** `null` outside the series. */
  at(index: number): Candle | null {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) return null;
    const at = index * COLUMNS;
    const openTimeMs = this.#numbers[at] as number;
    return {
      openTimeMs,
      closeTimeMs: openTimeMs + this.#lengthMs - 1,
      open: this.#numbers[at + 1] as number,
      high: this.#numbers[at + 2] as number,
      low: this.#numbers[at + 3] as number,
      close: this.#numbers[at + 4] as number,
      volume: this.#numbers[at + 5] as number,
    };
  }

  *[Symbol.iterator](): Generator<Candle> {
    for (let index = 0; index < this.length; index += 1) yield this.at(index) as Candle;
  }

  /** The candles that open at `fromMs` or later and before `toMs`, on the same memory. */
  between(fromMs: number, toMs: number): CandleSeries {
    const start = this.#firstFrom(fromMs);
    const end = Math.max(start, this.#firstFrom(toMs));
    const numbers = this.#numbers.subarray(start * COLUMNS, end * COLUMNS);
    return new CandleSeries(this.#lengthMs, numbers);
  }

  #firstFrom(timeMs: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#numbers[middle * COLUMNS] as number) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** One row of a file as it was read. */
export interface CandleRow {
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Rows in the order they were read, growing by doubling. */
export class RowStore {
  #numbers = new Float64Array(FIRST_CAPACITY * COLUMNS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(row: CandleRow): void {
    const at = this.#length * COLUMNS;
    if (at === this.#numbers.length) {
      const grown = new Float64Array(this.#numbers.length * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[at] = row.openTimeMs;
    this.#numbers[at + 1] = row.open;
    this.#numbers[at + 2] = row.high;
    this.#numbers[at + 3] = row.low;
    this.#numbers[at + 4] = row.close;
    this.#numbers[at + 5] = row.volume;
    this.#length += 1;
  }

  timeAt(index: number): number {
    return this.#numbers[index * COLUMNS] as number;
  }

  at(index: number): CandleRow {
    const at = index * COLUMNS;
    return {
      openTimeMs: this.#numbers[at] as number,
      open: this.#numbers[at + 1] as number,
      high: this.#numbers[at + 2] as number,
      low: this.#numbers[at + 3] as number,
      close: this.#numbers[at + 4] as number,
      volume: this.#numbers[at + 5] as number,
    };
  }

  same(index: number, other: number): boolean {
    for (let column = 0; column < COLUMNS; column += 1) {
      const a = this.#numbers[index * COLUMNS + column];
      if (a !== this.#numbers[other * COLUMNS + column]) return false;
    }
    return true;
  }

  /** The chosen rows, in the order given. */
  series(indices: Uint32Array, lengthMs: number): CandleSeries {
    const numbers = new Float64Array(indices.length * COLUMNS);
    for (let place = 0; place < indices.length; place += 1) {
      const at = (indices[place] as number) * COLUMNS;
      numbers.set(this.#numbers.subarray(at, at + COLUMNS), place * COLUMNS);
    }
    return new CandleSeries(lengthMs, numbers);
  }
}
