import { TIMEFRAMES } from '../../core/market/candle.ts';
import { type Amount, amount, printed } from '../../core/venue/decimals.ts';
import type { TapeMove } from '../../core/venue/events.ts';
import type { Book, Level } from '../../core/venue/matching.ts';
import { bookOf, marketId, type SymbolState } from '../../core/venue/state.ts';
import type { VenueEvent } from './events.ts';
import * as render from './render.ts';
import type { PaperVenue } from './venue.ts';

export interface StreamMessage {
  readonly stream: string;
  readonly data: render.Json;
}

const TIMEFRAME_NAMES = Object.keys(TIMEFRAMES).join('|');
const DEPTH = 'depth(5|10|20)?(@100ms|@1000ms)?';
const CHANNEL = `kline_(${TIMEFRAME_NAMES})|${DEPTH}|bookTicker|miniTicker|ticker`;
const STREAM = new RegExp(`^[a-z0-9-_.]{1,40}@(${CHANNEL})$`);

export function isStream(name: string): boolean {
  return STREAM.test(name);
}

/** Turns the venue's acts into the messages of Binance's public streams. */
export class MarketStreams {
  readonly #venue: PaperVenue;
  readonly #sent = new Map<string, { readonly book: Book; readonly bookId: number }>();

  constructor(venue: PaperVenue) {
    this.#venue = venue;
  }

  /** Called before a first look at a symbol, so that its next change is told as a change. */
  follow(stream: string): void {
    const symbol = this.#venue.state.market(stream.split('@', 1)[0]?.toUpperCase() ?? '');
    if (symbol && !this.#sent.has(symbol.instrument.symbol)) this.#remember(symbol);
  }

  messages(event: VenueEvent): readonly StreamMessage[] {
    if (event.type === 'tape') {
      return event.moves.flatMap((move) => [
        klineMessage(move),
        ...this.#bookMessages(move.symbol),
      ]);
    }
    if (event.type === 'order') return this.#bookMessages(event.order.symbol);
    return [];
  }

  #remember(symbol: SymbolState): void {
    this.#sent.set(symbol.instrument.symbol, { book: bookOf(symbol), bookId: symbol.bookId });
  }

  #bookMessages(name: string): readonly StreamMessage[] {
    const symbol = this.#venue.state.symbol(name);
    const sent = this.#sent.get(name);
    if (!symbol || !sent || sent.bookId === symbol.bookId) return [];
    this.#remember(symbol);
    const id = marketId(name).toLowerCase();
    const update = depthUpdate(symbol, sent);
    const partial = ['5', '10', '20'].flatMap((limit) =>
      speeds(`${id}@depth${limit}`, render.depth(symbol, Number(limit))),
    );
    return [...speeds(`${id}@depth`, update), ...partial, ...this.#tickers(symbol, id)];
  }

  #tickers(symbol: SymbolState, id: string): readonly StreamMessage[] {
    const day = render.dayTicker(
      symbol,
      this.#venue.state.history.lastDay(symbol.instrument.symbol),
    );
    const best = render.bookTicker(symbol);
    const { bidPrice: b, bidQty: B, askPrice: a, askQty: A } = best;
    return [
      {
        stream: `${id}@bookTicker`,
        data: { u: symbol.bookId, s: best['symbol'], b, B, a, A },
      },
      { stream: `${id}@miniTicker`, data: { e: '24hrMiniTicker', ...tickerHead(day) } },
      { stream: `${id}@ticker`, data: { e: '24hrTicker', ...tickerHead(day), ...tickerRest(day) } },
    ];
  }
}

function speeds(stream: string, data: render.Json): readonly StreamMessage[] {
  return ['', '@100ms', '@1000ms'].map((speed) => ({ stream: `${stream}${speed}`, data }));
}

function tickerHead(day: render.Json): render.Json {
  return {
    E: day['closeTime'],
    s: day['symbol'],
    c: day['lastPrice'],
    o: day['openPrice'],
    h: day['highPrice'],
    l: day['lowPrice'],
    v: day['volume'],
    q: day['quoteVolume'],
  };
}

function tickerRest(day: render.Json): render.Json {
  return {
    p: day['priceChange'],
    P: day['priceChangePercent'],
    w: day['weightedAvgPrice'],
    x: day['prevClosePrice'],
    Q: day['lastQty'],
    b: day['bidPrice'],
    B: day['bidQty'],
    a: day['askPrice'],
    A: day['askQty'],
    O: day['openTime'],
    C: day['closeTime'],
    F: day['firstId'],
    L: day['lastId'],
    n: day['count'],
  };
}

function klineMessage({ symbol, timeframe, candle }: TapeMove): StreamMessage {
  const s = marketId(symbol);
  const money = (value: number): string => printed(amount(value));
  const k = {
    t: candle.openTimeMs,
    T: candle.closeTimeMs,
    s,
    i: timeframe,
    f: -1,
    L: -1,
    o: money(candle.open),
    c: money(candle.close),
    h: money(candle.high),
    l: money(candle.low),
    v: money(candle.volume),
    n: 0,
    x: true,
    q: money(render.quoteVolumeOf(candle)),
    V: '0',
    Q: '0',
    B: '0',
  };
  const data = { e: 'kline', E: candle.closeTimeMs, s, k };
  return { stream: `${s.toLowerCase()}@kline_${timeframe}`, data };
}

/** What changed since the last message, in `[price, quantity]`; quantity 0: the level is gone. */
function depthUpdate(
  symbol: SymbolState,
  sent: { readonly book: Book; readonly bookId: number },
): render.Json {
  const book = bookOf(symbol);
  return {
    e: 'depthUpdate',
    E: Date.now(),
    s: marketId(symbol.instrument.symbol),
    U: sent.bookId + 1,
    u: symbol.bookId,
    b: changes(sent.book.bids, book.bids),
    a: changes(sent.book.asks, book.asks),
  };
}

function changes(before: readonly Level[], after: readonly Level[]): readonly string[][] {
  const next = new Map<string, Amount>(
    after.map((level) => [printed(level.price), level.quantity]),
  );
  const gone = before.map(({ price }) => printed(price)).filter((price) => !next.has(price));
  return [
    ...gone.map((price) => [price, '0.00000000']),
    ...[...next].map(([price, quantity]) => [price, printed(quantity)]),
  ];
}
