import { ceilToStep, Decimal, floorQuotientToStep, floorToStep, lesser } from '../market/money.ts';
import type { Conditions } from './conditions.ts';
import { type Amount, amount, basisPointsOf, ZERO } from './decimals.ts';

/** The paper market, as pure arithmetic. Traders meet the tape's market, never each other. */
export type Side = 'BUY' | 'SELL';

export interface Level {
  readonly price: Amount;
  readonly quantity: Amount;
}

/** Best first on both sides. */
export interface Book {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export const EMPTY_BOOK: Book = { bids: [], asks: [] };

/** A quantity that changed hands at one price. */
export type Match = Level;

export interface Steps {
  readonly tick: Amount;
  readonly lot: Amount;
}

/** The book that stands around `middle` after a candle of `volume`: `levels` prices a side, each
 * with an equal part of `depthShare` × volume. Prices are rounded away from the middle, quantities
 * down; levels that round onto the same tick move one tick out. */
export function buildBook(
  market: { readonly middle: number; readonly volume: number },
  steps: Steps,
  conditions: Conditions,
): Book {
  const offered = amount(market.volume).times(conditions.depthShare);
  const quantity = floorQuotientToStep(offered, amount(conditions.levels), steps.lot);
  if (quantity.lte(0)) return EMPTY_BOOK;
  const middle = amount(market.middle);
  const bids: Level[] = [];
  const asks: Level[] = [];
  for (let index = 0; index < conditions.levels; index += 1) {
    const bps = amount(conditions.halfSpreadBps).plus(amount(conditions.levelStepBps).times(index));
    const away = basisPointsOf(middle, bps);
    const lowestAsk = asks.at(-1)?.price.plus(steps.tick) ?? steps.tick;
    const ask = ceilToStep(middle.plus(away), steps.tick);
    asks.push({ price: Decimal.max(ask, lowestAsk), quantity });
    const highestBid = bids.at(-1)?.price.minus(steps.tick);
    const bid = floorToStep(middle.minus(away), steps.tick);
    const price = highestBid ? lesser(bid, highestBid) : bid;
    if (price.gt(0)) bids.push({ price, quantity });
  }
  return uncrossed({ bids, asks }, steps.tick);
}

/** With no spread both best prices can be the middle itself: then the asks stand one tick higher.
 */
function uncrossed(book: Book, tick: Amount): Book {
  const [bid] = book.bids;
  const [ask] = book.asks;
  if (!bid || !ask || bid.price.lt(ask.price)) return book;
  return {
    bids: book.bids,
    asks: book.asks.map((level) => ({ ...level, price: level.price.plus(tick) })),
  };
}

export interface Taker {
  readonly side: Side;
  /** `null`: at any price. */
  readonly limitPrice: Amount | null;
  /** Base units wanted, or */
  readonly quantity: Amount | null;
  /** quote units to spend or raise. Exactly one of the two is given. */
  readonly quoteQuantity: Amount | null;
  readonly lot: Amount;
}

/** What an arriving order takes from the book, best price first. */
export function matchTaker(book: Book, taker: Taker): readonly Match[] {
  const matches: Match[] = [];
  let baseLeft = taker.quantity;
  let quoteLeft = taker.quoteQuantity;
  for (const level of taker.side === 'BUY' ? book.asks : book.bids) {
    if (taker.limitPrice && beyond(taker.side, level.price, taker.limitPrice)) break;
    const wanted = baseLeft ?? floorQuotientToStep(quoteLeft ?? ZERO, level.price, taker.lot);
    const quantity = lesser(wanted, level.quantity);
    if (quantity.lte(0)) break;
    matches.push({ price: level.price, quantity });
    baseLeft = baseLeft?.minus(quantity) ?? null;
    quoteLeft = quoteLeft?.minus(quantity.times(level.price)) ?? null;
  }
  return matches;
}

function beyond(side: Side, price: Amount, limit: Amount): boolean {
  return side === 'BUY' ? price.gt(limit) : price.lt(limit);
}

/** The book after a taker's matches. */
export function consume(book: Book, side: Side, matches: readonly Match[]): Book {
  const taken = new Map(matches.map((match) => [match.price.toFixed(), match.quantity]));
  const left = (levels: readonly Level[]): readonly Level[] =>
    levels
      .map(({ price, quantity }) => ({
        price,
        quantity: quantity.minus(taken.get(price.toFixed()) ?? ZERO),
      }))
      .filter((level) => level.quantity.gt(0));
  return side === 'BUY'
    ? { bids: book.bids, asks: left(book.asks) }
    : { bids: left(book.bids), asks: book.asks };
}

export interface Resting {
  readonly orderId: number;
  readonly side: Side;
  readonly limitPrice: Amount;
  /** Base units still wanted. */
  readonly left: Amount;
}

export interface Passing {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  /** Base units that may fill the resting orders of one side. */
  readonly available: Amount;
}

/** What a passing candle fills of the orders that rested before it, best price and then age first.
 * A price that opened beyond the limit fills at the open; one that traded through it later fills
 * at the limit. A touch is not enough: others stood in that queue first. */
export function matchResting(
  orders: readonly Resting[],
  candle: Passing,
  steps: Steps,
): ReadonlyMap<number, Match> {
  const matches = new Map<number, Match>();
  for (const side of ['BUY', 'SELL'] as const) {
    let available = floorToStep(candle.available, steps.lot);
    for (const order of inPriority(orders, side)) {
      const price = restingPrice(order, candle, steps.tick);
      if (!price || available.lte(0)) continue;
      const quantity = lesser(order.left, available);
      matches.set(order.orderId, { price, quantity });
      available = available.minus(quantity);
    }
  }
  return matches;
}

function inPriority(orders: readonly Resting[], side: Side): readonly Resting[] {
  const better = side === 'BUY' ? -1 : 1;
  return orders
    .filter((order) => order.side === side)
    .sort((a, b) => better * a.limitPrice.comparedTo(b.limitPrice) || a.orderId - b.orderId);
}

function restingPrice(order: Resting, candle: Passing, tick: Amount): Amount | null {
  const open = amount(candle.open);
  if (order.side === 'BUY') {
    if (open.lt(order.limitPrice)) return lesser(ceilToStep(open, tick), order.limitPrice);
    return amount(candle.low).lt(order.limitPrice) ? order.limitPrice : null;
  }
  if (open.gt(order.limitPrice)) return Decimal.max(floorToStep(open, tick), order.limitPrice);
  return amount(candle.high).gt(order.limitPrice) ? order.limitPrice : null;
}
