import { type Command, InvalidArgumentError, Option } from 'commander';
import { listSeries } from '../../../adapters/store/candles.ts';
import { TIMEFRAMES, type Timeframe } from '../../../core/market/candle.ts';
import { CorroError, EXIT_CODES } from '../../../proto/errors.ts';
import { type CandidateRequest, gateOf } from '../../learning/gate.ts';
import { type Connections, withStack } from '../connections.ts';
import { gatePage } from '../gate-page.ts';
import { readableHomeOf } from '../home.ts';
import { printJson } from '../output.ts';

interface GateFlags {
  readonly weights?: string;
  readonly model?: string;
  readonly rules?: string;
  readonly venue: string;
  readonly symbol?: string;
  readonly timeframe?: Timeframe;
  readonly user?: string;
  readonly debates: number;
  readonly flips: number;
  readonly json?: boolean;
}

export function addGate(program: Command): void {
  program
    .command('gate')
    .description('replay recorded debates on a change, before it goes live')
    .option('--weights <version|json>', 'a recorded version, or by regime and role; @file too')
    .option('--model <hash|file>', 'a model of the registry, or an ONNX file')
    .option('--rules <json>', '{"thresholdBp": 6000}, as users have them; @file too')
    .option('--venue <venue>', 'where it was decided', 'paper')
    .option('--symbol <symbol>', 'BASE/QUOTE; needed where several are on record')
    .addOption(
      new Option('--timeframe <timeframe>', 'of its candles').choices(Object.keys(TIMEFRAMES)),
    )
    .option('--user <name>', 'for whom it was decided (default: the first by name)')
    .option('--debates <n>', 'the newest so many', count, 500)
    .option('--flips <n>', 'decisions shown that would have been others', count, 20)
    .option('--json', 'as JSON: all of them')
    .action(gate);
}

async function gate(flags: GateFlags, command: Command): Promise<void> {
  const request = requestOf(flags);
  await withStack(readableHomeOf(command), async ({ db }) => {
    const market = await marketOf(db, flags);
    const query = { ...market, debates: flags.debates };
    const who = flags.user === undefined ? {} : { username: flags.user };
    const report = await gateOf(db, { ...query, ...who }, request);
    process.exitCode = report.passed ? EXIT_CODES.ok : EXIT_CODES.failed;
    if (flags.json === true) return printJson(report);
    process.stdout.write(`${gatePage(report, flags.flips)}\n`);
  });
}

function requestOf({ weights, model, rules }: GateFlags): CandidateRequest {
  const all: readonly (readonly [CandidateRequest['kind'], string | undefined])[] = [
    ['weights', weights],
    ['model', model],
    ['rules', rules],
  ];
  const given = all.flatMap(([kind, text]) => (text === undefined ? [] : [{ kind, text }]));
  const [only] = given;
  if (only !== undefined && given.length === 1) return only;
  const was = given.length === 0 ? 'none' : given.map(({ kind }) => `--${kind}`).join(' and ');
  throw new CorroError('usage', `one of --weights, --model and --rules is needed, was ${was}`);
}

/** The market that is meant; the only one on record, where none is named. */
async function marketOf(db: Connections['db'], { venue, symbol, timeframe }: GateFlags) {
  const there = (await listSeries(db)).filter(
    (series) =>
      series.venue === venue &&
      (symbol === undefined || series.symbol === symbol) &&
      (timeframe === undefined || series.timeframe === timeframe),
  );
  const [only] = there;
  if (only !== undefined && there.length === 1) {
    return { venue, symbol: only.symbol, timeframe: only.timeframe };
  }
  if (only === undefined) {
    const asked = [symbol, timeframe].filter((part) => part !== undefined).join(' ');
    throw new CorroError('unknown_symbol', `no candles of ${asked || 'any market'} at ${venue}`);
  }
  const named = there.map((one) => `${one.symbol} ${one.timeframe}`).join(', ');
  throw new CorroError('usage', `--symbol and --timeframe must say which of ${named}`);
}

function count(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`must be a whole number from 1 on, was ${text}`);
}
