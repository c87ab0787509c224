import { TIMEFRAMES, type Timeframe } from './candle.ts';
import type { CandleSeries } from './candle-series.ts';

/** Findings shown one by one; the rest are only counted. */
export const LISTED_FINDINGS = 20;
const LISTED_HOLES = 5;

/** Something survived, and where. */
export interface Finding {
  /** 1 is the file's first line. */
  readonly line: number;
  readonly openTimeMs: number;
  readonly text: string;
}

/** How often, and the first `LISTED_FINDINGS` of them. */
export interface Findings {
  readonly count: number;
  readonly listed: readonly Finding[];
}

export interface Hole {
  /** Open time of the last candle before it. */
  readonly afterMs: number;
  readonly missing: number;
}

/** What a candle file held and what was survived in it. Times are open times, Unix ms. */
export interface CandleReport {
  /** Data rows read. */
  readonly rows: number;
  /** Candles kept: rows without the repeats. */
  readonly candles: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly holes: {
    readonly count: number;
    readonly missing: number;
    /** The largest five, largest first. */
    readonly largest: readonly Hole[];
  };
  /** Rows that repeat another one digit for digit: dropped. */
  readonly repeats: Findings;
  /** Rows earlier than the row before them: sorted. */
  readonly outOfOrder: Findings;
  /** Prints that pass every check and still cannot be meant: kept, for people to know of. */
  readonly absurd: Findings;
  /** Rows with a number of more than 15 digits or 18 decimals: rounded to those. */
  readonly rounded: number;
}

/** Counts all, keeps the first few. */
export class FindingList {
  #count = 0;
  readonly #listed: Finding[] = [];

  add(finding: Finding): void {
    this.#count += 1;
    if (this.#listed.length < LISTED_FINDINGS) this.#listed.push(finding);
  }

  findings(): Findings {
    return { count: this.#count, listed: this.#listed };
  }
}

export function holesOf(series: CandleSeries, timeframe: Timeframe): CandleReport['holes'] {
  const lengthMs = TIMEFRAMES[timeframe];
  const largest: Hole[] = [];
  let count = 0;
  let missing = 0;
  let lastMs: number | null = null;
  for (const { openTimeMs } of series) {
    const absent = lastMs === null ? 0 : (openTimeMs - lastMs) / lengthMs - 1;
    if (lastMs !== null && absent > 0) {
      count += 1;
      missing += absent;
      const place = largest.findIndex((hole) => hole.missing < absent);
      largest.splice(place < 0 ? largest.length : place, 0, { afterMs: lastMs, missing: absent });
      if (largest.length > LISTED_HOLES) largest.pop();
    }
    lastMs = openTimeMs;
  }
  return { count, missing, largest };
}
