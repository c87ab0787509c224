import {
  type AmountValue,
  basisPointsOf,
  Decimal,
  decimal,
  divide,
  floorToStep,
  format,
  positive,
} from '../market/money.ts';
import type { Side } from '../risk/facts.ts';

/** Orders that one wish may be split into. */
export const MAX_SLICES = 4;
const HALF = decimal('0.5');

/** What stands at a venue, best price first on both sides. */
export interface DepthReport {
  readonly bids: readonly DepthLevel[];
  readonly asks: readonly DepthLevel[];
}

export interface DepthLevel {
  readonly price: AmountValue;
  readonly quantity: AmountValue;
}

export interface RouteRequest {
  readonly side: Side;
  readonly depth: DepthReport;
  /** Base units wanted. */
  readonly quantity: string;
  readonly lotSize: string;
  /** The most an order's average price may be worse than the middle of the book. */
  readonly maxExpectedSlippageBps: number;
}

/** What the book says about an order before it is sent. Decimal strings. */
export interface Route {
  /** The most of what is wanted that one order takes from this book within the allowed slippage, a
   * multiple of the lot; `0`: not even the best price is within it. */
  readonly quantity: string;
  /** What is wanted beyond that, and not offered within the slippage now. */
  readonly rest: string;
  /** Average price of `quantity`, quote per base; null when that is `0`. */
  readonly expectedPrice: string | null;
}

/** Reads the book: how much of an order it takes at which average price, and how much of it within
 * the allowed slippage. Null when the side it would take from is empty: such a book says
 * nothing. */
export function route(request: RouteRequest): Route | null {
  const { side, depth, lotSize } = request;
  const levels = side === 'BUY' ? depth.asks : depth.bids;
  const middle = middleOf(depth, side);
  if (middle === null) return null;
  const wanted = positive(request.quantity, 'quantity');
  const allowance = basisPointsOf(middle, request.maxExpectedSlippageBps);
  const worst = side === 'BUY' ? middle.plus(allowance) : middle.minus(allowance);
  const within = takeWithin(levels, { side, worst, wanted });
  const quantity = floorToStep(within, positive(lotSize, 'lotSize'));
  const rest = format(wanted.minus(quantity));
  if (quantity.lte(0)) return { quantity: '0', rest, expectedPrice: null };
  const expectedPrice = format(averagePrice(levels, quantity));
  return { quantity: format(quantity), rest, expectedPrice };
}

/** How much worse a price is than another one, basis points of the estimate with two decimals,
 * half-even; negative when it is better. */
export function slippageAgainst(
  side: Side,
  prices: { readonly estimatedPrice: string; readonly realisedPrice: string },
): string {
  const estimated = positive(prices.estimatedPrice, 'estimatedPrice');
  const realised = positive(prices.realisedPrice, 'realisedPrice');
  const worse = side === 'BUY' ? realised.minus(estimated) : estimated.minus(realised);
  return format(worse.times(10_000).div(estimated).toDecimalPlaces(2));
}

/** The middle between both best prices, or the best price itself where the other side is empty. */
function middleOf({ bids, asks }: DepthReport, side: Side): Decimal | null {
  const [own] = side === 'BUY' ? asks : bids;
  const [other] = side === 'BUY' ? bids : asks;
  if (!own) return null;
  const best = positive(own.price, 'price');
  return other ? best.plus(positive(other.price, 'price')).times(HALF) : best;
}

/** The most base units whose average price is not worse than `worst`. */
function takeWithin(
  levels: readonly DepthLevel[],
  limit: { readonly side: Side; readonly worst: Decimal; readonly wanted: Decimal },
): Decimal {
  const { side, worst, wanted } = limit;
  let taken = Decimal.of(0);
  // How far what is taken so far may still be worsened: Σ quantity × (worst - price), bought.
  let spare = Decimal.of(0);
  for (const level of levels) {
    const left = wanted.minus(taken);
    if (left.lte(0)) break;
    const price = positive(level.price, 'price');
    const available = Decimal.min(left, decimal(level.quantity, 'quantity'));
    const gain = side === 'BUY' ? worst.minus(price) : price.minus(worst);
    if (gain.gte(0)) {
      taken = taken.plus(available);
      spare = spare.plus(available.times(gain));
      continue;
    }
    const affordable = Decimal.min(available, spare.div(gain.neg()));
    taken = taken.plus(affordable);
    spare = spare.plus(affordable.times(gain));
    if (affordable.lt(available)) break;
  }
  return taken;
}

/** Of the first `quantity` base units of a side, to 18 decimals. */
function averagePrice(levels: readonly DepthLevel[], quantity: Decimal): Decimal {
  const [first] = levels;
  if (first && quantity.lte(decimal(first.quantity))) return decimal(first.price);
  let left = quantity;
  let worth = Decimal.of(0);
  for (const level of levels) {
    const taken = Decimal.min(left, decimal(level.quantity, 'quantity'));
    worth = worth.plus(taken.times(decimal(level.price, 'price')));
    left = left.minus(taken);
    if (left.lte(0)) break;
  }
  return divide(worth, quantity.minus(left));
}
