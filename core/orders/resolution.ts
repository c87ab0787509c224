import type { OrderState } from './lifecycle.ts';
import type { OrderParameters } from './parameters.ts';
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

/** What a query that did not find the order means.
 * `wait`: it may still arrive, or appear: ask again then. `look_closer`: the wait is over; a second
 * query and the venue's trade list decide. */
export type Silence =
  | { readonly verdict: 'wait'; readonly waitMs: number }
  | { readonly verdict: 'look_closer'; readonly waitMs: number };

export interface SilentQuery {
  readonly state: OrderState;
  /** Questions before this one. */
  readonly asked: number;
  /** The venue's clock: no request for the order was signed later. Null: nobody knows. */
  readonly signedAtMs: number | null;
  /** The venue's clock when it had no such order. */
  readonly venueTimeMs: number;
}

/** Judges a silent query. `waitMs` is the pause before the next question, should the closer look
 * not end it. An order the venue has acknowledged is somewhere: its silence is lag and proves
 * nothing. */
export function judgeSilence(query: SilentQuery, rules: VenueRules): Silence {
  const { state, asked, signedAtMs, venueTimeMs } = query;
  const fencedAtMs = signedAtMs ?? venueTimeMs;
  const remainingMs = silenceProvesAfter({ fencedAtMs, validUntilMs: null }, rules) - venueTimeMs;
  const waitMs = pauseBeforeQuery(asked, remainingMs);
  const proves = remainingMs < 0 && state === 'unknown';
  return { verdict: proves ? 'look_closer' : 'wait', waitMs };
}

/** Whether the first step of a question is to raise the fence: before the first one, and when
 * somebody may still be about to send. */
export function mustFence(state: OrderState, asked: number): boolean {
  return (asked === 0 && state !== 'open') || state === 'sent';
}

/** Questions after which an order that should not rest at the venue is asked to be cancelled. */
const CANCEL_AFTER = 3;

/** Whether an order that the venue says is open should be taken back. */
export function mustTakeBack(
  order: Pick<OrderParameters, 'timeInForce'>,
  { asked, recall }: { readonly asked: number; readonly recall: boolean },
): boolean {
  return recall || (order.timeInForce !== 'GTC' && asked >= CANCEL_AFTER);
}
