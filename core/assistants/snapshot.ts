import type { Reading } from '../features/reading.ts';
import type { Candle, Timeframe } from '../market/candle.ts';
import type { Liquidity } from '../market/liquidity.ts';
import type { Forecast } from '../models/forecast.ts';

/** Why the market monitor put the question. */
export const TRIGGERS = [
  'price_move',
  'volume_surge',
  'regime_change',
  'signal',
  'position_at_risk',
  'cadence',
] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** Everybody's positions at the venue together: what the risk manager judges. Decimal strings. */
export interface Holdings {
  /** Cash plus positions at the candle's close, quote units. */
  readonly equity: string;
  readonly cash: string;
  /** Base units of this symbol. */
  readonly quantity: string;
  /** Average entry price, quote per base; `0` when flat. */
  readonly entryPrice: string;
  /** Position value / equity, basis points. */
  readonly exposureBps: number;
  /** Fall of equity from its peak, basis points. */
  readonly drawdownBps: number;
  readonly openOrders: number;
}

/** A digest of headlines first seen before the close. Absent sources are `null`, never zero. */
export interface NewsDigest {
  readonly items: number;
  /** -1 … 1. */
  readonly newsSentiment: number | null;
  readonly socialSentiment: number | null;
  /** Fraction over 24 h. */
  readonly marketCapChange: number | null;
}

/** The frozen, hashed facts one motion is about. Everyone in the ring judges the same snapshot. */
export interface Snapshot {
  readonly eventId: string;
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly closeTimeMs: number;
  readonly trigger: Trigger;
  /** The newest closed candles, oldest first, at most 32; the last one closed at `closeTimeMs`. */
  readonly candles: readonly Candle[];
  readonly reading: Reading;
  readonly liquidity: Liquidity;
  readonly holdings: Holdings;
  readonly news: NewsDigest | null;
  /** What the market's champion makes of the reading; absent while there is no champion. */
  readonly forecast?: Forecast;
}
