import { isSymbol } from '../market/instrument.ts';
import { format, positive } from '../market/money.ts';
import type { Side } from '../risk/facts.ts';

/** What a venue will be told, and what a risk approval approves: `core/identity.ts` hashes it.
 * Decimal strings. The account is the user's at that venue. */
export interface OrderParameters {
  readonly venue: string;
  readonly account: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: 'LIMIT' | 'MARKET' | 'STOP_LOSS_LIMIT';
  readonly timeInForce: 'GTC' | 'IOC' | 'FOK' | null;
  readonly quantity: string;
  readonly limitPrice: string | null;
  /** The last price at which a STOP_LOSS_LIMIT order becomes a LIMIT order; null otherwise. */
  readonly stopPrice: string | null;
}

/** How far below its stop price a stop's limit price lies at least, basis points of the stop: a
 * market that falls through a stop must not fall through its limit too. */
export const STOP_SLIP_BPS = 100;

/** Builds parameters in canonical form: `1.50` and `1.5` are one order, so they must hash alike.
 * Throws when a combination could not be sent. */
export function orderParameters(given: OrderParameters): OrderParameters {
  if (!isSymbol(given.symbol))
    throw new TypeError(`symbol must be BASE/QUOTE, was ${given.symbol}`);
  const limited = given.type !== 'MARKET';
  if (limited !== (given.limitPrice !== null) || limited !== (given.timeInForce !== null)) {
    throw new TypeError(
      'a LIMIT order has a price and a time in force; a MARKET order has neither',
    );
  }
  if ((given.type === 'STOP_LOSS_LIMIT') !== (given.stopPrice !== null)) {
    throw new TypeError('a STOP_LOSS_LIMIT order, and no other, has a stop price');
  }
  return {
    venue: given.venue,
    account: given.account,
    symbol: given.symbol,
    side: given.side,
    type: given.type,
    timeInForce: given.timeInForce,
    quantity: format(positive(given.quantity, 'quantity')),
    limitPrice: price(given.limitPrice, 'limitPrice'),
    stopPrice: price(given.stopPrice, 'stopPrice'),
  };
}

/** The parameters of a sized leg. A stop waits at the venue; everything else takes what there is at
 * once. Throws as `orderParameters` does. */
export function sizedParameters(
  { venue, account, symbol, side }: Pick<OrderParameters, 'venue' | 'account' | 'symbol' | 'side'>,
  sized: Pick<OrderParameters, 'quantity' | 'limitPrice'> & { readonly stopPrice?: string | null },
): OrderParameters {
  const { quantity, limitPrice, stopPrice = null } = sized;
  return orderParameters({
    ...{ venue, account, symbol, side, quantity, limitPrice, stopPrice },
    type: stopPrice === null ? 'LIMIT' : 'STOP_LOSS_LIMIT',
    timeInForce: stopPrice === null ? 'IOC' : 'GTC',
  });
}

function price(given: string | null, field: string): string | null {
  return given === null ? null : format(positive(given, field));
}
