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
    // Made at its size, here and wherever something is made of every candle: a list that grows
    // takes room for seventeen at once.
    const entries = due.map((cursor): ClosedCandle<Series> => {
      const { series, place, index, candle } = cursor;
      const next = cursor.candles.at(index + 1);
      if (next === null) return { series, place, index, candle, nextOpen: null };
      cursor.index = index + 1;
      cursor.candle = next;
      calendar.enter(cursor);
      return { series, place, index, candle, nextOpen: next.open };
    });
    yield { closeTimeMs, entries };
  }
}

/** Series that close at one time. */
interface Waiting<Series> {
  readonly timeMs: number;
  readonly due: Cursor<Series>[];
}

/** Which series close next: those that close at one time wait together. */
class Calendar<Series> {
  /** Latest first: the next one is taken from the end. */
  readonly #waiting: Waiting<Series>[] = [];
  #newest: Waiting<Series> | null = null;

  enter(cursor: Cursor<Series>): void {
    const { closeTimeMs } = cursor.candle;
    // Markets mostly close together: whoever came last waits where this one will.
    if (this.#newest?.timeMs === closeTimeMs) this.#newest.due.push(cursor);
    else this.#newest = this.#waitAt(closeTimeMs, cursor);
  }

  /** In the order of their places; `null` when all series have ended. */
  next(): readonly Cursor<Series>[] | null {
    const next = this.#waiting.pop();
    if (next === undefined) return null;
    if (next === this.#newest) this.#newest = null;
    const { due } = next;
    // After a hole a series joins others that waited there before it.
    return isInOrder(due) ? due : due.sort((a, b) => a.place - b.place);
  }

  #waitAt(timeMs: number, cursor: Cursor<Series>): Waiting<Series> {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#waiting[middle] as Waiting<Series>).timeMs > timeMs) low = middle + 1;
      else high = middle;
    }
    const found = this.#waiting[low];
    if (found?.timeMs === timeMs) {
      found.due.push(cursor);
      return found;
    }
    const made = { timeMs, due: [cursor] };
    if (low === this.#waiting.length) this.#waiting.push(made);
    else this.#waiting.splice(low, 0, made);
    return made;
  }
}

function isInOrder(due: readonly { readonly place: number }[]): boolean {
  for (let at = 1; at < due.length; at += 1) {
    if ((due[at]?.place ?? 0) <= (due[at - 1]?.place ?? 0)) return false;
  }
  return true;
}
