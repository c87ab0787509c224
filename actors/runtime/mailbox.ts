/** A bounded queue: first in, first out. What does not fit is refused, never dropped in silence;
 * the feed takes no more from the stream than its mailboxes can hold, so a refusal is a bug. */
export class Mailbox<Letter> {
  readonly capacity: number;
  #letters: Letter[] = [];

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity must be a positive integer, was ${capacity}`);
    }
    this.capacity = capacity;
  }

  get size(): number {
    return this.#letters.length;
  }

  put(letter: Letter): void {
    if (this.#letters.length >= this.capacity) {
      throw new RangeError(`mailbox must hold at most ${this.capacity} letters`);
    }
    this.#letters.push(letter);
  }

  /** The oldest letter; `undefined` when empty. */
  take(): Letter | undefined {
    return this.#letters.shift();
  }

  /** Takes out everything that is waiting. */
  clear(): readonly Letter[] {
    const waiting = this.#letters;
    this.#letters = [];
    return waiting;
  }
}
