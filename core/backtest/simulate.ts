import { decimal, format } from '../market/money.ts';
import { Account } from './account/account.ts';
import type { AccountOptions, Kept } from './account/terms.ts';
import { dataUsed } from './data-used.ts';
import { marketsInOrder, type OnClose, type Run, runOn } from './loop.ts';
import { type AccountTerms, type BacktestResult, RESULT_VERSION } from './result.ts';
import type { MarketSeries } from './series.ts';
import type { Gear, Strategy } from './strategy.ts';

export interface Simulation {
  /** In any order; one timeframe, no symbol twice, none empty. */
  readonly series: readonly MarketSeries[];
  readonly strategy: Strategy;
  /** As the strategy was made with. */
  readonly gear: Gear;
  readonly account?: Pick<AccountOptions, 'capital' | 'conditions' | 'limits'>;
  readonly onClose?: OnClose;
  /** Everything, where not said. */
  readonly keeps?: Kept;
}

/** One backtest: a strategy on an account of its own over all candles of the series, decided on
 * closes and filled no earlier than the next open. Pure: the same inputs give the same result, byte
 * for byte. Throws a `RangeError` on series that do not go together, a `StrategyFault` on a
 * strategy that throws or speaks nonsense, a `RunStopped` when `onClose` says so. */
export function simulate(simulation: Simulation): BacktestResult {
  const { strategy, gear, account: terms = {}, onClose, keeps } = simulation;
  const markets = marketsInOrder(simulation.series);
  const [{ timeframe }] = markets as readonly [MarketSeries, ...MarketSeries[]];
  const account = new Account({ ...terms, markets, timeframe, keeps });
  const run = runOn(account, markets, { strategy, onClose, keeps });
  return {
    version: RESULT_VERSION,
    strategy: {
      name: strategy.name,
      version: strategy.version,
      parameters: strategy.parameters,
    },
    gear,
    data: dataUsed(markets),
    account: termsOf(account, terms),
    curve: run.curve.finish(),
    decisions: run.decisions,
    orders: account.orders,
    fills: account.fills,
    trades: account.trades,
    counts: countsOf(run, account.questionedPrints),
  };
}

function termsOf(
  { capital, conditions }: Account,
  { limits }: NonNullable<Simulation['account']>,
): AccountTerms {
  // Several quote assets are of one worth (the account refuses others): they are summed.
  const sum = Object.values(capital).reduce((all, amount) => all.plus(amount), decimal('0'));
  const quote = Object.keys(capital).join(' + ');
  return { quote, capital: format(sum), conditions: { ...conditions }, settings: { ...limits } };
}

function countsOf(run: Run, questionedPrints: number): BacktestResult['counts'] {
  const { candles, closes, decided, whyNoTrade, verdicts, contested } = run;
  return {
    candles,
    closes,
    decisions: decided,
    whyNoTrade,
    verdicts,
    contested,
    questionedPrints,
  };
}
