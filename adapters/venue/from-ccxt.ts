import type { Trade as CcxtTrade, Order } from 'ccxt';
import { decimalText } from './decimal-text.ts';
import type { OpenOrder, Side, Trade, VenueOrderStatus } from './port.ts';
import { VenueError } from './port.ts';

const BY_NAME: Readonly<Record<string, VenueOrderStatus>> = {
  NEW: 'open',
  PENDING_NEW: 'open',
  PARTIALLY_FILLED: 'partially_filled',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  PENDING_CANCEL: 'open',
  REJECTED: 'rejected',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
  open: 'open',
  closed: 'filled',
  canceled: 'cancelled',
  rejected: 'rejected',
  expired: 'expired',
};

/** The venue's own word where it is known (ccxt has none for a partial fill), else ccxt's. Throws
 * `VenueError` on a status nobody has studied. */
export function statusFrom(order: Pick<Order, 'status' | 'filled' | 'info'>): VenueOrderStatus {
  const own = (order.info as Readonly<Record<string, unknown>> | undefined)?.['status'];
  const status = BY_NAME[textFrom(own)] ?? BY_NAME[String(order.status)];
  if (status === undefined) {
    throw new VenueError('venue', 'the venue gave an order status nobody has studied');
  }
  const hasFills = decimalText(order.filled) !== '0';
  return status === 'open' && hasFills ? 'partially_filled' : status;
}

/** A status of Binance's user stream. Throws `VenueError` on one nobody has studied. */
export function statusNamed(name: string): VenueOrderStatus {
  const status = BY_NAME[name];
  if (status) return status;
  throw new VenueError('venue', 'the venue gave an order status nobody has studied');
}

/** A field of a venue's answer as text; anything but text and numbers is empty. */
export function textFrom(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export function sideFrom(side: unknown): Side {
  const text = textFrom(side).toUpperCase();
  if (text === 'BUY' || text === 'SELL') return text;
  throw new VenueError('venue', 'the venue gave neither buy nor sell');
}

export function openOrderFrom(order: Order): OpenOrder {
  const price = decimalText(order.price);
  const stop = decimalText(order.triggerPrice);
  return {
    clientOrderId: String(order.clientOrderId ?? ''),
    venueOrderId: String(order.id),
    symbol: String(order.symbol),
    side: sideFrom(order.side),
    type: stop !== '0' ? 'STOP_LOSS_LIMIT' : order.type === 'market' ? 'MARKET' : 'LIMIT',
    status: statusFrom(order),
    quantity: decimalText(order.amount),
    executedQuantity: decimalText(order.filled),
    limitPrice: price === '0' ? null : price,
    stopPrice: stop === '0' ? null : stop,
  };
}

export function tradeFrom(trade: CcxtTrade): Trade {
  return {
    tradeId: String(trade.id),
    venueOrderId: String(trade.order),
    symbol: String(trade.symbol),
    side: sideFrom(trade.side),
    quantity: decimalText(trade.amount),
    price: decimalText(trade.price),
    fee: decimalText(trade.fee?.cost),
    feeAsset: String(trade.fee?.currency ?? ''),
    timeMs: Number(trade.timestamp),
  };
}

const NO_ANSWER = new Set(['RequestTimeout']);
const NO_WAY = new Set(['NetworkError', 'ExchangeNotAvailable', 'OnMaintenance']);
const OURS = new Set(['BadSymbol', 'BadRequest', 'ArgumentsRequired', 'NotSupported']);

/** ccxt's error in the port's terms. */
export function venueError(error: unknown): VenueError {
  if (error instanceof VenueError) return error;
  const name = error instanceof Error ? error.name : '';
  const text = reasonOf(error);
  if (NO_ANSWER.has(name)) return new VenueError('timeout', text);
  if (NO_WAY.has(name)) return new VenueError('unreachable', text);
  if (name === 'DDoSProtection' || name === 'RateLimitExceeded') {
    return new VenueError('budget', text);
  }
  return new VenueError(OURS.has(name) ? 'invalid' : 'venue', text);
}

/** What went wrong, without the query string of a signed request: it may be logged. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replace(/\?[^\s"]*/g, '').slice(0, 300);
}
