import * as market from './venue-market.ts';
import * as orders from './venue-orders.ts';

/** The request and the reply of every verb a venue gateway serves. Encoders and decoders make the
 * same checks and throw `WireError`. */
export const VENUE_CODECS = {
  'order-new': { request: orders.newOrder, reply: orders.sendOutcome },
  'order-query': { request: orders.orderKey, reply: orders.orderReport },
  'order-cancel': { request: orders.orderKey, reply: orders.cancelOutcome },
  'orders-open': { request: orders.openOrdersQuery, reply: orders.openOrders },
  trades: { request: orders.tradesQuery, reply: orders.trades },
  account: { request: orders.accountQuery, reply: orders.accountReport },
  depth: { request: market.depthQuery, reply: market.depth },
  klines: { request: market.klinesQuery, reply: market.klines },
  instruments: { request: market.instrumentsQuery, reply: market.instruments },
  time: { request: market.timeQuery, reply: market.venueTime },
  watch: { request: market.watchRequest, reply: market.watchReport },
} as const;

export const EXECUTION_CODEC = orders.execution;

export type VenueCodecs = typeof VENUE_CODECS;
