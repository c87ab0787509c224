import { claimsOf, falseClaims } from './evidence.ts';
import { ROLES, type Role } from './role.ts';
import type { Snapshot } from './snapshot.ts';
import type { Evidence, Opinion, Revision, Utterance } from './speech.ts';

/** An opinion as held from some round on. */
export interface Held {
  readonly round: number;
  readonly opinion: Opinion;
  /** The same object when it came as a revision. */
  readonly revision: Revision | null;
}

/** What one role has said, put in order once. */
class RoleTalk {
  readonly said: Utterance[] = [];
  #held: readonly Held[] | null = null;
  readonly #cited = new Map<number, ReadonlySet<string>>();

  get held(): readonly Held[] {
    this.#held ??= heldIn(this.said);
    return this.#held;
  }

  /** Facts cited in this round or earlier. */
  citedUntil(round: number): ReadonlySet<string> {
    let facts = this.#cited.get(round);
    if (facts === undefined) {
      facts = factsIn(this.said, round);
      this.#cited.set(round, facts);
    }
    return facts;
  }
}

type Talk = ReadonlyMap<string, RoleTalk>;

/** Seven minds listen to the same words one after the other: they are put in order once. */
let heardLast: readonly Utterance[] = [];
let heardLength = 0;
let talk: Talk = new Map();

function talkIn(heard: readonly Utterance[]): Talk {
  if (heard === heardLast && heard.length === heardLength) return talk;
  const sorted = new Map<string, RoleTalk>();
  for (const role of ROLES) sorted.set(role, new RoleTalk());
  for (const said of heard) sorted.get(said.role)?.said.push(said);
  heardLast = heard;
  heardLength = heard.length;
  talk = sorted;
  return sorted;
}

const SILENT = new RoleTalk();

function talkOf(heard: readonly Utterance[], role: Role): RoleTalk {
  return talkIn(heard).get(role) ?? SILENT;
}

/** What a role has said, in the order heard. */
export function saidBy(heard: readonly Utterance[], role: Role): readonly Utterance[] {
  return talkOf(heard, role).said;
}

/** What a role has held, oldest first: its opinion, then its revisions. */
export function heldBy(heard: readonly Utterance[], role: Role): readonly Held[] {
  return talkOf(heard, role).held;
}

function heldIn(own: readonly Utterance[]): readonly Held[] {
  const held: Held[] = [];
  for (const said of own) {
    if (said.kind === 'opinion' && said.content !== null) {
      held.push({ round: said.round, opinion: said.content, revision: null });
    }
    if (said.kind === 'revision' && said.content !== null) {
      held.push({ round: said.round, opinion: said.content, revision: said.content });
    }
  }
  return held.length < 2 ? held : held.sort((a, b) => a.round - b.round);
}

/** What a role holds now; `null` before it has given an opinion. */
export function standingOf(heard: readonly Utterance[], role: Role): Held | null {
  return heldBy(heard, role).at(-1) ?? null;
}

/** Every claim in one utterance, whatever its kind. */
export function claimsIn(said: Utterance): readonly Evidence[] {
  if (said.content === null) return [];
  switch (said.kind) {
    case 'opinion':
    case 'revision':
      return claimsOf(said.content);
    case 'challenge':
      return said.content.evidence;
    case 'rebuttal':
      return said.content.flatMap((answer) => answer.evidence);
    case 'ballot':
      return [];
  }
}

/** The first claim of a role, in anything it said, that the snapshot does not bear out. */
export function untrueOf(
  role: Role,
  { heard, snapshot }: { readonly heard: readonly Utterance[]; readonly snapshot: Snapshot },
): Evidence | null {
  for (const said of saidBy(heard, role)) {
    const [untrue] = falseClaims(claimsIn(said), snapshot);
    if (untrue !== undefined) return untrue;
  }
  return null;
}

/** The facts a role has cited before `round` (and in it, when `inclusive`). */
export function factsCitedBy(
  heard: readonly Utterance[],
  role: Role,
  until: { readonly round: number; readonly inclusive: boolean },
): ReadonlySet<string> {
  // Rounds are whole numbers.
  return talkOf(heard, role).citedUntil(until.inclusive ? until.round : until.round - 1);
}

function factsIn(own: readonly Utterance[], round: number): ReadonlySet<string> {
  const facts = new Set<string>();
  for (const said of own) {
    if (said.round <= round) for (const { fact } of claimsIn(said)) facts.add(fact);
  }
  return facts;
}
