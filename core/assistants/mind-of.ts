import { type Character, firstView, presentView } from './character.ts';
import type { Mind, RingContext } from './mind.ts';
import type { Ballot, Opinion } from './speech.ts';
import { topAction } from './stance.ts';
import { challengeIn, rebuttalIn, revisionIn } from './talk.ts';
import { standingOf } from './transcript.ts';

/** Less sure than this, an assistant abstains rather than votes. */
export const LEAST_CONFIDENCE_BP = 1_000;

/** A mind that can be asked what it is made of. */
export interface CharacterMind extends Mind {
  readonly character: Character;
}

/** The mind of a character: the same manner of speaking for everyone, over its own evidence. */
export function mindOf(character: Character): CharacterMind {
  return {
    role: character.role,
    character,
    opinion: (snapshot, memory, wordless = false) =>
      firstView(character, snapshot, { memory, wordless }).opinion,
    challenge: (context) => challengeIn(character, context),
    rebuttal: (context) => rebuttalIn(character, context),
    revision: (context) => revisionIn(character, context),
    ballot: (context) => ballotIn(character, context),
  };
}

/** The vote follows the opinion held last; who has nothing to go by, or cannot choose,
 * abstains. */
function ballotIn(character: Character, context: RingContext): Ballot {
  const { snapshot, wordless = false } = context;
  const opinion = ownOpinion(character, context);
  const { confidenceBp, reasons } = opinion;
  const veto = character.veto?.(snapshot) ?? null;
  const strikes = character.strikes?.(context) ?? [];
  const top = topAction(opinion.stance);
  const silent = character.silentWhy?.(snapshot) ?? null;
  const unsure = confidenceBp < LEAST_CONFIDENCE_BP ? 'not sure enough to vote' : null;
  const torn = top === null ? 'torn between two actions' : null;
  const abstains = silent ?? unsure ?? torn;
  const words = () => (wordless ? '' : reasons.map((reason) => reason.text).join('; '));
  return {
    choice: abstains !== null || top === null ? 'ABSTAIN' : top,
    confidenceBp,
    veto,
    strikes,
    reason: abstains ?? words(),
  };
}

function ownOpinion(character: Character, context: RingContext): Opinion {
  const held = standingOf(context.heard, character.role);
  return held?.opinion ?? presentView(character, context).opinion;
}
