/** One thread of the sweep in `bench/backtest.ts`: a whole council backtest a task, on candles that
 * all threads share. */
import { type SharedMarkets, seriesOf } from '../ops/research/market-data.ts';
import { serveTasks } from '../ops/research/thread.ts';
import { backtestOf } from './backtest-ours.ts';

serveTasks((_task: number, markets: SharedMarkets): number => {
  const result = backtestOf(seriesOf(markets), { rule: 'council', gear: 'lean' });
  return result.counts.decisions;
});
