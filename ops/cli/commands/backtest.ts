import type { Command } from 'commander';
import { CorroError } from '../../../proto/errors.ts';
import { armsBeside } from '../../research/arms.ts';
import { expectWritable, writeWhole } from '../../research/files.ts';
import { settingsOf } from '../../research/grid.ts';
import { judged } from '../../research/judged.ts';
import type { Kept } from '../../research/laboratory.ts';
import { stretchOf } from '../../research/market-data.ts';
import type { ReportInput } from '../../research/report/input.ts';
import { jsonChunks, renderJson } from '../../research/report/json.ts';
import { reportForm, writeReport } from '../../research/report/write.ts';
import {
  expectParameters,
  listedAs,
  modelNamed,
  type StrategyRequest,
} from '../../research/strategy-of.ts';
import { trialsOn } from '../../research/sweep.ts';
import { seriesOfWindow } from '../../research/trial.ts';
import { backtestPage } from '../backtest-page.ts';
import { homeOf } from '../home.ts';
import { printJson } from '../output.ts';
import {
  addModelOption,
  addResearchOptions,
  collect,
  type Research,
  type ResearchFlags,
  readSeed,
  withResearch,
} from '../research.ts';

export interface StrategyFlags {
  readonly council?: boolean;
  readonly strategy?: string;
  readonly param?: readonly string[];
  readonly model?: string;
}

interface BacktestFlags extends ResearchFlags, StrategyFlags {
  readonly arms?: boolean;
  readonly full?: boolean;
  readonly report?: string;
  readonly out?: string;
  readonly seed?: number;
}

export function addBacktest(program: Command): void {
  const command = program
    .command('backtest')
    .description('let a strategy trade candle files without servers, and judge what came of it');
  addModelOption(addStrategyOptions(addResearchOptions(command)))
    .option(
      '--arms',
      'beside it: council, vote, every assistant, the rules; what differs, by regime',
    )
    .option('--full', 'keep every word of every debate; with --json: print all of it')
    .option('--report <file>', 'write a report: .html, .md or .json')
    .option('--out <file>', 'write the whole result as JSON')
    .option('--seed <n>', 'of the bootstrap', readSeed)
    .option('--json', 'print the judgement as JSON')
    .action((files: string[], flags: BacktestFlags, self: Command) =>
      backtest(files, flags, homeOf(self)),
    );
}

export function addStrategyOptions(command: Command): Command {
  return command
    .option('--council', 'the whole ring (the default)')
    .option('--strategy <name>', 'another strategy (corro strategies lists them)')
    .option('--param <k=v>', 'a parameter of the strategy; repeatable', collect);
}

async function backtest(
  files: readonly string[],
  flags: BacktestFlags,
  home: string,
): Promise<void> {
  const strategy = strategyOf(flags);
  for (const path of [flags.report, flags.out]) {
    if (path === undefined) continue;
    reportForm(path);
    expectWritable(path);
  }
  if (flags.out !== undefined && !flags.out.toLowerCase().endsWith('.json')) {
    throw new CorroError('usage', `--out must end in .json, was ${flags.out}`);
  }
  const input = await withResearch(files, flags, {
    home,
    command: 'backtest',
    act: (research) => run(research, strategy, flags),
  });
  if (flags.report !== undefined) writeReport(flags.report, input);
  if (flags.out !== undefined) writeWhole(flags.out, jsonChunks(input));
  for (const path of [flags.report, flags.out]) {
    if (path !== undefined) process.stderr.write(`written: ${path}\n`);
  }
  if (flags.json !== true) process.stdout.write(`${backtestPage(input)}\n`);
  else if (flags.full === true) for (const chunk of jsonChunks(input)) process.stdout.write(chunk);
  else printJson(shortOf(input));
}

async function run(
  { laboratory, store, account, window, markets }: Research,
  strategy: StrategyRequest,
  flags: BacktestFlags,
): Promise<ReportInput> {
  const words = flags.full === true || flags.report?.toLowerCase().endsWith('.html') === true;
  const arms = flags.arms === true ? armsBeside(strategy, flags.model) : [];
  const own = { strategy, account, window, gear: words ? 'full' : 'lean', keep: 'result' } as const;
  const beside = arms.map(
    (arm) => ({ strategy: arm, account, window, gear: 'lean', keep: 'run' }) as const,
  );
  const [mine, ...others] = (await laboratory.results([own, ...beside], 'backtest')) as [
    Kept,
    ...Kept[],
  ];
  return judged({
    result: mine.result,
    series: seriesOfWindow(markets, window),
    arms: others.map(({ result }: Kept) => ({ name: result.strategy.name, run: result })),
    trials: trialsOn(store, stretchOf(markets, window)),
    model: await modelNamed(flags.model),
    seed: flags.seed,
    words: process.argv.slice(2),
  });
}

/** The strategy a command line names, with its parameters looked at. Throws `usage`. */
export function strategyOf(flags: StrategyFlags): StrategyRequest {
  const { council, strategy, param = [], model } = flags;
  if (council === true && strategy !== undefined) {
    throw new CorroError('usage', 'give --council or --strategy, and not both');
  }
  const listed = listedAs(strategy ?? 'council');
  const parameters = settingsOf('--param', param);
  expectParameters(listed, Object.keys(parameters));
  if (listed.needsModel && model === undefined) {
    throw new CorroError('usage', `--strategy ${listed.name} needs --model`);
  }
  const asked = listed.asksModel && model !== undefined;
  return { name: listed.name, parameters, ...(asked ? { model } : {}) };
}

/** The document of `--out` without what is long (curves, decisions, orders, fills, trades), of
 * which it says how long. */
function shortOf(input: ReportInput): unknown {
  const { result } = input;
  const { curve, decisions, orders, fills, trades, ...rest } = result;
  const none = { curve: { timeMs: [], equity: [], exposure: [] }, decisions: [], orders: [] };
  const bare = { ...input, hold: null, result: { ...rest, ...none, fills: [], trades: [] } };
  const all = Object.entries(JSON.parse(renderJson(bare)) as ReportDocument);
  const document = Object.fromEntries(all.filter(([name]) => name !== 'hold'));
  const lengths = {
    closes: curve.timeMs.length,
    decisions: decisions.length,
    orders: orders.length,
    fills: fills.length,
    trades: trades.length,
  };
  return { ...document, result: { ...rest, lengths } };
}

type ReportDocument = Readonly<Record<string, unknown>>;
