import type { Role } from './role.ts';
import type { Snapshot } from './snapshot.ts';
import type { Kind, Utterance } from './speech.ts';

/** One request to one assistant: say this kind of thing about this motion in this round. The answer
 * is the utterance at (debateId, symbol, round, kind, to), and it repeats `messageId`. */
export interface Mail {
  /** Hash of the mail's inputs: asking again is the same mail, and is answered with what was
   * said. */
  readonly messageId: string;
  readonly debateId: string;
  /** The motion: equal to `snapshot.eventId`. */
  readonly eventId: string;
  readonly symbol: string;
  /** From 1. */
  readonly round: number;
  readonly kind: Kind;
  readonly to: Role;
  readonly snapshot: Snapshot;
  /** What this motion's debate has heard so far, in the order of rounds, kinds and roles; empty
   * while round 1 lasts, so that nobody sees another's first opinion. */
  readonly heard: readonly Utterance[];
}
