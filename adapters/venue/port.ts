import type { Candle } from '../../core/market/candle.ts';
import type { Instrument } from '../../core/market/instrument.ts';
import type {
  AccountReport,
  CancelOutcome,
  Depth,
  KlinesQuery,
  NewOrder,
  OpenOrder,
  OrderKey,
  OrderReport,
  SendOutcome,
  Trade,
  TradesQuery,
  VenueErrorCode,
  VenueTime,
  WatchReport,
  WatchRequest,
} from '../../proto/venue-messages.ts';

export type {
  AccountReport,
  CancelOutcome,
  Depth,
  Execution,
  KlinesQuery,
  NewOrder,
  OpenOrder,
  OrderKey,
  OrderReport,
  SendOutcome,
  Side,
  Trade,
  TradesQuery,
  VenueErrorCode,
  VenueOrderStatus,
  VenueTime,
  WatchReport,
  WatchRequest,
} from '../../proto/venue-messages.ts';

/** What the rest of Corro may ask of an exchange. Money and quantities are decimal strings; times
 * are Unix milliseconds, UTC. `signedAtMs`, `validUntilMs` and `venueTimeMs` are the venue's wall
 * clock (the one its recvWindow is checked against); `timeMs` of trades and candles is the
 * market's. */
export interface VenuePort {
  /** Sends one order once. Never throws: whatever is not a proven answer is `unknown`. */
  newOrder(order: NewOrder): Promise<SendOutcome>;
  /** Throws `VenueError` when the venue gave no usable answer. */
  queryOrder(key: OrderKey): Promise<OrderReport>;
  /** Never throws: a cancel without an answer is `unknown`, and asking again is harmless. */
  cancelOrder(key: OrderKey): Promise<CancelOutcome>;
  /** Open orders of one symbol, or of all. Throws `VenueError`. */
  openOrders(account: string, symbol?: string): Promise<readonly OpenOrder[]>;
  /** Oldest first, at most `limit` (default 500, at most 1000). Throws `VenueError`. */
  trades(query: TradesQuery): Promise<readonly Trade[]>;
  account(account: string): Promise<AccountReport>;
  depth(symbol: string, levels?: number): Promise<Depth>;
  /** Closed and forming candles as the venue has them, oldest first. Throws `VenueError`. */
  klines(query: KlinesQuery): Promise<readonly Candle[]>;
  /** Of the venue, or of another exchange by its ccxt id. */
  instruments(exchange?: string): Promise<readonly Instrument[]>;
  time(): Promise<VenueTime>;
  /** Publishes closed candles until the gateway ends. Throws `VenueError`. */
  watch(request: WatchRequest): Promise<WatchReport>;
}

/** A question to the venue that got no usable answer. */
export class VenueError extends Error {
  readonly code: VenueErrorCode;
  constructor(code: VenueErrorCode, text: string) {
    super(text);
    this.name = 'VenueError';
    this.code = code;
  }
}
