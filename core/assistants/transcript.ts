import { claimsOf } from './evidence.ts';
import type { Role } from './role.ts';
import type { Evidence, Opinion, Revision, Utterance } from './speech.ts';

/** An opinion as held from some round on. */
export interface Held {
  readonly round: number;
  readonly opinion: Opinion;
  /** The same object when it came as a revision. */
  readonly revision: Revision | null;
}

/** What a role has held, oldest first: its opinion, then its revisions. */
export function heldBy(heard: readonly Utterance[], role: Role): readonly Held[] {
  const held: Held[] = [];
  for (const said of heard) {
    if (said.role !== role) continue;
    if (said.kind === 'opinion' && said.content !== null) {
      held.push({ round: said.round, opinion: said.content, revision: null });
    }
    if (said.kind === 'revision' && said.content !== null) {
      held.push({ round: said.round, opinion: said.content, revision: said.content });
    }
  }
  return held.sort((a, b) => a.round - b.round);
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

/** The facts a role has cited before `round` (and in it, when `inclusive`). */
export function factsCitedBy(
  heard: readonly Utterance[],
  role: Role,
  until: { readonly round: number; readonly inclusive: boolean },
): ReadonlySet<string> {
  const facts = new Set<string>();
  for (const said of heard) {
    const early = until.inclusive ? said.round <= until.round : said.round < until.round;
    if (said.role === role && early) for (const { fact } of claimsIn(said)) facts.add(fact);
  }
  return facts;
}
