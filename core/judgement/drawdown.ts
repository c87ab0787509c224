import type { Drawdown } from './assessment.ts';
import type { Run } from './returns.ts';

/** The deepest fall of equity below an earlier peak, and the longest time spent below one, in one
 * pass. The capital before the first close is the first peak (Magdon-Ismail & Atiya, "Maximum
 * drawdown", Risk 17, 2004). Of two falls of one depth the first is named. */
export function drawdownOf({ account, curve, data }: Run): Drawdown {
  const { timeMs, equity } = curve;
  let peak = { equity: Number(account.capital), timeMs: data.fromMs };
  let worst: Fall | null = null;
  let longestMs = 0;
  for (let at = 0; at < equity.length; at += 1) {
    const now = equity[at] as number;
    const nowMs = timeMs[at] as number;
    if (now >= peak.equity) {
      // It was below until this close, unless the close before stood at the peak itself.
      const was = at === 0 ? peak.equity : (equity[at - 1] as number);
      if (was < peak.equity) longestMs = Math.max(longestMs, nowMs - peak.timeMs);
      if (worst !== null && worst.recoveredMs === null) worst.recoveredMs = nowMs;
      peak = { equity: now, timeMs: nowMs };
      continue;
    }
    const depth = 1 - now / peak.equity;
    if (worst === null || depth > worst.depth) {
      worst = { depth, peakMs: peak.timeMs, troughMs: nowMs, recoveredMs: null };
    }
  }
  const last = equity.length - 1;
  if (last >= 0 && (equity[last] as number) < peak.equity) {
    longestMs = Math.max(longestMs, (timeMs[last] as number) - peak.timeMs);
  }
  if (worst === null) {
    return { depth: 0, peakMs: null, troughMs: null, recoveredMs: null, longestMs: 0 };
  }
  return { ...worst, longestMs };
}

interface Fall {
  readonly depth: number;
  readonly peakMs: number;
  readonly troughMs: number;
  recoveredMs: number | null;
}
