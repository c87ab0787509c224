import type { AccountTerms, BacktestResult } from '../../core/backtest/result.ts';
import type { MarketSeries } from '../../core/backtest/series.ts';
import { simulate } from '../../core/backtest/simulate.ts';
import type { Gear, Strategy } from '../../core/backtest/strategy.ts';
import { onlyWindow } from '../../core/backtest/window.ts';
import type { Metrics } from '../../core/judgement/assessment.ts';
import { metricsOf } from '../../core/judgement/metrics.ts';
import { type Moments, momentsOf } from '../../core/judgement/moments.ts';
import { type TrialBlocks, trialBlocks } from '../../core/judgement/overfitting.ts';
import { returnsOf } from '../../core/judgement/returns.ts';
import { TIMEFRAMES } from '../../core/market/candle.ts';
import { CandleSeries } from '../../core/market/candle-series.ts';
import { CorroError } from '../../proto/errors.ts';
import { type SharedMarkets, seriesOf, type Window } from './market-data.ts';
import { describeStrategy, type StrategyRequest, strategyFor } from './strategy-of.ts';
import type { AccountRequest } from './terms.ts';
import type { Figures } from './trials.ts';

/** One run of one strategy. It crosses threads. */
export interface TrialTask {
  readonly kind: 'trial';
  readonly strategy: StrategyRequest;
  readonly account: AccountRequest;
  readonly gear: Gear;
  readonly window: Window;
  /** Whether the whole result is wanted, or what another is compared with (no decisions and no
   * orders), or only what a trial keeps. */
  readonly keep: 'figures' | 'run' | 'result';
}

export interface TrialDone {
  readonly figures: Figures;
  readonly moments: Moments;
  readonly blocks: TrialBlocks | null;
  readonly account: AccountTerms;
  readonly result: BacktestResult | null;
}

/** Runs a trial over its window of the markets. What lies before the window is its history: as many
 * candles as the strategy needs to warm up are folded and nothing is traded in them. */
export async function runTrial(
  task: TrialTask,
  markets: SharedMarkets,
  progress?: (candles: number) => void,
): Promise<TrialDone> {
  const { window, account, gear } = task;
  const described = await describeStrategy(task.strategy, account);
  if ('refused' in described) throw new CorroError('bad_configuration', described.refused);
  const shown = withHistory(seriesOf(markets), window, described.warmup);
  const strategy = await strategyFor(task.strategy, shown, { gear, account });
  const whole = simulate({
    series: shown,
    strategy: tradingFrom(strategy, window.fromMs),
    account,
    gear,
    keeps: task.keep === 'result' ? 'everything' : 'figures',
    ...(progress === undefined ? {} : { onClose: told(progress) }),
  });
  const result = onlyWindow(whole, shown, window);
  const { values } = returnsOf(result);
  return {
    figures: figuresOf(metricsOf(result)),
    moments: momentsOf(values),
    blocks: trialBlocks(values),
    account: result.account,
    result: task.keep === 'figures' ? null : result,
  };
}

/** A strategy that only learns until candles open at `fromMs`: what it says before is dropped. */
function tradingFrom(strategy: Strategy, fromMs: number): Strategy {
  const { name, version, warmup, reads, parameters } = strategy;
  return {
    ...{ name, version, warmup, parameters },
    ...(reads && { reads }),
    decide: (closed, books) => {
      const decisions = strategy.decide(closed, books);
      return (closed[0]?.candle.openTimeMs ?? 0) < fromMs ? [] : decisions;
    },
  };
}

const TELL_EVERY = 2_048;

function told(progress: (candles: number) => void): (done: number) => boolean {
  let last = 0;
  return (done) => {
    if (done - last >= TELL_EVERY) {
      last = done;
      progress(done);
    }
    return true;
  };
}

/** The series of a window, each with what it needs of the past. A market without a candle in the
 * window is left out. */
function withHistory(
  all: readonly MarketSeries[],
  { fromMs, toMs }: Window,
  warmup: number,
): readonly MarketSeries[] {
  const shown = all.flatMap((series) => {
    const { candles } = series;
    const before = candles.between(Number.NEGATIVE_INFINITY, fromMs).length;
    const inside = candles.between(fromMs, toMs).length;
    if (inside === 0) return [];
    const first = candles.at(Math.max(0, before - warmup))?.openTimeMs ?? fromMs;
    return [{ ...series, candles: candles.between(first, toMs) }];
  });
  if (shown.length > 0) return shown;
  const range = [fromMs, toMs].map((timeMs) => new Date(timeMs).toISOString()).join(' to ');
  throw new CorroError('bad_candle_file', `there is no candle from ${range}`);
}

/** The series of a window as a judge sees them: without history. */
export function seriesOfWindow(
  markets: SharedMarkets,
  { fromMs, toMs }: Window,
): readonly MarketSeries[] {
  return seriesOf(markets)
    .map((series) => ({ ...series, candles: series.candles.between(fromMs, toMs) }))
    .filter(({ candles }) => candles.length > 0);
}

/** The same of several windows that follow one another, as one series for each market, with all
 * that came before the first of them: a judge's regimes and ranges are warm where it begins. */
export function seriesOfWindows(
  markets: SharedMarkets,
  windows: readonly Window[],
): readonly MarketSeries[] {
  const [{ fromMs }] = windows as readonly [Window, ...Window[]];
  const parts = windows.map((window) => seriesOfWindow(markets, window));
  return seriesOf(markets).flatMap((series) => {
    const { symbol } = series.instrument;
    const own = parts.flatMap((all) => all.filter((one) => one.instrument.symbol === symbol));
    if (own.length === 0) return [];
    const history = series.candles.between(Number.NEGATIVE_INFINITY, fromMs);
    const numbers = [history, ...own.map(({ candles }) => candles)].map((one) => one.numbers);
    const joined = new Float64Array(numbers.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const one of numbers) {
      joined.set(one, at);
      at += one.length;
    }
    return [{ ...series, candles: new CandleSeries(TIMEFRAMES[series.timeframe], joined) }];
  });
}

/** What is kept of a run's metrics. */
function figuresOf(metrics: Metrics): Figures {
  const { maxDrawdown, ...rest } = metrics;
  return {
    totalReturn: rest.totalReturn,
    annualReturn: rest.annualReturn,
    annualVolatility: rest.annualVolatility,
    sharpe: rest.sharpe,
    sortino: rest.sortino,
    calmar: rest.calmar,
    maxDrawdown: maxDrawdown.depth,
    exposure: rest.exposure,
    trades: rest.trades,
    winRate: rest.winRate,
    profitFactor: rest.profitFactor,
    feesPaid: rest.feesPaid,
  };
}
