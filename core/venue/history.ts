import { type Candle, TIMEFRAMES, type Timeframe } from '../market/candle.ts';
import type { TapeMove } from './events.ts';

/** Candles of one symbol and timeframe that are kept in memory; the log keeps them all. */
const KEPT = 10_000;
const DAY_MS = 86_400_000;

/** What has passed over the tape: candles for klines and tickers. */
export class History {
  readonly #series = new Map<string, Candle[]>();
  readonly #finest = new Map<string, Timeframe>();

  add(move: TapeMove): void {
    if (this.leads(move.symbol, move.timeframe)) this.#finest.set(move.symbol, move.timeframe);
    const key = `${move.symbol} ${move.timeframe}`;
    const series = this.#series.get(key) ?? [];
    series.push(move.candle);
    if (series.length >= 2 * KEPT) series.splice(0, series.length - KEPT);
    this.#series.set(key, series);
  }

  /** Whether this timeframe's candles move the symbol's book: only its finest do, or one hour would
   * be matched once as an hour and again as sixty minutes. */
  leads(symbol: string, timeframe: Timeframe): boolean {
    const finest = this.#finest.get(symbol);
    return !finest || TIMEFRAMES[timeframe] <= TIMEFRAMES[finest];
  }

  last(symbol: string, timeframe: Timeframe): Candle | undefined {
    return this.#series.get(`${symbol} ${timeframe}`)?.at(-1);
  }

  /** The candle that opened then; undefined when none did, or it is no longer kept. */
  openedAt(symbol: string, timeframe: Timeframe, openTimeMs: number): Candle | undefined {
    const series = this.#series.get(`${symbol} ${timeframe}`);
    return series?.findLast((candle) => candle.openTimeMs === openTimeMs);
  }

  /** Oldest first: from `startMs` on when it is given, else the newest `limit`. */
  candles(
    symbol: string,
    timeframe: Timeframe,
    range: { readonly startMs?: number; readonly endMs?: number; readonly limit: number },
  ): readonly Candle[] {
    const series = this.#series.get(`${symbol} ${timeframe}`) ?? [];
    const { startMs, endMs, limit } = range;
    const upTo = series.filter(({ openTimeMs }) => openTimeMs <= (endMs ?? Number.MAX_VALUE));
    if (startMs === undefined) return upTo.slice(-limit);
    return upTo.filter(({ openTimeMs }) => openTimeMs >= startMs).slice(0, limit);
  }

  /** The newest `count` of the finest candles, oldest first. */
  newest(symbol: string, count: number): readonly Candle[] {
    return this.#series.get(`${symbol} ${this.#finest.get(symbol)}`)?.slice(-count) ?? [];
  }

  /** The finest candles of the 24 hours that end at the newest close. */
  lastDay(symbol: string): readonly Candle[] {
    const finest = this.#finest.get(symbol);
    const series = this.#series.get(`${symbol} ${finest}`) ?? [];
    const newest = series.at(-1);
    if (!finest || !newest) return [];
    const most = Math.ceil(DAY_MS / TIMEFRAMES[finest]);
    const since = newest.closeTimeMs - DAY_MS;
    return series.slice(-most).filter((candle) => candle.openTimeMs > since);
  }
}
