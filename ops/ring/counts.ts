import type { DecisionOutcome, DocketResult } from '../../proto/docket.ts';

/** What the dockets of one run came to, by kind. */
export interface Counts {
  readonly debates: number;
  readonly contested: number;
  readonly decisions: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly actions: Readonly<Record<string, number>>;
  readonly whyNoTrade: Readonly<Record<string, number>>;
}

/** Counts dockets as they come, and keeps none: a year of minutes has fifty thousand of them. */
export class DocketCounter {
  readonly #verdicts: Record<string, number> = {};
  readonly #actions: Record<string, number> = {};
  readonly #whyNoTrade: Record<string, number> = {};
  #debates = 0;
  #contested = 0;
  #decisions = 0;

  add({ contested, decisions }: DocketResult): void {
    this.#debates += 1;
    this.#contested += contested.length;
    this.#decisions += decisions.length;
    for (const decision of decisions) {
      count(this.#verdicts, decision.verdict);
      count(this.#actions, decision.action);
      const why = whyNoTrade(decision);
      if (why !== null) count(this.#whyNoTrade, why);
    }
  }

  get decisions(): number {
    return this.#decisions;
  }

  counts(): Counts {
    return {
      debates: this.#debates,
      contested: this.#contested,
      decisions: this.#decisions,
      verdicts: { ...this.#verdicts },
      actions: { ...this.#actions },
      whyNoTrade: { ...this.#whyNoTrade },
    };
  }
}

/** `null` when it led to an order or a question. Reasons of the risk check are counted without
 * their figures. */
function whyNoTrade({ followUp, order }: DecisionOutcome): string | null {
  if (followUp.kind === 'nothing') return followUp.why;
  if (order?.state !== 'nothing') return null;
  return `risk check: ${order.reason.split(':')[0] ?? ''}`;
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
