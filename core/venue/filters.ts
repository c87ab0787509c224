import { type Amount, amount } from './decimals.ts';
import { Refusal } from './errors.ts';
import type { SymbolState } from './state.ts';
import type { OrderRequest } from './trading.ts';

/** Decimals Binance keeps of any asset; a parameter with more is malformed, not merely off its
 * step. */
export const ASSET_PRECISION = 8;
export const MAX_PRICE = '1000000000000';
export const MAX_QUANTITY = '900000000000';

/** PRICE_FILTER, LOT_SIZE and NOTIONAL, in Binance's order and with its codes. Throws `Refusal`. */
export function checkFilters(symbol: SymbolState, request: OrderRequest): void {
  const { price, stopPrice, quantity, quoteQuantity } = request;
  if (price) {
    checkPrecision('price', price);
    checkStep('PRICE_FILTER', price, { step: symbol.steps.tick, most: amount(MAX_PRICE) });
  }
  if (stopPrice) {
    checkPrecision('stopPrice', stopPrice);
    checkStep('PRICE_FILTER', stopPrice, { step: symbol.steps.tick, most: amount(MAX_PRICE) });
  }
  if (quantity) {
    checkPrecision('quantity', quantity);
    checkStep('LOT_SIZE', quantity, { step: symbol.steps.lot, most: amount(MAX_QUANTITY) });
  }
  if (quoteQuantity) checkPrecision('quoteOrderQty', quoteQuantity);
  checkNotional(symbol, request);
}

function checkPrecision(name: string, value: Amount): void {
  if (value.decimalPlaces() > ASSET_PRECISION) throw new Refusal('precision', name);
}

function checkStep(
  filter: string,
  value: Amount,
  { step, most }: { readonly step: Amount; readonly most: Amount },
): void {
  const onStep = value.isMultipleOf(step);
  if (!onStep || value.lt(step) || value.gt(most)) throw new Refusal('filter', filter);
}

/** A MARKET order is valued at the last price, as Binance values it at its average. */
function checkNotional(symbol: SymbolState, request: OrderRequest): void {
  const least = amount(symbol.instrument.minNotional);
  const price = request.price ?? (symbol.lastPrice === null ? null : amount(symbol.lastPrice));
  const notional =
    request.quoteQuantity ?? (price && request.quantity ? price.times(request.quantity) : null);
  if (notional?.lt(least)) throw new Refusal('filter', 'NOTIONAL');
}
