const SECONDS = 60;

/** Counts the orders of the last sixty seconds, all accounts together, and blows when one more
 * would be too many: whatever asks for orders at such a rate is not trading. */
export class OrderFuse {
  readonly #most: number;
  readonly #now: () => number;
  readonly #seconds = new Map<number, number>();
  #blown = 0;

  /** `now`: any clock that does not jump, milliseconds. */
  constructor(mostPerMinute: number, now: () => number = () => performance.now()) {
    this.#most = mostPerMinute;
    this.#now = now;
  }

  /** Counts one order; false when it is one too many, which then is not counted. */
  take(): boolean {
    if (this.orders() >= this.#most) {
      this.#blown += 1;
      return false;
    }
    this.count();
    return true;
  }

  /** Counts one order that goes whatever the count. */
  count(): void {
    const second = Math.floor(this.#now() / 1_000);
    this.#seconds.set(second, (this.#seconds.get(second) ?? 0) + 1);
  }

  /** Of the last sixty seconds. */
  orders(): number {
    const oldest = Math.floor(this.#now() / 1_000) - SECONDS;
    let sum = 0;
    for (const [second, count] of this.#seconds) {
      if (second <= oldest) this.#seconds.delete(second);
      else sum += count;
    }
    return sum;
  }

  facts(): { readonly ordersLastMinute: number; readonly ordersFused: number } {
    return { ordersLastMinute: this.orders(), ordersFused: this.#blown };
  }
}
