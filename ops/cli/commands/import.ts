import type { Command } from 'commander';
import { storeCandles } from '../../../adapters/store/candles.ts';
import { CorroError } from '../../../proto/errors.ts';
import { borrowStack } from '../borrowed-stack.ts';
import { Connections } from '../connections.ts';
import { homeOf } from '../home.ts';
import { PAPER_VENUE } from '../market.ts';
import { printJson } from '../output.ts';
import { Screen, standardTerminal } from '../screen.ts';
import { readTapes, type TapeFlags } from '../tapes.ts';
import { errorTerminal, readTime } from './replay.ts';

interface ImportFlags extends TapeFlags {
  readonly venue?: string;
  readonly json?: boolean;
}

export function addImport(program: Command): void {
  program
    .command('import')
    .description('store candles without trading them')
    .argument('<files...>', 'Binance kline CSV or OHLCV CSV with a header, gzip or not')
    .option('--venue <name>', 'where they come from, when the file name does not say')
    .option('--symbol <symbol>', 'BASE/QUOTE, when the file name does not say')
    .option('--timeframe <timeframe>', '1m, 5m, 1h …, when the file does not say')
    .option('--from <time>', 'first candle, ISO 8601', readTime)
    .option('--to <time>', 'candles open before this', readTime)
    .option('--json', 'as JSON')
    .action((files: string[], flags: ImportFlags, command: Command) =>
      importFiles(files, flags, homeOf(command)),
    );
}

/** Every file is read and checked before the first candle is stored. */
async function importFiles(
  files: readonly string[],
  flags: ImportFlags,
  home: string,
): Promise<void> {
  const screen = new Screen(flags.json ? errorTerminal() : standardTerminal());
  if (flags.venue !== undefined) checkedVenue(flags.venue);
  const tapes = await readTapes(files, flags, screen);
  const series = tapes.map((tape) => ({ tape, venue: checkedVenue(flags.venue ?? tape.venue) }));
  const stack = await borrowStack(home, screen);
  const connections = new Connections(stack.state);
  try {
    const stored = [];
    for (const { tape, venue } of series) {
      const { path, symbol, timeframe, candles, report } = tape;
      screen.status(`storing ${path}`);
      const batch = { venue, symbol, timeframe, candles: [...candles] };
      const { inserted, known, differing } = await storeCandles(connections.db, batch);
      stored.push({ path, venue, symbol, timeframe, inserted, known, differing, report });
      screen.line(
        `${symbol} ${timeframe} from ${venue}: ${inserted} stored, ${known} known before` +
          (differing === 0 ? '' : `, ${differing} differ from what is stored and were not taken`),
      );
    }
    if (flags.json === true) printJson(stored);
  } finally {
    await connections.close();
    await stack.giveBack();
  }
}

/** What is stored under the ring's own market counts as traded there: no import may do that. */
function checkedVenue(venue: string | null): string {
  if (venue === PAPER_VENUE) {
    throw new CorroError(
      'usage',
      `--venue must be an exchange's name, was ${venue}: the ring's own`,
    );
  }
  if (venue !== null && /^[a-z0-9]{1,20}$/.test(venue)) return venue;
  throw new CorroError('usage', `--venue must be 1 to 20 of a-z 0-9, was ${venue ?? 'not given'}`);
}
