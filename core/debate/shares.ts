/** Splits `whole` over the parts in proportion, by largest remainder: the results are whole
 * numbers that sum exactly to `whole`. Equal remainders go to the earlier part, so callers
 * pass a fixed order. All zero when the parts sum to zero. Parts must not be negative. */
export function allocate(parts: readonly bigint[], whole = 10_000): number[] {
  const total = parts.reduce((sum, part) => sum + part, 0n);
  if (total === 0n) return parts.map(() => 0);
  const scaled = parts.map((part) => part * BigInt(whole));
  const shares = scaled.map((part) => Number(part / total));
  const missing = whole - shares.reduce((sum, share) => sum + share, 0);
  const byRemainder = scaled
    .map((part, index) => ({ index, remainder: part % total }))
    .sort((a, b) =>
      a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1,
    );
  for (const { index } of byRemainder.slice(0, missing)) shares[index] = (shares[index] ?? 0) + 1;
  return shares;
}
