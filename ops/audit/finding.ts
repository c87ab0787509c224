/** What one invariant was held against, and what did not hold. */

/** The words a violation is told in are for people; `id` names the row it is about. */
export interface Violation {
  readonly id: string;
  readonly text: string;
}

export interface Finding {
  /** As in the list of invariants. */
  readonly number: number;
  readonly says: string;
  /** Rows looked at. */
  readonly seen: { readonly database: number; readonly venue: number };
  /** Things under way that the declared rules allow for now: the next check sees them again. */
  readonly inFlight: number;
  readonly violations: number;
  /** The first of them. */
  readonly shown: readonly Violation[];
  /** What this system has no state for, or what two witnesses cannot tell; null: all is checked. */
  readonly unchecked: string | null;
  readonly ms: number;
}

const MOST_SHOWN = 20;

/** Collects what one invariant sees. A thing violates an invariant once, whoever saw it. */
export class Tally {
  database = 0;
  venue = 0;
  inFlight = 0;
  readonly #violations = new Map<string, string>();

  violate(id: string, text: string): void {
    if (!this.#violations.has(id)) this.#violations.set(id, text);
  }

  get count(): number {
    return this.#violations.size;
  }

  get shown(): readonly Violation[] {
    return [...this.#violations].slice(0, MOST_SHOWN).map(([id, text]) => ({ id, text }));
  }
}
