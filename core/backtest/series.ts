import { type Candle, TIMEFRAMES, type Timeframe } from '../market/candle.ts';
import type { CandleSeries } from '../market/candle-series.ts';
import type { Instrument } from '../market/instrument.ts';

/** One market's closed candles, and in which steps it is traded. */
export interface MarketSeries {
  readonly instrument: Instrument;
  readonly timeframe: Timeframe;
  readonly candles: CandleSeries;
}

/** One series' part of one close. */
export interface ClosedCandle<Series> {
  readonly series: Series;
  /** Place of the series among those given, and of the candle in its series, from 0. */
  readonly place: number;
  readonly index: number;
  readonly candle: Candle;
  /** Open of the series' next candle (after a hole: the first one there), `null` at its end. What
   * an order sent after this close would meet; the venue alone may see it. */
  readonly nextOpen: number | null;
}

/** Everything that closes at one instant. */
export interface Close<Series> {
  readonly closeTimeMs: number;
  /** In the order the series were given. Never empty. */
  readonly entries: readonly ClosedCandle<Series>[];
}

/** What orders markets everywhere: by symbol, then by timeframe, shortest first; 0: the same. */
export function compareMarkets(
  one: { readonly symbol: string; readonly timeframe: Timeframe },
  other: { readonly symbol: string; readonly timeframe: Timeframe },
): number {
  if (one.symbol !== other.symbol) return one.symbol < other.symbol ? -1 : 1;
  return TIMEFRAMES[one.timeframe] - TIMEFRAMES[other.timeframe];
}

interface Cursor<Series> {
  readonly series: Series;
  readonly candles: CandleSeries;
  readonly place: number;
  index: number;
  candle: Candle;
}

/** Several series on one clock: every close time once, in order, with all candles that close then,
 * holes and different sessions included. What a close costs depends on how many candles close, not
 * on how many series there are. */
export function* closesOf<Series extends { readonly candles: CandleSeries }>(
  all: readonly Series[],
): Generator<Close<Series>> {
  const calendar = new Calendar<Series>();
  all.forEach((series, place) => {
    const candle = series.candles.at(0);
    if (candle) calendar.enter({ series, candles: series.candles, place, index: 0, candle });
  });
  for (let due = calendar.next(); due !== null; due = calendar.next()) {
    const { closeTimeMs } = (due[0] as Cursor<Series>).candle;
    const entries: ClosedCandle<Series>[] = [];
    for (const cursor of due) {
      const { series, place, index, candle } = cursor;
      const next = cursor.candles.at(index + 1);
      entries.push({ series, place, index, candle, nextOpen: next === null ? null : next.open });
      if (next === null) continue;
      cursor.index = index + 1;
      cursor.candle = next;
      calendar.enter(cursor);
    }
    yield { closeTimeMs, entries };
  }
}

/** Which series close next: those that close at one time wait together. */
class Calendar<Series> {
  /** Latest first: the next one is taken from the end. */
  readonly #times: number[] = [];
  readonly #days = new Map<number, Cursor<Series>[]>();
  #newest: Cursor<Series>[] = [];
  #newestMs = Number.NaN;

  enter(cursor: Cursor<Series>): void {
    const { closeTimeMs } = cursor.candle;
    // Markets mostly close together: whoever came last waits where this one will.
    if (closeTimeMs === this.#newestMs) {
      this.#newest.push(cursor);
      return;
    }
    let waiting = this.#days.get(closeTimeMs);
    if (waiting === undefined) {
      waiting = [];
      this.#days.set(closeTimeMs, waiting);
      this.#times.splice(this.#placeOf(closeTimeMs), 0, closeTimeMs);
    }
    waiting.push(cursor);
    this.#newest = waiting;
    this.#newestMs = closeTimeMs;
  }

  /** In the order of their places; `null` when all series have ended. */
  next(): readonly Cursor<Series>[] | null {
    const timeMs = this.#times.pop();
    if (timeMs === undefined) return null;
    const due = this.#days.get(timeMs) ?? [];
    this.#days.delete(timeMs);
    if (timeMs === this.#newestMs) this.#newestMs = Number.NaN;
    // After a hole a series joins others that waited there before it.
    const inOrder = due.every(({ place }, at) => at === 0 || place > (due[at - 1]?.place ?? 0));
    return inOrder ? due : due.sort((a, b) => a.place - b.place);
  }

  #placeOf(timeMs: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] as number) > timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
