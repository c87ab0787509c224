import type { Timeframe } from '../core/market/candle.ts';
import type { DocketInput } from './docket.ts';
import type { DocketCard } from './docket-start.ts';

/** What one look at a market takes and gives, as JSON in Temporal's history. */

/** The candles a scan reads, whatever the ring trades on. */
export const SCAN_TIMEFRAME = '1m' as const satisfies Timeframe;

export interface ScanInput {
  readonly namespace: string;
  /** Where the ring trades what it decides. */
  readonly venue: string;
  /** The ccxt id of the exchange whose candles are read. */
  readonly exchange: string;
  readonly symbol: string;
}

/** What one look at the newest closed candle came to. */
export type ScanOutcome =
  | { readonly kind: 'quiet'; readonly why: string }
  | {
      readonly kind: 'motion';
      readonly why: string;
      readonly docket: DocketInput;
      readonly card: DocketCard;
    };

export interface ScanResult {
  readonly why: string;
  /** The debate it led to; `null` when all is quiet. */
  readonly debateId: string | null;
}
