import { readCandleFile, type Tape } from '../../adapters/tape/tape.ts';
import { isTimeframe, TIMEFRAMES } from '../../core/market/candle.ts';
import type { CandleReport, Findings } from '../../core/market/candle-report.ts';
import { CorroError } from '../../proto/errors.ts';
import { printable } from './printable.ts';
import type { Screen } from './screen.ts';

export interface TapeFlags {
  readonly symbol?: string;
  readonly timeframe?: string;
  readonly from?: number;
  readonly to?: number;
}

/** Reads candle files and tells what was survived in them. One bad file and nothing is used. */
export async function readTapes(
  files: readonly string[],
  { symbol, timeframe, from, to }: TapeFlags,
  screen: Screen,
): Promise<readonly Tape[]> {
  if (timeframe !== undefined && !isTimeframe(timeframe)) {
    const known = Object.keys(TIMEFRAMES).join(', ');
    throw new CorroError('usage', `--timeframe must be one of ${known}, was ${timeframe}`);
  }
  if (symbol !== undefined && files.length > 1) {
    throw new CorroError('usage', '--symbol is for one file; name several by their file names');
  }
  const tapes: Tape[] = [];
  for (const file of files) {
    screen.status(`reading ${printable(file)}`);
    const tape = await readCandleFile(file, { symbol, timeframe, fromMs: from, toMs: to });
    tapes.push(tape);
    screen.line(tapeLine(tape));
    for (const notice of noticesOf(tape.report)) screen.line(`  ${notice}`);
  }
  return tapes;
}

function tapeLine({ path, symbol, timeframe, candles }: Tape): string {
  const first = candles.at(0)?.openTimeMs ?? 0;
  const last = candles.at(candles.length - 1)?.closeTimeMs ?? 0;
  const days = `${new Date(first).toISOString()} to ${new Date(last + 1).toISOString()}`;
  return `${printable(path)}: ${symbol} ${timeframe}, ${candles.length} candles, ${days}`;
}

/** What a careful reader wants to know of a file that could be used all the same. */
export function noticesOf(report: CandleReport): readonly string[] {
  const { holes, repeats, outOfOrder, absurd, rounded } = report;
  const notices: string[] = [];
  if (holes.count > 0) {
    const [largest] = holes.largest;
    const worst =
      largest === undefined ? '' : `, the largest ${largest.missing} at ${iso(largest.afterMs)}`;
    notices.push(`${holes.count} holes, ${holes.missing} candles missing${worst}`);
  }
  if (repeats.count > 0) notices.push(`${repeats.count} repeated rows dropped${where(repeats)}`);
  if (outOfOrder.count > 0)
    notices.push(`${outOfOrder.count} rows out of order, sorted${where(outOfOrder)}`);
  if (absurd.count > 0) notices.push(`${absurd.count} absurd prints kept${where(absurd)}`);
  if (rounded > 0) notices.push(`${rounded} rows with float noise rounded to 15 digits`);
  return notices;
}

function where({ listed }: Findings): string {
  const [first] = listed;
  return first === undefined ? '' : ` (line ${first.line}: ${printable(first.text)})`;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
