import type { Memory, RingContext } from './mind.ts';
import type { Role } from './role.ts';
import { impressionsOf } from './senses/all.ts';
import type { Impression, Sense } from './senses/sense.ts';
import type { Snapshot } from './snapshot.ts';
import type { Action, Ballot, Opinion, Reason, Veto } from './speech.ts';
import { confidenceOf, stanceOf, supportFor, topAction, type Weighed } from './stance.ts';
import { recordBp } from './track-record.ts';
import { heldBy } from './transcript.ts';

/** What makes one assistant different from the others. The talk itself is the same for all. */
export interface Character {
  readonly role: Role;
  /** What it watches, and how much each counts with it. May depend on the regime. */
  watches(snapshot: Snapshot): readonly Watch[];
  /** Weight it gives to what others show it, against the mean weight of its own: 0 = none. */
  readonly openness: number;
  /** Why it can say nothing at all here; it then holds with little confidence and abstains. */
  silentWhy?(snapshot: Snapshot): string | null;
  /** Why it must hold whatever its evidence says (an order could not be executed). */
  holdWhy?(snapshot: Snapshot): Reason | null;
  /** Only the risk manager's counts. */
  veto?(snapshot: Snapshot): Veto | null;
  /** Only the auditor's count. */
  strikes?(context: RingContext): Ballot['strikes'];
}

export interface Watch {
  readonly sense: Sense;
  readonly weight: number;
}

/** A view and what it is made of. */
export interface View {
  readonly opinion: Opinion;
  readonly weighed: readonly Weighed[];
}

const SILENT_CONFIDENCE_BP = 500;
const HOLD_CONFIDENCE_BP = 8_000;
const MOST_REASONS = 3;
/** What others have shown it weighs at most this much of its own evidence, all together. */
const MOST_BORROWED = 0.9;

/** The view of a character: its own evidence, and what others have shown it (`shown`: fact
 * paths). */
export function viewOf(
  character: Character,
  snapshot: Snapshot,
  { memory, shown }: { readonly memory: Memory; readonly shown: ReadonlySet<string> },
): View {
  const silent = character.silentWhy?.(snapshot) ?? null;
  if (silent !== null) return fixedView(SILENT_CONFIDENCE_BP, { text: silent, evidence: [] });
  const blocked = character.holdWhy?.(snapshot) ?? null;
  if (blocked !== null) return fixedView(HOLD_CONFIDENCE_BP, blocked);
  const { weighed, coverage } = impressionsHad(character, snapshot, shown);
  const stance = stanceOf(weighed);
  const kept = recordBp(memory, snapshot.candles.at(-1)?.close ?? 0);
  const confidenceBp = Math.floor((confidenceOf(stance, coverage) * kept) / 10_000);
  const action = topAction(stance) ?? 'HOLD';
  return { opinion: { stance, confidenceBp, reasons: reasonsFor(action, weighed) }, weighed };
}

function fixedView(confidenceBp: number, reason: Reason): View {
  const stance = { buyBp: 0, sellBp: 0, holdBp: 10_000 };
  return { opinion: { stance, confidenceBp, reasons: [reason] }, weighed: [] };
}

function impressionsHad(
  character: Character,
  snapshot: Snapshot,
  shown: ReadonlySet<string>,
): { readonly weighed: readonly Weighed[]; readonly coverage: number } {
  const watches = character.watches(snapshot);
  const own = watches.flatMap(({ sense, weight }) => {
    const impression = sense(snapshot);
    return impression === null ? [] : [{ weight, impression }];
  });
  const total = watches.reduce((sum, watch) => sum + watch.weight, 0);
  const read = own.reduce((sum, one) => sum + one.weight, 0);
  const known = new Set(own.map(({ impression }) => impression.evidence[0].fact));
  const foreign = new Set([...shown].filter((fact) => !known.has(fact)));
  const shownTo = impressionsOf(foreign, snapshot);
  const each = (character.openness * total) / Math.max(1, watches.length);
  const weight = Math.min(each, (MOST_BORROWED * read) / Math.max(1, shownTo.length));
  const learned = shownTo.map((impression) => ({ weight, impression }));
  const weighed = [...own, ...learned];
  return { weighed, coverage: total === 0 ? 0 : read / total };
}

/** The strongest reasons for an action, strongest first; equal ones in the order they are
 * watched. Where nothing speaks for it, what was read at all. */
export function reasonsFor(action: Action, weighed: readonly Weighed[]): readonly Reason[] {
  const ranked = strongest(action, weighed);
  const chosen = ranked.length > 0 ? ranked : weighed.map(({ impression }) => impression);
  if (chosen.length === 0) return [{ text: 'no facts to judge by yet', evidence: [] }];
  return chosen.slice(0, MOST_REASONS).map(({ text, evidence }) => ({ text, evidence }));
}

/** Impressions that speak for an action, by weight × support. */
export function strongest(action: Action, weighed: readonly Weighed[]): readonly Impression[] {
  return weighed
    .map(({ weight, impression }) => ({
      impression,
      force: weight * supportFor(action, impression),
    }))
    .filter(({ force }) => force > 0)
    .sort((a, b) => b.force - a.force)
    .map(({ impression }) => impression);
}

/** Facts this assistant has taken over from others: what its own revisions named as new. */
export function adoptedFacts({ heard }: RingContext, role: Role): ReadonlySet<string> {
  return new Set(
    heldBy(heard, role).flatMap(({ revision }) =>
      revision === null ? [] : revision.newEvidence.map(({ fact }) => fact),
    ),
  );
}

/** What a character thinks now: its own evidence and what it has taken over so far. */
export function presentView(character: Character, context: RingContext): View {
  const { snapshot, memory } = context;
  return viewOf(character, snapshot, { memory, shown: adoptedFacts(context, character.role) });
}
