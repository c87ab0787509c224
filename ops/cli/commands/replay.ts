import { type Command, InvalidArgumentError } from 'commander';
import { isTimeframe, TIMEFRAMES } from '../../../core/market/candle.ts';
import { CorroError, EXIT_CODES } from '../../../proto/errors.ts';
import type { LiveRequest } from '../../ring/live-source.ts';
import type { Summary } from '../../ring/summary.ts';
import type { Speed } from '../../ring/tape-source.ts';
import { borrowStack } from '../borrowed-stack.ts';
import { Connections } from '../connections.ts';
import { readFeeds } from '../feed-reader.ts';
import { homeOf } from '../home.ts';
import { interruptible } from '../interrupt.ts';
import { openKeyboard } from '../keyboard.ts';
import { liveMarket, tapeMarket } from '../market.ts';
import { Screen, standardTerminal, type Terminal } from '../screen.ts';
import { runSession, type SessionOptions } from '../session.ts';
import { summaryPage } from '../summary-page.ts';
import { readTapes } from '../tapes.ts';

export interface ReplayFlags {
  readonly symbol?: string;
  readonly timeframe?: string;
  readonly speed: Speed;
  readonly from?: number;
  readonly to?: number;
  readonly ask?: number;
  readonly decisions?: number;
  readonly live?: string;
  /** False: `--no-learning`. */
  readonly learning?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('let the ring trade candle files with paper money, or an exchange live')
    .argument('[files...]', 'Binance kline CSV or OHLCV CSV with a header, gzip or not')
    .option(
      '--symbol <symbol>',
      'BASE/QUOTE, when the file name does not say; with --live: required',
    )
    .option('--timeframe <timeframe>', '1m, 5m, 15m, 1h, 4h, 1d …, when the file does not say')
    .option('--speed <x>', 'market time over wall time, or max', readSpeed, 'max')
    .option('--from <time>', 'first candle, ISO 8601 (2021-05-19)', readTime)
    .option('--to <time>', 'candles open before this', readTime)
    .option('--ask <seconds>', 'hold the tape at a question to a person', readSeconds)
    .option('--decisions <n>', 'stop after so many decisions', readCount)
    .option('--live <exchange>', "an exchange's public data instead of files (any ccxt id)")
    .option('--no-learning', 'with --live: do not have its market learned from each day')
    .option('--quiet', 'no live picture, only the summary')
    .option('--json', 'print the summary as JSON')
    .action(async (files: string[], flags: ReplayFlags, command: Command) => {
      process.exitCode = await replay({ files, flags, home: homeOf(command) });
    });
}

async function replay(request: {
  readonly files: readonly string[];
  readonly flags: ReplayFlags;
  readonly home: string;
}): Promise<number> {
  const { files, flags, home } = request;
  if ((flags.live === undefined) === (files.length === 0)) {
    throw new CorroError('usage', 'give candle files, or --live <exchange>, and not both');
  }
  const terminal = flags.json ? errorTerminal() : standardTerminal();
  const screen = new Screen(terminal);
  const market = await marketOf(files, flags, screen);
  const stop = interruptible();
  const stack = await borrowStack(home, screen);
  const keyboard = terminal.rewritable ? openKeyboard(stop.interrupt) : null;
  const connections = new Connections(stack.state);
  try {
    const quiet = flags.quiet === true || flags.json === true;
    if (!quiet) readFeeds(await connections.bus(), connections.wire, (feed) => screen.show(feed));
    const { summary, driven } = await runSession(connections, {
      market,
      signal: stop.signal,
      screen,
      askSeconds: flags.ask ?? 0,
      keyboard,
      learns: flags.learning !== false,
      ...(flags.decisions === undefined ? {} : { decisions: flags.decisions }),
    });
    printSummary(summary, flags.json === true, screen);
    if (driven.ended !== 'interrupted') return EXIT_CODES.ok;
    screen.line('  The same command goes on where it stopped.');
    return EXIT_CODES.interrupted;
  } finally {
    keyboard?.close();
    await connections.close();
    await stack.giveBack();
    stop.done();
  }
}

/** The market asked for. Whatever is wrong with the request is said before a server starts. */
async function marketOf(
  files: readonly string[],
  flags: ReplayFlags,
  screen: Screen,
): Promise<SessionOptions['market']> {
  if (flags.live === undefined) {
    return tapeMarket(await readTapes(files, flags, screen), flags.speed);
  }
  const request = liveRequest(flags);
  return (connections) => liveMarket(connections, request);
}

function liveRequest({ live = '', symbol, timeframe = '1m' }: ReplayFlags): LiveRequest {
  if (symbol === undefined) throw new CorroError('usage', '--live needs --symbol, like BTC/USDT');
  if (isTimeframe(timeframe)) return { exchange: live, symbol, timeframe };
  const known = Object.keys(TIMEFRAMES).join(', ');
  throw new CorroError('usage', `--timeframe must be one of ${known}, was ${timeframe}`);
}

export function printSummary(summary: Summary, json: boolean, screen: Screen): void {
  if (json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else screen.line(summaryPage(summary));
}

/** Progress goes to standard error when standard output is for a program. */
export function errorTerminal(): Terminal {
  return standardTerminal(process.stderr);
}

export function readSpeed(text: string): Speed {
  if (text === 'max') return 'max';
  const speed = Number(text);
  if (speed > 0 && Number.isFinite(speed)) return speed;
  throw new InvalidArgumentError('must be a positive number or max');
}

export function readTime(text: string): number {
  const timeMs = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (Number.isFinite(timeMs)) return timeMs;
  throw new InvalidArgumentError('must be ISO 8601, like 2021-05-19 or 2021-05-19T13:00:00Z');
}

export function readSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError('must be seconds from 0 to 86400');
}

export function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('must be a whole number above 0');
}
