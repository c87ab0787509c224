import type { Regime } from '../features/reading.ts';
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
  /** What it watches in a regime, and how much each counts with it. */
  watches(regime: Regime): readonly Watch[];
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
  /** Where it cannot be read nothing is missing: it counts as if it were not watched at all. */
  readonly optional?: true;
}

/** A view and what it is made of. */
export interface View {
  readonly opinion: Opinion;
  readonly weighed: readonly Weighed[];
}

export const SILENT_CONFIDENCE_BP = 500;
export const HOLD_CONFIDENCE_BP = 8_000;
export const MOST_REASONS = 3;
/** What others have shown it weighs at most this much of its own evidence, all together. */
export const MOST_BORROWED = 0.9;

/** What a view is made of beside the snapshot. */
export interface Sight {
  readonly memory: Memory;
  /** What others have shown it: fact paths. */
  readonly shown: ReadonlySet<string>;
  /** Nobody will read its reasons: their texts are left empty. */
  readonly wordless: boolean;
}

/** The view of a character: its own evidence, and what others have shown it. */
export function viewOf(character: Character, snapshot: Snapshot, sight: Sight): View {
  const silent = character.silentWhy?.(snapshot) ?? null;
  if (silent !== null) return fixedView(SILENT_CONFIDENCE_BP, { text: silent, evidence: [] });
  const blocked = character.holdWhy?.(snapshot) ?? null;
  if (blocked !== null) return fixedView(HOLD_CONFIDENCE_BP, blocked);
  const { memory, shown, wordless } = sight;
  const { weighed, coverage } = impressionsHad(character, snapshot, shown);
  const stance = stanceOf(weighed);
  const kept = recordBp(memory, snapshot.candles.at(-1)?.close ?? 0);
  const confidenceBp = Math.floor((confidenceOf(stance, coverage) * kept) / 10_000);
  const action = topAction(stance) ?? 'HOLD';
  return {
    opinion: { stance, confidenceBp, reasons: reasonsFor(action, weighed, wordless) },
    weighed,
  };
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
  const weighed: Weighed[] = [];
  let [watched, total, read] = [0, 0, 0];
  for (const { sense, weight, optional } of character.watches(snapshot.reading.regime)) {
    const impression = sense(snapshot);
    if (impression === null && optional === true) continue;
    watched += 1;
    total += weight;
    if (impression === null) continue;
    weighed.push({ weight, impression });
    read += weight;
  }
  const shownTo = shown.size === 0 ? [] : impressionsOf(foreignIn(shown, weighed), snapshot);
  const each = (character.openness * total) / Math.max(1, watched);
  const weight = Math.min(each, (MOST_BORROWED * read) / Math.max(1, shownTo.length));
  for (const impression of shownTo) weighed.push({ weight, impression });
  return { weighed, coverage: total === 0 ? 0 : read / total };
}

/** The facts it does not watch itself. */
function foreignIn(shown: ReadonlySet<string>, own: readonly Weighed[]): ReadonlySet<string> {
  const foreign = new Set(shown);
  for (const { impression } of own) foreign.delete(impression.evidence[0].fact);
  return foreign;
}

/** The strongest reasons for an action, strongest first; equal ones in the order they are
 * watched. Where nothing speaks for it, what was read at all. */
function reasonsFor(
  action: Action,
  weighed: readonly Weighed[],
  wordless: boolean,
): readonly Reason[] {
  const ranked = strongest(action, weighed);
  const chosen = ranked.length > 0 ? ranked : weighed.map(({ impression }) => impression);
  if (chosen.length === 0) return [{ text: 'no facts to judge by yet', evidence: [] }];
  const reasons: Reason[] = [];
  for (const impression of chosen) {
    if (reasons.length === MOST_REASONS) break;
    reasons.push({ text: wordless ? '' : impression.text, evidence: impression.evidence });
  }
  return reasons;
}

/** Impressions that speak for an action, by weight × support; equal ones in the order given. */
export function strongest(action: Action, weighed: readonly Weighed[]): readonly Impression[] {
  const forces: number[] = [];
  const impressions: Impression[] = [];
  for (const { weight, impression } of weighed) {
    const force = weight * supportFor(action, impression);
    if (!(force > 0)) continue;
    // Into its place from the end: there are never more than a few.
    let at = forces.length;
    for (; at > 0 && (forces[at - 1] as number) < force; at -= 1) {
      forces[at] = forces[at - 1] as number;
      impressions[at] = impressions[at - 1] as Impression;
    }
    forces[at] = force;
    impressions[at] = impression;
  }
  return impressions;
}

/** Facts this assistant has taken over from others: what its own revisions named as new. */
export function adoptedFacts({ heard }: RingContext, role: Role): ReadonlySet<string> {
  const adopted = new Set<string>();
  for (const { revision } of heldBy(heard, role)) {
    if (revision !== null) for (const { fact } of revision.newEvidence) adopted.add(fact);
  }
  return adopted;
}

/** What a character thinks now: its own evidence and what it has taken over so far. */
export function presentView(character: Character, context: RingContext): View {
  const { snapshot, memory, wordless = false } = context;
  const shown = adoptedFacts(context, character.role);
  if (shown.size === 0) return firstView(character, snapshot, { memory, wordless });
  return viewOf(character, snapshot, { memory, shown, wordless });
}

interface FirstView extends Omit<Sight, 'shown'> {
  readonly snapshot: Snapshot;
  readonly view: View;
}

/** What each made of the snapshot it saw last: it is asked again with every kind of every round. */
const FIRST_VIEWS = new WeakMap<Character, FirstView>();
const NOTHING_SHOWN: ReadonlySet<string> = new Set();

/** What a character thinks before anybody has shown it anything. */
export function firstView(
  character: Character,
  snapshot: Snapshot,
  { memory, wordless }: Omit<Sight, 'shown'>,
): View {
  const last = FIRST_VIEWS.get(character);
  const known = last?.snapshot === snapshot && last.memory === memory;
  if (known && last.wordless === wordless) return last.view;
  const view = viewOf(character, snapshot, { memory, shown: NOTHING_SHOWN, wordless });
  FIRST_VIEWS.set(character, { snapshot, memory, wordless, view });
  return view;
}
