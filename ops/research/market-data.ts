import type { Tape } from '../../adapters/tape/tape.ts';
import type { MarketSeries } from '../../core/backtest/series.ts';
import { hashOf, hashOfNumbers } from '../../core/hash.ts';
import { TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import { CandleSeries } from '../../core/market/candle-series.ts';
import type { Instrument } from '../../core/market/instrument.ts';
import { adjustForSplits, findSplits, type Split } from '../../core/market/splits.ts';
import { CorroError } from '../../proto/errors.ts';
import type { Screen } from '../cli/screen.ts';
import { readTapes, type TapeFlags } from '../cli/tapes.ts';
import { tapeSource } from '../ring/tape-source.ts';
import type { Stretch } from './trials.ts';

/** What is done about a jump that looks like a share split: nothing is run, or prices before it are
 * brought to those after it, or it is believed to be the market's own. */
export const SPLIT_RULES = ['refuse', 'adjust', 'keep'] as const;
export type SplitRule = (typeof SPLIT_RULES)[number];

/** The markets of one command. It can be sent to worker threads: the candles lie in memory that all
 * threads share. */
export interface SharedMarkets {
  readonly timeframe: Timeframe;
  readonly quote: string;
  /** By symbol. */
  readonly markets: readonly {
    readonly instrument: Instrument;
    /** Six numbers a candle on a SharedArrayBuffer, see `CandleSeries`. */
    readonly numbers: Float64Array;
    /** Of the numbers. */
    readonly hash: string;
  }[];
}

/** Reads candle files as `corro replay` does and sees that they go together: one timeframe, one
 * quote asset, no symbol twice, no split unadjusted. Throws `usage`, `TapeError` and
 * `bad_candle_file`. */
export async function readMarkets(
  files: readonly string[],
  flags: TapeFlags & { readonly splits?: SplitRule },
  screen: Screen,
): Promise<SharedMarkets> {
  const { from, to, splits = 'refuse' } = flags;
  if (from !== undefined && to !== undefined && from >= to) {
    const text = `${new Date(from).toISOString()} to ${new Date(to).toISOString()}`;
    throw new CorroError('usage', `--from must be before --to, was ${text}`);
  }
  const tapes = await readTapes(files, flags, screen);
  return shareMarkets(tapes.map((tape) => settleSplits(tape, splits, screen)));
}

/** The same from tapes. */
export function shareMarkets(tapes: readonly Tape[]): SharedMarkets {
  // The very steps and order that a replay of these files trades with.
  const { timeframe, instruments } = tapeSource(tapes, 'max');
  const quotes = [...new Set(instruments.map(({ quote }) => quote))].sort();
  const [quote = '', ...others] = quotes;
  if (others.length > 0) {
    const detail = `files of one account must have one quote asset, found ${quotes.join(', ')}`;
    throw new CorroError('bad_candle_file', detail);
  }
  const markets = instruments.map((instrument) => {
    const tape = tapes.find(({ symbol }) => symbol === instrument.symbol) as Tape;
    const numbers = shared(tape.candles.numbers);
    return { instrument, numbers, hash: hashOfNumbers(numbers) };
  });
  return { timeframe, quote, markets };
}

function shared(numbers: Float64Array): Float64Array {
  const copy = new Float64Array(new SharedArrayBuffer(numbers.byteLength));
  copy.set(numbers);
  return copy;
}

function settleSplits(tape: Tape, rule: SplitRule, screen: Screen): Tape {
  if (rule === 'keep') return tape;
  const splits = findSplits(tape.candles);
  if (splits.length === 0) return tape;
  const listed = splits.slice(0, 5).map(splitText).join('; ');
  const more = splits.length > 5 ? ` and ${splits.length - 5} more` : '';
  if (rule === 'refuse') {
    const how = '--splits adjust to allow for it, --splits keep if the market moved so';
    const detail = `${tape.path} holds what looks like a share split: ${listed}${more}; ${how}`;
    throw new CorroError('bad_candle_file', detail);
  }
  screen.line(`  adjusted for splits: ${listed}${more}`);
  const lengthMs = TIMEFRAMES[tape.timeframe];
  return { ...tape, candles: adjustForSplits(tape.candles, splits, lengthMs) };
}

function splitText({ shares, of, openTimeMs, jump }: Split): string {
  const when = new Date(openTimeMs).toISOString();
  return `${shares} for ${of} at ${when} (opened at ${(jump * 100).toFixed(1)} % of the close)`;
}

/** The markets as a thread sees them, without copying a candle. */
export function seriesOf({ timeframe, markets }: SharedMarkets): readonly MarketSeries[] {
  const lengthMs = TIMEFRAMES[timeframe];
  return markets.map(({ instrument, numbers }) => ({
    instrument,
    timeframe,
    candles: new CandleSeries(lengthMs, numbers),
  }));
}

/** A part of the clock that is traded: candles that open from `fromMs` on and before `toMs`. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** First open and end of the last candle of all markets together. */
export function wholeOf(markets: SharedMarkets): Window {
  const all = seriesOf(markets).map(({ candles }) => candles);
  const first = all.map((candles) => candles.at(0)?.openTimeMs ?? Number.POSITIVE_INFINITY);
  const last = all.map((candles) => candles.at(candles.length - 1)?.closeTimeMs ?? 0);
  return { fromMs: Math.min(...first), toMs: Math.max(...last) + 1 };
}

/** What a trial on these markets in this window saw. */
export function stretchOf({ timeframe, markets }: SharedMarkets, window: Window): Stretch {
  const { fromMs, toMs } = window;
  const series = markets.map(({ instrument, hash }) => [instrument.symbol, hash]);
  return {
    hash: hashOf({ timeframe, series, fromMs, toMs }),
    timeframe,
    symbols: markets.map(({ instrument }) => instrument.symbol),
    fromMs,
    toMs: toMs - 1,
  };
}
