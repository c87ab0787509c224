import type { Snapshot } from './snapshot.ts';
import type { Evidence, Opinion } from './speech.ts';

const SEGMENT = /^[A-Za-z0-9]+$/;
const DEEPEST_PATH = 5;
const DECIMAL = /^-?\d+(\.\d+)?$/;

/** The number at a dotted path into the snapshot (`reading.indicators.rsi14`,
 * `candles.31.close`), or `null` where there is none. Decimal strings (`holdings.equity`) are
 * read as numbers: evidence is for showing and checking, never for money. */
export function factAt(snapshot: Snapshot, path: string): number | null {
  if (snapshot !== seen) {
    seen = snapshot;
    facts.clear();
  }
  const known = facts.get(path);
  if (known !== undefined) return known;
  const value = read(snapshot, path);
  if (facts.size < MOST_PATHS) facts.set(path, value);
  return value;
}

/** What was read of the snapshot that was looked at last: a debate looks at the same few facts
 * hundreds of times, and a snapshot is frozen. */
let seen: Snapshot | null = null;
const facts = new Map<string, number | null>();

function read(snapshot: Snapshot, path: string): number | null {
  const segments = segmentsOf(path);
  if (segments === null) return null;
  let here: unknown = snapshot;
  for (const segment of segments) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, segment)) return null;
    here = (here as Readonly<Record<string, unknown>>)[segment];
  }
  if (typeof here === 'string' && DECIMAL.test(here)) return Number(here);
  return typeof here === 'number' && Number.isFinite(here) ? here : null;
}

/** Paths come again and again, with every debate. Claims are other people's words, so there is a
 * limit to how many are kept apart. */
const SEGMENTS = new Map<string, readonly string[] | null>();
const MOST_PATHS = 1_024;

/** A path in its parts; `null` when nothing can stand there. */
function segmentsOf(path: string): readonly string[] | null {
  const known = SEGMENTS.get(path);
  if (known !== undefined) return known;
  const parts = path.split('.');
  const sound = parts.length <= DEEPEST_PATH && parts.every((part) => SEGMENT.test(part));
  const segments = sound ? parts : null;
  if (SEGMENTS.size < MOST_PATHS) SEGMENTS.set(path, segments);
  return segments;
}

/** The claims whose value is not what stands in the snapshot, exactly. */
export function falseClaims(claims: readonly Evidence[], snapshot: Snapshot): readonly Evidence[] {
  if (allTrue(claims, snapshot)) return NONE;
  return claims.filter(({ fact, value }) => factAt(snapshot, fact) !== value);
}

/** Everything an opinion or a revision rests on. */
export function claimsOf(opinion: Opinion): readonly Evidence[] {
  const claims: Evidence[] = [];
  for (const { evidence } of opinion.reasons) claims.push(...evidence);
  if ('newEvidence' in opinion) claims.push(...(opinion.newEvidence as readonly Evidence[]));
  return claims;
}

/** Every claim stands in the snapshot. An opinion that claims nothing is grounded in nothing
 * false. */
export function grounded(opinion: Opinion, snapshot: Snapshot): boolean {
  for (const { evidence } of opinion.reasons) if (!allTrue(evidence, snapshot)) return false;
  return !('newEvidence' in opinion) || allTrue(opinion.newEvidence as Evidence[], snapshot);
}

const NONE: readonly Evidence[] = [];

function allTrue(claims: readonly Evidence[], snapshot: Snapshot): boolean {
  for (const { fact, value } of claims) if (factAt(snapshot, fact) !== value) return false;
  return true;
}
