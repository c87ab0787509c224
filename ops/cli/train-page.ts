import type { FoldMetrics, LearningResult, TrainProgress } from '../../proto/learning.ts';
import type { LearningProgress } from '../learning/runs.ts';
import type { LearningSchedule } from '../learning/schedule.ts';
import { printable } from './printable.ts';
import type { Screen } from './screen.ts';
import { clockText, table } from './table.ts';

/** Shows a run as it goes on: what was found once, what is under way as the line that changes. */
export function progressPrinter(screen: Screen): (progress: LearningProgress) => void {
  const startedAtMs = performance.now();
  const told = new Map<string, number>();
  const begun = new Set<string>();
  let folds = 0;
  return ({ view, training }) => {
    for (const { stage, status, lines } of view.stages) {
      if (status === 'waiting') continue;
      if (!begun.has(stage)) screen.line(stage);
      begun.add(stage);
      const before = told.get(stage) ?? 0;
      for (const line of lines.slice(before)) screen.line(`  ${printable(line)}`);
      told.set(stage, lines.length);
    }
    const done = training?.folds ?? [];
    for (const fold of done.slice(folds)) screen.line(`    ${foldText(fold)}`);
    folds = Math.max(folds, done.length);
    const seconds = Math.round((performance.now() - startedAtMs) / 1000);
    const now = view.stages.find(({ status }) => status === 'running');
    if (now === undefined) return;
    const what = training === null ? now.stage : trainingText(training);
    screen.status(`  ${what} … ${seconds} s`);
  };
}

function trainingText({ stage, done, of }: TrainProgress): string {
  return `training: ${printable(stage)} (${done} of ${of})`;
}

function foldText({ fold, testFrom, testTo, brier, baseBrier, calls, netReturn }: FoldMetrics) {
  const net = netReturn === null ? 'no calls' : `${calls} calls, ${percent(netReturn)} each`;
  const days = `${testFrom.slice(0, 10)} to ${testTo.slice(0, 10)}`;
  const scores = `Brier ${brier.toFixed(4)}, label shares ${baseBrier.toFixed(4)}`;
  return `fold ${fold}, ${days}: ${scores}, ${net} after costs`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(3)} %`;
}

/** How a run ended, and its report. */
export function verdictPage(result: LearningResult, markdown: string): string {
  const { runId, verdict, why, weightsVersion, modelHash } = result;
  const model = modelHash === null ? '' : `, model ${modelHash.slice(0, 12)}`;
  const head = `${verdict}: run ${runId.slice(0, 12)}${model}, weights version ${weightsVersion}`;
  return [head, `  ${why}`, '', markdown].join('\n').trimEnd();
}

/** Markets that learn by themselves. */
export function schedulesTable(all: readonly LearningSchedule[]): string {
  const when = (at: Date | null): string => (at === null ? '—' : clockText(at.getTime()));
  return table(
    all,
    [
      { heading: 'SYMBOL', cell: ({ symbol }) => symbol },
      { heading: 'TIMEFRAME', cell: ({ timeframe }) => timeframe },
      { heading: 'VENUE', cell: ({ venue }) => venue },
      { heading: 'EVERY', cell: ({ period, paused }) => (paused ? `${period}, paused` : period) },
      { heading: 'LAST (UTC)', cell: ({ lastRunAt }) => when(lastRunAt) },
      { heading: 'NEXT (UTC)', cell: ({ nextRunAt }) => when(nextRunAt) },
    ],
    'no market learns by itself: corro train --every daily --symbol S --timeframe T',
  );
}
