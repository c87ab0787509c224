import type { Memory, RingContext } from './mind.ts';
import { minds } from './minds.ts';
import type { Role } from './role.ts';
import type { Snapshot } from './snapshot.ts';
import type { Content, Kind, Utterance } from './speech.ts';

/** What one assistant is asked to say. */
export interface Ask<K extends Kind = Kind> {
  readonly role: Role;
  readonly kind: K;
  readonly round: number;
  readonly snapshot: Snapshot;
  readonly heard: readonly Utterance[];
  readonly memory: Memory;
  /** Nobody will read it: texts may be left empty. What is decided does not depend on them. */
  readonly wordless?: boolean;
}

type Speakers = { readonly [K in Kind]: (role: Role, context: RingContext) => Content[K] };

const SPEAKERS: Speakers = {
  opinion: (role, { snapshot, memory, wordless }) =>
    minds[role].opinion(snapshot, memory, wordless),
  challenge: (role, context) => minds[role].challenge(context),
  rebuttal: (role, context) => minds[role].rebuttal(context),
  revision: (role, context) => minds[role].revision(context),
  ballot: (role, context) => minds[role].ballot(context),
};

/** The one door to a pure mind: the content of the utterance asked for. Pure and total. */
export function speak<K extends Kind>(ask: Ask<K>): Content[K] {
  return SPEAKERS[ask.kind](ask.role, ask);
}
