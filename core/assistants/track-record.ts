import type { Memory, PastCall } from './mind.ts';

/** A trade call must be borne out by more than this to have been right: about what it costs. */
const COST = 0.001;
/** Calls looked back on, and how many even calls a new assistant is credited with. */
const RECENT_CALLS = 20;
const PRIOR_CALLS = 8;
const LEAST_BP = 5_000;

/** How much of its confidence an assistant keeps, basis points, after looking at its own last
 * calls. Each BUY or SELL is settled at the close of the call after it (the newest at
 * `close`): right when the price went that way by more than costs. With r of n right, the hit
 * rate is shrunk towards one half by eight imagined even calls, (r + 4) / (n + 8), and twice
 * that rate is kept: all of it from even on, half of it at worst. A good record never inflates
 * confidence. HOLDs settle nothing. */
export function recordBp(memory: Memory, close: number): number {
  const { calls } = memory;
  let right = 0;
  let settled = 0;
  for (let at = Math.max(0, calls.length - RECENT_CALLS - 1); at < calls.length; at += 1) {
    const call = calls[at] as PastCall;
    const later = calls[at + 1]?.close ?? close;
    if (call.action === 'HOLD' || call.close <= 0) continue;
    const went = (later - call.close) / call.close;
    settled += 1;
    if ((call.action === 'BUY' ? went : -went) > COST) right += 1;
  }
  const hitRate = (right + PRIOR_CALLS / 2) / (settled + PRIOR_CALLS);
  return Math.min(10_000, Math.max(LEAST_BP, Math.round(20_000 * hitRate)));
}
