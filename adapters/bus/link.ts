/** Whether the server is within reach. The client would buffer without bound while it is not, so
 * everything of ours that publishes waits here first and stops waiting for replies on a break. */
export class Link {
  #up = true;
  readonly #waiting = new Set<() => void>();
  readonly #breaks = new Set<(reason: LinkBroken) => void>();

  get up(): boolean {
    return this.#up;
  }

  raise(): void {
    this.#up = true;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  cut(): void {
    this.#up = false;
    const reason = new LinkBroken();
    for (const refuse of this.#breaks) refuse(reason);
    this.#breaks.clear();
  }

  /** Resolves when the server is within reach, or when `signal` aborts: check which. */
  async whenUp(signal: AbortSignal): Promise<void> {
    if (this.#up || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#waiting.add(wake);
    });
  }

  /** The reply, or `LinkBroken` as soon as the connection it was to come over is gone. Whether the
   * request was carried out is then unknown. */
  guard<T>(reply: Promise<T>): Promise<T> {
    if (!this.#up) return Promise.reject(new LinkBroken());
    return new Promise<T>((resolve, reject) => {
      this.#breaks.add(reject);
      reply.then(resolve, reject).finally(() => this.#breaks.delete(reject));
    });
  }
}

/** The connection to NATS broke before a reply came. */
export class LinkBroken extends Error {
  override readonly name = 'LinkBroken';

  constructor() {
    super('the connection to NATS broke before the reply came');
  }
}
