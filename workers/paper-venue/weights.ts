const MINUTE_MS = 60_000;
const MOST_ADDRESSES = 10_000;

/** Request weight used per address in the running minute. */
export class Weights {
  #minute = 0;
  /** Requests that were refused because of it, since the start. */
  refused = 0;
  readonly #used = new Map<string, number>();

  /** Adds and returns the weight used so far this minute. */
  add(address: string, weight: number): number {
    const minute = Math.floor(Date.now() / MINUTE_MS);
    if (minute !== this.#minute || this.#used.size > MOST_ADDRESSES) this.#used.clear();
    this.#minute = minute;
    const used = (this.#used.get(address) ?? 0) + weight;
    this.#used.set(address, used);
    return used;
  }

  secondsLeft(): number {
    return Math.ceil((MINUTE_MS - (Date.now() % MINUTE_MS)) / 1_000);
  }
}
