import type { Command } from 'commander';
import { EXIT_CODES } from '../../../proto/errors.ts';
import { type LookaheadReport, look } from '../../research/lookahead/lookahead.ts';
import { percentOf } from '../../research/report/words.ts';
import { homeOf } from '../home.ts';
import { printJson } from '../output.ts';
import {
  addModelOption,
  addResearchOptions,
  type ResearchFlags,
  readSeed,
  withResearch,
} from '../research.ts';
import { addStrategyOptions, type StrategyFlags, strategyOf } from './backtest.ts';
import { readCount } from './replay.ts';

interface LookaheadFlags extends ResearchFlags, StrategyFlags {
  readonly trials: number;
  readonly seed: number;
}

export function addLookahead(program: Command): void {
  const command = program
    .command('lookahead')
    .description('change the future and see whether the past decides otherwise; cut the past, too');
  addModelOption(addStrategyOptions(addResearchOptions(command)))
    .option('--trials <n>', 'random candles of each kind', readCount, 12)
    .option('--seed <n>', 'of the random candles', readSeed, 1)
    .option('--json', 'print what was found as JSON')
    .action((files: string[], flags: LookaheadFlags, self: Command) =>
      lookahead(files, flags, homeOf(self)),
    );
}

async function lookahead(
  files: readonly string[],
  flags: LookaheadFlags,
  home: string,
): Promise<void> {
  const strategy = strategyOf(flags);
  const { trials, seed } = flags;
  const report = await withResearch(files, flags, {
    home,
    command: 'lookahead',
    act: (research) => look({ ...research, strategy, trials, seed }),
  });
  if (flags.json === true) printJson(report);
  else process.stdout.write(`${pageOf(report)}\n`);
  if (!report.clean) process.exitCode = EXIT_CODES.verification_failed;
}

function pageOf(report: LookaheadReport): string {
  const { strategy, future } = report;
  const verdict = report.clean ? 'CLEAN' : 'NOT CLEAN';
  return ['', `${strategy}: ${verdict}`, '', ...futureLines(future), ...historyLines(report)].join(
    '\n',
  );
}

function futureLines({ trials, compared, moved }: LookaheadReport['future']): readonly string[] {
  const all = `${trials} other futures, ${compared} earlier decisions and fills compared`;
  if (moved.length === 0) return [`  ${all}: none moved`];
  return [
    `  ${all}: in ${moved.length} of them the past moved`,
    ...moved.slice(0, 5).map(({ way, atMs, timeMs, symbol, kind, before, after }) => {
      const what = `the ${kind} about ${symbol} at ${iso(timeMs)}`;
      const was = `was ${before ?? 'nothing'}, became ${after ?? 'nothing'}`;
      return `    ${what} ${was}, when candles after ${iso(atMs)} were ${way}`;
    }),
  ];
}

function historyLines({ history, warmup }: LookaheadReport): readonly string[] {
  if (history === null || warmup === null) return ['  it needs all of the past: nothing to cut'];
  const { compared, differing, tolerated, otherMoments, first, drift, enough } = history;
  const verdict = enough ? 'is enough' : 'is NOT ENOUGH';
  const most = `at most ${percentOf(tolerated, 0)} may`;
  const share = `${differing} of ${compared} decisions differ (${most})`;
  const lines = [`  a warm-up of ${warmup} candles ${verdict}: ${share}`];
  if (first !== null) {
    const { whole, short } = first;
    const was = `${whole ?? 'nothing'} with all of the past, ${short ?? 'nothing'} without`;
    lines.push(`    first: ${first.symbol} at ${iso(first.timeMs)}, ${was}`);
  }
  if (otherMoments > 0) lines.push(`    ${otherMoments} motions were put at other moments`);
  if (drift !== null) {
    lines.push(`    largest drift of a reading: ${drift.indicator}, ${percentOf(drift.size, 3)}`);
  }
  return lines;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
