import { CorroError } from '../../proto/errors.ts';
import { UnknownError } from '../store/unknown.ts';
import { loadModelBytes } from './load.ts';
import type { Model } from './model.ts';

/** What happens on a shelf, for logs and tests. */
export type ShelfEvent =
  | {
      readonly type: 'model_loaded';
      readonly hash: string;
      readonly bytes: number;
      /** From the question for it until it could answer. */
      readonly tookMs: number;
    }
  | { readonly type: 'model_refused'; readonly hash: string; readonly reason: string }
  | { readonly type: 'model_let_go'; readonly hash: string };

export interface ShelfOptions {
  /** The bytes of a hash: `readBlob`. May throw anything; what is no `bad_model` and no
   * UnknownError counts as passing and is not remembered. */
  readonly read: (hash: string) => Promise<Uint8Array>;
  /** Most models kept. Default 64. */
  readonly most?: number;
  /** For how long a refusal is remembered. Default 60 s; 5 s where there was nothing to read. */
  readonly refusalMs?: number;
  readonly emit?: (event: ShelfEvent) => void;
}

const MOST_MODELS = 64;
const REFUSAL_MS = 60_000;
/** A model may be registered any moment. */
const UNKNOWN_MS = 5_000;
const MOST_REFUSALS = 256;
/** How long the making of a session may wait for a moment in which nobody is being answered. */
const QUIET_MS = 25;

interface Shelved {
  readonly loading: Promise<Model>;
  model: Model | null;
  uses: number;
}

interface Refused {
  readonly error: Error;
  readonly untilMs: number;
}

/** The models one process serves, by hash: loaded once however many ask, kept while they are asked
 * for, let go least recently used first and only when everything asked of them is answered.
 * Nothing is ever exchanged under a hash, so a promotion is nothing but other hashes being asked
 * for. A model that cannot serve is refused without being read again, for a while. */
export class ModelShelf {
  readonly #options: ShelfOptions;
  readonly #most: number;
  /** Least recently used first. */
  readonly #shelved = new Map<string, Shelved>();
  readonly #refused = new Map<string, Refused>();
  /** Loads are made one at a time: each holds the event loop for a moment. */
  #loads: Promise<unknown> = Promise.resolve();
  #inUse = 0;
  #whenQuiet: (() => void)[] = [];

  constructor(options: ShelfOptions) {
    this.#options = options;
    this.#most = options.most ?? MOST_MODELS;
    if (!Number.isInteger(this.#most) || this.#most < 1) {
      throw new RangeError(`most must be a positive integer, was ${this.#most}`);
    }
  }

  /** Hashes of the models that can answer now, least recently used first. */
  get hashes(): readonly string[] {
    return [...this.#shelved].filter(([, { model }]) => model !== null).map(([hash]) => hash);
  }

  /** Whether it is here, or on its way. */
  has(hash: string): boolean {
    return this.#shelved.has(hash);
  }

  get most(): number {
    return this.#most;
  }

  /** Has a model ready before it is asked. Throws as `use`. */
  async load(hash: string): Promise<void> {
    await this.use(hash, () => Promise.resolve());
  }

  /** Asks a model; it is not let go before `act` is done, and must not be kept after. Throws
   * `bad_model` when it cannot serve, UnknownError when nothing has that hash, and whatever reading
   * it throws. */
  async use<T>(hash: string, act: (model: Model) => Promise<T>): Promise<T> {
    const shelved = this.#touch(hash);
    shelved.uses += 1;
    try {
      const model = shelved.model ?? (await shelved.loading);
      this.#inUse += 1;
      try {
        return await act(model);
      } finally {
        this.#inUse -= 1;
        if (this.#inUse === 0) this.#tellQuiet();
      }
    } finally {
      shelved.uses -= 1;
      this.#tidy();
    }
  }

  /** Lets all of them go, once they are not in use. */
  async close(): Promise<void> {
    const all = [...this.#shelved.values()];
    this.#shelved.clear();
    const models = await Promise.allSettled(all.map(({ loading }) => loading));
    for (const one of models) if (one.status === 'fulfilled') await one.value.release();
  }

  #touch(hash: string): Shelved {
    const known = this.#shelved.get(hash);
    if (known !== undefined) {
      this.#shelved.delete(hash);
      this.#shelved.set(hash, known);
      return known;
    }
    const refused = this.#refused.get(hash);
    if (refused !== undefined && refused.untilMs > performance.now()) throw refused.error;
    const fresh: Shelved = { loading: this.#load(hash), model: null, uses: 0 };
    this.#shelved.set(hash, fresh);
    fresh.loading.then(
      (model) => (fresh.model = model),
      () => {
        if (this.#shelved.get(hash) === fresh) this.#shelved.delete(hash);
      },
    );
    return fresh;
  }

  async #load(hash: string): Promise<Model> {
    const { read, emit } = this.#options;
    const startedAt = performance.now();
    try {
      const bytes = await read(hash);
      const name = `model ${hash.slice(0, 16)}`;
      const beforeBlocking = () => this.#quiet();
      const loading = this.#loads.then(() => loadModelBytes(bytes, { hash, name, beforeBlocking }));
      this.#loads = loading.catch(() => undefined);
      const model = await loading;
      this.#refused.delete(hash);
      const tookMs = performance.now() - startedAt;
      emit?.({ type: 'model_loaded', hash, bytes: bytes.length, tookMs });
      return model;
    } catch (error) {
      this.#remember(hash, error);
      throw error;
    }
  }

  #remember(hash: string, error: unknown): void {
    const unknown = error instanceof UnknownError;
    const bad = error instanceof CorroError && error.code === 'bad_model';
    if (!(error instanceof Error && (unknown || bad))) return;
    const { refusalMs = REFUSAL_MS, emit } = this.#options;
    const forMs = unknown ? Math.min(UNKNOWN_MS, refusalMs) : refusalMs;
    this.#refused.delete(hash);
    this.#refused.set(hash, { error, untilMs: performance.now() + forMs });
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > MOST_REFUSALS && oldest !== undefined) this.#refused.delete(oldest);
    emit?.({ type: 'model_refused', hash, reason: error.message });
  }

  /** Lets go what is too much: never one in use or being loaded. */
  #tidy(): void {
    for (const [hash, { model, uses }] of this.#shelved) {
      if (this.#shelved.size <= this.#most) return;
      if (model === null || uses > 0) continue;
      this.#shelved.delete(hash);
      void model.release();
      this.#options.emit?.({ type: 'model_let_go', hash });
    }
  }

  /** Waits for a moment in which nobody is being answered, but not for ever. */
  async #quiet(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#inUse === 0) return;
    await new Promise<void>((resolve) => {
      const impatience = setTimeout(resolve, QUIET_MS);
      this.#whenQuiet.push(() => {
        clearTimeout(impatience);
        resolve();
      });
    });
  }

  #tellQuiet(): void {
    const waiting = this.#whenQuiet;
    this.#whenQuiet = [];
    for (const tell of waiting) tell();
  }
}
