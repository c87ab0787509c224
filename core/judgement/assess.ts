import type { BacktestResult } from '../backtest/result.ts';
import type { MarketSeries } from '../backtest/series.ts';
import type { Decision } from '../backtest/strategy.ts';
import { REGIMES } from '../features/reading.ts';
import {
  type ArmRow,
  ASSESSMENT_VERSION,
  type Assessment,
  type BootstrapTerms,
  type OutcomeTerms,
  type RegimeRow,
} from './assessment.ts';
import { bootstrapIntervals, DEFAULT_BOOTSTRAP, Stretches } from './bootstrap.ts';
import {
  assistantScores,
  debateWorth,
  type FactsOf,
  factsFrom,
  ringByRegime,
  ringScore,
} from './council.ts';
import { deflatedSharpe, ONE_TRIAL, type Trials } from './deflated-sharpe.ts';
import { type DifferenceOptions, differenceOf } from './difference.ts';
import { costOf, holdRun } from './hold.ts';
import { metricsOf, riskFreeOfPeriod } from './metrics.ts';
import { known, momentsOf, sharpeOf } from './moments.ts';
import { DEFAULT_BARRIERS, outcomeTerms } from './outcome.ts';
import { type Returns, type Run, returnsOf } from './returns.ts';
import { sharpeOfSums } from './sums.ts';
import { regimesOfReturns, surveyMarket } from './survey.ts';

export interface AssessInputs {
  /** The run that is judged. */
  readonly result: BacktestResult;
  /** The others, on the same candles and the same clock; without `hold`, which is made here. The
   * one named `vote` is what the debate is measured against. */
  readonly arms?: readonly { readonly name: string; readonly run: Run }[];
  /** The candles all of them saw. They may begin before the run does: what lies before its first
   * candle only warms up regimes and ranges. */
  readonly series: readonly MarketSeries[];
  /** Trials made until this one was chosen: one unless given. */
  readonly trials?: Trials;
  readonly barriers?: Omit<OutcomeTerms, 'roundTripCost'>;
  readonly bootstrap?: Partial<BootstrapTerms>;
  /** A fraction a year; 0 unless given. */
  readonly riskFree?: number;
}

/** The council's arm without its debate, by the name the arms table knows it. */
export const VOTE_ARM = 'vote';
export const HOLD_ARM = 'hold';

/** Everything that is said about a backtest, with how sure it is. Pure and repeatable: the seed of
 * the bootstrap is part of its inputs. Throws a `RangeError` when a curve cannot be one or an arm
 * has another clock. O(closes + candles + decisions) for every arm. */
export function assess(inputs: AssessInputs): Assessment {
  const { result, series, arms = [], trials = ONE_TRIAL, riskFree = 0 } = inputs;
  const bootstrap = { ...DEFAULT_BOOTSTRAP, ...inputs.bootstrap };
  const outcomes = termsOf(result, inputs.barriers ?? DEFAULT_BARRIERS);
  const asked = closesAsked(result.decisions);
  const surveys = series.map((one) =>
    surveyMarket(one, asked.get(one.instrument.symbol) ?? new Set(), outcomes),
  );
  const factsOf = factsFrom(surveys);
  const regimes = regimesOfReturns(result.curve.timeMs, surveys);
  const name = result.strategy.name;
  const hold = holdRun(result, withoutHistory(series, result.data.fromMs));
  const others = [...arms, { name: HOLD_ARM, run: hold }];
  const metrics = metricsOf(result, { riskFree });
  const rows: ArmRow[] = others.map((arm) => ({
    name: arm.name,
    metrics: metricsOf(arm.run, { riskFree }),
    difference: differenceOf(result, arm.run, {
      ...{ regimes, bootstrap, riskFree },
      names: { judged: name, other: arm.name },
    } satisfies DifferenceOptions),
  }));
  const returns = returnsOf(result);
  const free = riskFreeOfPeriod(riskFree, returns.periodsPerYear);
  const vote = rows.find((row) => row.name === VOTE_ARM)?.difference ?? null;
  return {
    version: ASSESSMENT_VERSION,
    name,
    metrics,
    hold: (rows.at(-1) as ArmRow).metrics,
    intervals: intervalsOf(returns, { free, bootstrap, hasSharpe: metrics.sharpe !== null }),
    deflated: deflatedSharpe(momentsOf(returns.values, free), trials),
    arms: [{ name, metrics, difference: null }, ...rows],
    debate: debateWorth({ decisions: result.decisions, factsOf, bootstrap, difference: vote }),
    ring: ringScore(result.decisions, factsOf),
    assistants: assistantScores(result.decisions, factsOf, bootstrap),
    regimes: regimeRows(result, hold, { regimes, factsOf, free }),
    outcomes,
    bootstrap,
  };
}

/** The series without what came before the run, which begins at `fromMs`; a market that is all
 * history is left out. */
export function withoutHistory(series: readonly MarketSeries[], fromMs: number): MarketSeries[] {
  return series
    .map((one) => ({ ...one, candles: one.candles.between(fromMs, Number.POSITIVE_INFINITY) }))
    .filter(({ candles }) => candles.length > 0);
}

function termsOf(
  { account }: BacktestResult,
  barriers: Omit<OutcomeTerms, 'roundTripCost'>,
): OutcomeTerms {
  const takerFeeBps = costOf(account.conditions, 'takerFeeBps');
  const halfSpreadBps = costOf(account.conditions, 'halfSpreadBps');
  return outcomeTerms({ takerFeeBps, halfSpreadBps }, barriers);
}

function closesAsked(decisions: readonly Decision[]): Map<string, Set<number>> {
  const asked = new Map<string, Set<number>>();
  for (const { symbol, closeTimeMs, stance, council } of decisions) {
    if (stance === null && council === undefined) continue;
    const closes = asked.get(symbol) ?? new Set();
    asked.set(symbol, closes.add(closeTimeMs));
  }
  return asked;
}

interface IntervalInputs {
  readonly free: number;
  readonly bootstrap: BootstrapTerms;
  /** Without a Sharpe ratio there is no interval of one. */
  readonly hasSharpe: boolean;
}

function intervalsOf(
  { values, years, periodsPerYear }: Returns,
  { free, bootstrap, hasSharpe }: IntervalInputs,
): Assessment['intervals'] {
  const { mean } = momentsOf(values, free);
  const stretches = new Stretches(values.length, 4);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    const distance = value - free - mean;
    stretches.add(0, at, 1);
    stretches.add(1, at, distance);
    stretches.add(2, at, distance * distance);
    stretches.add(3, at, Math.log1p(value));
  }
  const statistics = (sums: Float64Array): number[] => {
    const [count = 0, sum = 0, squares = 0, logs = 0] = sums;
    const growth = (logs / count) * periodsPerYear;
    const own = sharpeOfSums({ count, sum, squares, mean });
    return [own * Math.sqrt(periodsPerYear), growth, Math.expm1(growth * years)];
  };
  const inputs = { stretches, statistics, lengthFrom: [1, 2] };
  const [sharpe = null, annualGrowth = null, totalReturn = null] = bootstrapIntervals(
    inputs,
    bootstrap,
  );
  return { sharpe: hasSharpe ? sharpe : null, annualGrowth, totalReturn };
}

interface RegimeInputs {
  readonly regimes: Uint8Array;
  readonly factsOf: FactsOf;
  readonly free: number;
}

function regimeRows(
  result: BacktestResult,
  hold: Run,
  { regimes, factsOf, free }: RegimeInputs,
): RegimeRow[] {
  const { values, periodsPerYear } = returnsOf(result);
  const parts = partsOf(values, regimes);
  const heldParts = partsOf(returnsOf(hold).values, regimes);
  const exposed = exposureOf(result.curve.exposure, regimes);
  const ring = ringByRegime(result.decisions, factsOf);
  return REGIMES.flatMap((regime, kind) => {
    const own = parts[kind] as Float64Array;
    if (own.length === 0) return [];
    const sharpe = sharpeOf(momentsOf(own, free));
    return [
      {
        regime,
        returns: own.length,
        share: own.length / values.length,
        growth: growthOf(own, periodsPerYear),
        sharpe: sharpe === null ? null : known(sharpe * Math.sqrt(periodsPerYear)),
        holdGrowth: growthOf(heldParts[kind] as Float64Array, periodsPerYear),
        exposure: (exposed[kind] as number) / own.length,
        ring: ring.get(regime) ?? null,
      },
    ];
  });
}

/** The values of each regime, in the order of `REGIMES`. */
function partsOf(values: Float64Array, regimes: Uint8Array): readonly Float64Array[] {
  const counts = new Uint32Array(REGIMES.length);
  for (const kind of regimes) counts[kind] = (counts[kind] as number) + 1;
  const parts = REGIMES.map((_, kind) => new Float64Array(counts[kind] as number));
  const filled = new Uint32Array(REGIMES.length);
  for (let at = 0; at < values.length; at += 1) {
    const kind = regimes[at] as number;
    const place = filled[kind] as number;
    (parts[kind] as Float64Array)[place] = values[at] as number;
    filled[kind] = place + 1;
  }
  return parts;
}

/** Sums of exposure: a return is earned with what was held when it began. */
function exposureOf(exposure: readonly number[], regimes: Uint8Array): Float64Array {
  const sums = new Float64Array(REGIMES.length);
  for (let at = 1; at < regimes.length; at += 1) {
    const kind = regimes[at] as number;
    sums[kind] = (sums[kind] as number) + (exposure[at - 1] as number);
  }
  return sums;
}

function growthOf(values: Float64Array, periodsPerYear: number): number | null {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += Math.log1p(values[at] as number);
  return known((sum / values.length) * periodsPerYear);
}
