import { CorroError } from '../../proto/errors.ts';

const MOST_WORDS = 1_000;

/** Where a reason may be left out. */
export const NO_REASON = 'no reason was given';

/** What a person gives as their reason. Throws `usage` when it is none. */
export function checkedReason(reason: string | undefined): string {
  const words = reason?.trim() ?? '';
  if (words === '') throw new CorroError('usage', 'say why: --reason "…"');
  if (words.length <= MOST_WORDS) return words;
  throw new CorroError('usage', `--reason must be at most ${MOST_WORDS} characters`);
}
