import type { Role } from './role.ts';
import type { Snapshot } from './snapshot.ts';
import type { Action, Answer, Ballot, Challenge, Opinion, Revision, Utterance } from './speech.ts';

/** A past round-1 opinion of this role on this symbol. */
export interface PastCall {
  readonly closeTimeMs: number;
  readonly action: Action;
  readonly confidenceBp: number;
  /** The market's close when it was made. */
  readonly close: number;
}

/** What an assistant remembers of itself: newest last, at most 50. */
export interface Memory {
  readonly calls: readonly PastCall[];
}

export const EMPTY_MEMORY: Memory = { calls: [] };

/** What an assistant knows when it speaks after round 1. */
export interface RingContext {
  readonly snapshot: Snapshot;
  readonly memory: Memory;
  /** Everything said so far that this assistant may hear, its own words included. */
  readonly heard: readonly Utterance[];
  readonly round: number;
  /** Nobody will read it: texts may be left empty. What is decided does not depend on them. */
  readonly wordless?: boolean;
}

/** One assistant's pure mind: same snapshot, memory and talk, same words. */
export interface Mind {
  readonly role: Role;
  opinion(snapshot: Snapshot, memory: Memory, wordless?: boolean): Opinion;
  challenge(context: RingContext): Challenge | null;
  rebuttal(context: RingContext): readonly Answer[];
  revision(context: RingContext): Revision | null;
  ballot(context: RingContext): Ballot;
}
