import type { Candle, Timeframe } from '../core/market/candle.ts';
import type { WireErrorCode } from './errors.ts';

/** A closed candle, told to everyone who decides. */
export interface MarketEvent {
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly candle: Candle;
}

/** A message nobody could read or answer, told to a person. `code` says why in the catalogue's
 * words. Senders leave `payload` empty: what is not believed is not repeated. */
export interface DeadLetter {
  /** Subject it was first sent to. */
  readonly subject: string;
  readonly code: WireErrorCode | 'failed';
  /** Where in the message the fault was; empty when the handler failed. */
  readonly field: string;
  /** Deliveries before it was given up, from 1. */
  readonly deliveries: number;
  /** Length of the original bytes. */
  readonly sizeBytes: number;
  /** Wall clock, unix milliseconds. */
  readonly recordedAtMs: number;
  readonly payload: Uint8Array;
}
