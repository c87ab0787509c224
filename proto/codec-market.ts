import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Candle, TIMEFRAMES, type Timeframe } from '../core/market/candle.ts';
import {
  enumeration,
  invalid,
  notNegative,
  positive,
  present,
  symbol,
  timeMs,
  timeToWire,
  venueName,
} from './fields.ts';
import {
  type Candle as CandleMessage,
  type CandleSchema,
  type MarketEvent as MarketEventMessage,
  MarketEventSchema,
  Timeframe as WireTimeframe,
} from './gen/corro/v1/market_pb.ts';
import type { MarketEvent } from './messages.ts';

export const timeframes = enumeration({
  '1m': WireTimeframe.TIMEFRAME_1M,
  '3m': WireTimeframe.TIMEFRAME_3M,
  '5m': WireTimeframe.TIMEFRAME_5M,
  '15m': WireTimeframe.TIMEFRAME_15M,
  '30m': WireTimeframe.TIMEFRAME_30M,
  '1h': WireTimeframe.TIMEFRAME_1H,
  '2h': WireTimeframe.TIMEFRAME_2H,
  '4h': WireTimeframe.TIMEFRAME_4H,
  '6h': WireTimeframe.TIMEFRAME_6H,
  '8h': WireTimeframe.TIMEFRAME_8H,
  '12h': WireTimeframe.TIMEFRAME_12H,
  '1d': WireTimeframe.TIMEFRAME_1D,
} satisfies Record<Timeframe, WireTimeframe>);

export function candleToWire(candle: Candle, path: string): MessageInitShape<typeof CandleSchema> {
  return {
    ...candle,
    openTimeMs: timeToWire(candle.openTimeMs, `${path}.openTimeMs`),
    closeTimeMs: timeToWire(candle.closeTimeMs, `${path}.closeTimeMs`),
  };
}

/** A candle that can have happened: positive prices, high and low around the others, and as long as
 * its timeframe says. */
export function candleToCore(message: CandleMessage, path: string, timeframe: Timeframe): Candle {
  const candle: Candle = {
    openTimeMs: timeMs(message.openTimeMs, `${path}.openTimeMs`),
    closeTimeMs: timeMs(message.closeTimeMs, `${path}.closeTimeMs`),
    open: positive(message.open, `${path}.open`),
    high: positive(message.high, `${path}.high`),
    low: positive(message.low, `${path}.low`),
    close: positive(message.close, `${path}.close`),
    volume: notNegative(message.volume, `${path}.volume`),
  };
  if (candle.closeTimeMs !== candle.openTimeMs + TIMEFRAMES[timeframe] - 1) {
    throw invalid(`${path}.closeTimeMs`, 'open time + timeframe - 1');
  }
  if (candle.high < Math.max(candle.open, candle.close, candle.low)) {
    throw invalid(`${path}.high`, 'the highest of the four prices');
  }
  if (candle.low > Math.min(candle.open, candle.close)) {
    throw invalid(`${path}.low`, 'the lowest of the four prices');
  }
  return candle;
}

export function marketEventToWire(event: MarketEvent): MarketEventMessage {
  return create(MarketEventSchema, {
    venue: event.venue,
    symbol: event.symbol,
    timeframe: timeframes.toWire(event.timeframe, 'timeframe'),
    candle: candleToWire(event.candle, 'candle'),
  });
}

export function marketEventToCore(message: MarketEventMessage): MarketEvent {
  const timeframe = timeframes.toCore(message.timeframe, 'timeframe');
  return {
    venue: venueName(message.venue, 'venue'),
    symbol: symbol(message.symbol, 'symbol'),
    timeframe,
    candle: candleToCore(present(message.candle, 'candle'), 'candle', timeframe),
  };
}
