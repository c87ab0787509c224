import type { ModelShelf } from '../adapters/models/shelf.ts';

export interface PreloadingOptions {
  readonly shelf: ModelShelf;
  /** Hashes of the models that may be asked for next, the likeliest first; at most so many. */
  readonly list: (most: number) => Promise<readonly string[]>;
  /** Told when the list could not be read. */
  readonly unavailable: (reason: string) => void;
  readonly everyMs?: number;
}

const EVERY_MS = 3_000;

/** Has models ready before they are asked: looks every few seconds who is champion, in the shadow,
 * or was champion last, so that a promotion or a rollback finds them loaded. */
export class Preloading {
  readonly #options: PreloadingOptions;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: PreloadingOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { shelf, list, unavailable, everyMs = EVERY_MS } = this.#options;
    try {
      for (const hash of await list(shelf.most)) {
        if (this.#stopped.signal.aborted) return;
        // A model that cannot serve is told of by the shelf, and is no reason to leave the rest.
        if (!shelf.has(hash)) await shelf.load(hash).catch(() => undefined);
      }
    } catch (error) {
      unavailable(error instanceof Error ? error.message : String(error));
    }
    if (this.#stopped.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#look(), everyMs);
  }
}
