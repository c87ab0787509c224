import { factAt, grounded } from '../assistants/evidence.ts';
import type { Role } from '../assistants/role.ts';
import type { Snapshot } from '../assistants/snapshot.ts';
import { type Ballot, KINDS, type Revision, type Utterance } from '../assistants/speech.ts';
import { factsCitedBy, type Held, heldBy, saidBy } from '../assistants/transcript.ts';
import { canonicalJson } from '../canonical.ts';
import { forEveryRole } from './weights.ts';
import { wellFormed } from './well-formed.ts';

/** What one assistant said in one debate, put in order. */
export interface RoleRecord {
  readonly role: Role;
  /** Opinion and revisions, oldest first. */
  readonly held: readonly Held[];
  readonly ballot: Ballot | null;
  /** Every ballot it cast: more than one different is equivocation, but a veto in any of them
   * holds. */
  readonly ballots: readonly Ballot[];
  /** It said two different things where it may speak once, or voted twice. */
  readonly equivocal: boolean;
}

/** One debate's talk: well formed, without repeats, in an order that does not depend on
 * arrival. */
export interface DebateRecord {
  readonly utterances: readonly Utterance[];
  readonly byRole: Readonly<Record<Role, RoleRecord>>;
}

/** Puts stored utterances in order. What is not well formed counts as not said. */
export function readRecord(stored: readonly Utterance[]): DebateRecord {
  const distinct = new Map<string, Utterance>();
  for (const said of stored) {
    const text = wellFormed(said) ? textOf(said) : null;
    if (text !== null) distinct.set(text, said);
  }
  const utterances = [...distinct.entries()]
    .sort(([a, one], [b, two]) => one.round - two.round || (a < b ? -1 : 1))
    .map(([, said]) => said);
  return recordOf(utterances);
}

/** The same of talk that is in order, well formed and without repeats: what minds in this process
 * have just said, or `readRecord` has put in order. */
export function recordOf(utterances: readonly Utterance[]): DebateRecord {
  return { utterances, byRole: forEveryRole((role) => roleRecord(utterances, role)) };
}

/** What was said, as one text (the mail it answers is no part of it); `null` when a field
 * beside the known ones cannot be written as JSON, which nothing stored can be. */
function textOf({ round, kind, role, content }: Utterance): string | null {
  try {
    return canonicalJson({ round, kind, role, content });
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function roleRecord(utterances: readonly Utterance[], role: Role): RoleRecord {
  const own = saidBy(utterances, role);
  const ballots: Ballot[] = [];
  for (const said of own) {
    if (said.kind === 'ballot' && said.content !== null) ballots.push(said.content);
  }
  return {
    role,
    held: heldBy(utterances, role),
    ballot: ballots[0] ?? null,
    ballots,
    equivocal: areDifferent(ballots) || isCrowded(own),
  };
}

function areDifferent(ballots: readonly Ballot[]): boolean {
  if (ballots.length < 2) return false;
  return new Set(ballots.map((ballot) => canonicalJson(ballot))).size > 1;
}

/** Two things said where one may be said. */
function isCrowded(own: readonly Utterance[]): boolean {
  if (own.length < 2) return false;
  const places = new Set(own.map(({ round, kind }) => round * KINDS.length + KINDS.indexOf(kind)));
  return places.size < own.length;
}

/** What a role stands for after `round`, and whether the change that led there (if any) is owed
 * to new evidence. */
export interface Standing {
  readonly held: Held;
  readonly supported: boolean;
  readonly grounded: boolean;
}

export function standingAfter(
  record: DebateRecord,
  role: Role,
  { snapshot, round }: { readonly snapshot: Snapshot; readonly round: number },
): Standing | null {
  const held = record.byRole[role].held.findLast((one) => one.round <= round);
  if (held === undefined) return null;
  const supported =
    held.revision === null ||
    movedByEvidence(record, role, { revision: held.revision, round: held.round, snapshot });
  return { held, supported, grounded: grounded(held.opinion, snapshot) };
}

/** A revision is owed to evidence when one of the facts it names as new stands in the snapshot,
 * was cited by the assistant it names, and had not been cited by the reviser in an earlier
 * round. */
export function movedByEvidence(
  record: DebateRecord,
  role: Role,
  change: { readonly revision: Revision; readonly round: number; readonly snapshot: Snapshot },
): boolean {
  const { revision, round, snapshot } = change;
  if (revision.movedBy === null || revision.movedBy === role) return false;
  const known = factsCitedBy(record.utterances, role, { round, inclusive: false });
  const brought = factsCitedBy(record.utterances, revision.movedBy, { round, inclusive: true });
  return revision.newEvidence.some(
    ({ fact, value }) => factAt(snapshot, fact) === value && brought.has(fact) && !known.has(fact),
  );
}
