/** Blocks of time a trial is cut into: 12,870 ways to take half of them. */
export const DEFAULT_BLOCKS = 16;
const MOST_BLOCKS = 20;
/** Returns a block must hold: fewer tell nothing. */
const LEAST_RETURNS = 2;
const RANK_BINS = 20;

/** What a sweep keeps of a trial, JSON-safe: sums over equal stretches of time, from which the
 * Sharpe ratio of any choice of stretches follows. All trials of one sweep must be cut alike. */
export interface TrialBlocks {
  readonly counts: readonly number[];
  readonly sums: readonly number[];
  readonly squares: readonly number[];
}

/** Cuts returns into `blocks` (an even number, 2 … 20) neighbouring stretches whose lengths differ
 * by one at most. `null` when they are too few. */
export function trialBlocks(values: Float64Array, blocks = DEFAULT_BLOCKS): TrialBlocks | null {
  if (!(Number.isInteger(blocks) && blocks >= 2 && blocks <= MOST_BLOCKS && blocks % 2 === 0)) {
    throw new RangeError(`blocks must be an even number from 2 to ${MOST_BLOCKS}, was ${blocks}`);
  }
  if (values.length < blocks * LEAST_RETURNS) return null;
  const counts: number[] = [];
  const sums: number[] = [];
  const squares: number[] = [];
  for (let block = 0; block < blocks; block += 1) {
    const from = Math.floor((block * values.length) / blocks);
    const to = Math.floor(((block + 1) * values.length) / blocks);
    let [sum, square] = [0, 0];
    for (let at = from; at < to; at += 1) {
      const value = values[at] as number;
      sum += value;
      square += value * value;
    }
    counts.push(to - from);
    sums.push(sum);
    squares.push(square);
  }
  return { counts, sums, squares };
}

export interface Overfitting {
  readonly trials: number;
  readonly blocks: number;
  /** Ways to split the blocks in half, each half once in sample. */
  readonly splits: number;
  /** Share of splits in which the best in sample was in the lower half out of sample: 0.5 is what
   * choosing blindly comes to, 0 what a choice with substance does. */
  readonly probability: number;
  /** Share of splits in which the best in sample lost money out of sample. */
  readonly lossProbability: number;
  /** Out-of-sample Sharpe ratio of the chosen by its in-sample one (of one period), a straight line
   * by least squares; `null` when the chosen always looked the same in sample. Below zero: the
   * better it looked, the worse it did. */
  readonly degradation: { readonly slope: number; readonly intercept: number } | null;
  /** Splits by the out-of-sample rank of the chosen, worst to best, in twentieths. */
  readonly rankCounts: readonly number[];
}

/** Probability of backtest overfitting by combinatorially symmetric cross-validation: Bailey,
 * Borwein, López de Prado & Zhu, "The probability of backtest overfitting", Journal of
 * Computational Finance 20 (2016). The best trial by Sharpe ratio in one half of the blocks is
 * ranked among all in the other half; λ = ln(ω / (1 − ω)) with ω = rank / (N + 1), and the
 * probability is the share of λ ≤ 0.
 *
 * A trial that did nothing in a half has a Sharpe ratio of 0 there; equal ones share their mean
 * rank; of equally good ones in sample the first is taken. `null` with fewer than two trials. Time
 * is O(splits × trials), memory O(blocks × trials). */
export function probabilityOfOverfitting(trials: readonly TrialBlocks[]): Overfitting | null {
  if (trials.length < 2) return null;
  const table = new BlockTable(trials);
  const { blocks } = table;
  const tally = new Tally(trials.length);
  const whole = (1 << blocks) - 1;
  // Each pair of complementary halves is met once, by the half with the first block in it.
  for (let mask = 1; mask < whole; mask += 2) {
    if (bitsIn(mask) !== blocks / 2) continue;
    const one = table.sharpes(mask, 0);
    const other = table.sharpes(whole ^ mask, 1);
    tally.add(one, other);
    tally.add(other, one);
  }
  return { trials: trials.length, blocks, ...tally.result() };
}

/** Block sums of all trials, block by block. */
class BlockTable {
  readonly blocks: number;
  readonly #trials: number;
  readonly #counts: readonly number[];
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  readonly #scratch: readonly Float64Array[];

  constructor(trials: readonly TrialBlocks[]) {
    const counts = (trials[0] as TrialBlocks).counts;
    this.blocks = counts.length;
    this.#trials = trials.length;
    this.#counts = counts;
    this.#sums = new Float64Array(this.blocks * trials.length);
    this.#squares = new Float64Array(this.blocks * trials.length);
    this.#scratch = [0, 1, 2, 3].map(() => new Float64Array(trials.length));
    for (const [index, trial] of trials.entries()) {
      if (trial.counts.length !== this.blocks || trial.counts.some((n, at) => n !== counts[at])) {
        throw new RangeError('trials must be cut into the same blocks of returns');
      }
      for (let block = 0; block < this.blocks; block += 1) {
        this.#sums[block * trials.length + index] = trial.sums[block] as number;
        this.#squares[block * trials.length + index] = trial.squares[block] as number;
      }
    }
  }

  /** Sharpe ratio of every trial over the blocks of `mask`. The array of a side (0 or 1) is used
   * again by the next call. */
  sharpes(mask: number, side: 0 | 1): Float64Array {
    const sums = (this.#scratch[side] as Float64Array).fill(0);
    const squares = (this.#scratch[2 + side] as Float64Array).fill(0);
    let count = 0;
    for (let block = 0; block < this.blocks; block += 1) {
      if ((mask & (1 << block)) === 0) continue;
      count += this.#counts[block] as number;
      const from = block * this.#trials;
      for (let trial = 0; trial < this.#trials; trial += 1) {
        sums[trial] = (sums[trial] as number) + (this.#sums[from + trial] as number);
        squares[trial] = (squares[trial] as number) + (this.#squares[from + trial] as number);
      }
    }
    for (let trial = 0; trial < this.#trials; trial += 1) {
      sums[trial] = sharpeFromSums(count, sums[trial] as number, squares[trial] as number);
    }
    return sums;
  }
}

/** 0 where nothing varies: what is left of the squares is then rounding. */
function sharpeFromSums(count: number, sum: number, squares: number): number {
  const mean = sum / count;
  const around = squares - sum * mean;
  if (!(around > squares * 1e-12)) return 0;
  return mean / Math.sqrt(around / (count - 1));
}

class Tally {
  readonly #trials: number;
  readonly #rankCounts = Array.from({ length: RANK_BINS }, () => 0);
  #splits = 0;
  #overfit = 0;
  #losses = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  constructor(trials: number) {
    this.#trials = trials;
  }

  add(inSample: Float64Array, outOfSample: Float64Array): void {
    let best = 0;
    for (let trial = 1; trial < this.#trials; trial += 1) {
      if ((inSample[trial] as number) > (inSample[best] as number)) best = trial;
    }
    const chosen = outOfSample[best] as number;
    let [less, equal] = [0, 0];
    for (let trial = 0; trial < this.#trials; trial += 1) {
      const value = outOfSample[trial] as number;
      if (value < chosen) less += 1;
      else if (value === chosen) equal += 1;
    }
    const share = (less + (equal + 1) / 2) / (this.#trials + 1);
    const bin = Math.min(RANK_BINS - 1, Math.floor(share * RANK_BINS));
    this.#rankCounts[bin] = (this.#rankCounts[bin] as number) + 1;
    this.#splits += 1;
    if (Math.log(share / (1 - share)) <= 0) this.#overfit += 1;
    if (chosen < 0) this.#losses += 1;
    const looked = inSample[best] as number;
    this.#x += looked;
    this.#y += chosen;
    this.#xx += looked * looked;
    this.#xy += looked * chosen;
  }

  result(): Omit<Overfitting, 'trials' | 'blocks'> {
    const splits = this.#splits;
    const spread = this.#xx - (this.#x * this.#x) / splits;
    const slope = (this.#xy - (this.#x * this.#y) / splits) / spread;
    const flat = !(spread > this.#xx * 1e-12);
    return {
      splits,
      probability: this.#overfit / splits,
      lossProbability: this.#losses / splits,
      degradation: flat ? null : { slope, intercept: (this.#y - slope * this.#x) / splits },
      rankCounts: this.#rankCounts,
    };
  }
}

function bitsIn(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
