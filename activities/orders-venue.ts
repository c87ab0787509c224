import { ApplicationFailure } from '@temporalio/common';
import { ForeignTrade } from '../adapters/store/fills.ts';
import type { OrderRow } from '../adapters/store/orders.ts';
import type { Trade, VenuePort } from '../adapters/venue/port.ts';
import { MalformedLeg } from '../core/orders/leg-check.ts';
import { ImpossibleOrderEvent } from '../core/orders/lifecycle.ts';
import type { OrderView } from '../core/orders/pursuit.ts';
import type { OrderDependencies } from './orders.ts';

/** The most a venue lists at once. */
export const TRADES_PAGE = 1_000;
/** A hundred thousand trades of one order are no trade list any more. */
const MAX_PAGES = 100;

/** All trades of an order that the venue has executed some of; none of any other. */
export async function tradesOf(port: VenuePort, order: OrderRow): Promise<readonly Trade[]> {
  const { venueOrderId, parameters } = order;
  if (venueOrderId === null || order.executedQuantity === '0') return [];
  const { account, symbol } = parameters;
  const trades = new Map<string, Trade>();
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const last = [...trades.keys()].at(-1);
    const from = last === undefined ? {} : { fromTradeId: last };
    const limit = TRADES_PAGE;
    const found = await port.trades({ account, symbol, venueOrderId, limit, ...from });
    const known = trades.size;
    for (const trade of found) trades.set(trade.tradeId, trade);
    if (found.length < TRADES_PAGE || trades.size === known) return [...trades.values()];
  }
  const most = MAX_PAGES * TRADES_PAGE;
  throw new Error(`order ${order.clientOrderId} must have at most ${most} trades`);
}

/** Whether an error cannot be repeated away: the venue and our record contradict each other, or the
 * leg cannot be meant. */
export function isContradiction(error: unknown): error is Error {
  return (
    error instanceof ImpossibleOrderEvent ||
    error instanceof ForeignTrade ||
    error instanceof MalformedLeg
  );
}

/** A contradiction is logged and stops the leg. */
export async function refusingContradictions<T>(
  { log }: Pick<OrderDependencies, 'log'>,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!isContradiction(error)) throw error;
    log.error({ err: error }, 'an order cannot go on as it is');
    throw ApplicationFailure.create({
      message: error.message,
      type: error.name,
      nonRetryable: true,
      cause: error,
    });
  }
}

export function viewOf(order: OrderRow): OrderView {
  return {
    clientOrderId: order.clientOrderId,
    legId: order.legId,
    userId: order.userId,
    venue: order.parameters.venue,
    symbol: order.parameters.symbol,
    side: order.parameters.side,
    timeInForce: order.parameters.timeInForce,
    attempt: order.attempt,
    state: order.state,
    quantity: order.parameters.quantity,
    limitPrice: order.parameters.limitPrice,
    executedQuantity: order.executedQuantity,
    rejectCode: order.rejectCode,
  };
}
