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
import { claimsIn, factsCitedBy, type Held, standingOf } from './transcript.ts';

/** Opinions nearer than this are not worth a question. */
const LEAST_DISTANCE = 3_000;
/** A revision that moves no share by at least this says nothing. */
const LEAST_SHIFT = 300;
const MOST_POINTS = 2;

/** A challenge to the opinion this assistant disagrees with most: the distance between the
 * stances times the other's confidence; on equal terms the earlier role. It shows facts the
 * other has not used; without any there is nothing to ask. */
export function challengeIn(character: Character, context: RingContext): Challenge | null {
  const own = presentView(character, context);
  const action = topAction(own.opinion.stance);
  if (action === null || own.weighed.length === 0) return null;
  for (const { role, held } of opponents(character.role, own, context)) {
    const points = unknownTo(role, strongest(action, own.weighed), context);
    if (points.length === 0) continue;
    const theirs = topAction(held.opinion.stance) ?? 'HOLD';
    const text = `${sentence(points)}. Why ${theirs} rather than ${action}?`;
    return { to: role, text, evidence: evidenceOf(points) };
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
  return ROLES.flatMap((role) => {
    const held = role === own ? null : standingOf(heard, role);
    if (held === null || topAction(held.opinion.stance) === topAction(stance)) return [];
    const apart = distance(stance, held.opinion.stance);
    if (apart < LEAST_DISTANCE) return [];
    return [{ role, held, disagreement: apart * held.opinion.confidenceBp }];
  }).sort((a, b) => b.disagreement - a.disagreement);
}

/** The first points whose subject the other has not cited. */
function unknownTo(
  role: Role,
  impressions: readonly Impression[],
  { heard, round }: RingContext,
): readonly Impression[] {
  const cited = factsCitedBy(heard, role, { round, inclusive: true });
  return impressions.filter(({ evidence }) => !cited.has(evidence[0].fact)).slice(0, MOST_POINTS);
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
    const shown = points.length > 0 ? sentence(points) : firstReason(before);
    const text = concedes
      ? `Granted, though ${lowerFirst(shown)}`
      : `I stay with ${action}: ${lowerFirst(shown)}`;
    return [{ to: role, concedes, text, evidence: evidenceOf(points) }];
  });
}

function refuse(to: Role, untrue: Evidence): Answer {
  const text = `${untrue.fact} is not ${untrue.value} in this snapshot`;
  return { to, concedes: false, text, evidence: [] };
}

function challengeFrom(role: Role, to: Role, { heard, round }: RingContext): Challenge | null {
  for (const said of heard) {
    if (said.kind !== 'challenge' || said.role !== role || said.round !== round) continue;
    if (said.content?.to === to) return said.content;
  }
  return null;
}

/** The view after taking some shown evidence in, beside what was taken in before. */
function viewWith(character: Character, context: RingContext, shown: readonly Evidence[]): View {
  const { snapshot, memory } = context;
  const facts = new Set(adoptedFacts(context, character.role));
  for (const { fact } of shown) facts.add(fact);
  return viewOf(character, snapshot, { memory, shown: facts });
}

/** A revision when facts shown to this assistant in this round, by a challenge or an answer to
 * its own, move its stance. `movedBy` is whoever brought the most new facts; only true facts
 * it had not used itself count as new. */
export function revisionIn(character: Character, context: RingContext): Revision | null {
  const { snapshot, heard, round } = context;
  const before = presentView(character, context);
  const known = factsCitedBy(heard, character.role, { round, inclusive: false });
  const brought = ROLES.filter((role) => role !== character.role).map((role) => {
    const shown = shownBy(role, character.role, context);
    const untrue = new Set(falseClaims(shown, snapshot).map(({ fact }) => fact));
    return { role, fresh: shown.filter(({ fact }) => !known.has(fact) && !untrue.has(fact)) };
  });
  const newEvidence = distinct(brought.flatMap(({ fresh }) => fresh));
  if (newEvidence.length === 0) return null;
  const after = viewWith(character, context, newEvidence);
  if (distance(before.opinion.stance, after.opinion.stance) < LEAST_SHIFT) return null;
  const mover = brought.reduce((best, next) =>
    next.fresh.length > best.fresh.length ? next : best,
  );
  return { ...after.opinion, movedBy: mover.role, newEvidence };
}

/** What one assistant showed another in this round. */
function shownBy(role: Role, to: Role, { heard, round }: RingContext): readonly Evidence[] {
  return heard.flatMap((said) => {
    if (said.role !== role || said.round !== round) return [];
    if (said.kind === 'challenge') return said.content?.to === to ? claimsIn(said) : [];
    if (said.kind !== 'rebuttal') return [];
    return said.content.filter((answer) => answer.to === to).flatMap((answer) => answer.evidence);
  });
}

function distinct(evidence: readonly Evidence[]): readonly Evidence[] {
  const byFact = new Map(evidence.map((item) => [item.fact, item]));
  return [...byFact.values()];
}

function evidenceOf(points: readonly Impression[]): readonly Evidence[] {
  return distinct(points.flatMap((point) => point.evidence));
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
