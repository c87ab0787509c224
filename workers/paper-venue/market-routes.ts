import { TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import { Refusal } from '../../core/venue/errors.ts';
import { marketId, type SymbolState, type VenueState } from '../../core/venue/state.ts';
import { marketOf } from './orders-routes.ts';
import type { Parameters } from './parameters.ts';
import * as render from './render.ts';
import type { PublicRoute } from './routes.ts';

/** What anybody may ask: time, instruments, prices. */
export const MARKET_ROUTES: readonly PublicRoute[] = [
  { method: 'GET', path: '/api/v3/ping', weight: 1, handle: () => ({}) },
  {
    method: 'GET',
    path: '/api/v3/time',
    weight: 1,
    handle: ({ nowMs }) => ({ serverTime: nowMs }),
  },
  {
    method: 'GET',
    path: '/api/v3/exchangeInfo',
    weight: 20,
    handle: ({ venue, parameters, nowMs }) => {
      const symbols = parameters.has('symbol')
        ? [marketOf(venue.state, parameters)]
        : venue.state.symbols();
      return {
        timezone: 'UTC',
        serverTime: nowMs,
        rateLimits: [
          {
            rateLimitType: 'REQUEST_WEIGHT',
            interval: 'MINUTE',
            intervalNum: 1,
            limit: venue.state.conditions.weightPerMinute,
          },
        ],
        exchangeFilters: [],
        symbols: symbols.map(render.symbolInfo),
      };
    },
  },
  {
    method: 'GET',
    path: '/api/v3/klines',
    weight: 2,
    handle: ({ venue, parameters }) => {
      const { instrument } = marketOf(venue.state, parameters);
      const timeframe = intervalOf(parameters.text('interval'));
      const startMs = parameters.optionalInteger('startTime');
      const endMs = parameters.optionalInteger('endTime');
      const limit = parameters.limit(1000, 500);
      const range = {
        limit,
        ...(startMs === undefined ? {} : { startMs }),
        ...(endMs === undefined ? {} : { endMs }),
      };
      return venue.state.history.candles(instrument.symbol, timeframe, range).map(render.kline);
    },
  },
  {
    method: 'GET',
    path: '/api/v3/depth',
    weight: 5,
    handle: ({ venue, parameters, lies }) => {
      const symbol = marketOf(venue.state, parameters);
      const limit = parameters.limit(5000, 100);
      const ago = lies.staleCandles;
      return render.depth(ago === 0 ? symbol : venue.state.symbolAgo(symbol, ago), limit);
    },
  },
  {
    method: 'GET',
    path: '/api/v3/ticker/24hr',
    weight: 2,
    handle: ({ venue, parameters }) =>
      perSymbol(venue.state, parameters, (symbol) =>
        render.dayTicker(symbol, venue.state.history.lastDay(symbol.instrument.symbol)),
      ),
  },
  {
    method: 'GET',
    path: '/api/v3/ticker/price',
    weight: 2,
    handle: ({ venue, parameters }) =>
      perSymbol(venue.state, parameters, ({ instrument, lastPrice }) => ({
        symbol: marketId(instrument.symbol),
        price: String(lastPrice ?? 0),
      })),
  },
  {
    method: 'GET',
    path: '/api/v3/ticker/bookTicker',
    weight: 2,
    handle: ({ venue, parameters }) => perSymbol(venue.state, parameters, render.bookTicker),
  },
];

/** One object for `symbol=…`, a list for `symbols=[…]` or for none. */
function perSymbol(
  state: VenueState,
  parameters: Parameters,
  show: (symbol: SymbolState) => render.Json,
): unknown {
  if (parameters.has('symbol')) return show(marketOf(state, parameters));
  const wanted = parameters.optional(
    'symbols',
    '^\\["[A-Z0-9-_.]{1,40}"(,"[A-Z0-9-_.]{1,40}")*\\]$',
  );
  if (wanted === undefined) return state.symbols().map(show);
  return (JSON.parse(wanted) as string[]).map((id) => {
    const symbol = state.market(id);
    if (!symbol) throw new Refusal('symbol');
    return show(symbol);
  });
}

function intervalOf(text: string): Timeframe {
  if (Object.hasOwn(TIMEFRAMES, text)) return text as Timeframe;
  throw new Refusal('interval');
}
