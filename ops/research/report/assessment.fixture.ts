import { ROLES, type Role } from '../../../core/assistants/role.ts';
import { REGIMES } from '../../../core/features/reading.ts';
import type {
  ArmRow,
  Assessment,
  AssistantScore,
  Calibration,
  Difference,
  Metrics,
  Score,
} from '../../../core/judgement/assessment.ts';

const METRICS: Metrics = {
  returns: 71_769,
  years: 0.683,
  periodsPerYear: 105_120,
  finalEquity: 9_812.44,
  totalReturn: -0.018756,
  annualReturn: -0.0273,
  annualGrowth: -0.0277,
  annualVolatility: 0.0912,
  sharpe: -0.26,
  sortino: -0.38,
  calmar: -0.31,
  skewness: -0.4,
  kurtosis: 18.2,
  maxDrawdown: {
    depth: 0.0871,
    peakMs: 1_704_500_000_000,
    troughMs: 1_709_500_000_000,
    recoveredMs: null,
    longestMs: 9_000_000_000,
  },
  exposure: 0.113,
  timeInMarket: 0.371,
  turnover: 41.2,
  trades: 312,
  openTrades: 0,
  winRate: 0.413,
  profitFactor: 0.94,
  expectancy: -0.6,
  expectancyReturn: -0.0004,
  fills: 811,
  feesPaid: '281.5512',
};

/** For tests: metrics of an arm that came to this total return. */
export function metricsFixture(totalReturn: number): Metrics {
  const finalEquity = 10_000 * (1 + totalReturn);
  return { ...METRICS, totalReturn, finalEquity, sharpe: totalReturn * 9 };
}

/** For tests: this run less an arm, `growth` give or take `reach` a year. */
export function differenceFixture(growth: number, reach: number): Difference {
  const growthInterval = { low: growth - reach, high: growth + reach, level: 0.95 };
  const sure = Math.abs(growth) > reach;
  const verdict = !sure ? 'undecided' : growth > 0 ? 'better' : 'worse';
  return {
    growth,
    growthInterval,
    sharpe: growth * 4,
    sharpeInterval: { low: growth * 4 - 1, high: growth * 4 + 1, level: 0.95 },
    verdict,
    words: `It grew by ${growth.toFixed(2)} a year more, give or take ${reach.toFixed(2)}.`,
    byRegime: REGIMES.map((regime) => ({
      regime,
      returns: 900,
      growth,
      growthInterval,
      verdict,
    })),
  };
}

function score(brier: number): Score {
  return {
    settled: 6_901,
    unsettled: 12,
    brier,
    skill: 0.667 - brier,
    logScore: brier * 1.6,
    calls: 3_102,
    hits: 1_402,
    hitRate: 0.452,
    accuracy: 0.411,
  };
}

function calibration(slope: number): Calibration {
  return {
    bins: [0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95].map((said, at) => ({
      from: said - 0.05,
      to: said + 0.05,
      count: at === 6 ? 0 : Math.round(2_400 / (at + 1) ** 2),
      said: at === 6 ? null : said,
      came: at === 6 ? null : 0.33 + (said - 0.33) * slope,
    })),
    expectedError: 0.08,
  };
}

function assistant(role: Role, place: number): AssistantScore {
  return {
    role,
    first: score(0.68 + place * 0.004),
    last: score(0.672 + place * 0.004),
    calibration: calibration(0.2 + place * 0.1),
    byRegime: REGIMES.map((regime) => ({ regime, score: score(0.66 + place * 0.005) })),
    revisions: { pairs: 1_201, mean: 0.0041, interval: { low: -0.001, high: 0.009, level: 0.95 } },
  };
}

/** For tests: what might be said of a run of the council. */
export function assessmentFixture(): Assessment {
  const arm = (name: string, total: number, difference: ArmRow['difference']): ArmRow => ({
    name,
    metrics: metricsFixture(total),
    difference,
  });
  return {
    version: 1,
    name: 'council',
    metrics: METRICS,
    hold: metricsFixture(0.213),
    intervals: {
      sharpe: { low: -2.31, high: 1.72, level: 0.95 },
      annualGrowth: { low: -0.21, high: 0.15, level: 0.95 },
      totalReturn: { low: -0.141, high: 0.109, level: 0.95 },
    },
    deflated: {
      trials: 12,
      trialVariance: 0.0000021,
      sharpe: -0.0008,
      benchmark: 0.0023,
      probabilistic: 0.41,
      deflated: 0.07,
    },
    arms: [
      arm('council', -0.0188, null),
      arm('vote', -0.0312, differenceFixture(0.018, 0.06)),
      arm('best-single', -0.0951, differenceFixture(0.11, 0.08)),
      ...ROLES.map((role, at) =>
        arm(`assistant:${role}`, 0.01 - 0.02 * at, differenceFixture(0.03 * at - 0.02, 0.09)),
      ),
      arm('trend-following', 0.04, differenceFixture(-0.085, 0.21)),
      arm('hold', 0.213, differenceFixture(-0.29, 0.41)),
    ],
    debate: {
      motions: 7_012,
      contested: 2_713,
      meanRounds: 2.31,
      changed: 611,
      difference: differenceFixture(0.018, 0.06),
      brierGain: {
        pairs: 6_800,
        mean: 0.0021,
        interval: { low: -0.0008, high: 0.005, level: 0.95 },
      },
      verdict: 'nothing',
      words: 'The debate changed 611 of 7,012 actions and adds nothing that can be shown.',
    },
    ring: {
      ...score(0.664),
      labels: { BUY: 2_210, SELL: 2_300, HOLD: 2_391 },
      calibration: calibration(0.45),
    },
    assistants: ROLES.map(assistant),
    regimes: REGIMES.map((regime, at) => ({
      regime,
      returns: 14_000,
      share: 0.2,
      growth: 0.05 - at * 0.03,
      sharpe: 0.4 - at * 0.2,
      holdGrowth: 0.3 - at * 0.1,
      exposure: 0.11,
      ring: score(0.66),
    })),
    outcomes: { targetAtrs: 2, stopAtrs: 2, horizonCandles: 48, roundTripCost: 0.0022 },
    bootstrap: { resamples: 2_000, seed: 'corro', level: 0.95 },
  };
}
