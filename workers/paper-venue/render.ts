import type { Candle } from '../../core/market/candle.ts';
import type { Balance } from '../../core/venue/accounts.ts';
import { type Amount, amount, printed, ZERO } from '../../core/venue/decimals.ts';
import type { TradeRow } from '../../core/venue/events.ts';
import { ASSET_PRECISION, MAX_PRICE, MAX_QUANTITY } from '../../core/venue/filters.ts';
import type { Level } from '../../core/venue/matching.ts';
import { bookOf, marketId, type OrderRecord, type SymbolState } from '../../core/venue/state.ts';

/** The venue's facts in Binance's JSON. Money is text with eight decimals or more. */
export type Json = Readonly<Record<string, unknown>>;

const money = (text: string | number): string => printed(amount(text));

export function symbolInfo({ instrument }: SymbolState): Json {
  const { tickSize, lotSize, minNotional } = instrument;
  const lot = { minQty: money(lotSize), maxQty: money(MAX_QUANTITY), stepSize: money(lotSize) };
  return {
    symbol: marketId(instrument.symbol),
    status: 'TRADING',
    baseAsset: instrument.base,
    baseAssetPrecision: ASSET_PRECISION,
    quoteAsset: instrument.quote,
    quotePrecision: ASSET_PRECISION,
    quoteAssetPrecision: ASSET_PRECISION,
    baseCommissionPrecision: ASSET_PRECISION,
    quoteCommissionPrecision: ASSET_PRECISION,
    orderTypes: ['LIMIT', 'MARKET', 'STOP_LOSS_LIMIT'],
    icebergAllowed: false,
    ocoAllowed: false,
    otoAllowed: false,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: false,
    cancelReplaceAllowed: false,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: money(tickSize),
        maxPrice: money(MAX_PRICE),
        tickSize: money(tickSize),
      },
      { filterType: 'LOT_SIZE', ...lot },
      {
        filterType: 'NOTIONAL',
        minNotional: money(minNotional),
        applyMinToMarket: true,
        maxNotional: money(MAX_PRICE),
        applyMaxToMarket: false,
        avgPriceMins: 0,
      },
    ],
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'NONE',
    allowedSelfTradePreventionModes: ['NONE'],
  };
}

export function kline(candle: Candle): readonly unknown[] {
  const quoteVolume = money(quoteVolumeOf(candle));
  const { openTimeMs, closeTimeMs } = candle;
  const prices = [candle.open, candle.high, candle.low, candle.close, candle.volume].map(money);
  return [openTimeMs, ...prices, closeTimeMs, quoteVolume, 0, '0', '0', '0'];
}

/** Volume at the candle's typical price: the tape does not carry the true figure. */
export function quoteVolumeOf({ high, low, close, volume }: Candle): number {
  return volume * ((high + low + close) / 3);
}

export function levels(side: readonly Level[], limit: number): readonly (readonly string[])[] {
  return side.slice(0, limit).map(({ price, quantity }) => [printed(price), printed(quantity)]);
}

export function depth(symbol: SymbolState, limit: number): Json {
  const book = bookOf(symbol);
  return {
    lastUpdateId: symbol.bookId,
    bids: levels(book.bids, limit),
    asks: levels(book.asks, limit),
  };
}

export function bookTicker(symbol: SymbolState): Json {
  const { bids, asks } = bookOf(symbol);
  return {
    symbol: marketId(symbol.instrument.symbol),
    bidPrice: printed(bids[0]?.price ?? ZERO),
    bidQty: printed(bids[0]?.quantity ?? ZERO),
    askPrice: printed(asks[0]?.price ?? ZERO),
    askQty: printed(asks[0]?.quantity ?? ZERO),
  };
}

export function dayTicker(symbol: SymbolState, day: readonly Candle[]): Json {
  const [first] = day;
  const last = day.at(-1);
  const open = first?.open ?? 0;
  const close = last?.close ?? 0;
  const volume = day.reduce((sum, candle) => sum + candle.volume, 0);
  const quoteVolume = day.reduce((sum, candle) => sum + quoteVolumeOf(candle), 0);
  const { bidPrice, bidQty, askPrice, askQty } = bookTicker(symbol);
  return {
    symbol: marketId(symbol.instrument.symbol),
    priceChange: money(close - open),
    priceChangePercent: open > 0 ? (((close - open) / open) * 100).toFixed(3) : '0.000',
    weightedAvgPrice: money(volume > 0 ? quoteVolume / volume : 0),
    prevClosePrice: money(open),
    lastPrice: money(close),
    lastQty: '0.00000000',
    bidPrice,
    bidQty,
    askPrice,
    askQty,
    openPrice: money(open),
    highPrice: money(day.reduce((most, { high }) => Math.max(most, high), 0)),
    lowPrice: money(day.reduce((least, { low }) => Math.min(least, low), first?.low ?? 0)),
    volume: money(volume),
    quoteVolume: money(quoteVolume),
    openTime: first?.openTimeMs ?? 0,
    closeTime: last?.closeTimeMs ?? 0,
    firstId: -1,
    lastId: symbol.nextTradeId - 1,
    count: symbol.nextTradeId - 1,
  };
}

export function balance(asset: string, { free, locked }: Balance): Json {
  return { asset, free: printed(free), locked: printed(locked) };
}

export function order(record: OrderRecord): Json {
  const { terms } = record;
  return {
    symbol: marketId(terms.symbol),
    orderId: terms.orderId,
    orderListId: -1,
    clientOrderId: terms.clientOrderId,
    price: money(terms.price ?? '0'),
    origQty: printed(originalQuantity(record)),
    executedQty: printed(record.executed),
    cummulativeQuoteQty: printed(record.quoted),
    status: record.status,
    timeInForce: terms.timeInForce,
    type: terms.type,
    side: terms.side,
    stopPrice: money(terms.stopPrice ?? '0'),
    icebergQty: '0.00000000',
    time: terms.timeMs,
    updateTime: record.updateTimeMs,
    isWorking: record.workingTimeMs !== null,
    workingTime: record.workingTimeMs ?? -1,
    origQuoteOrderQty: money(terms.quoteQuantity ?? '0'),
    selfTradePreventionMode: 'NONE',
  };
}

/** For an order in quote units: what it came to. */
function originalQuantity({ terms, executed }: OrderRecord): Amount {
  return terms.quoteQuantity === null ? amount(terms.quantity) : executed;
}

/** The answer to a new order, as long as `kind` asks for. */
export function orderReply(record: OrderRecord, kind: string): Json {
  const { symbol, orderId, orderListId, clientOrderId, ...rest } = order(record);
  const head = { symbol, orderId, orderListId, clientOrderId, transactTime: record.updateTimeMs };
  if (kind === 'ACK') return head;
  if (kind === 'RESULT') return { ...head, ...rest };
  return { ...head, ...rest, fills: record.trades.map(fill) };
}

function fill(trade: TradeRow): Json {
  return {
    price: money(trade.price),
    qty: money(trade.quantity),
    commission: money(trade.fee),
    commissionAsset: trade.feeAsset,
    tradeId: trade.tradeId,
  };
}

export function myTrade(record: OrderRecord, trade: TradeRow): Json {
  return {
    symbol: marketId(record.terms.symbol),
    id: trade.tradeId,
    orderId: trade.orderId,
    orderListId: -1,
    price: money(trade.price),
    qty: money(trade.quantity),
    quoteQty: printed(amount(trade.price).times(trade.quantity)),
    commission: money(trade.fee),
    commissionAsset: trade.feeAsset,
    time: trade.timeMs,
    isBuyer: record.terms.side === 'BUY',
    isMaker: trade.maker,
    isBestMatch: true,
  };
}
