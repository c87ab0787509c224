/** Moments of one series of returns. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Sample standard deviation (n − 1); `null` with fewer than two values, 0 where all are equal up
   * to rounding. */
  readonly deviation: number | null;
  /** Root of the mean square of what fell short of zero, over all values; 0 where only rounding
   * did. */
  readonly downside: number;
  /** Of the values themselves (biased), as Bailey & López de Prado use them; kurtosis is 3 for a
   * normal distribution. `null` where nothing varies. */
  readonly skewness: number | null;
  readonly kurtosis: number | null;
}

/** Deviations below this are what is left of rounding (one return carries about 2e-16). */
const ROUNDING = 1e-14;
const RELATIVE_ROUNDING = 1e-10;

/** Two passes: the mean first, then everything around it, so that nothing cancels. `less` is taken
 * off every value: the risk-free rate of one period. */
export function momentsOf(values: Float64Array, less = 0): Moments {
  const count = values.length;
  let sum = 0;
  for (let at = 0; at < count; at += 1) sum += values[at] as number;
  const mean = count === 0 ? 0 : sum / count - less;
  let [second, third, fourth, shortfall] = [0, 0, 0, 0];
  for (let at = 0; at < count; at += 1) {
    const value = (values[at] as number) - less;
    const distance = value - mean;
    const square = distance * distance;
    second += square;
    third += square * distance;
    fourth += square * square;
    if (value < 0) shortfall += value * value;
  }
  const downside = count === 0 ? 0 : Math.sqrt(shortfall / count);
  const around = { count, mean, downside: downside > ROUNDING ? downside : 0 };
  if (count < 2) return { ...around, deviation: null, skewness: null, kurtosis: null };
  const deviation = Math.sqrt(second / (count - 1));
  if (deviation <= ROUNDING + RELATIVE_ROUNDING * Math.abs(mean)) {
    return { ...around, deviation: 0, skewness: null, kurtosis: null };
  }
  const variance = second / count;
  return {
    ...around,
    deviation,
    skewness: third / count / variance ** 1.5,
    kurtosis: fourth / count / (variance * variance),
  };
}

/** Mean over deviation (Sharpe 1994), of one period; `null` where nothing varies. */
export function sharpeOf({ mean, deviation }: Moments): number | null {
  return deviation === null || deviation === 0 ? null : mean / deviation;
}

/** The number itself, or `null` when it is not finite: NaN stops here. */
export function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
