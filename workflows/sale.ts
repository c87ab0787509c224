import type { OrderOutcome } from '../core/orders/leg.ts';
import { REFUSALS, type RefusalCode } from '../core/risk/facts.ts';

/** What a sale over resting stops does; each may be repeated. */
export interface SaleSteps {
  /** The stops that rest for the position now, by client order id. */
  readonly resting: () => Promise<readonly string[]>;
  readonly recall: (clientOrderId: string) => Promise<unknown>;
  readonly sell: () => Promise<OrderOutcome>;
}

/** Times an exit makes room for itself; a guard puts its stop back once per candle at most. */
const MAX_TURNS = 4;
/** What a sale hears when a stop holds what it wants to sell, or all of it but a remainder. */
const HELD_ELSEWHERE: readonly RefusalCode[] = ['nothing_to_sell', 'below_lot', 'below_minimum'];

/** Sells after it has taken back the stops that rest for the position, because the venue holds for
 * them what is to be sold. A guard that looks in between finds no stop and places one, so a sale
 * that then finds nothing to sell takes that one back too: an exit must not be lost to a guard. */
export async function sellOverStops({ resting, recall, sell }: SaleSteps): Promise<OrderOutcome> {
  let stops = await resting();
  for (let turn = 1; ; turn += 1) {
    for (const clientOrderId of stops) await recall(clientOrderId);
    const outcome = await sell();
    if (turn === MAX_TURNS || !isHeldElsewhere(outcome)) return outcome;
    stops = await resting();
    if (stops.length === 0) return outcome;
  }
}

function isHeldElsewhere({ state, reason }: OrderOutcome): boolean {
  return state === 'nothing' && HELD_ELSEWHERE.some((code) => reason.startsWith(REFUSALS[code]));
}
