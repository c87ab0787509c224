import { ringStance, whyOf } from '../../backtest/council.ts';
import type { MarketSeries } from '../../backtest/series.ts';
import { simulate } from '../../backtest/simulate.ts';
import type { BooksAtClose, Decision, MarketView, Strategy } from '../../backtest/strategy.ts';
import { onlyWindow } from '../../backtest/window.ts';
import { followUp } from '../../debate/follow-up.ts';
import type { Judgement } from '../../debate/judge.ts';
import type { UserConfig } from '../../debate/user-config.ts';
import { assess } from '../../judgement/assess.ts';
import type { Metrics } from '../../judgement/assessment.ts';
import type { RiskLimits } from '../../risk/limits.ts';
import type { DecidedTwice } from './again.ts';
import type { GateCandidate, GateReport, SimulatedRun } from './case.ts';

export interface TradingGround {
  /** Candles of every market decided on, with what its ranges need to be warm before the first
   * decision; an empty list: nothing is simulated. */
  readonly series: readonly MarketSeries[];
  readonly limits?: Partial<RiskLimits>;
}

/** Trades both sides' decisions on accounts of their own, beside holding. */
export function tradeTwice(
  decided: readonly DecidedTwice[],
  candidate: GateCandidate,
  { series, limits = {} }: TradingGround,
): GateReport['money'] {
  const [first] = decided;
  if (first === undefined || series.length === 0) return null;
  const fromMs = first.motion.snapshot.candles.at(-1)?.openTimeMs ?? 0;
  const window = { fromMs, toMs: Number.POSITIVE_INFINITY };
  const run = (name: string, rulings: readonly Ruled[]) => {
    const strategy = new Decided(name, rulings);
    const whole = simulate({ series, strategy, gear: 'lean', account: { limits } });
    return onlyWindow(whole, series, window);
  };
  const before = run('as recorded', decided.map(rulingBefore));
  const after = run(
    'candidate',
    decided.map((one) => rulingAfter(one, candidate)),
  );
  const arms = [{ name: 'as recorded', run: before }];
  const { metrics, hold, arms: rows } = assess({ result: after, arms, series });
  const [, recorded] = rows;
  const difference = recorded?.difference ?? null;
  if (recorded === undefined || difference === null) return null;
  const { growth, growthInterval, verdict, words } = difference;
  return {
    before: figuresOf(recorded.metrics),
    after: figuresOf(metrics),
    hold: figuresOf(hold),
    ...{ growth, growthInterval, verdict, words },
  };
}

/** The user's configuration with the candidate's rules, where it is about rules. */
export function configWith(candidate: GateCandidate, config: UserConfig): UserConfig {
  return candidate.kind === 'rules' ? { ...config, rules: candidate.rules } : config;
}

interface Ruled {
  readonly closeTimeMs: number;
  readonly judgement: Judgement;
  readonly config: UserConfig;
}

function rulingBefore({ motion, before }: DecidedTwice): Ruled {
  const { closeTimeMs } = motion.snapshot;
  return { closeTimeMs, judgement: before, config: motion.recorded.userConfig };
}

function rulingAfter({ motion, after }: DecidedTwice, candidate: GateCandidate): Ruled {
  const { closeTimeMs } = motion.snapshot;
  const config = configWith(candidate, motion.recorded.userConfig);
  return { closeTimeMs, judgement: after, config };
}

/** Decisions that were taken before, carried out at their closes. A question to a person counts as
 * unanswered. */
class Decided implements Strategy {
  readonly name: string;
  readonly version = 1;
  readonly warmup = 0;
  readonly reads = [];
  readonly parameters = {};
  readonly #rulings: ReadonlyMap<string, Ruled>;

  constructor(name: string, rulings: readonly Ruled[]) {
    this.name = name;
    this.#rulings = new Map(
      rulings.map((ruled) => [placeOf(ruled.judgement.symbol, ruled.closeTimeMs), ruled]),
    );
  }

  decide(closed: readonly MarketView[], books: BooksAtClose): readonly Decision[] {
    return closed.flatMap(({ instrument: { symbol }, candle: { closeTimeMs } }) => {
      const ruled = this.#rulings.get(placeOf(symbol, closeTimeMs));
      if (ruled === undefined) return [];
      const { verdict } = ruled.judgement;
      const next = followUp(ruled.judgement, ruled.config, books.sellable(symbol));
      return [
        {
          ...{ symbol, closeTimeMs },
          action: verdict.action,
          confidenceBp: verdict.confidenceBp,
          followUp: next,
          why: whyOf(next),
          stance: ringStance(verdict),
        },
      ];
    });
  }
}

function placeOf(symbol: string, closeTimeMs: number): string {
  return `${symbol} ${closeTimeMs}`;
}

function figuresOf({ totalReturn, maxDrawdown, trades, feesPaid }: Metrics): SimulatedRun {
  return { totalReturn, maxDrawdown: maxDrawdown.depth, trades, feesPaid };
}
