import type { Holdings } from '../../assistants/snapshot.ts';
import type { FillRecord, OrderRecord, Trade } from '../result.ts';
import type { BooksView } from '../strategy.ts';
import type { MarketClose, OrderWish } from './terms.ts';

/** One paper user's account in memory: what Postgres, the workflows of orders and guards, and the
 * paper venue do together. At every close of the clock, in this order: `meet`, then (where anything
 * is decided) `mark`, the books, `trade`; at the end `finish`. */
export interface AccountBooks extends BooksView {
  /** Guards look at what was traded last, resting orders meet the candle and the next open, guards
   * pass the candle and do what follows. */
  meet(close: MarketClose): void;
  /** Has the guards of these markets see all that has passed, and values their positions at these
   * closes (quote per base, by symbol): before any books are read for a decision. */
  mark(timeMs: number, closes: ReadonlyMap<string, number>): void;
  holdings(symbol: string): Holdings;
  entryPrice(symbol: string): number | null;
  sellable(symbol: string): string;
  /** The order path of one decision, its guard included; what all its slices came to. */
  trade(wish: OrderWish): OrderRecord;
  /** Quote units, marked to the newest closes. An observation. */
  equity(): number;
  /** Worth of all positions / equity, 0 … 1. */
  exposure(): number;
  readonly orders: readonly OrderRecord[];
  readonly fills: readonly FillRecord[];
  /** Those that ended; `finish` adds what is still open, valued at the last close. */
  readonly trades: readonly Trade[];
  finish(): void;
}
