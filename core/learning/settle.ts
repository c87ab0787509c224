import type { OutcomeTerms } from '../judgement/assessment.ts';
import {
  isSettled,
  type OpenCall,
  type Outcome,
  openCall,
  requireTerms,
  step,
} from '../judgement/outcome.ts';
import type { Candle } from '../market/candle.ts';

/** A question put at a close, and the range its barriers are set by. */
export interface OpenMotion {
  readonly eventId: string;
  readonly closeTimeMs: number;
  /** Average true range of 14 candles at that close, quote units; `null` where there was none: it
   * can never be settled, and is left out. */
  readonly atr: number | null;
}

export interface MotionOutcome {
  readonly eventId: string;
  readonly closeTimeMs: number;
  readonly outcome: Outcome;
}

interface Call {
  readonly eventId: string;
  readonly state: OpenCall;
}

/** Settles the motions of one market by the candles after them, each once. What settles a motion is
 * its own range and the candles from its own on alone: so it does not matter in which portions
 * motions or candles come, what came of others, or what follows the candle that settled it. Whoever
 * begins again with the motions that are still open, and the candles from `fromMs` on, goes on as
 * if there had been no break: nothing is kept between two runs. */
export class MotionSettler {
  readonly #terms: OutcomeTerms;
  readonly #motions: readonly (OpenMotion & { readonly atr: number })[];
  #opened = 0;
  #open: Call[] = [];
  #last: Candle | null = null;

  /** `motions`: oldest first. Throws a `RangeError` when they are not, or the terms are none. */
  constructor(motions: readonly OpenMotion[], terms: OutcomeTerms) {
    requireTerms(terms);
    this.#terms = terms;
    this.#motions = motions.flatMap(({ atr, ...motion }) =>
      atr === null ? [] : [{ ...motion, atr }],
    );
    const late = motions.findIndex(
      ({ closeTimeMs }, at) => closeTimeMs < (motions[at - 1]?.closeTimeMs ?? closeTimeMs),
    );
    if (late >= 0) throw new RangeError(`motions must be oldest first, was not at place ${late}`);
  }

  /** Close of the first candle that is needed: the first motion's own. `null`: none is. */
  get fromMs(): number | null {
    return this.#motions[0]?.closeTimeMs ?? null;
  }

  /** Motions that wait for candles, in the order they were put. */
  get waiting(): number {
    return this.#open.length + this.#motions.length - this.#opened;
  }

  /** The next closed candle, in order of time; returns what it settled. */
  push(candle: Candle): readonly MotionOutcome[] {
    // Their own candles are not there: what came before this one is not known.
    this.#openUntil(candle.openTimeMs - 1);
    const settled: MotionOutcome[] = [];
    const open: Call[] = [];
    for (const { eventId, state: before } of this.#open) {
      const state = step(before, candle, this.#terms);
      if (isSettled(state)) {
        settled.push({ eventId, closeTimeMs: before.closeTimeMs, outcome: state });
      } else open.push({ eventId, state });
    }
    this.#open = open;
    this.#last = candle;
    this.#openUntil(candle.closeTimeMs);
    return settled;
  }

  /** Opens the motions that were put until then. */
  #openUntil(timeMs: number): void {
    for (;;) {
      const motion = this.#motions[this.#opened];
      if (motion === undefined || motion.closeTimeMs > timeMs) return;
      const { eventId, closeTimeMs, atr } = motion;
      const own = this.#last?.closeTimeMs === closeTimeMs ? this.#last : null;
      this.#open.push({ eventId, state: openCall(closeTimeMs, atr, own) });
      this.#opened += 1;
    }
  }
}
