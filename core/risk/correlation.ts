/** Returns that correlate at least this much count as one risk. */
export const CORRELATED_FROM = 0.7;
/** Closes that are compared at most: the newest that both markets have. */
export const CORRELATION_CLOSES = 200;
/** Returns below which nothing is known of two markets. */
export const LEAST_RETURNS = 30;

/** Pearson's correlation of one-candle log returns, −1 … 1, over closes at the same times, oldest
 * first. `null` where it is not known: fewer than `LEAST_RETURNS`, or a market that did not move.
 * Throws when the series differ in length or hold what is no price. */
export function correlationOf(a: readonly number[], b: readonly number[]): number | null {
  if (a.length !== b.length) {
    throw new RangeError(`closes must be of the same times, were ${a.length} and ${b.length}`);
  }
  const left = logReturns(a);
  const right = logReturns(b);
  if (left.length < LEAST_RETURNS) return null;
  const leftMean = mean(left);
  const rightMean = mean(right);
  let together = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let index = 0; index < left.length; index += 1) {
    const x = (left[index] as number) - leftMean;
    const y = (right[index] as number) - rightMean;
    together += x * y;
    leftSquares += x * x;
    rightSquares += y * y;
  }
  const scale = Math.sqrt(leftSquares) * Math.sqrt(rightSquares);
  return scale > 0 ? Math.max(-1, Math.min(1, together / scale)) : null;
}

/** True when two markets are one risk. What is not known counts as correlated: a limit must not be
 * loosened by a lack of data. */
export function isCorrelated(correlation: number | null): boolean {
  return correlation === null || correlation >= CORRELATED_FROM;
}

function logReturns(closes: readonly number[]): number[] {
  return closes.slice(1).map((close, index) => {
    const previous = closes[index] as number;
    if (!(close > 0 && previous > 0 && Number.isFinite(close) && Number.isFinite(previous))) {
      throw new RangeError(`closes must be positive and finite, were ${previous} and ${close}`);
    }
    return Math.log(close / previous);
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
