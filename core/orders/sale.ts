import { REFUSALS, type RefusalCode } from '../risk/facts.ts';
import type { OrderOutcome } from './leg.ts';

/** What a sale over resting stops asks of whoever carries it out; each may be repeated. */
export type SaleStep =
  /** The stops that rest for the position now, by client order id. */
  | { readonly type: 'resting' }
  | { readonly type: 'recall'; readonly clientOrderId: string }
  | { readonly type: 'sell' };

export type SaleAnswer = readonly string[] | OrderOutcome | undefined;

/** Times an exit makes room for itself; a guard puts its stop back once per candle at most. */
const MAX_TURNS = 4;
/** What a sale hears when a stop holds what it wants to sell, or all of it but a remainder. */
const HELD_ELSEWHERE: readonly RefusalCode[] = ['nothing_to_sell', 'below_lot', 'below_minimum'];

/** Sells after it has taken back the stops that rest for the position, because the venue holds for
 * them what is to be sold. A guard that looks in between finds no stop and places one, so a sale
 * that then finds nothing to sell takes that one back too: an exit must not be lost to a guard. */
export function* saleOverStops(): Generator<SaleStep, OrderOutcome, SaleAnswer> {
  let stops = yield* resting();
  for (let turn = 1; ; turn += 1) {
    for (const clientOrderId of stops) yield { type: 'recall', clientOrderId };
    const outcome = (yield { type: 'sell' }) as OrderOutcome;
    if (turn === MAX_TURNS || !isHeldElsewhere(outcome)) return outcome;
    stops = yield* resting();
    if (stops.length === 0) return outcome;
  }
}

function* resting(): Generator<SaleStep, readonly string[], SaleAnswer> {
  return (yield { type: 'resting' }) as readonly string[];
}

function isHeldElsewhere({ state, reason }: OrderOutcome): boolean {
  return state === 'nothing' && HELD_ELSEWHERE.some((code) => reason.startsWith(REFUSALS[code]));
}
