import { ROLES } from '../assistants/role.ts';
import type { Snapshot } from '../assistants/snapshot.ts';
import type { Utterance } from '../assistants/speech.ts';
import type { Position } from './machine.ts';
import { type DebateRecord, readRecord, standingAfter } from './record.ts';
import type { DebateRules } from './rules.ts';

export interface RoundInputs {
  /** Everything said in this motion's debate so far, in any order. */
  readonly utterances: readonly Utterance[];
  readonly snapshot: Snapshot;
  /** The round that closes. */
  readonly round: number;
  readonly rules: DebateRules;
}

/** Where everyone stands when a round closes: the payload of the machine's `round_closed`. One
 * entry for each assistant that has given an opinion, in the order of `ROLES`; the silent have
 * none. */
export function positionsAfter({ utterances, ...inputs }: RoundInputs): Position[] {
  return positionsIn(readRecord(utterances), inputs);
}

export function positionsIn(
  record: DebateRecord,
  { snapshot, round, rules }: Omit<RoundInputs, 'utterances'>,
): Position[] {
  const positions: Position[] = [];
  for (const role of ROLES) {
    const standing = standingAfter(record, role, { snapshot, round });
    if (standing === null || record.byRole[role].equivocal) continue;
    const { stance, confidenceBp } = standing.held.opinion;
    const worth = standing.supported ? 10_000 : rules.unmovedDiscountBp;
    positions.push({
      role,
      stance,
      confidenceBp: Math.floor((confidenceBp * worth) / 10_000),
      moved: standing.held.revision !== null && standing.held.round === round,
      grounded: standing.grounded,
    });
  }
  return positions;
}
