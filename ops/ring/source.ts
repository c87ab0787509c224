import type { Candle, Timeframe } from '../../core/market/candle.ts';
import type { Instrument } from '../../core/market/instrument.ts';
import type { Clock } from '../../proto/docket.ts';

/** One candle at the moment it closed. `nextOpen` is where the paper venue's book goes next; the
 * ring never sees it. `null` at the end of a tape, and live. */
export interface ReleasedCandle {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly candle: Candle;
  readonly nextOpen: number | null;
}

/** All candles that close at one instant, in symbol order. */
export interface Close {
  readonly timeMs: number;
  readonly candles: readonly ReleasedCandle[];
  /** Finer candles that close now, for the paper venue's book alone: the ring never sees them. */
  readonly prices?: readonly ReleasedCandle[];
}

/** Where candles come from: files, or a live exchange. */
export interface CandleSource {
  readonly clock: Clock;
  readonly timeframe: Timeframe;
  readonly instruments: readonly Instrument[];
  /** Candles in all, when that is known. */
  readonly total: number | null;
  closes(signal: AbortSignal): AsyncIterable<Close>;
}
