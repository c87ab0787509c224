import type { Amount } from '../../core/venue/decimals.ts';
import { Refusal } from '../../core/venue/errors.ts';
import type { OrderType, TimeInForce, TradeRow } from '../../core/venue/events.ts';
import type { Side } from '../../core/venue/matching.ts';
import type { OrderRecord, SymbolState, VenueState } from '../../core/venue/state.ts';
import type { OrderRequest } from '../../core/venue/trading.ts';
import type { Parameters } from './parameters.ts';
import * as render from './render.ts';
import type { SignedRoute } from './routes.ts';
import type { PaperVenue } from './venue.ts';

const CLIENT_ID = '^[a-zA-Z0-9-_]{1,36}$';
const MARKET_ID = '^[A-Z0-9-_.]{1,40}$';

/** The market a request names. Throws `Refusal` (-1121). */
export function marketOf(state: VenueState, parameters: Parameters): SymbolState {
  const symbol = state.market(parameters.text('symbol', MARKET_ID));
  if (!symbol) throw new Refusal('symbol');
  return symbol;
}

/** Orders and trades: what an account may ask of the venue. */
export const ORDER_ROUTES: readonly SignedRoute[] = [
  {
    method: 'POST',
    path: '/api/v3/order',
    weight: 1,
    handle: ({ venue, account, parameters, lies }) => {
      const kind = replyKind(parameters);
      const request = orderRequest(venue.state, account, parameters);
      parameters.finish();
      return render.orderReply(venue.place(request, lies.share), kind);
    },
  },
  {
    method: 'POST',
    path: '/api/v3/order/test',
    weight: 1,
    handle: ({ venue, account, parameters }) => {
      replyKind(parameters);
      const request = orderRequest(venue.state, account, parameters);
      parameters.finish();
      venue.test(request);
      return {};
    },
  },
  {
    method: 'GET',
    path: '/api/v3/order',
    weight: 4,
    handle: ({ venue, account, parameters }) => {
      const record = namedOrder(venue.state, account, parameters);
      parameters.finish();
      if (!record || venue.faults.hidesOrder(record.terms.orderId)) {
        throw new Refusal('noSuchOrder');
      }
      return render.order(record);
    },
  },
  {
    method: 'DELETE',
    path: '/api/v3/order',
    weight: 1,
    handle: ({ venue, account, parameters }) => {
      const original = parameters.optional('origClientOrderId', CLIENT_ID);
      const clientOrderId = parameters.optional('newClientOrderId', CLIENT_ID);
      const named = namedOrder(venue.state, account, parameters);
      parameters.finish();
      const record = venue.cancel(named);
      const reply = render.order(record);
      const origClientOrderId = original ?? record.terms.clientOrderId;
      return { ...reply, origClientOrderId, clientOrderId: clientOrderId ?? origClientOrderId };
    },
  },
  {
    method: 'GET',
    path: '/api/v3/openOrders',
    weight: 6,
    handle: ({ venue, account, parameters }) => {
      const symbol = parameters.has('symbol') ? marketOf(venue.state, parameters) : undefined;
      parameters.finish();
      return [...venue.state.open.values()]
        .filter(({ terms }) => terms.account === account)
        .filter(({ terms }) => !symbol || terms.symbol === symbol.instrument.symbol)
        .filter(({ terms }) => !venue.faults.hidesOrder(terms.orderId))
        .map(render.order);
    },
  },
  {
    method: 'GET',
    path: '/api/v3/allOrders',
    weight: 20,
    handle: ({ venue, account, parameters }) => {
      const { instrument } = marketOf(venue.state, parameters);
      const from = parameters.optionalInteger('orderId');
      const within = timeRange(parameters);
      const limit = parameters.limit(1000, 500);
      parameters.finish();
      const orders = venue.state
        .ordersOf(account, instrument.symbol)
        .filter(({ terms }) => !venue.faults.hidesOrder(terms.orderId))
        .filter(({ terms }) => within(terms.timeMs) && terms.orderId >= (from ?? 0));
      return (from === undefined ? orders.slice(-limit) : orders.slice(0, limit)).map(render.order);
    },
  },
  {
    method: 'GET',
    path: '/api/v3/myTrades',
    weight: 20,
    handle: ({ venue, account, parameters }) => {
      const { instrument } = marketOf(venue.state, parameters);
      const orderId = parameters.optionalInteger('orderId');
      const fromId = parameters.optionalInteger('fromId');
      const within = timeRange(parameters);
      const limit = parameters.limit(1000, 500);
      parameters.finish();
      const trades = venue.state
        .ordersOf(account, instrument.symbol)
        .filter(({ terms }) => orderId === undefined || terms.orderId === orderId)
        .flatMap((record) => record.trades.map((trade) => ({ record, trade })))
        .filter(({ record, trade }) => isTold(venue, record, trade))
        .filter(({ trade }) => within(trade.timeMs) && trade.tradeId >= (fromId ?? 0))
        .sort((a, b) => a.trade.tradeId - b.trade.tradeId);
      const page = fromId === undefined ? trades.slice(-limit) : trades.slice(0, limit);
      return page.map(({ record, trade }) => render.myTrade(record, trade));
    },
  },
];

function isTold({ faults }: PaperVenue, { terms }: OrderRecord, trade: TradeRow): boolean {
  return !faults.hidesOrder(terms.orderId) && !faults.hidesTrade(terms.symbol, trade.tradeId);
}

function timeRange(parameters: Parameters): (timeMs: number) => boolean {
  const startMs = parameters.optionalInteger('startTime') ?? 0;
  const endMs = parameters.optionalInteger('endTime') ?? Number.MAX_SAFE_INTEGER;
  return (timeMs) => timeMs >= startMs && timeMs <= endMs;
}

function replyKind(parameters: Parameters): string {
  const kind = parameters.optional('newOrderRespType') ?? 'FULL';
  if (!['ACK', 'RESULT', 'FULL'].includes(kind)) {
    throw new Refusal('parameterData', 'newOrderRespType');
  }
  return kind;
}

function namedOrder(
  state: VenueState,
  account: string,
  parameters: Parameters,
): OrderRecord | undefined {
  const { symbol } = marketOf(state, parameters).instrument;
  const orderId = parameters.optionalInteger('orderId');
  const clientOrderId = parameters.optional('origClientOrderId', CLIENT_ID);
  if (orderId === undefined && clientOrderId === undefined) {
    throw new Refusal('missingParameter', 'orderId');
  }
  const record =
    orderId === undefined
      ? state.byClientId(account, symbol, clientOrderId ?? '')
      : state.orders.get(orderId);
  if (record?.terms.account !== account || record.terms.symbol !== symbol) return undefined;
  const matches = clientOrderId === undefined || record.terms.clientOrderId === clientOrderId;
  return matches ? record : undefined;
}

function orderRequest(state: VenueState, account: string, parameters: Parameters): OrderRequest {
  const market = parameters.text('symbol', MARKET_ID);
  const side = sideOf(parameters.text('side'));
  const type = typeOf(parameters.text('type'));
  const clientOrderId =
    parameters.optional('newClientOrderId', CLIENT_ID) ?? `venue-${state.nextOrderId}`;
  const head = { account, market, clientOrderId, side, type };
  return { ...head, ...TERMS[type](parameters) };
}

type Terms = Pick<
  OrderRequest,
  'timeInForce' | 'price' | 'stopPrice' | 'quantity' | 'quoteQuantity'
>;

const TERMS: Readonly<Record<OrderType, (parameters: Parameters) => Terms>> = {
  LIMIT: limitTerms,
  MARKET: marketTerms,
  STOP_LOSS_LIMIT: stopTerms,
};

function limitTerms(parameters: Parameters): Terms {
  const timeInForce = timeInForceOf(parameters.text('timeInForce'));
  if (parameters.has('quoteOrderQty')) throw new Refusal('notRequired', 'quoteOrderQty');
  const price = positive('price', parameters.optionalDecimal('price'));
  const quantity = positive('quantity', parameters.optionalDecimal('quantity'));
  return { timeInForce, price, stopPrice: null, quantity, quoteQuantity: null };
}

/** A stop rests until it is reached, so that GTC is the only time in force taken here. */
function stopTerms(parameters: Parameters): Terms {
  const terms = limitTerms(parameters);
  if (terms.timeInForce !== 'GTC') throw new Refusal('timeInForce');
  const stopPrice = positive('stopPrice', parameters.optionalDecimal('stopPrice'));
  return { ...terms, stopPrice };
}

function marketTerms(parameters: Parameters): Terms {
  for (const name of ['timeInForce', 'price']) {
    if (parameters.has(name)) throw new Refusal('notRequired', name);
  }
  const quantity = parameters.optionalDecimal('quantity');
  const quoteQuantity = parameters.optionalDecimal('quoteOrderQty');
  if (quantity && quoteQuantity) throw new Refusal('combination');
  return {
    timeInForce: 'GTC',
    price: null,
    stopPrice: null,
    quantity: quoteQuantity ? null : positive('quantity', quantity),
    quoteQuantity: quoteQuantity ? positive('quoteOrderQty', quoteQuantity) : null,
  };
}

function positive(name: string, value: Amount | undefined): Amount {
  if (!value) throw new Refusal('missingParameter', name);
  if (value.isZero())
    throw new Refusal('filter', /price/i.test(name) ? 'PRICE_FILTER' : 'LOT_SIZE');
  return value;
}

function sideOf(text: string): Side {
  if (text === 'BUY' || text === 'SELL') return text;
  throw new Refusal('side');
}

function typeOf(text: string): OrderType {
  if (Object.hasOwn(TERMS, text)) return text as OrderType;
  throw new Refusal('orderType');
}

function timeInForceOf(text: string): TimeInForce {
  if (text === 'GTC' || text === 'IOC' || text === 'FOK') return text;
  throw new Refusal('timeInForce');
}
