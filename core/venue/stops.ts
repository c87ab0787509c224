import { ceilToStep, Decimal, floorToStep, lesser } from '../market/money.ts';
import { type Amount, amount, ZERO } from './decimals.ts';
import type { Match, Passing, Resting, Side, Steps } from './matching.ts';
import { matchResting } from './matching.ts';

/** Stop orders, as pure arithmetic: a STOP_LOSS_LIMIT order is nothing but a promise until the
 * price has traded at its stop or beyond; from that moment on it is a limit order. */
export interface Stop extends Resting {
  readonly stopPrice: Amount;
}

/** Whether a price sets a stop off: at it or beyond, down for a sale, up for a purchase. */
export function reaches(side: Side, price: Amount, stopPrice: Amount): boolean {
  return side === 'SELL' ? price.lte(stopPrice) : price.gte(stopPrice);
}

export interface Passed {
  /** Stops that this candle set off. */
  readonly triggered: readonly number[];
  /** Fills of orders that rested. */
  readonly makers: ReadonlyMap<number, Match>;
  /** Fills of stops in the moment they were set off. */
  readonly takers: ReadonlyMap<number, Match>;
}

/** What a passing candle does to limit orders that rest and to stops that wait.
 *
 * A stop the market opened at or beyond becomes a limit order at the open: filled there when the
 * open is within its limit, else it rests for the whole candle. A stop reached later becomes one at
 * the stop's price: filled there when that is within its limit, else it rests from the next candle
 * on, because nobody knows what this one did after the stop. All orders of one side share the
 * candle's `available`: resting ones first, then stops in the order the price reached them. */
export function matchPassing(
  orders: { readonly resting: readonly Resting[]; readonly stops: readonly Stop[] },
  candle: Passing,
  steps: Steps,
): Passed {
  const fired = orders.stops.flatMap((stop) => firing(stop, candle, steps.tick) ?? []);
  const late = fired.filter(({ price, atOpen }) => price === null && atOpen);
  const resting = [...orders.resting, ...late.map(({ stop }) => stop)];
  const makers = matchResting(resting, candle, steps);
  const takers = new Map<number, Match>();
  for (const side of ['BUY', 'SELL'] as const) {
    const taken = resting
      .filter((order) => order.side === side)
      .reduce((sum, { orderId }) => sum.plus(makers.get(orderId)?.quantity ?? ZERO), ZERO);
    let available = floorToStep(candle.available, steps.lot).minus(taken);
    for (const { stop, price } of inReach(fired, side)) {
      if (!price || available.lte(0)) continue;
      const quantity = lesser(stop.left, available);
      takers.set(stop.orderId, { price, quantity });
      available = available.minus(quantity);
    }
  }
  return { triggered: fired.map(({ stop }) => stop.orderId), makers, takers };
}

interface Firing {
  readonly stop: Stop;
  readonly atOpen: boolean;
  /** What it fills at in that moment; `null`: that price is beyond its limit. */
  readonly price: Amount | null;
}

function firing(stop: Stop, candle: Passing, tick: Amount): Firing | null {
  const open = amount(candle.open);
  if (reaches(stop.side, open, stop.stopPrice)) {
    const price = within(stop, open) ? rounded(stop, open, tick) : null;
    return { stop, atOpen: true, price };
  }
  const extreme = amount(stop.side === 'SELL' ? candle.low : candle.high);
  if (!reaches(stop.side, extreme, stop.stopPrice)) return null;
  return { stop, atOpen: false, price: within(stop, stop.stopPrice) ? stop.stopPrice : null };
}

function within({ side, limitPrice }: Stop, price: Amount): boolean {
  return side === 'SELL' ? price.gte(limitPrice) : price.lte(limitPrice);
}

/** A price on the tick, against the trader but never beyond the limit. */
function rounded({ side, limitPrice }: Stop, price: Amount, tick: Amount): Amount {
  return side === 'SELL'
    ? Decimal.max(floorToStep(price, tick), limitPrice)
    : lesser(ceilToStep(price, tick), limitPrice);
}

function inReach(fired: readonly Firing[], side: Side): readonly Firing[] {
  const first = side === 'BUY' ? 1 : -1;
  return fired
    .filter(({ stop }) => stop.side === side)
    .sort(
      (a, b) =>
        Number(b.atOpen) - Number(a.atOpen) ||
        first * a.stop.stopPrice.comparedTo(b.stop.stopPrice) ||
        a.stop.orderId - b.stop.orderId,
    );
}
