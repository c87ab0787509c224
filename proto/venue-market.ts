import type { Candle, Timeframe } from '../core/market/candle.ts';
import { type Instrument, isSymbol } from '../core/market/instrument.ts';
import { candleToCore, candleToWire, timeframes } from './codec-market.ts';
import {
  invalid,
  list,
  matching,
  present,
  symbol,
  text,
  timeMs,
  timeToWire,
  whole,
} from './fields.ts';
import {
  DepthReplySchema,
  DepthRequestSchema,
  type Instrument as InstrumentMessage,
  InstrumentsReplySchema,
  InstrumentsRequestSchema,
  KlinesReplySchema,
  KlinesRequestSchema,
  type PriceLevel as PriceLevelMessage,
  TimeReplySchema,
  TimeRequestSchema,
  WatchReplySchema,
  WatchRequestSchema,
} from './gen/corro/v1/venue_pb.ts';
import {
  type Answer,
  amount,
  asset,
  branch,
  type Codec,
  chosen,
  codec,
  faultToCore,
  faultToWire,
  optional,
  positiveAmount,
} from './venue-codec.ts';
import type {
  Depth,
  KlinesQuery,
  PriceLevel,
  VenueTime,
  WatchReport,
  WatchRequest,
} from './venue-messages.ts';

const MOST_LEVELS = 1_000;
const MOST_CANDLES = 1_000;
const MOST_INSTRUMENTS = 5_000;

export interface DepthQuery {
  readonly symbol: string;
  readonly levels?: number;
}

export interface InstrumentsQuery {
  readonly exchange?: string;
}

/** Candles of one timeframe, which says how long each of them must be. */
export interface CandleRows {
  readonly timeframe: Timeframe;
  readonly candles: readonly Candle[];
}

function exchangeId(value: string, path: string): string {
  return matching(value, path, { pattern: /^[a-z0-9]{1,20}$/, says: '1 to 20 of a-z 0-9' });
}

export const depthQuery: Codec<DepthQuery> = codec(DepthRequestSchema, {
  toWire: (query) => ({ ...query }),
  toCore: (message) => {
    const range = [1, MOST_LEVELS] as const;
    const levels = optional(message.levels, 'levels', (value, path) => whole(value, path, range));
    const named = symbol(message.symbol, 'symbol');
    return levels === undefined ? { symbol: named } : { symbol: named, levels };
  },
});

export const depth: Codec<Answer<Depth>> = codec(DepthReplySchema, {
  toWire: (answer) => {
    if (!answer.ok) return branch('fault', faultToWire(answer.fault));
    const copy = (levels: readonly PriceLevel[]) => levels.map((level) => ({ ...level }));
    const value = { bids: copy(answer.value.bids), asks: copy(answer.value.asks) };
    return branch('depth', value);
  },
  toCore: (message) => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'fault') return faultToCore(outcome.value);
    const rows = { cap: MOST_LEVELS, item: levelToCore };
    const bids = list(outcome.value.bids, 'bids', rows);
    return { ok: true, value: { bids, asks: list(outcome.value.asks, 'asks', rows) } };
  },
});

function levelToCore(message: PriceLevelMessage, path: string): PriceLevel {
  return {
    price: positiveAmount(message.price, `${path}.price`),
    quantity: amount(message.quantity, `${path}.quantity`),
  };
}

export const klinesQuery: Codec<KlinesQuery> = codec(KlinesRequestSchema, {
  toWire: ({ timeframe, sinceMs, ...query }) => ({
    ...query,
    timeframe: timeframes.toWire(timeframe, 'timeframe'),
    ...(sinceMs === undefined ? {} : { sinceMs: timeToWire(sinceMs, 'sinceMs') }),
  }),
  toCore: (message) => {
    const exchange = optional(message.exchange, 'exchange', exchangeId);
    const sinceMs = optional(message.sinceMs, 'sinceMs', timeMs);
    const range = [1, MOST_CANDLES] as const;
    const limit = optional(message.limit, 'limit', (value, path) => whole(value, path, range));
    return {
      symbol: symbol(message.symbol, 'symbol'),
      timeframe: timeframes.toCore(message.timeframe, 'timeframe'),
      ...(exchange === undefined ? {} : { exchange }),
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...(limit === undefined ? {} : { limit }),
    };
  },
});

export const klines: Codec<Answer<CandleRows>> = codec(KlinesReplySchema, {
  toWire: (answer) => {
    if (!answer.ok) return branch('fault', faultToWire(answer.fault));
    const timeframe = timeframes.toWire(answer.value.timeframe, 'timeframe');
    const candles = answer.value.candles.map((candle) => candleToWire(candle, 'candle'));
    return branch('candles', { timeframe, candles });
  },
  toCore: (message) => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'fault') return faultToCore(outcome.value);
    const timeframe = timeframes.toCore(outcome.value.timeframe, 'timeframe');
    const candles = list(outcome.value.candles, 'candles', {
      cap: MOST_CANDLES,
      item: (candle, path) => candleToCore(candle, path, timeframe),
    });
    return { ok: true, value: { timeframe, candles } };
  },
});

export const instrumentsQuery: Codec<InstrumentsQuery> = codec(InstrumentsRequestSchema, {
  toWire: (query) => ({ ...query }),
  toCore: (message) => {
    const exchange = optional(message.exchange, 'exchange', exchangeId);
    return exchange === undefined ? {} : { exchange };
  },
});

export const instruments: Codec<Answer<readonly Instrument[]>> = codec(InstrumentsReplySchema, {
  toWire: (answer) => {
    if (!answer.ok) return branch('fault', faultToWire(answer.fault));
    const rows = answer.value.map((instrument) => ({ ...instrument }));
    return branch('instruments', { instruments: rows });
  },
  toCore: (message) => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'fault') return faultToCore(outcome.value);
    const rows = { cap: MOST_INSTRUMENTS, item: instrumentToCore };
    return { ok: true, value: list(outcome.value.instruments, 'instruments', rows) };
  },
});

function instrumentToCore(message: InstrumentMessage, path: string): Instrument {
  const base = asset(message.base, `${path}.base`);
  const quote = asset(message.quote, `${path}.quote`);
  const name = symbol(message.symbol, `${path}.symbol`);
  if (!isSymbol(`${base}/${quote}`) || name !== `${base}/${quote}`) {
    throw invalid(`${path}.symbol`, 'base/quote');
  }
  return {
    symbol: name,
    base,
    quote,
    tickSize: positiveAmount(message.tickSize, `${path}.tickSize`),
    lotSize: positiveAmount(message.lotSize, `${path}.lotSize`),
    minNotional: amount(message.minNotional, `${path}.minNotional`),
  };
}

export const timeQuery: Codec<Readonly<Record<string, never>>> = codec(TimeRequestSchema, {
  toWire: () => ({}),
  toCore: () => ({}),
});

export const venueTime: Codec<Answer<VenueTime>> = codec(TimeReplySchema, {
  toWire: (answer) => {
    if (!answer.ok) return branch('fault', faultToWire(answer.fault));
    const venueTimeMs = timeToWire(answer.value.venueTimeMs, 'venueTimeMs');
    return branch('time', { venueTimeMs });
  },
  toCore: (message) => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'fault') return faultToCore(outcome.value);
    return { ok: true, value: { venueTimeMs: timeMs(outcome.value.venueTimeMs, 'venueTimeMs') } };
  },
});

export const watchRequest: Codec<WatchRequest> = codec(WatchRequestSchema, {
  toWire: ({ timeframe, sinceMs, ...request }) => ({
    ...request,
    timeframe: timeframes.toWire(timeframe, 'timeframe'),
    ...(sinceMs === undefined ? {} : { sinceMs: timeToWire(sinceMs, 'sinceMs') }),
  }),
  toCore: (message) => {
    const sinceMs = optional(message.sinceMs, 'sinceMs', timeMs);
    return {
      exchange: exchangeId(present(message.exchange, 'exchange'), 'exchange'),
      symbol: symbol(message.symbol, 'symbol'),
      timeframe: timeframes.toCore(message.timeframe, 'timeframe'),
      ...(sinceMs === undefined ? {} : { sinceMs }),
    };
  },
});

export const watchReport: Codec<Answer<WatchReport>> = codec(WatchReplySchema, {
  toWire: (answer) =>
    answer.ok
      ? branch('watching', { ...answer.value })
      : branch('fault', faultToWire(answer.fault)),
  toCore: (message) => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'fault') return faultToCore(outcome.value);
    const subject = text(outcome.value.subject, 'watching.subject', 200);
    return { ok: true, value: { subject, started: present(outcome.value.started, 'started') } };
  },
});
