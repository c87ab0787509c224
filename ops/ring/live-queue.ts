import { bury } from '../../adapters/bus/bury.ts';
import type { Bus } from '../../adapters/bus/connect.ts';
import { isSentByServer } from '../../adapters/bus/origin.ts';
import type { Candle, Timeframe } from '../../core/market/candle.ts';
import { decodeMarketEvent } from '../../proto/codec.ts';
import { CorroError, WireError } from '../../proto/errors.ts';
import type { Wire } from '../../proto/subjects.ts';
import { MINUTE } from './live-order.ts';
import type { LiveRequest } from './live-source.ts';

/** Live closes that may wait for the ring before the feed is too far behind to be honest. */
const MAX_WAITING = 100;
const DEAD_LETTER_MS = 5_000;

export interface Arrived {
  readonly timeframe: Timeframe;
  readonly candle: Candle;
}

export interface LiveFeed {
  readonly bus: Bus;
  readonly wire: Wire;
  readonly request: LiveRequest;
}

/** Closed candles as the gateway publishes them, in the order they came: those the ring trades on,
 * and the minutes between. */
export class CandleQueue {
  readonly #arrived: Arrived[] = [];
  readonly #feed: LiveFeed;
  readonly #close: () => void;
  #wake: () => void = () => undefined;

  constructor(feed: LiveFeed, signal: AbortSignal) {
    this.#feed = feed;
    const { exchange, symbol } = feed.request;
    const subscriptions = [...new Set([feed.request.timeframe, MINUTE])].map((timeframe) =>
      feed.bus.connection.subscribe(feed.wire.market(exchange, symbol, timeframe), {
        callback: (error, message) => {
          if (!error && !isSentByServer(message)) this.#take(timeframe, message.data);
        },
      }),
    );
    const onAbort = (): void => this.#wake();
    signal.addEventListener('abort', onAbort);
    this.#close = () => {
      signal.removeEventListener('abort', onAbort);
      for (const subscription of subscriptions) subscription.unsubscribe();
    };
  }

  /** The next candle; `null` when none came for so long, or the signal aborted. Throws `CorroError`
   * when the ring is hopelessly behind. */
  async next(waitMs: number): Promise<Arrived | null> {
    const waiting = this.#arrived.length;
    if (waiting > MAX_WAITING) {
      const { exchange, symbol } = this.#feed.request;
      const told = `the ring is ${waiting} closes of ${symbol} behind ${exchange}`;
      throw new CorroError('failed', `${told}: start again to go on from now`);
    }
    if (waiting === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#arrived.shift() ?? null;
  }

  close(): void {
    this.#close();
  }

  #take(timeframe: Timeframe, bytes: Uint8Array): void {
    try {
      this.#arrived.push({ timeframe, candle: this.#read(timeframe, bytes) });
    } catch (error) {
      // Whatever it is, it is no candle; the gateway's own word for this close is still to come.
      if (!(error instanceof WireError)) throw error;
      return this.#bury(timeframe, bytes, error);
    }
    this.#wake();
  }

  #read(timeframe: Timeframe, bytes: Uint8Array): Candle {
    const event = decodeMarketEvent(bytes);
    const { exchange, symbol } = this.#feed.request;
    if (event.venue !== exchange) throw new WireError('wire_mismatch', 'venue');
    if (event.symbol !== symbol) throw new WireError('wire_mismatch', 'symbol');
    if (event.timeframe !== timeframe) throw new WireError('wire_mismatch', 'timeframe');
    return event.candle;
  }

  #bury(timeframe: Timeframe, bytes: Uint8Array, { code, field }: WireError): void {
    const { bus, wire, request } = this.#feed;
    const subject = wire.market(request.exchange, request.symbol, timeframe);
    const corpse = { origin: 'market', subject, bytes, code, field } as const;
    // The stream of dead letters is the count; one it could not take is lost, and no candle with
    // it.
    bury(bus, wire, { corpse, deadlineMs: DEAD_LETTER_MS }).catch(() => undefined);
  }
}
