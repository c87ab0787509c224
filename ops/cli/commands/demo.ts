import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { EXIT_CODES } from '../../../proto/errors.ts';
import type { Speed } from '../../ring/tape-source.ts';
import { resetStack, type StackState } from '../../stack/control.ts';
import { REPOSITORY } from '../../stack/home.ts';
import { borrowStack } from '../borrowed-stack.ts';
import { Connections } from '../connections.ts';
import { readFeeds } from '../feed-reader.ts';
import { demoHome, expectNoDemo, homeOf } from '../home.ts';
import { interruptible } from '../interrupt.ts';
import { openKeyboard } from '../keyboard.ts';
import { tapeMarket } from '../market.ts';
import { Screen, standardTerminal } from '../screen.ts';
import { runSession } from '../session.ts';
import { readTapes } from '../tapes.ts';
import { errorTerminal, printSummary, readCount, readSeconds, readSpeed } from './replay.ts';

const TAPE = join(REPOSITORY, 'ops/demo/binance-BTC-USDT-5m.csv');
/** Five-minute candles at about three a second: fast enough to reach the crash, slow enough to
 * read. */
const READABLE_SPEED: Speed = 900;
const READABLE_ASK_SECONDS = 20;

interface DemoFlags {
  readonly decisions?: number;
  readonly speed?: Speed;
  readonly ask?: number;
  readonly json?: boolean;
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('replay the crash of 5 August 2024 with everything real but the money')
    .option('--decisions <n>', 'end by itself after so many decisions, with a summary', readCount)
    .option('--speed <x>', 'market time over wall time, or max', readSpeed)
    .option('--ask <seconds>', 'hold the tape at a question to a person', readSeconds)
    .option('--json', 'print the summary as JSON')
    .action(async (flags: DemoFlags, command: Command) => {
      process.exitCode = await demo(flags, homeOf(command));
    });
}

/** The demo has a home of its own, new every time: it shows the same market to everybody, and never
 * touches the books of a ring that runs beside it. */
async function demo(flags: DemoFlags, within: string): Promise<number> {
  expectNoDemo(within);
  const home = demoHome(within);
  const terminal = flags.json ? errorTerminal() : standardTerminal();
  const screen = new Screen(terminal);
  const stop = interruptible();
  screen.emphasis(
    'Corro: seven assistants argue every trade. Starting a real Postgres, NATS and Temporal.',
  );
  await resetStack(home);
  const [watched, stack] = await Promise.all([
    readTapes([TAPE], {}, screen),
    borrowStack(home, screen),
  ]);
  const keyboard = terminal.rewritable ? openKeyboard(stop.interrupt) : null;
  const connections = new Connections(stack.state);
  try {
    for (const line of addressLines(stack.state)) screen.line(line);
    readFeeds(await connections.bus(), connections.wire, (feed) => screen.show(feed));
    const market = tapeMarket(
      watched,
      flags.speed ?? (terminal.rewritable ? READABLE_SPEED : 'max'),
    );
    const { summary, driven } = await runSession(connections, {
      market,
      signal: stop.signal,
      screen,
      askSeconds: flags.ask ?? (terminal.rewritable ? READABLE_ASK_SECONDS : 0),
      keyboard,
      ...(flags.decisions === undefined ? {} : { decisions: flags.decisions }),
    });
    printSummary(summary, flags.json === true, screen);
    if (flags.decisions !== undefined) {
      // It was to end by itself: with a tape that held fewer it does too, and Ctrl-C cut it short.
      return driven.ended === 'interrupted' ? EXIT_CODES.interrupted : EXIT_CODES.ok;
    }
    if (driven.ended === 'tape') await stayOpen(stop.signal, stack.state, screen);
    return EXIT_CODES.ok;
  } finally {
    keyboard?.close();
    await connections.close();
    screen.line('stopping Temporal, NATS and Postgres in order');
    await stack.giveBack();
    stop.done();
  }
}

/** After the tape everything stays up for whoever wants to look around. */
async function stayOpen(signal: AbortSignal, state: StackState, screen: Screen): Promise<void> {
  screen.line('');
  for (const line of addressLines(state)) screen.line(line);
  screen.emphasis('The tape is over; everything stays up for you to look at. Ctrl-C stops it.');
  if (signal.aborted) return;
  const idle = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(idle);
}

function addressLines({ addresses, home }: StackState): readonly string[] {
  const database = new URL(addresses.postgresUrl);
  const where = relative(process.cwd(), home) || '.';
  return [
    '',
    `  Temporal Web UI   ${addresses.temporalUiUrl}   every debate, readable`,
    `  NATS              ${addresses.natsFeedUrl}   nats sub 'corro.feed.>'`,
    `  Postgres          ${database.host}${database.pathname}   full URL: ${where}/stack.json`,
    '',
    '  Try next, in another terminal:',
    '    ./corro debates               what was argued; ./corro debates show ID for all of it',
    '    ./corro escalations           questions that wait for you; answer ID approve|reject',
    '    ./corro verify                recompute every decision from its ballots',
    '',
  ];
}
