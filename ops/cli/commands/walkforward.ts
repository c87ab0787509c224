import { type Command, InvalidArgumentError } from 'commander';
import { expectWritable } from '../../research/files.ts';
import { judged } from '../../research/judged.ts';
import { seriesOf, stretchOf } from '../../research/market-data.ts';
import type { ReportInput } from '../../research/report/input.ts';
import { reportForm, writeReport } from '../../research/report/write.ts';
import { modelNamed } from '../../research/strategy-of.ts';
import { trialsOn } from '../../research/sweep.ts';
import { seriesOfWindows } from '../../research/trial.ts';
import { type FoldReport, walkForward } from '../../research/walkforward.ts';
import { foldsOf } from '../../research/windows.ts';
import { homeOf } from '../home.ts';
import { printJson } from '../output.ts';
import { readDays, withResearch } from '../research.ts';
import { walkPage } from '../walk-page.ts';
import { strategyOf } from './backtest.ts';
import { addSearchOptions, type SearchFlags, setsOf } from './sweep.ts';

interface WalkFlags extends SearchFlags {
  readonly train: number;
  readonly test: number;
  readonly step?: number;
  readonly embargo: number;
  readonly anchored?: boolean;
  readonly report?: string;
}

/** Raised with every change of shape. */
const WALK_VERSION = 2;

export function addWalkforward(program: Command): void {
  const command = program
    .command('walkforward')
    .description(
      'choose parameters on the past and judge them on what came after, again and again',
    );
  addSearchOptions(command)
    .requiredOption('--train <days>', 'length of a train window', readDays)
    .requiredOption('--test <days>', 'length of a test window', readDays)
    .option('--step <days>', 'from one test to the next (default: as --test)', readDays)
    .option('--embargo <candles>', 'left out between training and test', readCandles, 0)
    .option('--anchored', 'training always begins where the data does')
    .option('--report <file>', 'write a report of the joined tests: .html, .md or .json')
    .option('--json', 'print everything as JSON')
    .action((files: string[], flags: WalkFlags, self: Command) =>
      walkFiles(files, flags, homeOf(self)),
    );
}

async function walkFiles(files: readonly string[], flags: WalkFlags, home: string): Promise<void> {
  const strategy = strategyOf(flags);
  const sets = setsOf(flags);
  if (flags.report !== undefined) {
    reportForm(flags.report);
    expectWritable(flags.report);
  }
  const { folds, input } = await withResearch(files, flags, {
    ...{ home, again: flags.again, command: 'walkforward' },
    act: async (research) => {
      const { markets, window, account, laboratory, store } = research;
      const plan = {
        trainDays: flags.train,
        testDays: flags.test,
        embargo: flags.embargo,
        anchored: flags.anchored === true,
        ...(flags.step === undefined ? {} : { stepDays: flags.step }),
      };
      const { folds, joined } = await walkForward({
        ...{ laboratory, home, markets, account, strategy, sets },
        folds: foldsOf(window, plan, { timeframe: markets.timeframe, series: seriesOf(markets) }),
        chosenBy: flags.metric,
        again: flags.again === true,
      });
      const input = judged({
        result: joined,
        series: seriesOfWindows(
          markets,
          folds.map(({ test }) => test),
        ),
        arms: [],
        trials: trialsOn(store, stretchOf(markets, window)),
        model: await modelNamed(strategy.model),
        words: process.argv.slice(2),
      });
      return { folds, input };
    },
  });
  if (flags.report !== undefined) writeReport(flags.report, input);
  if (flags.report !== undefined) process.stderr.write(`written: ${flags.report}\n`);
  if (flags.json === true) printJson(documentOf(folds, input));
  else process.stdout.write(`${walkPage(folds, input)}\n`);
}

function documentOf(folds: readonly FoldReport[], input: ReportInput): unknown {
  const { assessment, result, inSample = null } = input;
  const { data, account, curve } = result;
  return { version: WALK_VERSION, folds, inSample, assessment, data, account, curve };
}

function readCandles(text: string): number {
  const count = Number(text);
  if (text.trim() !== '' && Number.isInteger(count) && count >= 0 && count <= 100_000) return count;
  throw new InvalidArgumentError('must be a whole number of candles');
}
