import { floorToStep } from '../market/money.ts';
import { cover, settle, Wallet } from './accounts.ts';
import { type Amount, amount, ZERO } from './decimals.ts';
import { Refusal } from './errors.ts';
import type {
  MarketEvent,
  OrderStatus,
  OrderTerms,
  OrderType,
  TimeInForce,
  TradeRow,
} from './events.ts';
import { checkFilters } from './filters.ts';
import { type Book, type Match, matchTaker, type Side } from './matching.ts';
import { bookOf, type OrderRecord, type SymbolState, type VenueState } from './state.ts';
import { reaches } from './stops.ts';

/** A new order as its parameters say it, before any rule of the symbol was asked. */
export interface OrderRequest {
  readonly account: string;
  /** `BTCUSDT`. */
  readonly market: string;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly price: Amount | null;
  /** Of a STOP_LOSS_LIMIT order. */
  readonly stopPrice: Amount | null;
  readonly quantity: Amount | null;
  readonly quoteQuantity: Amount | null;
}

type OrderEvent = MarketEvent & { readonly type: 'order' };

/** Judges a new order against the rules, the book and the account: the event that would accept it.
 * `share`: of the book's quantities that it may take. Changes nothing. Throws `Refusal`. */
export function decideOrder(
  state: VenueState,
  request: OrderRequest,
  { nowMs, share }: { readonly nowMs: number; readonly share: number },
): OrderEvent {
  const symbol = state.market(request.market);
  if (!symbol) throw new Refusal('symbol');
  checkFilters(symbol, request);
  refuseDuplicate(state, symbol, request);
  refuseReachedStop(symbol, request);
  const matches = request.stopPrice ? [] : takerMatches(symbol, request, share);
  const wallet = new Wallet(state.accounts.balances(request.account));
  lockMoney(wallet, symbol, { request, matches });
  const order = termsOf(state, symbol, { request, nowMs });
  const trades = matches.map((match, index): TradeRow => {
    const lockedAt = request.type === 'LIMIT' ? request.price : null;
    const { fee, feeAsset } = settle(wallet, {
      pair: symbol.instrument,
      side: request.side,
      match,
      lockedAt,
      feeBps: state.conditions.takerFeeBps,
    });
    return {
      tradeId: symbol.nextTradeId + index,
      orderId: order.orderId,
      price: match.price.toFixed(),
      quantity: match.quantity.toFixed(),
      fee: fee.toFixed(),
      feeAsset,
      maker: false,
      timeMs: order.timeMs,
    };
  });
  const status = statusAfter(symbol, request, matches);
  if (status === 'EXPIRED' && request.type === 'LIMIT') {
    unlock(wallet, symbol, { order, executed: total(matches) });
  }
  return { type: 'order', order, status, trades, balances: wallet.rows() };
}

/** Throws `Refusal` (-2011) unless the order is open. */
export function decideCancel(
  state: VenueState,
  record: OrderRecord | undefined,
  nowMs: number,
): MarketEvent & { readonly type: 'cancel' } {
  const symbol = record && state.symbol(record.terms.symbol);
  if (!symbol || !state.open.has(record.terms.orderId)) throw new Refusal('unknownOrder');
  const { terms, executed } = record;
  const wallet = new Wallet(state.accounts.balances(terms.account));
  unlock(wallet, symbol, { order: terms, executed });
  const timeMs = state.tapeTimeMs ?? nowMs;
  return { type: 'cancel', orderId: terms.orderId, timeMs, balances: wallet.rows() };
}

/** Binance takes a client order id again once the order that had it is no longer open. */
function refuseDuplicate(state: VenueState, symbol: SymbolState, request: OrderRequest): void {
  const { account, clientOrderId } = request;
  const earlier = state.byClientId(account, symbol.instrument.symbol, clientOrderId);
  if (earlier && state.open.has(earlier.terms.orderId)) throw new Refusal('duplicateOrder');
}

/** A stop that has been reached is no stop: the market stands where the next candle opens. */
function refuseReachedStop({ standsAt }: SymbolState, { side, stopPrice }: OrderRequest): void {
  if (!stopPrice || standsAt === null) return;
  if (reaches(side, amount(standsAt), stopPrice)) throw new Refusal('triggersAtOnce');
}

function takerMatches(symbol: SymbolState, request: OrderRequest, share: number): readonly Match[] {
  const matches = matchTaker(thinned(bookOf(symbol), symbol.steps.lot, share), {
    side: request.side,
    limitPrice: request.price,
    quantity: request.quantity,
    quoteQuantity: request.quoteQuantity,
    lot: symbol.steps.lot,
  });
  const partial = request.quantity && total(matches).lt(request.quantity);
  return request.timeInForce === 'FOK' && partial ? [] : matches;
}

function thinned({ bids, asks }: Book, lot: Amount, share: number): Book {
  if (share === 1) return { bids, asks };
  const thin = (levels: Book['bids']) =>
    levels.map(({ price, quantity }) => ({
      price,
      quantity: floorToStep(quantity.times(share), lot),
    }));
  return { bids: thin(bids), asks: thin(asks) };
}

function lockMoney(
  wallet: Wallet,
  symbol: SymbolState,
  { request, matches }: { readonly request: OrderRequest; readonly matches: readonly Match[] },
): void {
  const { side, price, quantity } = request;
  if (price && quantity) {
    const { asset, needed } = cover(symbol.instrument, side, { price, quantity });
    if (wallet.balance(asset).free.lt(needed)) throw new Refusal('insufficientBalance');
    wallet.change(asset, { free: needed.neg(), locked: needed });
    return;
  }
  const { base, quote } = symbol.instrument;
  const given = side === 'BUY' ? costOf(matches) : (quantity ?? total(matches));
  if (wallet.balance(side === 'BUY' ? quote : base).free.lt(given)) {
    throw new Refusal('insufficientBalance');
  }
}

function unlock(
  wallet: Wallet,
  symbol: SymbolState,
  { order, executed }: { readonly order: OrderTerms; readonly executed: Amount },
): void {
  const left = amount(order.quantity).minus(executed);
  const terms = { price: amount(order.price ?? '0'), quantity: left };
  const { asset, needed } = cover(symbol.instrument, order.side, terms);
  wallet.change(asset, { free: needed, locked: needed.neg() });
}

function termsOf(
  state: VenueState,
  symbol: SymbolState,
  { request, nowMs }: { readonly request: OrderRequest; readonly nowMs: number },
): OrderTerms {
  return {
    orderId: state.nextOrderId,
    account: request.account,
    clientOrderId: request.clientOrderId,
    symbol: symbol.instrument.symbol,
    side: request.side,
    type: request.type,
    timeInForce: request.timeInForce,
    price: request.price?.toFixed() ?? null,
    ...(request.stopPrice ? { stopPrice: request.stopPrice.toFixed() } : {}),
    quantity: (request.quantity ?? ZERO).toFixed(),
    quoteQuantity: request.quoteQuantity?.toFixed() ?? null,
    timeMs: state.tapeTimeMs ?? nowMs,
  };
}

/** A MARKET order for quote units is filled once what is left buys less than a lot. */
function statusAfter(
  symbol: SymbolState,
  request: OrderRequest,
  matches: readonly Match[],
): OrderStatus {
  const executed = total(matches);
  const lotPrice = (matches.at(-1)?.price ?? ZERO).times(symbol.steps.lot);
  const whole = request.quantity
    ? executed.gte(request.quantity)
    : (request.quoteQuantity ?? ZERO).minus(costOf(matches)).lt(lotPrice);
  if (whole) return 'FILLED';
  if (request.type === 'MARKET' || request.timeInForce !== 'GTC') return 'EXPIRED';
  return executed.gt(0) ? 'PARTIALLY_FILLED' : 'NEW';
}

function total(matches: readonly Match[]): Amount {
  return matches.reduce((sum, { quantity }) => sum.plus(quantity), ZERO);
}

function costOf(matches: readonly Match[]): Amount {
  return matches.reduce((sum, { price, quantity }) => sum.plus(price.times(quantity)), ZERO);
}
