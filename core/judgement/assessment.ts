import type { Role } from '../assistants/role.ts';
import type { Regime } from '../features/reading.ts';

/** What is said about a backtest: JSON-safe, every figure a finite number or `null` where it
 * cannot be known. Raised with every change of shape. Names and formulas: docs/metrics.md. */
export const ASSESSMENT_VERSION = 1;

export interface Assessment {
  readonly version: typeof ASSESSMENT_VERSION;
  /** Name of the run that is judged: `council`, `trend-following` … */
  readonly name: string;
  readonly metrics: Metrics;
  /** The same of buying at the first possible open and keeping, fees and half spread paid. */
  readonly hold: Metrics;
  readonly intervals: {
    readonly sharpe: Interval | null;
    /** Of `metrics.annualGrowth`. */
    readonly annualGrowth: Interval | null;
    readonly totalReturn: Interval | null;
  };
  readonly deflated: DeflatedSharpe;
  /** The judged run first, then the others, hold last. */
  readonly arms: readonly ArmRow[];
  /** `null` when the run holds no debates. */
  readonly debate: DebateWorth | null;
  /** Of the decisions' own stances: what the ring as a whole foretold. `null` without any. */
  readonly ring: RingScore | null;
  /** In the order of `ROLES`; empty when no assistant spoke. */
  readonly assistants: readonly AssistantScore[];
  /** In the order of `REGIMES`; those that never were are left out. */
  readonly regimes: readonly RegimeRow[];
  /** How opinions were settled. */
  readonly outcomes: OutcomeTerms;
  readonly bootstrap: BootstrapTerms;
}

/** An interval that holds the true value with probability `level`, if the future is like the
 * past. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  /** 0.95. */
  readonly level: number;
}

export interface BootstrapTerms {
  readonly resamples: number;
  readonly seed: string;
  readonly level: number;
}

/** Returns are fractions: 0.1 is ten per cent. */
export interface Metrics {
  /** Closes on the clock: as many returns, the first from the capital to the first close. */
  readonly returns: number;
  readonly years: number;
  /** Closes a year as they were observed: returns / years. */
  readonly periodsPerYear: number;
  readonly finalEquity: number;
  readonly totalReturn: number | null;
  /** Compound: (1 + total)^(1 / years) − 1. */
  readonly annualReturn: number | null;
  /** ln(1 + total) / years: what paired differences of growth are differences of. */
  readonly annualGrowth: number | null;
  readonly annualVolatility: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly calmar: number | null;
  /** Of one period's returns; kurtosis is 3 for a normal distribution. */
  readonly skewness: number | null;
  readonly kurtosis: number | null;
  readonly maxDrawdown: Drawdown;
  /** Mean share of equity in the market over all closes, 0 … 1. */
  readonly exposure: number;
  /** Share of closes with any position. */
  readonly timeInMarket: number;
  /** Traded value, buys and sells, over mean equity, a year. */
  readonly turnover: number | null;
  /** Closed trades; what is open at the end is counted in `openTrades` alone. */
  readonly trades: number;
  readonly openTrades: number;
  readonly winRate: number | null;
  /** Profit of the winners over loss of the losers; `null` without a loser. */
  readonly profitFactor: number | null;
  /** Mean profit of a closed trade after fees, quote units. */
  readonly expectancy: number | null;
  /** Mean return of a closed trade, a fraction of what was paid for it. */
  readonly expectancyReturn: number | null;
  readonly fills: number;
  /** Decimal string, quote units; `null` when a fee was taken in an asset with no known price. */
  readonly feesPaid: string | null;
}

export interface Drawdown {
  /** Largest fall from a peak, a fraction of it, 0 … 1. */
  readonly depth: number;
  /** `null` when equity never fell. */
  readonly peakMs: number | null;
  readonly troughMs: number | null;
  /** First close at or above the peak again; `null`: not by the end. */
  readonly recoveredMs: number | null;
  /** The longest time below a peak, of this fall or any other, to the end if it never came back. */
  readonly longestMs: number;
}

/** Bailey & López de Prado (2012, 2014). Sharpe ratios here are of one period, not of a year. */
export interface DeflatedSharpe {
  /** Trials that were made until this one was chosen, itself included. */
  readonly trials: number;
  /** Variance of the trials' Sharpe ratios (of one period); `null`: one trial, or not known. */
  readonly trialVariance: number | null;
  readonly sharpe: number | null;
  /** The Sharpe ratio the best of so many trials without skill is expected to show. */
  readonly benchmark: number | null;
  /** Probability that the true Sharpe ratio is above 0, and above the benchmark. */
  readonly probabilistic: number | null;
  readonly deflated: number | null;
}

/** One way to trade beside the judged run, on the same clock. */
export interface ArmRow {
  readonly name: string;
  readonly metrics: Metrics;
  /** The judged run less this arm; `null` in the row of the judged run itself. */
  readonly difference: Difference | null;
}

export const VERDICTS = ['better', 'worse', 'undecided', 'equal', 'unknown'] as const;
export type DifferenceVerdict = (typeof VERDICTS)[number];

/** The judged run less the other arm, close by close. */
export interface Difference {
  /** Difference of annual growth (logarithmic): 0.05 is five per cent a year. */
  readonly growth: number | null;
  readonly growthInterval: Interval | null;
  /** Difference of annual Sharpe ratios, both resampled at the same closes. */
  readonly sharpe: number | null;
  readonly sharpeInterval: Interval | null;
  /** Of growth: `better` and `worse` when the interval leaves out zero; `equal` when the two never
   * differed; `unknown` when there is too little to say. */
  readonly verdict: DifferenceVerdict;
  /** One sentence for a reader. */
  readonly words: string;
  readonly byRegime: readonly {
    readonly regime: Regime;
    readonly returns: number;
    readonly growth: number | null;
    readonly growthInterval: Interval | null;
    readonly verdict: DifferenceVerdict;
  }[];
}

/** What the debate cost and what it brought: the council against the vote without debate. */
export interface DebateWorth {
  readonly motions: number;
  readonly contested: number;
  readonly meanRounds: number | null;
  /** Motions whose action the debate changed from what the vote of round 1 would have been. */
  readonly changed: number;
  /** Trading by the council less trading by the vote; `null` when that arm was not run. */
  readonly difference: Difference | null;
  /** Brier score of what the assistants believed in round 1 less what they believed at the end:
   * above zero, talk brought them nearer to the truth. */
  readonly brierGain: PairedMean;
  /** `adds`, `costs` or `nothing`: that which can be shown, not what is hoped. */
  readonly verdict: 'adds' | 'costs' | 'nothing' | 'unknown';
  readonly words: string;
}

export interface PairedMean {
  readonly pairs: number;
  readonly mean: number | null;
  readonly interval: Interval | null;
}

/** How well stances (distributions over BUY, SELL, HOLD) foretold the labels. */
export interface Score {
  /** Stances with a settled outcome. */
  readonly settled: number;
  /** Stances whose outcome the data did not live to see, or that had no ATR to set barriers by. */
  readonly unsettled: number;
  /** Brier (1950), 0 … 2, lower is better; three equal shares score 0.667. */
  readonly brier: number | null;
  /** 1 − Brier / Brier of always saying the settled labels' own shares; above 0: knows more. */
  readonly skill: number | null;
  /** Mean −ln of the share given to what came, shares clipped to one basis point; lower is
   * better; three equal shares score 1.099. */
  readonly logScore: number | null;
  /** Stances that had BUY or SELL on top. */
  readonly calls: number;
  readonly hits: number;
  readonly hitRate: number | null;
  /** Settled stances, of whatever top, whose top came. */
  readonly accuracy: number | null;
}

export interface RingScore extends Score {
  /** Labels of all settled stances. */
  readonly labels: { readonly BUY: number; readonly SELL: number; readonly HOLD: number };
  readonly calibration: Calibration;
}

/** Reliability of the top share: of those that said 60 to 70 %, how many came? */
export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /** Mean of |said − came|, by the bins' counts; `null` without any. */
  readonly expectedError: number | null;
}

export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean share said, share that came; `null` when empty. */
  readonly said: number | null;
  readonly came: number | null;
}

export interface AssistantScore {
  readonly role: Role;
  /** Its opinions of round 1, before it had heard anybody. */
  readonly first: Score;
  /** Where it stood at the end. */
  readonly last: Score;
  readonly calibration: Calibration;
  readonly byRegime: readonly { readonly regime: Regime; readonly score: Score }[];
  /** Brier of round 1 less Brier at the end where it changed its mind: above zero, it changed for
   * the better. */
  readonly revisions: PairedMean;
}

/** The judged run in one regime of the market, by the regime in which each return began. */
export interface RegimeRow {
  readonly regime: Regime;
  readonly returns: number;
  /** Share of all returns. */
  readonly share: number;
  readonly growth: number | null;
  readonly sharpe: number | null;
  /** Growth of holding in the same hours. */
  readonly holdGrowth: number | null;
  readonly exposure: number;
  readonly ring: Score | null;
}

/** Triple barrier, López de Prado (2018), chapter 3. */
export interface OutcomeTerms {
  /** Barriers in average true ranges of 14 candles, from the open of the next candle. */
  readonly targetAtrs: number;
  readonly stopAtrs: number;
  /** Candles after which time is up. */
  readonly horizonCandles: number;
  /** Costs of getting in and out, a fraction of the price. */
  readonly roundTripCost: number;
}
