import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Logger } from 'pino';

const LOOK_MS = 1_000;
const MEGABYTE = 1_000_000;

/** Looks each second how much room is left where the records are kept. What cannot be written down
 * must not be traded: new orders stop before the disk is full, cancels go on. */
export class Disk {
  readonly #path: string;
  readonly #leastMb: number;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #freeMb: number;

  /** Throws when `path` cannot be looked at. */
  constructor(at: { readonly path: string; readonly leastMb: number }, log: Logger) {
    this.#path = at.path;
    this.#leastMb = at.leastMb;
    this.#log = log;
    const { bavail, bsize } = statfsSync(at.path);
    this.#freeMb = Math.floor((bavail * bsize) / MEGABYTE);
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Why nothing new may be sent, or `null`. */
  forbids(): string | null {
    if (this.#freeMb >= this.#leastMb) return null;
    return `the disk must have ${this.#leastMb} MB free, has ${this.#freeMb}`;
  }

  facts(): { readonly diskFreeMb: number } {
    return { diskFreeMb: this.#freeMb };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#path);
      this.#freeMb = Math.floor((bavail * bsize) / MEGABYTE);
    } catch (err) {
      this.#log.error({ err }, 'the disk could not be looked at');
      this.#freeMb = 0;
    }
  }
}
