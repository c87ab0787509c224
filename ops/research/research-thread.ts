import { type FutureTask, type HistoryTask, lookahead, type MarksTask } from './lookahead/tasks.ts';
import { type SharedMarkets, seriesOf } from './market-data.ts';
import { serveTasks } from './thread.ts';
import { runTrial, type TrialTask } from './trial.ts';

/** Everything a thread of research can be asked to do. */
export type ResearchTask = TrialTask | MarksTask | FutureTask | HistoryTask;

serveTasks<ResearchTask, unknown, SharedMarkets>((task, markets, progress) =>
  task.kind === 'trial' ? runTrial(task, markets, progress) : lookahead(task, seriesOf(markets)),
);
