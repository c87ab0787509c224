import type { EquityCurve } from './result.ts';

const FIRST_CAPACITY = 1_024;

/** What the account was worth at every close: 24 bytes each while a run lasts. */
export class CurveSheet {
  #timeMs: Float64Array<ArrayBuffer>;
  #equity: Float64Array<ArrayBuffer>;
  #exposure: Float64Array<ArrayBuffer>;
  #length = 0;

  /** `closes`: as many as there will be at least, so that memory is taken once. */
  constructor(closes = FIRST_CAPACITY) {
    this.#timeMs = new Float64Array(closes);
    this.#equity = new Float64Array(closes);
    this.#exposure = new Float64Array(closes);
  }

  get length(): number {
    return this.#length;
  }

  add(timeMs: number, equity: number, exposure: number): void {
    const at = this.#length;
    if (at === this.#timeMs.length) this.#grow();
    this.#timeMs[at] = timeMs;
    this.#equity[at] = equity;
    this.#exposure[at] = exposure;
    this.#length = at + 1;
  }

  /** Column by column; the sheet is empty afterwards, so that no column is there twice. */
  finish(): EquityCurve {
    const length = this.#length;
    const timeMs = movedToList(this.#timeMs, length);
    const equity = movedToList(this.#equity, length);
    const exposure = movedToList(this.#exposure, length);
    this.#timeMs = this.#equity = this.#exposure = new Float64Array(0);
    this.#length = 0;
    return { timeMs, equity, exposure };
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, Math.ceil(this.#timeMs.length * 1.5));
    this.#timeMs = grown(this.#timeMs, capacity);
    this.#equity = grown(this.#equity, capacity);
    this.#exposure = grown(this.#exposure, capacity);
  }
}

/** Made at its size: a list that grows takes twice its memory while it does. What the numbers stood
 * on is given back at once. */
function movedToList(numbers: Float64Array<ArrayBuffer>, length: number): number[] {
  const list = new Array<number>(length);
  for (let at = 0; at < length; at += 1) list[at] = numbers[at] as number;
  numbers.buffer.transfer(0);
  return list;
}

function grown(numbers: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(numbers);
  return larger;
}
