import type { Snapshot } from './snapshot.ts';
import type { Evidence, Opinion } from './speech.ts';

const SEGMENT = /^[A-Za-z0-9]+$/;
const DEEPEST_PATH = 5;
const DECIMAL = /^-?\d+(\.\d+)?$/;

/** The number at a dotted path into the snapshot (`reading.indicators.rsi14`,
 * `candles.31.close`), or `null` where there is none. Decimal strings (`holdings.equity`) are
 * read as numbers: evidence is for showing and checking, never for money. */
export function factAt(snapshot: Snapshot, path: string): number | null {
  const segments = path.split('.');
  if (segments.length > DEEPEST_PATH) return null;
  let here: unknown = snapshot;
  for (const segment of segments) {
    if (typeof here !== 'object' || here === null || !SEGMENT.test(segment)) return null;
    if (!Object.hasOwn(here, segment)) return null;
    here = (here as Readonly<Record<string, unknown>>)[segment];
  }
  if (typeof here === 'string' && DECIMAL.test(here)) return Number(here);
  return typeof here === 'number' && Number.isFinite(here) ? here : null;
}

/** The claims whose value is not what stands in the snapshot, exactly. */
export function falseClaims(claims: readonly Evidence[], snapshot: Snapshot): readonly Evidence[] {
  return claims.filter(({ fact, value }) => factAt(snapshot, fact) !== value);
}

/** Everything an opinion or a revision rests on. */
export function claimsOf(opinion: Opinion): readonly Evidence[] {
  const reasons = opinion.reasons.flatMap((reason) => reason.evidence);
  return 'newEvidence' in opinion
    ? [...reasons, ...(opinion.newEvidence as readonly Evidence[])]
    : reasons;
}

/** Every claim stands in the snapshot. An opinion that claims nothing is grounded in nothing
 * false. */
export function grounded(opinion: Opinion, snapshot: Snapshot): boolean {
  return falseClaims(claimsOf(opinion), snapshot).length === 0;
}
