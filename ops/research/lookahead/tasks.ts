import type { MarketSeries } from '../../../core/backtest/series.ts';
import { listedAs, type StrategyRequest, strategyFor } from '../strategy-of.ts';
import type { AccountRequest } from '../terms.ts';
import type { Way } from './changed-future.ts';
import { futureMoves, type Mark, type Moved, marksOf } from './future-check.ts';
import { type HistoryFinding, historyMatters, type Stand } from './history-check.ts';

interface Checked {
  readonly strategy: StrategyRequest;
  readonly account: AccountRequest;
}

/** What a strategy decides on the candles as they are. */
export interface MarksTask extends Checked {
  readonly kind: 'marks';
}

export interface FutureTask extends Checked {
  readonly kind: 'future';
  readonly atMs: number;
  readonly way: Way;
  readonly seed: number;
  readonly marks: readonly Mark[];
}

export interface HistoryTask extends Checked {
  readonly kind: 'history';
  readonly fromMs: number;
  readonly toMs: number;
  readonly stand: Stand;
}

type Finding = readonly Mark[] | Moved | HistoryFinding | null;

/** Does one check of a strategy that is known by name. */
export function lookahead(
  task: MarksTask | FutureTask | HistoryTask,
  series: readonly MarketSeries[],
): Promise<Finding> {
  const { account, strategy } = task;
  const make = (shown: readonly MarketSeries[]) =>
    strategyFor(strategy, shown, { account, gear: 'lean' });
  const check = { series, make, account };
  switch (task.kind) {
    case 'marks':
      return marksOf(check);
    case 'future':
      return futureMoves(check, task, task.marks);
    case 'history':
      return historyMatters(
        { series, make, everyClose: listedAs(strategy.name).asked === 'closes' },
        task,
      );
  }
}
