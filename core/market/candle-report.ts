import { TIMEFRAMES, type Timeframe } from './candle.ts';
import type { CandleRow, CandleSeries } from './candle-series.ts';

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

const TYPICAL_CANDLES = 20;
const FEWEST_CANDLES = 5;
const LEAST_ABSURD = Math.log(1.1);
const ABSURD_TIMES = 8;

/** Judges candles in time order: is a print further from its neighbours than 10 % and than eight
 * times the usual range of the last candles? An open is held against the close before it, a close
 * against its own open and the open after, a wick against all of these. An absurd candle does not
 * count as usual, and nothing is held against an absurd close. */
export class AbsurdPrints {
  #usual = 0;
  #count = 0;
  #lastWasAbsurd = false;

  /** What is absurd about `row`, or `null`. `before`: the close before it, `null` when there is
   * none or it is long ago; `after`: the next candle's open. */
  judge(row: CandleRow, before: number | null, after: number | null): string | null {
    const limit = Math.max(LEAST_ABSURD, ABSURD_TIMES * this.#usual);
    const sound = this.#lastWasAbsurd ? null : before;
    const what =
      this.#count < FEWEST_CANDLES ? null : absurdity(row, { before: sound, after, limit });
    this.#lastWasAbsurd = what !== null;
    if (what !== null) return what;
    this.#count = Math.min(this.#count + 1, TYPICAL_CANDLES);
    this.#usual += (Math.log(row.high / row.low) - this.#usual) / this.#count;
    return null;
  }
}

interface Neighbours {
  readonly before: number | null;
  readonly after: number | null;
  /** Largest believable distance, as a log ratio. */
  readonly limit: number;
}

function absurdity(row: CandleRow, { before, after, limit }: Neighbours): string | null {
  const { open, high, low, close } = row;
  if (before !== null && far(open, before) > limit) {
    return `open ${open} after a close of ${before}`;
  }
  if (after !== null && Math.min(far(close, open), far(close, after)) > limit) {
    return `close ${close} with the market at ${after}`;
  }
  const top = Math.max(open, close, before ?? 0, after ?? 0);
  if (Math.log(high / top) > limit) return `high ${high} with the market at ${top}`;
  const bottom = Math.min(open, close, before ?? close, after ?? close);
  if (Math.log(bottom / low) > limit) return `low ${low} with the market at ${bottom}`;
  return null;
}

function far(price: number, other: number): number {
  return Math.abs(Math.log(price / other));
}
