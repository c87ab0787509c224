import type { VenueRules } from './venue-rules.ts';

/** The longest pause between two questions about an order nobody has an answer for. */
export const MAX_PAUSE_MS = 2_000;
const FIRST_PAUSE_MS = 100;

/** The venue's time after which "not found" can prove something: no request signed for this order
 * can be taken any more, and one that was taken can be read.
 *
 * `fencedAtMs` is the venue's time read after the order's lease epoch was raised: a sender that had
 * not signed by then will be stopped by the fence. `validUntilMs` is what the sender itself
 * reported. */
export function silenceProvesAfter(
  times: { readonly fencedAtMs: number; readonly validUntilMs: number | null },
  rules: VenueRules,
): number {
  const lastMoment = Math.max(
    times.fencedAtMs + rules.requestValidityMs,
    times.validUntilMs ?? Number.NEGATIVE_INFINITY,
  );
  return lastMoment + rules.clockMarginMs + rules.readLagMs;
}

/** How long to wait before the next question: doubling from 0.1 s, never past the moment at which
 * silence begins to prove something, never above two seconds. */
export function pauseBeforeQuery(asked: number, remainingMs: number): number {
  const doubled = FIRST_PAUSE_MS * 2 ** Math.min(asked, 10);
  return Math.max(1, Math.min(doubled, MAX_PAUSE_MS, remainingMs > 0 ? remainingMs + 1 : doubled));
}
