import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/connect.ts';
import { publishMarket } from '../../adapters/bus/market.ts';
import { VenueError } from '../../adapters/venue/port.ts';
import { type Candle, TIMEFRAMES } from '../../core/market/candle.ts';
import type { Wire } from '../../proto/subjects.ts';
import type { WatchReport, WatchRequest } from '../../proto/venue-messages.ts';
import type { Client } from './clients.ts';

const PAGE = 1_000;
const MOST_WATCHES = 200;
/** How long after a close the exchange's candle is taken to be final. */
const SETTLED_MS = 1_500;
const PUBLISH_MS = 60_000;
const BACKOFF_MS = { first: 1_000, most: 30_000 };
const CANDLE_WEIGHT = 2;

/** One exchange's candles of one symbol, followed for ever. */
interface Watch {
  readonly client: Client;
  readonly request: WatchRequest;
  /** Open time of the newest candle that was published. */
  lastOpenMs: number;
  /** Looks in a row that found nothing new. */
  idleLooks: number;
}

/** Follows the candles of exchanges and publishes each once it has closed, in order and without a
 * hole: the stream only says that something closed, the candles themselves are read by REST from
 * the last one published on, so a lost connection is back-filled by the same step that follows a
 * live one. */
export class Watcher {
  readonly #bus: Bus;
  readonly #wire: Wire;
  readonly #log: Logger;
  readonly #watches = new Map<string, Watch>();
  readonly #ended = new AbortController();

  constructor(bus: Bus, wire: Wire, log: Logger) {
    this.#bus = bus;
    this.#wire = wire;
    this.#log = log;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** Starts following, after a first read that shows the exchange answers. Asking again is
   * harmless: the driver does, because a gateway that was restarted follows nothing. Throws
   * `VenueError`. */
  async watch(client: Client, request: WatchRequest): Promise<WatchReport> {
    const { exchange, symbol, timeframe, sinceMs } = request;
    const subject = this.#wire.market(exchange, symbol, timeframe);
    if (this.#watches.has(subject)) return { subject, started: false };
    if (this.#watches.size >= MOST_WATCHES) {
      throw new VenueError('budget', `at most ${MOST_WATCHES} candle series can be followed`);
    }
    if (!(await client.venue.knows(symbol))) {
      throw new VenueError('invalid', `${exchange} has no symbol ${symbol}`);
    }
    const lastOpenMs =
      sinceMs === undefined ? await newestClosed(client, request) : sinceMs - TIMEFRAMES[timeframe];
    if (this.#watches.has(subject)) return { subject, started: false };
    const watch = { client, request, lastOpenMs, idleLooks: 0 };
    this.#watches.set(subject, watch);
    void this.#follow(watch);
    return { subject, started: true };
  }

  close(): void {
    this.#ended.abort();
    this.#watches.clear();
  }

  async #follow(watch: Watch): Promise<void> {
    const { signal } = this.#ended;
    const { exchange, symbol, timeframe } = watch.request;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#publishClosed(watch);
        failures = 0;
        await this.#somethingClosed(watch);
      } catch (error) {
        if (signal.aborted) return;
        const waitMs = Math.min(BACKOFF_MS.first * 2 ** failures, BACKOFF_MS.most);
        failures += 1;
        this.#log.warn({ err: error, exchange, symbol, timeframe, waitMs }, 'candles interrupted');
        await pause(waitMs * (0.5 + Math.random() / 2), signal);
      }
    }
  }

  /** Reads from the last published candle on, page by page, and publishes what has closed. */
  async #publishClosed(watch: Watch): Promise<void> {
    const { client, request } = watch;
    const { exchange, symbol, timeframe } = request;
    for (;;) {
      const nowMs = client.venue.exchange.nonce();
      const sinceMs = watch.lastOpenMs + TIMEFRAMES[timeframe];
      if (!client.budget.take(CANDLE_WEIGHT, 'ordinary')) {
        throw new VenueError('budget', 'the rate budget is spent');
      }
      const rows = await client.venue.klines({ symbol, timeframe, sinceMs, limit: PAGE });
      for (const candle of rows.filter((row) => isNew(row, watch, nowMs))) {
        const event = { venue: exchange, symbol, timeframe, candle };
        const patience = { deadlineMs: PUBLISH_MS, signal: this.#ended.signal };
        await publishMarket(this.#bus, this.#wire, { event, ...patience });
        watch.lastOpenMs = candle.openTimeMs;
        watch.idleLooks = 0;
      }
      if (rows.length < PAGE) return;
    }
  }

  /** Resolves when the stream shows the next candle closed, or its time has come without a word. */
  async #somethingClosed(watch: Watch): Promise<void> {
    const { client, request } = watch;
    const { symbol, timeframe } = request;
    const lengthMs = TIMEFRAMES[timeframe];
    const nextCloseMs = watch.lastOpenMs + 2 * lengthMs;
    const clockMs = (): number => client.venue.exchange.nonce();
    const leftMs = nextCloseMs - clockMs();
    // An overdue one (a quiet market, a tape, a message missed while the stream was being opened)
    // is looked for soon and then ever more rarely, at least once per length.
    const overdueMs = Math.min(SETTLED_MS * 2 ** watch.idleLooks, lengthMs);
    if (leftMs <= 0) watch.idleLooks += 1;
    const dueMs = leftMs > 0 ? leftMs + SETTLED_MS : overdueMs;
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#ended.signal]);
    const { exchange } = client.venue;
    const timer = pause(dueMs, signal);
    if (exchange.has['watchOHLCV'] !== true) return timer;
    const streamed = (async () => {
      while (!signal.aborted) {
        const rows = await exchange.watchOHLCV(symbol, timeframe);
        const newest = Number(rows.at(-1)?.[0] ?? 0);
        const closed = newest > watch.lastOpenMs + lengthMs || newest + lengthMs <= clockMs();
        if (newest > watch.lastOpenMs && closed) return;
      }
    })();
    try {
      await Promise.race([timer, streamed]);
    } finally {
      stop.abort();
      // The stream goes on by itself; a later break of it is met when it is next listened to.
      streamed.catch(() => undefined);
    }
  }
}

function isNew(candle: Candle, watch: Watch, nowMs: number): boolean {
  return candle.openTimeMs > watch.lastOpenMs && candle.closeTimeMs < nowMs;
}

/** Open time of the newest candle that has closed, so that following starts after it. */
async function newestClosed(client: Client, request: WatchRequest): Promise<number> {
  const { symbol, timeframe } = request;
  const rows = await client.venue.klines({ symbol, timeframe, limit: 2 });
  const nowMs = client.venue.exchange.nonce();
  const closed = rows.filter(({ closeTimeMs }) => closeTimeMs < nowMs).at(-1);
  if (closed) return closed.openTimeMs;
  const lengthMs = TIMEFRAMES[timeframe];
  return Math.floor(nowMs / lengthMs) * lengthMs - lengthMs;
}

async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  await sleep(waitMs, undefined, { signal }).catch(() => undefined);
}
