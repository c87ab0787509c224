import { type Command, InvalidArgumentError, Option } from 'commander';
import { Laboratory } from '../research/laboratory.ts';
import {
  readMarkets,
  type SharedMarkets,
  SPLIT_RULES,
  type SplitRule,
  type Window,
  wholeOf,
} from '../research/market-data.ts';
import { allThreads } from '../research/pool.ts';
import { type AccountRequest, accountOf, type TermFlags } from '../research/terms.ts';
import { TrialStore } from '../research/trials.ts';
import { readCount, readTime } from './commands/replay.ts';
import { interruptible } from './interrupt.ts';
import { Screen, standardTerminal } from './screen.ts';
import type { TapeFlags } from './tapes.ts';

/** What every command of research takes. */
export interface ResearchFlags extends TapeFlags, TermFlags {
  readonly splits?: SplitRule;
  readonly threads: number;
  readonly json?: boolean;
}

/** Everything a command of research works with. */
export interface Research {
  readonly markets: SharedMarkets;
  readonly window: Window;
  readonly account: AccountRequest;
  readonly store: TrialStore;
  readonly laboratory: Laboratory;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

export function addResearchOptions(command: Command): Command {
  return command
    .argument('<files...>', 'Binance kline CSV or OHLCV CSV with a header, gzip or not')
    .option('--symbol <symbol>', 'BASE/QUOTE, when the file name does not say')
    .option('--timeframe <timeframe>', '1m, 5m, 1h …, when the file does not say')
    .option('--from <time>', 'first candle, ISO 8601 (2021-05-19)', readTime)
    .option('--to <time>', 'candles open before this', readTime)
    .addOption(
      new Option('--splits <rule>', 'a jump that looks like a share split')
        .choices(SPLIT_RULES)
        .default('refuse'),
    )
    .option('--capital <amount>', 'paid in at the beginning, quote units (default: as a replay)')
    .option('--fees-bps <bps>', "maker's and taker's fee (default: 10)")
    .option('--half-spread-bps <bps>', 'best price from the middle (default: 1)')
    .option(
      '--slippage <bps[:share]>',
      'between levels of the book; share of a candle’s volume one side holds (default: 1:0.02)',
    )
    .option('--limits <k=v>', 'one of your limits (docs/limits.md); repeatable', collect)
    .option(
      '--threads <n>',
      'worker threads (default: one for each core)',
      readCount,
      allThreads(),
    );
}

export function addModelOption(command: Command): Command {
  return command.option(
    '--model <file>',
    'a model (ONNX): the ring and ensemble hear it, ml follows it',
  );
}

/** Reads, opens and checks everything, lets `act` work with it, and ends in order on Ctrl-C. */
export async function withResearch<T>(
  files: readonly string[],
  flags: ResearchFlags,
  options: {
    readonly home: string;
    readonly command: string;
    readonly again?: boolean | undefined;
    readonly act: (research: Research) => Promise<T>;
  },
): Promise<T> {
  const screen = new Screen(standardTerminal(process.stderr));
  const stop = interruptible();
  try {
    const markets = await readMarkets(files, flags, screen);
    const account = accountOf(flags, markets.quote);
    const store = await TrialStore.open(options.home);
    if (store.damaged > 0) {
      const lost = `${store.damaged} lines cannot be read as trials and are not counted as such`;
      screen.line(`${store.path}: ${lost}: more may have been tried than is said`);
    }
    const laboratory = new Laboratory({
      ...{ markets, store, screen, threads: flags.threads, command: options.command },
      signal: stop.signal,
      again: options.again === true,
    });
    const window = wholeOf(markets);
    stop.signal.throwIfAborted();
    return await options.act({
      ...{ markets, window, account, store, laboratory, screen },
      signal: stop.signal,
    });
  } finally {
    stop.done();
  }
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function readSeed(text: string): number {
  const seed = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(seed)) return seed;
  throw new InvalidArgumentError('must be a whole number');
}

export function readDays(text: string): number {
  const days = Number(text);
  if (days > 0 && days <= 36_525) return days;
  throw new InvalidArgumentError('must be days, above 0');
}
