import type { Utterance } from '../assistants/speech.ts';

/** An address in one motion's debate where somebody was asked and was not heard in time:
 * `2 ballot auditor`. Words that come there later are kept, and count for nothing. */
export type Silence = string;

type Place = Pick<Utterance, 'round' | 'kind' | 'role'>;

export function silenceAt({ round, kind, role }: Place): Silence {
  return `${round} ${kind} ${role}`;
}

/** The utterances that count: those that were heard before their round closed. */
export function heardInTime(
  utterances: readonly Utterance[],
  silences: readonly Silence[],
): readonly Utterance[] {
  if (silences.length === 0) return utterances;
  const silent = new Set(silences);
  return utterances.filter((said) => !silent.has(silenceAt(said)));
}
