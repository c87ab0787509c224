/** A closed candle: what a market did between two instants. Prices and volume are observations
 * (IEEE doubles, quote currency per base unit; base units); money is made from them only by
 * `core/market/money.ts`. A candle is known after `closeTimeMs` and may not be used earlier. */
export interface Candle {
  /** Unix milliseconds, UTC, inclusive. */
  readonly openTimeMs: number;
  /** Unix milliseconds, UTC: `openTimeMs + timeframe - 1`. */
  readonly closeTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export const TIMEFRAMES = {
  '1m': 60_000,
  '3m': 180_000,
  '5m': 300_000,
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '2h': 7_200_000,
  '4h': 14_400_000,
  '6h': 21_600_000,
  '8h': 28_800_000,
  '12h': 43_200_000,
  '1d': 86_400_000,
} as const;

export type Timeframe = keyof typeof TIMEFRAMES;

export function isTimeframe(text: string): text is Timeframe {
  return Object.hasOwn(TIMEFRAMES, text);
}

/** What the store's `amount` domain can hold; also far below where squares of prices overflow. */
export const AMOUNT_LIMIT = 1e20;

/** Why a candle cannot be believed, in words, or `null` when it is sound. One check for every door:
 * positive finite prices, volume not negative, low ≤ open, close ≤ high, and times that belong to
 * the timeframe. */
export function candleFault(candle: Candle, timeframe: Timeframe): string | null {
  const { open, high, low, close, volume, openTimeMs, closeTimeMs } = candle;
  if (!inRange(low)) return `low must be positive and below 1e20, was ${low}`;
  if (!inRange(high)) return `high must be positive and below 1e20, was ${high}`;
  if (!(open >= low && open <= high)) return `open must be in ${low} … ${high}, was ${open}`;
  if (!(close >= low && close <= high)) return `close must be in ${low} … ${high}, was ${close}`;
  if (!(volume >= 0 && volume < AMOUNT_LIMIT)) return `volume must be 0 … 1e20, was ${volume}`;
  const lengthMs = TIMEFRAMES[timeframe];
  if (!Number.isSafeInteger(openTimeMs) || !divides(lengthMs, openTimeMs)) {
    return `openTimeMs must be a multiple of ${lengthMs} (${timeframe}), was ${openTimeMs}`;
  }
  if (closeTimeMs !== openTimeMs + lengthMs - 1) {
    return `closeTimeMs must be ${openTimeMs + lengthMs - 1} (${timeframe}), was ${closeTimeMs}`;
  }
  return null;
}

function inRange(price: number): boolean {
  return price > 0 && price < AMOUNT_LIMIT;
}

/** Exact for whole milliseconds, and several times faster than `%` on doubles. */
function divides(lengthMs: number, timeMs: number): boolean {
  return Math.floor(timeMs / lengthMs) * lengthMs === timeMs;
}
