/** Statistics from column sums, as a bootstrap draws them. */

export interface CentredSums {
  readonly count: number;
  /** Of the values less the mean of the whole series, and of their squares. */
  readonly sum: number;
  readonly squares: number;
  /** The mean of the whole series, less the risk-free rate. */
  readonly mean: number;
}

/** Sharpe ratio of one period (n − 1). Where nothing varies it is 0 if nothing was made either (a
 * stretch without a trade), else NaN. */
export function sharpeOfSums({ count, sum, squares, mean }: CentredSums): number {
  const own = mean + sum / count;
  const around = squares - (sum * sum) / count;
  if (!(around > squares * 1e-12)) return Math.abs(own) < 1e-15 ? 0 : Number.NaN;
  return own / Math.sqrt(around / (count - 1));
}

/** The sum at `at` + 1 over the one at `at`; NaN where there is nothing to divide by. */
export function ratio(sums: Float64Array, at: number): number {
  const below = sums[at] as number;
  return below > 0 ? (sums[at + 1] as number) / below : Number.NaN;
}
