import type { OutcomeTerms } from '../judgement/assessment.ts';
import {
  isSettled,
  type OpenCall,
  type Outcome,
  openCall,
  requireTerms,
  settledCall,
  step,
} from '../judgement/outcome.ts';
import type { Candle } from '../market/candle.ts';

/** A question put at a close, and the range its barriers are set by. */
export interface OpenMotion {
  readonly eventId: string;
  readonly closeTimeMs: number;
  /** Average true range of 14 candles at that close, quote units; `null`: nothing can settle it. */
  readonly atr: number | null;
}

export interface MotionOutcome {
  readonly eventId: string;
  readonly closeTimeMs: number;
  readonly outcome: Outcome;
}

/** Longer than any holiday of any exchange: after that the market on record is another one, and
 * what it does says nothing of a question put before. */
export const LONGEST_BREAK_MS = 7 * 86_400_000;

interface Waiting {
  readonly eventId: string;
  readonly call: OpenCall;
}

/** Settles motions of one market by the candles after them, each once. The horizon counts the
 * candles there are: a night or a hole is skipped, and a break longer than `LONGEST_BREAK_MS` cuts
 * off what was open, for ever.
 *
 * What settles a motion is its own range and the candles from its own on, nothing else: so it does
 * not matter in which portions motions or candles come, what came of others, or what follows the
 * candle that settled it. Nothing is kept between two runs: whoever begins again with the motions
 * that are still open, at the candle of the first, comes to the same. */
export class MotionSettler {
  readonly #terms: OutcomeTerms;
  readonly #motions: readonly (OpenMotion & { readonly atr: number })[];
  #next = 0;
  #open: Waiting[] = [];
  #last: Candle | null = null;

  /** `motions`: in the order of their closes. Throws a `RangeError` when they are not. */
  constructor(motions: readonly OpenMotion[], terms: OutcomeTerms) {
    requireTerms(terms);
    this.#terms = terms;
    this.#motions = motions.flatMap(({ atr, ...rest }) => (atr === null ? [] : [{ ...rest, atr }]));
    const early = motions.findIndex(
      ({ closeTimeMs }, at) => closeTimeMs < (motions[at - 1]?.closeTimeMs ?? closeTimeMs),
    );
    if (early < 0) return;
    throw new RangeError(`motions must be in order of their closes, was not at place ${early}`);
  }

  /** Motions that later candles may still settle. */
  get waiting(): number {
    return this.#open.length + this.#motions.length - this.#next;
  }

  /** Candles that closed before that change nothing; `null`: no candle does. */
  get needsFromMs(): number | null {
    if (this.#open.length > 0) return this.#last?.closeTimeMs ?? null;
    return this.#motions[this.#next]?.closeTimeMs ?? null;
  }

  /** The next closed candle, in order of time; returns what it settled. */
  push(candle: Candle): readonly MotionOutcome[] {
    const { openTimeMs, closeTimeMs } = candle;
    const lastCloseMs = this.#last?.closeTimeMs ?? openTimeMs;
    if (openTimeMs - lastCloseMs > LONGEST_BREAK_MS) this.#open = [];
    // Their own candle is not on record: what came before this one is not known.
    this.#openUntil(openTimeMs - 1, openTimeMs);
    const settled: MotionOutcome[] = [];
    const open: Waiting[] = [];
    for (const { eventId, call } of this.#open) {
      const state = step(call, candle, this.#terms);
      if (isSettled(state)) {
        const { closeTimeMs: askedMs } = call;
        settled.push({
          eventId,
          closeTimeMs: askedMs,
          outcome: settledCall(askedMs, state).outcome,
        });
      } else open.push({ eventId, call: state });
    }
    this.#open = open;
    this.#last = candle;
    this.#openUntil(closeTimeMs, openTimeMs);
    return settled;
  }

  /** Opens what was put until then, if the market goes on soon enough. */
  #openUntil(untilMs: number, goesOnMs: number): void {
    for (;;) {
      const motion = this.#motions[this.#next];
      if (motion === undefined || motion.closeTimeMs > untilMs) return;
      this.#next += 1;
      const { eventId, closeTimeMs, atr } = motion;
      if (goesOnMs - closeTimeMs > LONGEST_BREAK_MS) continue;
      const own = this.#last?.closeTimeMs === closeTimeMs ? this.#last : null;
      this.#open.push({ eventId, call: openCall(closeTimeMs, atr, own) });
    }
  }
}
