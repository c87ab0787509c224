import { bury } from '../adapters/bus/bury.ts';
import type { RoundResult } from '../adapters/bus/round.ts';
import type { Kind } from '../core/assistants/speech.ts';
import type { DebateDependencies } from './debate.ts';

const DEAD_LETTER_MS = 5_000;

export interface RefusedIn {
  readonly debateId: string;
  readonly round: number;
  readonly kind: Kind;
  readonly result: RoundResult;
}

/** Tells how many words of a round were not believed, and buries them. The debate does not wait for
 * a burial: what was refused has changed nothing. */
export function buryRefused(
  { bus, wire, log }: Pick<DebateDependencies, 'bus' | 'wire' | 'log'>,
  { debateId, round, kind, result: { refused, refusedWords } }: RefusedIn,
): void {
  if (refusedWords.length === 0) return;
  log.warn({ debateId, round, kind, ...refused }, 'words that were not believed');
  for (const { reason, subject, bytes } of refusedWords) {
    const code = reason === 'malformed' ? 'wire_malformed' : 'wire_mismatch';
    const corpse = { origin: 'debate', subject, bytes, code, field: reason } as const;
    bury(bus, wire, { corpse, deadlineMs: DEAD_LETTER_MS }).catch((err: unknown) =>
      log.warn({ err }, 'a dead letter was not stored'),
    );
  }
}
