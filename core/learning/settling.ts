import type { OutcomeTerms } from '../judgement/assessment.ts';
import { type Outcome, OutcomeSettler } from '../judgement/outcome.ts';
import type { Candle } from '../market/candle.ts';

/** A question whose outcome is looked for. */
export interface OpenMotion {
  readonly eventId: string;
  readonly closeTimeMs: number;
  /** Average true range at its close, quote units; `null`: nothing can settle it. */
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

/** Settles recorded motions of one market as its candles go by. Motions of one close have one
 * outcome. What a break in the record cuts off stays open. */
export class MotionSettler {
  readonly #terms: OutcomeTerms;
  readonly #calls: readonly { readonly closeTimeMs: number; readonly atr: number }[];
  readonly #motions: ReadonlyMap<number, readonly OpenMotion[]>;
  readonly #settled: MotionOutcome[] = [];
  #settler: OutcomeSettler;
  #next = 0;
  #lastCloseMs: number | null = null;

  /** `motions`: in the order of their closes. */
  constructor(terms: OutcomeTerms, motions: readonly OpenMotion[]) {
    this.#terms = terms;
    this.#settler = new OutcomeSettler(terms);
    this.#motions = Map.groupBy(motions, ({ closeTimeMs }) => closeTimeMs);
    this.#calls = [...this.#motions.values()].flatMap(([first]) =>
      first === undefined || first.atr === null
        ? []
        : [{ closeTimeMs: first.closeTimeMs, atr: first.atr }],
    );
  }

  /** In the order in which they were settled. */
  get settled(): readonly MotionOutcome[] {
    return this.#settled;
  }

  /** Whether no later candle can settle anything more. */
  get isDone(): boolean {
    return this.#next === this.#calls.length && this.#settler.open.length === 0;
  }

  /** Shows the next closed candle. */
  push(candle: Candle): void {
    const { openTimeMs } = candle;
    if (this.#lastCloseMs !== null && openTimeMs - this.#lastCloseMs > LONGEST_BREAK_MS) {
      this.#settler = new OutcomeSettler(this.#terms);
    }
    this.#lastCloseMs = candle.closeTimeMs;
    for (let call = this.#calls[this.#next]; call !== undefined; ) {
      if (call.closeTimeMs >= openTimeMs) break;
      const isNear = openTimeMs - call.closeTimeMs <= LONGEST_BREAK_MS;
      if (isNear) this.#settler.add(call.closeTimeMs, call.atr);
      this.#next += 1;
      call = this.#calls[this.#next];
    }
    for (const { closeTimeMs, outcome } of this.#settler.push(candle)) {
      for (const { eventId } of this.#motions.get(closeTimeMs) ?? []) {
        this.#settled.push({ eventId, closeTimeMs, outcome });
      }
    }
  }
}
