import { type Candle, TIMEFRAMES } from '../market/candle.ts';
import type { Watch } from './character.ts';
import type { RingContext } from './mind.ts';
import { mindOf } from './mind-of.ts';
import { ROLES } from './role.ts';
import { efficiency, followThrough } from './senses/audit.ts';
import type { Snapshot } from './snapshot.ts';
import type { Ballot } from './speech.ts';
import { untrueOf } from './transcript.ts';

/** A hole of more than this many intervals among the newest candles makes the data stale. */
const MOST_INTERVALS = 2;
const CANDLES_CHECKED = 3;

const WATCHES: readonly Watch[] = [
  { sense: efficiency, weight: 2 },
  { sense: followThrough, weight: 1.5 },
];

/** Checks the others' claims against the snapshot, the data's freshness, and what the record of
 * the last candles is worth as a base rate. Its strikes void ungrounded talk; the judge checks
 * each. */
export const auditor = mindOf({
  role: 'auditor',
  openness: 1,
  watches: () => WATCHES,
  silentWhy: (snapshot) => staleWhy(snapshot),
  strikes: (context) => strikesIn(context),
});

/** Why the data cannot be trusted to be today's; `null` when it can. */
export function staleWhy({ candles, closeTimeMs, timeframe }: Snapshot): string | null {
  const last = candles.at(-1);
  if (last === undefined) return 'stale data: no candles';
  if (last.closeTimeMs !== closeTimeMs)
    return 'stale data: the last candle is not the one asked about';
  for (let at = Math.max(1, candles.length - CANDLES_CHECKED + 1); at < candles.length; at += 1) {
    const [candle, next] = [candles[at - 1] as Candle, candles[at] as Candle];
    const intervals = (next.closeTimeMs - candle.closeTimeMs) / TIMEFRAMES[timeframe];
    if (intervals > MOST_INTERVALS) return `stale data: ${intervals - 1} candles are missing`;
  }
  return null;
}

function strikesIn({ heard, snapshot }: RingContext): Ballot['strikes'] {
  const strikes: Ballot['strikes'][number][] = [];
  for (const role of ROLES) {
    const untrue = role === 'auditor' ? null : untrueOf(role, { heard, snapshot });
    if (untrue === null) continue;
    strikes.push({ role, text: `claims ${untrue.fact} ${untrue.value}: not in the snapshot` });
  }
  return strikes;
}
