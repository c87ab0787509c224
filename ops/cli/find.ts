import { CorroError } from '../../proto/errors.ts';

/** The one id that a person means by the beginning or the end of it; what they typed where none is
 * meant, so that the store can say what exists. Throws `usage` when several are. */
export function findByPrefix(ids: readonly string[], typed: string): string {
  if (ids.includes(typed)) return typed;
  const meant = ids.filter((id) => id.startsWith(typed) || id.endsWith(typed));
  if (meant.length > 1) {
    const some = meant.slice(0, 5).join(', ');
    throw new CorroError('usage', `${typed} could be ${some}: say more of it`);
  }
  return meant[0] ?? typed;
}
