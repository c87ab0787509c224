import { ROLES, type Role } from '../assistants/role.ts';
import type {
  Action,
  Ballot,
  Content,
  Evidence,
  Kind,
  Opinion,
  Utterance,
} from '../assistants/speech.ts';

/** For tests: one utterance, in the round its kind belongs to. */
export function said<K extends Kind>(role: Role, kind: K, content: Content[K]): Utterance {
  const round = kind === 'opinion' ? 1 : kind === 'ballot' ? 3 : 2;
  const messageId = `${role} ${kind} ${round}`;
  const address = { debateId: 'd', eventId: 'e', symbol: 'BTC/USDT', round, kind, role, messageId };
  return { ...address, content } as Utterance;
}

/** For tests: the same, said in another round. */
export function inRound(round: number, utterance: Utterance): Utterance {
  return { ...utterance, round };
}

/** For tests: an opinion wholly for one action. */
export function wants(
  action: Action,
  { confidenceBp = 6_000, evidence = [] as readonly Evidence[] } = {},
): Opinion {
  const bp = (which: Action) => (which === action ? 8_000 : 1_000);
  const stance = { buyBp: bp('BUY'), sellBp: bp('SELL'), holdBp: bp('HOLD') };
  return { stance, confidenceBp, reasons: [{ text: 'because', evidence }] };
}

/** For tests: a ballot. */
export function votes(choice: Ballot['choice'], change: Partial<Ballot> = {}): Ballot {
  const base = { confidenceBp: 6_000, veto: null, strikes: [], reason: 'because' };
  return { ...base, choice, ...change };
}

/** For tests: the seven opinions and ballots, in the order of `ROLES`; `null` is silence. */
export function talkOf(choices: readonly (Ballot['choice'] | null)[]): Utterance[] {
  return ROLES.flatMap((role, index) => {
    const choice = choices[index] ?? null;
    if (choice === null) return [];
    const opinion = wants(choice === 'ABSTAIN' ? 'HOLD' : choice);
    return [said(role, 'opinion', opinion), said(role, 'ballot', votes(choice))];
  });
}
