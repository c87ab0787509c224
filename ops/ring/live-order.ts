import { type Candle, TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import type { Close, ReleasedCandle } from './source.ts';

/** The candles between two closes of a slower ring: what the market scan sees, the paper venue's
 * book must stand at. */
export const MINUTE = '1m' as const satisfies Timeframe;

const MINUTE_MS = TIMEFRAMES[MINUTE];
/** Minutes that may wait for a close of the ring that does not come. */
const MOST_MINUTES = 100;

/** Puts the candles of two timeframes, which come as they please, into the one order of market
 * time: a minute never passes the close it belongs before, and nothing goes backward. */
export class CloseOrder {
  readonly #symbol: string;
  readonly #timeframe: Timeframe;
  readonly #minutes: Candle[] = [];
  #lastOpenMs: number;
  #standsMs: number;

  /** `last`: the newest candle that is known already. */
  constructor(
    { symbol, timeframe }: { readonly symbol: string; readonly timeframe: Timeframe },
    last: Candle | null,
  ) {
    this.#symbol = symbol;
    this.#timeframe = timeframe;
    this.#lastOpenMs = last?.openTimeMs ?? 0;
    this.#standsMs = last?.closeTimeMs ?? 0;
  }

  /** Open time of the newest candle of the ring. */
  get lastOpenMs(): number {
    return this.#lastOpenMs;
  }

  /** The closes that can be released now that this candle is here; a repeated one releases none. */
  after({
    timeframe,
    candle,
  }: {
    readonly timeframe: Timeframe;
    readonly candle: Candle;
  }): readonly Close[] {
    if (timeframe !== this.#timeframe) {
      this.#minutes.push(candle);
      if (this.#minutes.length > MOST_MINUTES) this.#minutes.shift();
      return this.#flush();
    }
    if (candle.openTimeMs <= this.#lastOpenMs) return [];
    this.#lastOpenMs = candle.openTimeMs;
    this.#standsMs = candle.closeTimeMs;
    return [this.#closeOf(candle), ...this.#flush()];
  }

  #closeOf(candle: Candle): Close {
    const { closeTimeMs } = candle;
    const candles = [this.#released(this.#timeframe, candle)];
    if (this.#timeframe === MINUTE) return { timeMs: closeTimeMs, candles };
    const last = this.#minutes.find((minute) => minute.closeTimeMs === closeTimeMs);
    const prices = [this.#released(MINUTE, last ?? lastMinuteOf(candle))];
    return { timeMs: closeTimeMs, candles, prices };
  }

  /** The minutes that come before the ring's next close. */
  #flush(): readonly Close[] {
    const nextCloseMs = this.#lastOpenMs + 2 * TIMEFRAMES[this.#timeframe] - 1;
    const closes: Close[] = [];
    for (let minute = this.#minutes[0]; minute !== undefined; minute = this.#minutes[0]) {
      if (minute.closeTimeMs >= nextCloseMs) break;
      this.#minutes.shift();
      if (minute.closeTimeMs <= this.#standsMs) continue;
      this.#standsMs = minute.closeTimeMs;
      const prices = [this.#released(MINUTE, minute)];
      closes.push({ timeMs: minute.closeTimeMs, candles: [], prices });
    }
    return closes;
  }

  #released(timeframe: Timeframe, candle: Candle): ReleasedCandle {
    return { symbol: this.#symbol, timeframe, candle, nextOpen: null };
  }
}

/** Where a candle ended, as the minute that is not here yet: its price, and a minute's share of its
 * volume. */
function lastMinuteOf({ openTimeMs, closeTimeMs, close, volume }: Candle): Candle {
  const minutes = (closeTimeMs + 1 - openTimeMs) / MINUTE_MS;
  const prices = { open: close, high: close, low: close, close };
  return {
    openTimeMs: closeTimeMs + 1 - MINUTE_MS,
    closeTimeMs,
    ...prices,
    volume: volume / minutes,
  };
}
