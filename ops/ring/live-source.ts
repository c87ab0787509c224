import type { Bus } from '../../adapters/bus/connect.ts';
import { VenueError, type VenuePort } from '../../adapters/venue/port.ts';
import type { Candle, Timeframe } from '../../core/market/candle.ts';
import { CorroError } from '../../proto/errors.ts';
import type { Wire } from '../../proto/subjects.ts';
import { CloseOrder, MINUTE } from './live-order.ts';
import { CandleQueue } from './live-queue.ts';
import type { CandleSource, Close } from './source.ts';

export interface LiveRequest {
  /** A ccxt exchange id. */
  readonly exchange: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

interface Line {
  readonly bus: Bus;
  readonly wire: Wire;
  readonly venue: VenuePort;
  /** How often the gateway is told again what to follow: one that was restarted follows nothing. */
  readonly tellAgainMs?: number;
}

/** Closed candles asked for before the first live one, so that every indicator is warm. */
const WARM_UP = 300;
const TELL_AGAIN_MS = 20_000;

/** An exchange's public candles as a source, through the venue gateway: first a warm-up of
 * closed ones, then each as it closes. `liveFromMs` is where the warm-up ends. Throws
 * `CorroError` when there is no such exchange or symbol, or the exchange cannot be reached. */
export async function liveSource(
  line: Line,
  request: LiveRequest,
): Promise<{ readonly source: CandleSource; readonly liveFromMs: number }> {
  const { exchange, symbol, timeframe } = request;
  const instrument = await findInstrument(line.venue, request);
  const now = Date.now();
  const history = await asked(exchange, () =>
    line.venue.klines({ exchange, symbol, timeframe, limit: WARM_UP }),
  );
  const warmUp = history.filter((candle) => candle.closeTimeMs < now);
  const liveFromMs = warmUp.at(-1)?.closeTimeMs ?? now;
  return {
    liveFromMs,
    source: {
      clock: 'live',
      timeframe,
      instruments: [instrument],
      total: null,
      closes: (signal) => liveCloses({ ...line, request, warmUp }, signal),
    },
  };
}

async function findInstrument(venue: VenuePort, { exchange, symbol }: LiveRequest) {
  const listed = await asked(exchange, () => venue.instruments(exchange), 'unknown_exchange');
  const found = listed.find((one) => one.symbol === symbol);
  if (found !== undefined) return found;
  const near = listed.filter((one) => one.base === symbol.split('/')[0]).slice(0, 10);
  const there = near.map((one) => one.symbol).join(', ') || `${listed.length} others`;
  throw new CorroError('unknown_symbol', `${symbol} at ${exchange}; there is ${there}`);
}

/** A question to the exchange whose failure ends the command with a reason. `misnamed`: what it
 * means when the question itself was wrong. */
async function asked<T>(
  exchange: string,
  ask: () => Promise<T>,
  misnamed: 'unknown_exchange' | 'exchange_unreachable' = 'exchange_unreachable',
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    const code = error.code === 'invalid' ? misnamed : 'exchange_unreachable';
    throw new CorroError(code, `${exchange}: ${error.message}`, { cause: error });
  }
}

interface Feed extends Line {
  readonly request: LiveRequest;
  readonly warmUp: readonly Candle[];
}

async function* liveCloses(feed: Feed, signal: AbortSignal): AsyncGenerator<Close> {
  const { request, warmUp } = feed;
  const queue = new CandleQueue(feed, signal);
  const closes = new CloseOrder(request, warmUp.at(-1) ?? null);
  try {
    const follow = () => followMarket(feed, closes.lastOpenMs + 1);
    await asked(request.exchange, follow);
    for (const candle of warmUp) yield closeOf(candle, request);
    while (!signal.aborted) {
      const arrived = await queue.next(feed.tellAgainMs ?? TELL_AGAIN_MS);
      if (arrived !== null) yield* closes.after(arrived);
      // A gateway that is away now is asked again; what it missed it fills in.
      else if (!signal.aborted) await follow().catch(ignoreVenue);
    }
  } finally {
    queue.close();
  }
}

async function followMarket({ venue, request }: Feed, sinceMs: number): Promise<void> {
  await venue.watch({ ...request, sinceMs });
  if (request.timeframe !== MINUTE) await venue.watch({ ...request, timeframe: MINUTE });
}

function ignoreVenue(error: unknown): void {
  if (!(error instanceof VenueError)) throw error;
}

function closeOf(candle: Candle, { symbol, timeframe }: LiveRequest): Close {
  return {
    timeMs: candle.closeTimeMs,
    candles: [{ symbol, timeframe, candle, nextOpen: null }],
  };
}
