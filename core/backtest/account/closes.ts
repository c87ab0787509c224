import type { CandleSeries } from '../../market/candle-series.ts';
import { observedText } from '../../market/money.ts';
import { CORRELATION_CLOSES, correlationOf, isCorrelated } from '../../risk/correlation.ts';
import type { LastCandle } from '../../risk/facts.ts';
import type { MarketCandle } from './terms.ts';

/** Numbers of one candle in a series, and where its time and its close stand. */
const COLUMNS = 6;
const OPEN_TIME = 0;
const CLOSE = 4;
export const DAY_MS = 86_400_000;

interface Told {
  readonly numbers: Float64Array;
  /** Candles that were told. */
  count: number;
  close: number;
  closeTimeMs: number;
  /** UTC day of the newest candle's open, and the close before that day; NaN without one. */
  day: number;
  closeBeforeDay: number;
}

/** What a backtest may know of the candles told so far, at a fixed price a candle. */
export class Closes {
  readonly #told: ReadonlyMap<string, Told>;
  readonly #intervalMs: number;

  constructor(series: ReadonlyMap<string, CandleSeries>, intervalMs: number) {
    this.#intervalMs = intervalMs;
    const none = { count: 0, close: Number.NaN, closeTimeMs: Number.NaN, day: Number.NaN };
    this.#told = new Map(
      [...series].map(([symbol, { numbers }]) => {
        return [symbol, { numbers, closeBeforeDay: Number.NaN, ...none }];
      }),
    );
  }

  tell({ symbol, candle }: MarketCandle): void {
    const told = this.#of(symbol);
    const day = Math.floor(candle.openTimeMs / DAY_MS);
    if (day !== told.day) {
      told.closeBeforeDay = told.close;
      told.day = day;
    }
    told.count += 1;
    told.close = candle.close;
    told.closeTimeMs = candle.closeTimeMs;
  }

  /** NaN before the first candle. */
  last(symbol: string): number {
    return this.#of(symbol).close;
  }

  lastCandle(symbol: string): LastCandle | null {
    const { count, close, closeTimeMs } = this.#of(symbol);
    if (count === 0) return null;
    return { close: observedText(close), closeTimeMs, intervalMs: this.#intervalMs };
  }

  /** The last close of candles that opened before a UTC day that is not over; `null` without
   * one. */
  beforeDay(symbol: string, dayStartMs: number): string | null {
    const { day, close, closeBeforeDay } = this.#of(symbol);
    const found = day * DAY_MS < dayStartMs ? close : closeBeforeDay;
    return Number.isNaN(found) ? null : observedText(found);
  }

  /** Whether two markets are one risk, by the newest closes that both have. */
  moveTogether(symbol: string, other: string): boolean {
    const [one, two] = [this.#of(symbol), this.#of(other)];
    const own: number[] = [];
    const others: number[] = [];
    let [a, b] = [one.count - 1, two.count - 1];
    while (a >= 0 && b >= 0 && own.length < CORRELATION_CLOSES) {
      const timeA = one.numbers[a * COLUMNS + OPEN_TIME] as number;
      const timeB = two.numbers[b * COLUMNS + OPEN_TIME] as number;
      if (timeA === timeB) {
        own.push(one.numbers[a * COLUMNS + CLOSE] as number);
        others.push(two.numbers[b * COLUMNS + CLOSE] as number);
      }
      if (timeA >= timeB) a -= 1;
      if (timeB >= timeA) b -= 1;
    }
    return isCorrelated(correlationOf(own.reverse(), others.reverse()));
  }

  #of(symbol: string): Told {
    const told = this.#told.get(symbol);
    if (told === undefined) throw new RangeError(`${symbol} is no market of this account`);
    return told;
  }
}
