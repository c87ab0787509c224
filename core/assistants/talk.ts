import {
  adoptedFacts,
  type Character,
  presentView,
  strongest,
  type View,
  viewOf,
} from './character.ts';
import { falseClaims } from './evidence.ts';
import type { RingContext } from './mind.ts';
import { ROLES, type Role } from './role.ts';
import type { Impression } from './senses/sense.ts';
import type { Answer, Challenge, Evidence, Revision } from './speech.ts';
import { distance, topAction } from './stance.ts';
import { factsCitedBy, type Held, saidBy, standingOf } from './transcript.ts';

/** Opinions nearer than this are not worth a question. */
export const LEAST_DISTANCE = 3_000;
/** A revision that moves no share by at least this says nothing. */
export const LEAST_SHIFT = 300;
export const MOST_POINTS = 2;

/** A challenge to the opinion this assistant disagrees with most: the distance between the
 * stances times the other's confidence; on equal terms the earlier role. It shows facts the
 * other has not used; without any there is nothing to ask. */
export function challengeIn(character: Character, context: RingContext): Challenge | null {
  const own = presentView(character, context);
  const action = topAction(own.opinion.stance);
  if (action === null || own.weighed.length === 0) return null;
  const against = opponents(character.role, own, context);
  if (against.length === 0) return null;
  const best = strongest(action, own.weighed);
  for (const { role, held } of against) {
    const points = unknownTo(role, best, context);
    if (points.length === 0) continue;
    const theirs = topAction(held.opinion.stance) ?? 'HOLD';
    const words = () => `${sentence(points)}. Why ${theirs} rather than ${action}?`;
    return { to: role, text: textOf(words, context), evidence: evidenceOf(points) };
  }
  return null;
}

interface Opponent {
  readonly role: Role;
  readonly held: Held;
  readonly disagreement: number;
}

function opponents(own: Role, view: View, { heard }: RingContext): readonly Opponent[] {
  const { stance } = view.opinion;
  const action = topAction(stance);
  const found: Opponent[] = [];
  for (const role of ROLES) {
    const held = role === own ? null : standingOf(heard, role);
    if (held === null || topAction(held.opinion.stance) === action) continue;
    const apart = distance(stance, held.opinion.stance);
    if (apart < LEAST_DISTANCE) continue;
    found.push({ role, held, disagreement: apart * held.opinion.confidenceBp });
  }
  return found.sort((a, b) => b.disagreement - a.disagreement);
}

/** The first points whose subject the other has not cited. */
function unknownTo(
  role: Role,
  impressions: readonly Impression[],
  { heard, round }: RingContext,
): readonly Impression[] {
  const cited = factsCitedBy(heard, role, { round, inclusive: true });
  const points: Impression[] = [];
  for (const impression of impressions) {
    if (points.length === MOST_POINTS) break;
    if (!cited.has(impression.evidence[0].fact)) points.push(impression);
  }
  return points;
}

/** The words, where somebody will read them. */
function textOf(words: () => string, { wordless = false }: RingContext): string {
  return wordless ? '' : words();
}

/** One answer to each challenger of this round, in the order of `ROLES`: conceding when the
 * facts shown would change this assistant's mind or lower its confidence by a fifth; else its
 * own best point. */
export function rebuttalIn(character: Character, context: RingContext): readonly Answer[] {
  const before = presentView(character, context);
  const action = topAction(before.opinion.stance) ?? 'HOLD';
  return ROLES.flatMap((role) => {
    const challenge = challengeFrom(role, character.role, context);
    if (challenge === null) return [];
    const untrue = falseClaims(challenge.evidence, context.snapshot)[0];
    if (untrue !== undefined) return [refuse(role, untrue)];
    const after = viewWith(character, context, challenge.evidence);
    const lowered = after.opinion.confidenceBp * 5 <= before.opinion.confidenceBp * 4;
    const concedes =
      lowered || topAction(after.opinion.stance) !== topAction(before.opinion.stance);
    const points = unknownTo(role, strongest(action, before.weighed), context);
    const words = () => {
      const shown = lowerFirst(points.length > 0 ? sentence(points) : firstReason(before));
      return concedes ? `Granted, though ${shown}` : `I stay with ${action}: ${shown}`;
    };
    return [{ to: role, concedes, text: textOf(words, context), evidence: evidenceOf(points) }];
  });
}

function refuse(to: Role, untrue: Evidence): Answer {
  const text = `${untrue.fact} is not ${untrue.value} in this snapshot`;
  return { to, concedes: false, text, evidence: [] };
}

function challengeFrom(role: Role, to: Role, { heard, round }: RingContext): Challenge | null {
  for (const said of saidBy(heard, role)) {
    if (said.kind !== 'challenge' || said.round !== round) continue;
    if (said.content?.to === to) return said.content;
  }
  return null;
}

/** The view after taking some shown evidence in, beside what was taken in before. */
function viewWith(character: Character, context: RingContext, shown: readonly Evidence[]): View {
  const { snapshot, memory, wordless = false } = context;
  const facts = new Set(adoptedFacts(context, character.role));
  for (const { fact } of shown) facts.add(fact);
  return viewOf(character, snapshot, { memory, shown: facts, wordless });
}

/** A revision when facts shown to this assistant in this round, by a challenge or an answer to
 * its own, move its stance. `movedBy` is whoever brought the most new facts, on equal terms the
 * earlier role; only true facts it had not used itself count as new. */
export function revisionIn(character: Character, context: RingContext): Revision | null {
  const { heard, round } = context;
  const known = factsCitedBy(heard, character.role, { round, inclusive: false });
  const newEvidence: Evidence[] = [];
  let movedBy: Role | null = null;
  let most = 0;
  for (const role of ROLES) {
    if (role === character.role) continue;
    const fresh = freshFrom(role, character.role, { known, context });
    if (fresh.length > most) [movedBy, most] = [role, fresh.length];
    newEvidence.push(...fresh);
  }
  if (movedBy === null) return null;
  const named = distinct(newEvidence);
  const before = presentView(character, context);
  const after = viewWith(character, context, named);
  if (distance(before.opinion.stance, after.opinion.stance) < LEAST_SHIFT) return null;
  return { ...after.opinion, movedBy, newEvidence: named };
}

/** What one assistant showed another in this round, as far as it is true and new to the other. */
function freshFrom(
  role: Role,
  to: Role,
  { known, context }: { readonly known: ReadonlySet<string>; readonly context: RingContext },
): readonly Evidence[] {
  const { snapshot, heard, round } = context;
  const shown: Evidence[] = [];
  for (const said of saidBy(heard, role)) {
    if (said.round !== round) continue;
    if (said.kind === 'challenge' && said.content?.to === to) shown.push(...said.content.evidence);
    if (said.kind !== 'rebuttal') continue;
    for (const answer of said.content) if (answer.to === to) shown.push(...answer.evidence);
  }
  if (shown.length === 0) return shown;
  const untrue = new Set(falseClaims(shown, snapshot).map(({ fact }) => fact));
  return shown.filter(({ fact }) => !known.has(fact) && !untrue.has(fact));
}

/** The last claim about each fact, in the order in which facts were first named. */
function distinct(evidence: readonly Evidence[]): readonly Evidence[] {
  if (evidence.length < 2) return evidence;
  const byFact = new Map<string, Evidence>();
  for (const item of evidence) byFact.set(item.fact, item);
  return [...byFact.values()];
}

function evidenceOf(points: readonly Impression[]): readonly Evidence[] {
  const all: Evidence[] = [];
  for (const { evidence } of points) all.push(...evidence);
  return distinct(all);
}

function sentence(points: readonly Impression[]): string {
  const text = points.map((point) => point.text).join(', and ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function firstReason({ opinion }: View): string {
  return opinion.reasons[0]?.text ?? 'my evidence has not changed';
}

/** Keeps names such as RSI and MACD as they are. */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
