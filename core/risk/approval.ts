import { hashOf } from '../hash.ts';
import { parameterHash } from '../identity.ts';
import { basisPointsOf, type Decimal, decimal, isMultipleOf, positive } from '../market/money.ts';
import { type OrderParameters, orderParameters } from '../orders/parameters.ts';
import { entryBarrier, type Refusal, type RiskFacts, refusal } from './facts.ts';
import type { RiskLimits } from './limits.ts';
import { entryMinimum, slippageBps } from './sizing.ts';

/** How long a leave to trade holds, milliseconds of market time. */
export const APPROVAL_WINDOW_MS = 300_000;

/** A leave to send exactly these parameters, once, before it expires. */
export interface Approval {
  readonly id: string;
  readonly legId: string;
  /** 1 for a leg's first approval; a retry or a lapse needs the next. */
  readonly serial: number;
  readonly parameterHash: string;
  readonly limits: RiskLimits;
  /** Market time, Unix milliseconds. */
  readonly expiresAtMs: number;
}

export interface ApprovalRequest {
  readonly legId: string;
  readonly serial: number;
  readonly parameters: OrderParameters;
  readonly facts: RiskFacts;
  readonly limits: RiskLimits;
  /** Market time, Unix milliseconds. */
  readonly marketTimeMs: number;
}

/** The last check before money moves. It shares no arithmetic with the sizing it judges beyond the
 * limits themselves, and it sees the parameters as they will be sent. */
export function approve(request: ApprovalRequest): Approval | Refusal {
  const { parameters, limits } = request;
  const objection = objectionTo(request);
  if (objection) return objection;
  const hash = parameterHash(orderParameters(parameters));
  const { legId, serial } = request;
  return {
    id: hashOf(['approval', legId, serial, hash]),
    legId,
    serial,
    parameterHash: hash,
    limits,
    expiresAtMs: request.marketTimeMs + APPROVAL_WINDOW_MS,
  };
}

/** What forbids these parameters; `null`: they would be approved. For whoever keeps no approvals
 * and so needs none of their ids. */
export function objectionTo({
  parameters,
  facts,
  limits,
}: Pick<ApprovalRequest, 'parameters' | 'facts' | 'limits'>): Refusal | null {
  return (
    offStep(parameters, facts) ??
    misplacedStop(parameters, facts) ??
    slipped(parameters, facts, limits) ??
    (parameters.side === 'BUY'
      ? entryObjection(parameters, facts, limits)
      : exitObjection(parameters, facts))
  );
}

function offStep(parameters: OrderParameters, facts: RiskFacts): Refusal | null {
  const quantity = positive(parameters.quantity, 'quantity');
  const lot = positive(facts.instrument.lotSize, 'lotSize');
  if (!isMultipleOf(quantity, lot)) {
    return refusal('off_step', `quantity ${parameters.quantity}, lot ${facts.instrument.lotSize}`);
  }
  if (parameters.limitPrice === null) return refusal('slippage', 'an order without a limit price');
  const tick = positive(facts.instrument.tickSize, 'tickSize');
  for (const price of [parameters.limitPrice, parameters.stopPrice]) {
    if (price === null || isMultipleOf(positive(price, 'price'), tick)) continue;
    return refusal('off_step', `price ${price}, tick ${facts.instrument.tickSize}`);
  }
  return null;
}

/** Only a sale may wait at the venue for a price, and only for a lower one: anything else would
 * trade at once, or open a position that nobody judged. */
function misplacedStop(parameters: OrderParameters, facts: RiskFacts): Refusal | null {
  const { stopPrice, side } = parameters;
  if (stopPrice === null) return null;
  const below = positive(stopPrice, 'stopPrice').lte(decimal(facts.referencePrice));
  return side === 'SELL' && below
    ? null
    : refusal('stop_misplaced', `${side} at ${stopPrice}, the price is ${facts.referencePrice}`);
}

function slipped(
  parameters: OrderParameters,
  facts: RiskFacts,
  limits: RiskLimits,
): Refusal | null {
  // A stop trades when the price has come to it, so it slips from there.
  const from = parameters.stopPrice ?? facts.referencePrice;
  const reference = positive(from, 'referencePrice');
  const price = worstPrice(parameters);
  const cost = parameters.side === 'BUY' ? price.minus(reference) : reference.minus(price);
  const allowedBps = slippageBps(limits, parameters.stopPrice);
  if (cost.lte(basisPointsOf(reference, allowedBps))) return null;
  return refusal('slippage', `${price.toFixed()} against ${from}, allowed ${allowedBps} bp`);
}

function entryObjection(
  parameters: OrderParameters,
  facts: RiskFacts,
  limits: RiskLimits,
): Refusal | null {
  const barrier = entryBarrier(facts, limits);
  if (barrier) return barrier;
  const notional = positive(parameters.quantity).times(worstPrice(parameters));
  const equity = decimal(facts.equity, 'equity');
  if (notional.lt(entryMinimum(facts, limits))) return refusal('below_minimum', notional.toFixed());
  if (notional.gt(decimal(limits.maxOrderQuote))) {
    return refusal('order_too_large', notional.toFixed());
  }
  if (notional.gt(decimal(facts.cash))) {
    return refusal('no_cash', `${notional.toFixed()}, free ${facts.cash.toString()}`);
  }
  const position = notional.plus(decimal(facts.positionValue));
  if (position.gt(basisPointsOf(equity, limits.maxPositionBps))) {
    return refusal('position_full', `${position.toFixed()} of ${facts.equity.toString()}`);
  }
  const exposure = notional.plus(decimal(facts.exposure));
  if (exposure.gt(basisPointsOf(equity, limits.maxTotalExposureBps))) {
    return refusal('exposure_full', `${exposure.toFixed()} of ${facts.equity.toString()}`);
  }
  const together = notional.plus(decimal(facts.correlatedExposure));
  return together.gt(basisPointsOf(equity, limits.maxCorrelatedBps))
    ? refusal('correlated_full', `${together.toFixed()} of ${facts.equity.toString()}`)
    : null;
}

function exitObjection(parameters: OrderParameters, facts: RiskFacts): Refusal | null {
  const quantity = positive(parameters.quantity);
  if (quantity.gt(decimal(facts.quantity))) {
    return refusal('nothing_to_sell', `${parameters.quantity}, free ${facts.quantity.toString()}`);
  }
  const notional = quantity.times(worstPrice(parameters));
  return notional.lt(decimal(facts.instrument.minNotional))
    ? refusal('below_minimum', notional.toFixed())
    : null;
}

function worstPrice(parameters: OrderParameters): Decimal {
  return positive(parameters.limitPrice ?? '', 'limitPrice');
}
