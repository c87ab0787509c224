import { type Exact, plus, quotient, remainder, times } from './exact.ts';

/** Splits `whole` over the parts in proportion, by largest remainder: the results are whole
 * numbers that sum exactly to `whole`. Equal remainders go to the earlier part, so callers
 * pass a fixed order. All zero when the parts sum to zero. Parts must be whole and not
 * negative, `whole` below 2^31. */
export function allocate(parts: readonly Exact[], whole = 10_000): number[] {
  let total: Exact = 0;
  for (const part of parts) total = plus(total, part);
  if (!(total > 0)) return parts.map(() => 0);
  const shares: number[] = [];
  const remainders: Exact[] = [];
  let missing = whole;
  for (const part of parts) {
    const scaled = times(part, whole);
    // A small integer, not a double that holds one: what is kept of a debate is mostly these.
    const share = Number(quotient(scaled, total)) | 0;
    shares.push(share);
    remainders.push(remainder(scaled, total));
    missing -= share;
  }
  for (; missing > 0; missing -= 1) {
    const next = largest(remainders);
    shares[next] = (shares[next] as number) + 1;
    remainders[next] = GIVEN;
  }
  return shares;
}

/** Below every remainder: this part has had its share of what was missing. */
const GIVEN = -1;

/** The first of the largest. */
function largest(remainders: readonly Exact[]): number {
  let best = 0;
  for (let at = 1; at < remainders.length; at += 1) {
    if ((remainders[at] as Exact) > (remainders[best] as Exact)) best = at;
  }
  return best;
}
