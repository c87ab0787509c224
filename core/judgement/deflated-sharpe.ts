import type { DeflatedSharpe } from './assessment.ts';
import { known, type Moments, sharpeOf } from './moments.ts';
import { EULER_GAMMA, normalBelow, normalQuantile } from './normal.ts';

/** A Sharpe ratio of one period with what its standard error depends on. */
export interface ObservedSharpe {
  readonly sharpe: number;
  readonly returns: number;
  readonly skewness: number;
  /** 3 for a normal distribution. */
  readonly kurtosis: number;
}

/** Probability that the true Sharpe ratio is above `benchmark`, both of one period: Bailey & López
 * de Prado, "The Sharpe ratio efficient frontier", Journal of Risk 15 (2012):
 * Φ((SR − SR*) √(n − 1) / √(1 − γ₃ SR + (γ₄ − 1)/4 SR²)). `null` where the standard error is not
 * defined. */
export function probabilisticSharpe(observed: ObservedSharpe, benchmark: number): number | null {
  const { sharpe, returns, skewness, kurtosis } = observed;
  const spread = 1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe * sharpe;
  if (!(spread > 0) || returns < 2) return null;
  return known(normalBelow(((sharpe - benchmark) * Math.sqrt(returns - 1)) / Math.sqrt(spread)));
}

/** The Sharpe ratio that the best of `trials` without any skill is expected to show, when the
 * trials' Sharpe ratios have this variance: Bailey & López de Prado, "The deflated Sharpe ratio",
 * Journal of Portfolio Management 40 (2014): √V ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e))). 0 for
 * one trial: nothing was chosen. */
export function bestWithoutSkill(trials: number, variance: number): number {
  if (!(Number.isInteger(trials) && trials >= 1)) {
    throw new RangeError(`trials must be a whole number from 1 on, was ${trials}`);
  }
  if (!(variance >= 0 && Number.isFinite(variance))) {
    throw new RangeError(`variance must not be negative, was ${variance}`);
  }
  if (trials === 1) return 0;
  // Φ⁻¹(1 − p) = −Φ⁻¹(p), without the digits that 1 − p loses.
  const first = -normalQuantile(1 / trials);
  const second = -normalQuantile(1 / (trials * Math.E));
  return Math.sqrt(variance) * ((1 - EULER_GAMMA) * first + EULER_GAMMA * second);
}

/** A trial's Sharpe ratio of one of its own periods, and over how many returns. */
export type TrialSharpe = Pick<ObservedSharpe, 'sharpe' | 'returns'>;

/** All trials that were made until the judged one was chosen. */
export interface Trials {
  /** The judged one included; every trial counts, also one that was thrown away. */
  readonly count: number;
  /** Those that have a Sharpe ratio; `[]` when they were not kept. */
  readonly sharpes: readonly TrialSharpe[];
}

export const ONE_TRIAL: Trials = { count: 1, sharpes: [] };

/** The probability that a Sharpe ratio is more than the luck of the best of so many trials. Trials
 * count in full, though correlated ones are fewer than they look: the answer errs on the careful
 * side. A trial over m returns where the judged has n says as much as its ratio times √(m / n):
 * without skill a ratio's variance is 1 / m, so one of another length is comparable. */
export function deflatedSharpe(moments: Moments, { count, sharpes }: Trials): DeflatedSharpe {
  const alike = sharpes.map(({ sharpe, returns }) => sharpe * Math.sqrt(returns / moments.count));
  const trialVariance = count > 1 ? varianceOf(alike) : null;
  const sharpe = sharpeOf(moments);
  const benchmark = count === 1 ? 0 : varianceToBenchmark(count, trialVariance);
  const { skewness, kurtosis } = moments;
  if (sharpe === null || skewness === null || kurtosis === null) {
    return { trials: count, trialVariance, sharpe, benchmark, probabilistic: null, deflated: null };
  }
  const observed = { sharpe, returns: moments.count, skewness, kurtosis };
  return {
    trials: count,
    trialVariance,
    sharpe,
    benchmark,
    probabilistic: probabilisticSharpe(observed, 0),
    deflated: benchmark === null ? null : probabilisticSharpe(observed, benchmark),
  };
}

function varianceToBenchmark(count: number, variance: number | null): number | null {
  return variance === null ? null : bestWithoutSkill(count, variance);
}

/** Sample variance (n − 1); `null` with fewer than two. */
function varianceOf(values: readonly number[]): number | null {
  const finite = values.filter((value) => Number.isFinite(value));
  if (finite.length < 2) return null;
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const squares = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return squares / (finite.length - 1);
}
