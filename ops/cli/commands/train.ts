import { type Command, InvalidArgumentError, Option } from 'commander';
import { readRun } from '../../../adapters/store/learning-runs.ts';
import { ensureDefaults } from '../../../adapters/store/users.ts';
import { isTimeframe, TIMEFRAMES } from '../../../core/market/candle.ts';
import { isSymbol } from '../../../core/market/instrument.ts';
import { CorroError, EXIT_CODES } from '../../../proto/errors.ts';
import { type LearningInput, TRAINER_SETTINGS } from '../../../proto/learning.ts';
import { followRun } from '../../learning/follow.ts';
import { expectCandles, expectTurn, startLearning } from '../../learning/runs.ts';
import {
  endLearning,
  ensureLearning,
  listLearning,
  PERIODS,
  type Period,
} from '../../learning/schedule.ts';
import { readStack } from '../../stack/control.ts';
import { ensureTrainer } from '../../stack/trainer.ts';
import { borrowStack } from '../borrowed-stack.ts';
import { Connections, withStack } from '../connections.ts';
import { homeOf, readableHomeOf } from '../home.ts';
import { interruptible } from '../interrupt.ts';
import { PAPER_VENUE } from '../market.ts';
import { printJson } from '../output.ts';
import { printableLines } from '../printable.ts';
import { Screen, standardTerminal } from '../screen.ts';
import { progressPrinter, schedulesTable, verdictPage } from '../train-page.ts';
import { errorTerminal, readTime } from './replay.ts';

interface TrainFlags {
  readonly symbol?: string;
  readonly timeframe?: string;
  readonly venue: string;
  readonly candles?: string;
  readonly from?: number;
  readonly to?: number;
  readonly trees: number;
  readonly folds: number;
  readonly seed: number;
  readonly every?: Period;
  readonly off?: boolean;
  readonly schedules?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

export function addTrain(program: Command): void {
  program
    .command('train')
    .description('have the ring learn: settle outcomes, earn weights, train and judge a model')
    .option('--symbol <symbol>', 'BASE/QUOTE')
    .option('--timeframe <timeframe>', '1m, 5m, 15m, 1h, 4h, 1d …')
    .option('--venue <venue>', 'where it is traded', PAPER_VENUE)
    .option('--candles <venue>', 'whose candles (default: whoever has most, its own first)')
    .option('--from <time>', 'first candle, ISO 8601 (default: back from the newest)', readTime)
    .option('--to <time>', 'candles open before this', readTime)
    .option('--trees <n>', 'trees of the forest', whole(1, 1_000), TRAINER_SETTINGS.trees)
    .option('--folds <n>', 'blocks it is tested on', whole(2, 20), TRAINER_SETTINGS.folds)
    .option('--seed <n>', 'of everything random', whole(0, 2 ** 31 - 1), TRAINER_SETTINGS.seed)
    .option('--wait', 'stay until it is over, and show how far it is')
    .addOption(new Option('--every <period>', 'by itself from now on').choices(PERIODS))
    .option('--off', 'with --every: no longer')
    .option('--schedules', 'what learns by itself, when it did last and will next')
    .option('--json', 'as JSON')
    .action(async (_flags: TrainFlags, command: Command) => {
      // As a command of `models` it shares that one's --symbol, --timeframe, --venue and --json.
      process.exitCode = await train(command.optsWithGlobals<TrainFlags>(), command);
    });
}

async function train(flags: TrainFlags, command: Command): Promise<number> {
  if (flags.schedules === true) return listSchedules(flags, readableHomeOf(command));
  if (flags.off === true && flags.every === undefined) {
    throw new CorroError('usage', '--off goes with --every');
  }
  const { from, to } = flags;
  if (from !== undefined && to !== undefined && from >= to) {
    const span = `${new Date(from).toISOString()} to ${new Date(to).toISOString()}`;
    throw new CorroError('usage', `--from must be before --to, was ${span}`);
  }
  const market = marketOf(flags);
  const home = homeOf(command);
  const screen = new Screen(flags.json === true ? errorTerminal() : standardTerminal());
  // A stack that runs for this command alone would stop under a run that nobody waits for.
  const wait = flags.wait === true || readStack(home)?.status !== 'running';
  const stop = interruptible();
  const stack = await borrowStack(home, screen);
  const connections = new Connections(stack.state);
  const { namespace } = connections.wire;
  const request = { flags, screen, connections, input: inputOf(market, flags, namespace) };
  try {
    await ensureDefaults(connections.db);
    if (flags.every !== undefined) return await schedule(request, flags.every);
    return await runOnce({ ...request, wait, signal: stop.signal });
  } finally {
    await connections.close();
    await stack.giveBack();
    stop.done();
  }
}

type NamedMarket = Pick<LearningInput, 'venue' | 'symbol' | 'timeframe'>;

function marketOf({ symbol, timeframe, venue }: TrainFlags): NamedMarket {
  if (symbol === undefined || timeframe === undefined) {
    throw new CorroError('usage', 'say which market: --symbol BTC/USDT --timeframe 5m');
  }
  if (!isSymbol(symbol)) {
    throw new CorroError('usage', `--symbol must be BASE/QUOTE, like BTC/USDT, was ${symbol}`);
  }
  if (isTimeframe(timeframe)) return { venue, symbol, timeframe };
  const known = Object.keys(TIMEFRAMES).join(', ');
  throw new CorroError('usage', `--timeframe must be one of ${known}, was ${timeframe}`);
}

function inputOf(market: NamedMarket, flags: TrainFlags, namespace: string): LearningInput {
  const { trees, folds, seed, every = 'demand', candles = null } = flags;
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    ...{ ...market, namespace, candles, cadence: every },
    from: time(flags.from),
    to: time(flags.to),
    settings: { ...TRAINER_SETTINGS, trees, folds, seed },
  };
}

interface TrainRequest {
  readonly flags: TrainFlags;
  readonly screen: Screen;
  readonly connections: Connections;
  readonly input: LearningInput;
}

async function schedule(
  { flags, screen, connections, input }: TrainRequest,
  period: Period,
): Promise<number> {
  if (flags.from !== undefined || flags.to !== undefined) {
    throw new CorroError('usage', '--every looks back from the newest candle: no --from, no --to');
  }
  const client = await connections.temporal();
  const market = `${input.symbol} ${input.timeframe}`;
  if (flags.off === true) {
    const was = await endLearning(client, input);
    if (flags.json === true) printJson({ ended: was });
    else screen.line(was ? `${market} learns ${period} no longer` : `${market} did not: ${period}`);
    return EXIT_CODES.ok;
  }
  await expectCandles(connections.db, input);
  const { home } = connections.state;
  await ensureTrainer(home, { onProgress: (words) => screen.line(`  ${words}`) });
  await ensureLearning(client, input);
  const all = await listLearning(client, input.namespace);
  if (flags.json === true) printJson(all);
  else screen.line(schedulesTable(all));
  return EXIT_CODES.ok;
}

async function listSchedules({ json }: TrainFlags, home: string): Promise<number> {
  return withStack(home, async (connections) => {
    const client = await connections.temporal();
    const all = await listLearning(client, connections.wire.namespace);
    if (json === true) printJson(all);
    else process.stdout.write(`${schedulesTable(all)}\n`);
    return EXIT_CODES.ok;
  });
}

async function runOnce(
  request: TrainRequest & { readonly wait: boolean; readonly signal: AbortSignal },
): Promise<number> {
  const { flags, screen, connections, input, wait, signal } = request;
  const { db, state } = connections;
  await expectCandles(db, input);
  const client = await connections.temporal();
  await expectTurn(db, client, input);
  await ensureTrainer(state.home, {
    onProgress: (words) => screen.line(`  ${words}`),
    signal,
  });
  const handle = await startLearning(client, input);
  const { workflowId } = handle;
  if (!wait) {
    const url = `${state.addresses.temporalUiUrl}/namespaces/default/workflows/${workflowId}`;
    if (flags.json === true) printJson({ workflowId, url });
    else screen.line(`${workflowId}\n  follow it: ${url}, or ./corro insights when it is over`);
    return EXIT_CODES.ok;
  }
  const onProgress = progressPrinter(screen);
  const result = await followRun(handle, { signal, onProgress });
  const { report, ...run } = await readRun(db, result.runId);
  if (flags.json === true) {
    printJson({ workflowId, ...result, run, insights: report?.insights ?? null });
  } else screen.line(printableLines(verdictPage(result, report?.markdown ?? '')));
  return EXIT_CODES.ok;
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) {
      return value;
    }
    throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}`);
  };
}
