import type { Kysely } from 'kysely';
import type { Bus } from '../../adapters/bus/connect.ts';
import { type Forecaster, forecaster, Unforetold } from '../../adapters/bus/forecaster.ts';
import {
  type ForetellClose,
  type ForetoldClose,
  foretell,
} from '../../adapters/models/foretell.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { Wire } from '../../proto/subjects.ts';

export interface ForetellingRing {
  readonly db: Kysely<Database>;
  readonly bus: Bus;
  readonly wire: Wire;
}

export interface ForetellingOptions {
  /** A tape waits for its models, because what it decides must not depend on how fast a host is; a
   * live market does not. */
  readonly clock: 'live' | 'tape';
  readonly signal: AbortSignal;
  readonly onWait?: (what: string, error: unknown) => void;
  /** Told once of each model that cannot serve, and of every close that went without. */
  readonly onUnforetold?: (words: string) => void;
}

const TAPE_MS = 90_000;
const LIVE_MS = 2_000;

/** Has the models asked about each close before its motions are put. */
export class Foretelling {
  readonly #ring: ForetellingRing;
  readonly #options: ForetellingOptions;
  readonly #forecast: Forecaster;
  readonly #told = new Set<string>();

  constructor(ring: ForetellingRing, options: ForetellingOptions) {
    this.#ring = ring;
    this.#options = options;
    this.#forecast = forecaster(ring.bus, ring.wire);
  }

  /** What is foretold of these questions. Throws `Unforetold` when nobody answers a tape, a live
   * close then goes without; and what Postgres throws, which is the caller's to wait for. */
  async ask(close: ForetellClose): Promise<ForetoldClose> {
    const { clock, signal, onWait, onUnforetold } = this.#options;
    const { db } = this.#ring;
    const limitMs = clock === 'live' ? LIVE_MS : TAPE_MS;
    const waits = onWait && { onWait: (error: Error) => onWait('models', error) };
    const asking = { db, forecast: this.#forecast, patience: { limitMs, signal, ...waits } };
    try {
      const foretold = await foretell(asking, close);
      this.#tellRefusals(foretold);
      if (clock === 'tape') expectAnswers(foretold);
      return foretold;
    } catch (error) {
      if (clock !== 'live' || !(error instanceof Unforetold)) throw error;
      onUnforetold?.(`the models were not asked: ${error.message}`);
      return new Map();
    }
  }

  #tellRefusals(foretold: ForetoldClose): void {
    const refused = [...foretold.values()].flatMap((one) => one.refused);
    for (const { symbol, model, code, why } of refused) {
      const key = `${model} ${code}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      const words = `model ${model.slice(0, 16)} of ${symbol} does not serve (${code}): ${why}`;
      this.#options.onUnforetold?.(words);
    }
  }
}

/** A model that cannot be read for now is no fact of the tape. */
function expectAnswers(foretold: ForetoldClose): void {
  const refused = [...foretold.values()].flatMap((one) => one.refused);
  const absent = refused.find(({ code }) => code === 'unavailable');
  if (absent === undefined) return;
  throw new Unforetold(`model ${absent.model.slice(0, 16)} of ${absent.symbol}: ${absent.why}`);
}
