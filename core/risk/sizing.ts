import {
  basisPointsOf,
  ceilToStep,
  type Decimal,
  decimal,
  floorQuotientToStep,
  floorToStep,
  format,
  lesser,
  positive,
} from '../market/money.ts';
import { STOP_SLIP_BPS } from '../orders/parameters.ts';
import { entryBarrier, type Refusal, type RiskFacts, refusal, type Side } from './facts.ts';
import type { RiskLimits } from './limits.ts';

/** How many one-candle standard deviations against us `riskPerTradeBps` is meant to survive. */
export const STOP_VOLATILITIES = 8;

export interface Sized {
  /** Base units, a multiple of the lot. Decimal string. */
  readonly quantity: string;
  /** The worst price the order may trade at, a multiple of the tick. Decimal string. */
  readonly limitPrice: string;
  /** Given: the order rests until a trade at this price, a multiple of the tick. */
  readonly stopPrice?: string;
}

export interface SizeRequest {
  readonly side: Side;
  readonly facts: RiskFacts;
  readonly limits: RiskLimits;
  /** How sure the ring is, 0 … 10,000: scales an entry, never an exit. */
  readonly confidenceBp: number;
  /** What a person asked for instead; it can only make an order smaller than the limits allow. */
  readonly requestedQuantity?: string | undefined;
  /** The order rests until the price has come to this; its limit price follows from it. */
  readonly stopPrice?: string | undefined;
}

/** How much to trade and at which worst price.
 *
 * An entry is a volatility-scaled fixed fraction (Vince's fixed fraction with the stop distance
 * taken from volatility, as in the Turtle rules): equity × risk per trade / (8 σ), times
 * confidence, then cut to every limit and to free cash, then floored to the lot. An exit sells all
 * that is free. */
export function sizeOrder(request: SizeRequest): Sized | Refusal {
  return request.side === 'BUY' ? sizeEntry(request) : sizeExit(request);
}

/** The reference price moved by the slippage allowance and put on a tick inside it. */
export function limitPriceFor(
  side: Side,
  facts: Pick<RiskFacts, 'referencePrice' | 'instrument'>,
  limits: RiskLimits,
): Decimal {
  const reference = positive(facts.referencePrice, 'referencePrice');
  const tick = positive(facts.instrument.tickSize, 'tickSize');
  const allowance = basisPointsOf(reference, limits.maxSlippageBps);
  return side === 'BUY'
    ? floorToStep(reference.plus(allowance), tick)
    : ceilToStep(reference.minus(allowance), tick);
}

/** Quote units an entry may still spend, by the limit that binds first. Room for less than the
 * smallest order worth sending is no room. */
export function entryRoom(facts: RiskFacts, limits: RiskLimits): Decimal | Refusal {
  const equity = decimal(facts.equity, 'equity');
  const least = entryMinimum(facts, limits);
  const inSymbol = basisPointsOf(equity, limits.maxPositionBps).minus(decimal(facts.positionValue));
  if (inSymbol.lt(least)) return refusal('position_full', `${facts.positionValue.toString()} held`);
  const inAll = basisPointsOf(equity, limits.maxTotalExposureBps).minus(decimal(facts.exposure));
  if (inAll.lt(least)) return refusal('exposure_full', `${facts.exposure.toString()} at risk`);
  const others = decimal(facts.correlatedExposure);
  const together = basisPointsOf(equity, limits.maxCorrelatedBps).minus(others);
  if (together.lt(least))
    return refusal('correlated_full', `${facts.correlatedExposure.toString()} at risk`);
  const cash = decimal(facts.cash, 'cash');
  if (cash.lt(least)) return refusal('no_cash', `${facts.cash.toString()} free`);
  const most = positive(limits.maxOrderQuote, 'maxOrderQuote');
  return [inSymbol, inAll, together, cash].reduce(lesser, most);
}

/** The smallest notional an entry may have: the venue's minimum and the user's margin over it. */
export function entryMinimum(facts: RiskFacts, limits: RiskLimits): Decimal {
  const minimum = decimal(facts.instrument.minNotional, 'minNotional');
  return minimum.plus(basisPointsOf(minimum, limits.minNotionalMarginBps));
}

function sizeEntry(request: SizeRequest): Sized | Refusal {
  const { facts, limits, confidenceBp, requestedQuantity } = request;
  const barrier = entryBarrier(facts, limits);
  if (barrier) return barrier;
  const room = entryRoom(facts, limits);
  if ('refused' in room) return room;
  const limitPrice = limitPriceFor('BUY', facts, limits);
  const lot = positive(facts.instrument.lotSize, 'lotSize');
  const spend = lesser(room, riskBudget(facts, limits, confidenceBp));
  // Only the person's own number replaces the ring's wish; the room stays what it is.
  const asked = requestedQuantity ? positive(requestedQuantity, 'requestedQuantity') : null;
  const most = asked === null ? spend : room;
  const affordable = floorQuotientToStep(most, limitPrice, lot);
  const quantity = asked === null ? affordable : lesser(floorToStep(asked, lot), affordable);
  if (quantity.lte(0)) {
    const exact = most.div(limitPrice);
    const wanted = asked === null ? exact : lesser(asked, exact);
    return refusal('below_lot', `${wanted.toFixed(18)}, lot ${lot.toFixed()}`);
  }
  const minimum = entryMinimum(facts, limits);
  const notional = quantity.times(limitPrice);
  if (notional.lt(minimum)) {
    return refusal('below_minimum', `${notional.toFixed()}, minimum ${minimum.toFixed()}`);
  }
  return { quantity: format(quantity), limitPrice: format(limitPrice) };
}

function riskBudget(facts: RiskFacts, limits: RiskLimits, confidenceBp: number): Decimal {
  const equity = decimal(facts.equity, 'equity');
  // Before volatility is known the wildest market that may be traded is assumed.
  const sigmaBps = Math.max(1, facts.volatilityBps ?? limits.maxVolatilityBps);
  const atStop = basisPointsOf(equity, limits.riskPerTradeBps).times(10_000);
  const stopBps = sigmaBps * STOP_VOLATILITIES;
  const most = basisPointsOf(equity, limits.maxPositionBps);
  // A quotient of ninety digits is made only where it is the lesser of the two.
  const capped = most.times(stopBps).lte(atStop) ? most : atStop.div(stopBps);
  return basisPointsOf(capped, confidenceBp);
}

function sizeExit(request: SizeRequest): Sized | Refusal {
  const { facts, limits, requestedQuantity } = request;
  const held = decimal(facts.quantity, 'quantity');
  if (held.lte(0)) return refusal('nothing_to_sell');
  const lot = positive(facts.instrument.lotSize, 'lotSize');
  const wanted = requestedQuantity
    ? lesser(positive(requestedQuantity, 'requestedQuantity'), held)
    : held;
  const quantity = floorToStep(wanted, lot);
  if (quantity.lte(0)) return refusal('below_lot', `${wanted.toFixed()}, lot ${lot.toFixed()}`);
  const tick = positive(facts.instrument.tickSize, 'tickSize');
  const stop = request.stopPrice && floorToStep(positive(request.stopPrice, 'stopPrice'), tick);
  const referencePrice = stop ? stop.toFixed() : facts.referencePrice;
  const maxSlippageBps = slippageBps(limits, request.stopPrice ?? null);
  const allowed = { ...limits, maxSlippageBps };
  const limitPrice = limitPriceFor('SELL', { ...facts, referencePrice }, allowed);
  const notional = quantity.times(limitPrice);
  const minimum = decimal(facts.instrument.minNotional, 'minNotional');
  if (limitPrice.lte(0) || notional.lt(minimum)) {
    return refusal('below_minimum', `${notional.toFixed()}, minimum ${minimum.toFixed()}`);
  }
  const sized = { quantity: format(quantity), limitPrice: format(limitPrice) };
  return stop ? { ...sized, stopPrice: format(stop) } : sized;
}

/** How far from its reference price an order may trade; a stop has more room than the user's own
 * limit gives, because a stop that does not sell protects nobody. */
export function slippageBps(limits: RiskLimits, stopPrice: string | null): number {
  return stopPrice === null
    ? limits.maxSlippageBps
    : Math.max(limits.maxSlippageBps, STOP_SLIP_BPS);
}
