import type { Anchor } from './anchors.ts';
import type { Database } from './database.ts';
import type { Tally } from './finding.ts';
import type { Ours } from './ours.ts';
import { Records } from './records.ts';
import type { VenueBooks } from './venue-books.ts';

/** How long a thing may be under way before it is a violation, milliseconds. Declared here and
 * nowhere else. */
export interface Bounds {
  /** A trade is booked within this; an order answers within this; a late deposit is seen. */
  readonly settledMs: number;
  /** A debate is decided within this. */
  readonly debateMs: number;
  /** Two clocks on one machine, and a transaction's begin before its row. */
  readonly clockMs: number;
  /** From a halt's commit to the last order that may still be sent. */
  readonly haltMs: number;
  /** The longest a signed request stays valid at the venue. */
  readonly validityMs: number;
  /** What a position may be above its limit right after a fill: fees, the way from the limit price
   * to the fill's, other prices that moved while it was under way. Of equity. */
  readonly exposureBps: number;
}

export const BOUNDS: Bounds = {
  settledMs: 60_000,
  debateMs: 600_000,
  clockMs: 500,
  haltMs: 1_000,
  validityMs: 5_000,
  exposureBps: 200,
};

/** What a check has proved and need not prove again while it goes on running. */
export interface Memory {
  /** What the audit's records say, as far as they were read. */
  records: Records;
  /** Contents recorded before this were compared with their hashes, wall clock. */
  contentsMs: number;
  /** What models foretold, and contents, recorded before this were looked at, wall clock. */
  modelsMs: number;
  /** Newest decision that was recomputed. */
  decisionSeq: number;
}

export interface Context {
  readonly db: Database;
  /** Null: there is no venue to ask; what only it can tell is not checked. */
  readonly venue: VenueBooks | null;
  readonly ours: Ours;
  readonly bounds: Bounds;
  /** Faults have ended at least `settledMs` ago: nothing may be under way any more. */
  readonly settled: boolean;
  /** The newest anchor of each partition, as kept outside. */
  readonly anchors: readonly Pick<Anchor, 'n' | 'partition' | 'seq' | 'hash'>[];
  readonly memory: Memory;
  /** The audit's records up to the snapshot; read once a check, by whoever asks first. */
  readonly records: () => Promise<Records>;
}

export interface Invariant {
  readonly number: number;
  readonly says: string;
  /** What is not checked, in a sentence. */
  readonly unchecked: string | null;
  /** Null: nothing of it can be checked. */
  readonly check: ((context: Context, tally: Tally) => Promise<void>) | null;
}

export function emptyMemory(): Memory {
  return { records: new Records(), contentsMs: 0, modelsMs: 0, decisionSeq: 0 };
}

/** Wall-clock age by the database's clock, counted from when its server could work at all. */
export function ageMs({ db }: Context, sinceMs: number): number {
  return db.takenAtMs - Math.max(sinceMs, db.startedAtMs);
}
