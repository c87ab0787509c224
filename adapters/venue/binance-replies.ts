import { z } from 'zod';
import { sameDecimal } from './decimal-text.ts';
import { VenueError } from './port.ts';

/** Binance's replies as they must be before anything is believed of them: ccxt reads a missing
 * field as zero and a wrong type as nothing. Unknown fields are let pass: exchanges add some. */
const decimal = z.string().regex(/^(0|[1-9]\d{0,19})(\.\d{1,18})?$/);
const id = z.union([z.int().min(0), z.string().regex(/^\d{1,20}$/)]).transform(String);
const name = z.string().min(1).max(64);
const STATUSES = [
  'NEW',
  'PENDING_NEW',
  'PARTIALLY_FILLED',
  'FILLED',
  'CANCELED',
  'PENDING_CANCEL',
  'REJECTED',
  'EXPIRED',
  'EXPIRED_IN_MATCH',
] as const;

const ORDER = z.object({
  symbol: name,
  orderId: id,
  clientOrderId: name,
  origClientOrderId: name.optional(),
  side: z.enum(['BUY', 'SELL']),
  type: name,
  status: z.enum(STATUSES),
  origQty: decimal,
  executedQty: decimal,
  price: decimal,
  stopPrice: decimal.optional(),
});

const TRADE = z.object({
  symbol: name,
  id,
  orderId: id,
  price: decimal,
  qty: decimal,
  commission: decimal,
  commissionAsset: name,
  time: z.int().min(0),
  isBuyer: z.boolean(),
});

const ACCOUNT = z.object({
  balances: z.array(z.object({ asset: name, free: decimal, locked: decimal })),
});

/** What an order reply must be about. `symbol` in the exchange's spelling. */
export interface Expected {
  readonly symbol: string;
  readonly clientOrderId?: string;
  readonly side?: string;
  readonly quantity?: string;
}

/** Throws `VenueError` unless `info` is a whole order, and the expected one. */
export function checkOrder(info: unknown, expected?: Expected): void {
  const order = checked(ORDER, info, 'order');
  const own = order.origClientOrderId ?? order.clientOrderId;
  if (order.status === 'FILLED' && !sameDecimal(order.origQty, order.executedQty)) {
    throw nonsense(`filled means ${order.origQty} executed, was ${order.executedQty}`);
  }
  if (Number(order.executedQty) > Number(order.origQty)) {
    throw nonsense(`at most ${order.origQty} can be executed, was ${order.executedQty}`);
  }
  if (!expected) return;
  const { symbol, clientOrderId = own, side = order.side } = expected;
  const { quantity = order.origQty } = expected;
  const isIt = order.symbol === symbol && own === clientOrderId && order.side === side;
  if (!isIt || !sameDecimal(order.origQty, quantity)) {
    throw nonsense('it is about another order than was asked for');
  }
}

/** Throws `VenueError` unless every row is a whole trade of that symbol (and order). */
export function checkTrades(
  rows: readonly unknown[],
  expected: { readonly symbol: string; readonly orderId?: string | undefined },
): void {
  for (const row of rows) {
    const trade = checked(TRADE, row, 'trade');
    const { symbol, orderId = trade.orderId } = expected;
    if (trade.symbol !== symbol || trade.orderId !== orderId) {
      throw nonsense('it lists a trade that was not asked for');
    }
    if (!/[1-9]/.test(trade.qty) || !/[1-9]/.test(trade.price)) {
      throw nonsense('it lists a trade of nothing');
    }
  }
}

export function checkAccount(info: unknown): void {
  checked(ACCOUNT, info, 'account');
}

const LEVELS = z.array(z.tuple([decimal, decimal]).rest(z.unknown()));
const DEPTH = z.object({ bids: LEVELS, asks: LEVELS });

/** Throws `VenueError` unless both sides are there, best first and not crossed. */
export function checkDepth(body: unknown): void {
  const { bids, asks } = checked(DEPTH, body, 'depth');
  const prices = [...[...bids].reverse(), ...asks].map(([price]) => Number(price));
  if (prices.every((price, index) => index === 0 || price > (prices[index - 1] ?? 0))) return;
  throw nonsense('its levels are out of order');
}

/** A price or quantity of a book or candle, above zero. Throws `VenueError`. */
export function checkPositive(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : value;
  const isSound = typeof text === 'string' && decimal.safeParse(text).success;
  if (isSound && /[1-9]/.test(text)) return text;
  throw nonsense('it holds a price or a quantity that is no decimal above zero');
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw nonsense(`${what}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong'}`);
}

/** An answer that says nothing that could be relied on. */
export function nonsense(why: string): VenueError {
  return new VenueError('venue', `the venue's reply cannot be used: ${why}`.slice(0, 300));
}
