import type { Command } from 'commander';
import { Option } from 'commander';
import { CorroError, EXIT_CODES } from '../../../proto/errors.ts';
import { drawsOf, gridOf, type ParameterSet } from '../../research/grid.ts';
import { expectParameters, listedAs } from '../../research/strategy-of.ts';
import { CHOICES, type Choice, sweep } from '../../research/sweep.ts';
import { homeOf } from '../home.ts';
import { printJson } from '../output.ts';
import {
  addModelOption,
  addResearchOptions,
  collect,
  type ResearchFlags,
  readSeed,
  withResearch,
} from '../research.ts';
import { sweepPage } from '../sweep-page.ts';
import { addStrategyOptions, type StrategyFlags, strategyOf } from './backtest.ts';
import { readCount } from './replay.ts';

export interface SearchFlags extends ResearchFlags, StrategyFlags {
  readonly grid?: readonly string[];
  readonly random?: number;
  readonly range?: readonly string[];
  readonly seed: number;
  readonly metric: Choice;
  readonly again?: boolean;
}

export function addSweep(program: Command): void {
  const command = program
    .command('sweep')
    .description('try many parameters on the same candles, and say what is left of the best');
  addSearchOptions(command)
    .option('--json', 'print everything as JSON')
    .action((files: string[], flags: SearchFlags, self: Command) =>
      sweepFiles(files, flags, homeOf(self)),
    );
}

/** How parameters are searched for, for whoever does. */
export function addSearchOptions(command: Command): Command {
  return addModelOption(addStrategyOptions(addResearchOptions(command)))
    .option('--grid <k=a,b,c>', 'values of one parameter, all combinations; repeatable', collect)
    .option('--random <n>', 'so many random combinations of the ranges', readCount)
    .option('--range <k=lo..hi[:step]>', 'where --random draws from; repeatable', collect)
    .option('--seed <n>', 'of --random', readSeed, 1)
    .addOption(
      new Option('--metric <name>', 'what the best one is chosen by')
        .choices(CHOICES)
        .default('sharpe'),
    )
    .option('--again', 'run trials that are known once more');
}

async function sweepFiles(
  files: readonly string[],
  flags: SearchFlags,
  home: string,
): Promise<void> {
  const strategy = strategyOf(flags);
  const sets = setsOf(flags);
  const { metric: chosenBy, again } = flags;
  const report = await withResearch(files, flags, {
    ...{ home, again, command: 'sweep' },
    act: (research) => sweep({ ...research, strategy, sets, chosenBy }),
  });
  if (flags.json === true) printJson(report);
  else process.stdout.write(`${sweepPage(report)}\n`);
  if (report.rows.length === 0 && report.failed.length === 0) {
    throw new CorroError('bad_configuration', report.refused[0]?.why ?? 'nothing was tried');
  }
  if (report.failed.length > 0) process.exitCode = EXIT_CODES.failed;
}

/** The sets of parameters a command line asks for. Throws `usage`. */
export function setsOf(flags: SearchFlags): readonly ParameterSet[] {
  const { grid = [], random, range = [], seed } = flags;
  if (random === undefined && range.length > 0) {
    throw new CorroError('usage', '--range is for --random N');
  }
  if ((random === undefined) === (grid.length === 0)) {
    throw new CorroError('usage', 'give --grid, or --random with --range, and not both');
  }
  const sets = random === undefined ? gridOf(grid) : drawsOf(random, range, seed);
  const named = Object.keys(sets[0] ?? {});
  expectParameters(listedAs(flags.strategy ?? 'council'), named);
  const repeated = named.find((name) => flags.param?.some((text) => text.startsWith(`${name}=`)));
  if (repeated === undefined) return sets;
  throw new CorroError('usage', `--param ${repeated} is searched for as well`);
}
