import { ROLES, type Role } from '../assistants/role.ts';
import { KINDS, type Kind, type Utterance } from '../assistants/speech.ts';

/** Everybody is asked for everything, but only who was challenged in this round can answer. */
export function askedFor(kind: Kind, round: number, heard: readonly Utterance[]): readonly Role[] {
  if (kind !== 'rebuttal') return ROLES;
  const challenged = new Set<Role>();
  for (const said of heard) {
    if (said.kind === 'challenge' && said.round === round && said.content) {
      challenged.add(said.content.to);
    }
  }
  return ROLES.filter((role) => challenged.has(role));
}

/** What was said before this kind of this round, in the order of rounds, kinds and roles. Nobody
 * hears another's first opinion before all have given theirs. */
export function heardBefore(
  said: readonly Utterance[],
  round: number,
  kind: Kind,
): readonly Utterance[] {
  const place = (one: { readonly round: number; readonly kind: Kind }): number =>
    one.round * KINDS.length + KINDS.indexOf(one.kind);
  const now = place({ round, kind });
  return said
    .filter((one) => place(one) < now)
    .sort((a, b) => place(a) - place(b) || ROLES.indexOf(a.role) - ROLES.indexOf(b.role));
}
