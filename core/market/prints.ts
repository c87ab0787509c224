import type { CandleRow } from './candle-series.ts';

const TYPICAL_CANDLES = 20;
const FEWEST_CANDLES = 5;
const LEAST_ABSURD = Math.log(1.1);
/** Prices that are all within this ratio of each other are nobody's absurd print: less than the
 * least absurd distance by far more than a double is off. */
const SURELY_NEAR = 1.099;
const ABSURD_TIMES = 8;

/** A jump over more steps of the timeframe than this is not held against the candle. */
export const REMEMBERED_STEPS = 13;

/** A print that passes every check and still cannot be meant. */
export interface Absurd {
  readonly text: string;
  /** What is left of the candle when the print is not believed: as far as its neighbours. */
  readonly believed: Pick<CandleRow, 'open' | 'high' | 'low'>;
}

/** What stands beside a candle; `null` where there is nothing, or it is long ago. */
export interface Neighbours {
  /** The close before it. */
  readonly before: number | null;
  /** The next candle's open. */
  readonly after: number | null;
}

/** Judges candles in time order: is a print further from its neighbours than 10 % and than eight
 * times the usual range of the last candles? An open is held against the close before it, a close
 * against its own open and the open after, a wick against all of these. An absurd candle does not
 * count as usual, and nothing is held against an absurd close. */
export class AbsurdPrints {
  #usual = 0;
  #count = 0;
  #lastWasAbsurd = false;

  /** What is absurd about `row`, or `null`; remembers nothing. */
  question(row: CandleRow, { before, after }: Neighbours): Absurd | null {
    if (this.#count < FEWEST_CANDLES || surelyNear(row, before, after)) return null;
    return absurdity(row, { before: this.#lastWasAbsurd ? null : before, after }, this.#limit);
  }

  /** Whether an open may be believed before anybody knows what follows it. */
  believesOpen(open: number, before: number): boolean {
    if (this.#count < FEWEST_CANDLES) return true;
    if (open < before * SURELY_NEAR && before < open * SURELY_NEAR) return true;
    return far(open, before) <= this.#limit;
  }

  /** The same as `question`, and takes the candle in: each once, in order. */
  judge(row: CandleRow, neighbours: Neighbours): Absurd | null {
    const absurd = this.question(row, neighbours);
    this.#lastWasAbsurd = absurd !== null;
    if (absurd !== null) return absurd;
    this.#count = Math.min(this.#count + 1, TYPICAL_CANDLES);
    this.#usual += (Math.log(row.high / row.low) - this.#usual) / this.#count;
    return null;
  }

  get #limit(): number {
    return absurdFrom(this.#usual);
  }
}

/** The largest believable distance, as a log ratio, where `usual` is what candles cover. */
function absurdFrom(usual: number): number {
  return Math.max(LEAST_ABSURD, ABSURD_TIMES * usual);
}

/** What is absurd about a candle of a market whose candles usually cover `usual` (as a log ratio);
 * remembers nothing. */
export function questionBy(usual: number, row: CandleRow, neighbours: Neighbours): Absurd | null {
  if (surelyNear(row, neighbours.before, neighbours.after)) return null;
  return absurdity(row, neighbours, absurdFrom(usual));
}

/** Whether a candle closed so far from its open that only what comes next can bear it out. */
export function closesAfar({ open, close }: CandleRow, usual: number): boolean {
  if (close < open * SURELY_NEAR && open < close * SURELY_NEAR) return false;
  return far(close, open) > absurdFrom(usual);
}

/** `limit`: the largest believable distance, as a log ratio. */
function absurdity(row: CandleRow, { before, after }: Neighbours, limit: number): Absurd | null {
  const text = whatIsAbsurd(row, { before, after }, limit);
  if (text === null) return null;
  const { close } = row;
  // A gap is believed: the market stays where it opened.
  const stays = [close, after ?? close].some((price) => far(row.open, price) <= limit);
  const gone = before !== null && far(row.open, before) > limit && !stays;
  const open = gone ? before : row.open;
  const near = [open, before ?? open, after ?? open];
  if (near.some((price) => far(close, price) <= limit)) near.push(close);
  const [top, bottom] = [Math.max(...near), Math.min(...near)];
  const high = Math.log(row.high / top) > limit ? top : row.high;
  const low = Math.log(bottom / row.low) > limit ? bottom : row.low;
  return { text, believed: { open, high, low } };
}

function whatIsAbsurd(
  { open, high, low, close }: CandleRow,
  { before, after }: Neighbours,
  limit: number,
): string | null {
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

/** Whether all that is compared lies so close together that no distance can be absurd. */
function surelyNear(
  { open, high, low, close }: CandleRow,
  before: number | null,
  after: number | null,
): boolean {
  const most = Math.max(high, open, close, before ?? high, after ?? high);
  return most < Math.min(low, open, close, before ?? low, after ?? low) * SURELY_NEAR;
}

function far(price: number, other: number): number {
  return Math.abs(Math.log(price / other));
}
