import type { Metrics } from './assessment.ts';
import { drawdownOf } from './drawdown.ts';
import { known, type Moments, momentsOf, sharpeOf } from './moments.ts';
import { type Returns, type Run, returnsOf } from './returns.ts';
import { feesPaid, tradedValue, tradeFigures } from './trading.ts';

export interface MetricsOptions {
  /** What money without risk would have earned, a fraction a year; 0 unless given. */
  readonly riskFree?: number;
}

/** The metrics of one run, by their standard names. Formulas and sources: docs/metrics.md. Throws a
 * `RangeError` on a curve that cannot be one (see `returnsOf`). O(closes + fills + trades). */
export function metricsOf(run: Run, { riskFree = 0 }: MetricsOptions = {}): Metrics {
  const returns = returnsOf(run);
  const { values, years, periodsPerYear } = returns;
  const moments = momentsOf(values, riskFreeOfPeriod(riskFree, periodsPerYear));
  const capital = Number(run.account.capital);
  const finalEquity = run.curve.equity.at(-1) as number;
  const growth = Math.log(finalEquity / capital);
  const annualReturn = known(Math.expm1(growth / years));
  const maxDrawdown = drawdownOf(run);
  const { equity, exposure } = run.curve;
  return {
    returns: values.length,
    years,
    periodsPerYear,
    finalEquity,
    totalReturn: known(finalEquity / capital - 1),
    annualReturn,
    annualGrowth: known(growth / years),
    ...riskFigures(moments, returns),
    calmar:
      annualReturn !== null && maxDrawdown.depth > 0 ? annualReturn / maxDrawdown.depth : null,
    maxDrawdown,
    exposure: mean(exposure),
    timeInMarket: exposure.reduce((count, share) => count + (share > 0 ? 1 : 0), 0) / values.length,
    turnover: known(tradedValue(run.fills) / mean(equity) / years),
    ...tradeFigures(run.trades),
    fills: run.fills.length,
    feesPaid: feesPaid(run.fills, run.account.quote),
  };
}

/** The rate of one period that compounds to the rate of a year. */
export function riskFreeOfPeriod(riskFree: number, periodsPerYear: number): number {
  if (!(riskFree > -1 && Number.isFinite(riskFree))) {
    throw new RangeError(`riskFree must be above -1, was ${riskFree}`);
  }
  return Math.expm1(Math.log1p(riskFree) / periodsPerYear);
}

type RiskFigures = Pick<
  Metrics,
  'annualVolatility' | 'sharpe' | 'sortino' | 'skewness' | 'kurtosis'
>;

/** Sharpe (1994), and Sortino & Price (1994) with a target of the risk-free rate. */
function riskFigures(moments: Moments, { periodsPerYear }: Returns): RiskFigures {
  const { mean, deviation, downside, skewness, kurtosis } = moments;
  const scale = Math.sqrt(periodsPerYear);
  const sharpe = sharpeOf(moments);
  return {
    annualVolatility: deviation === null ? null : known(deviation * scale),
    sharpe: sharpe === null ? null : known(sharpe * scale),
    sortino: downside > 0 ? known((mean / downside) * scale) : null,
    skewness,
    kurtosis,
  };
}

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
