import { setTimeout as sleep } from 'node:timers/promises';
import { orderTapes } from '../../adapters/tape/order.ts';
import type { Tape } from '../../adapters/tape/tape.ts';
import { instrumentFor } from '../../adapters/venue/paper-instrument.ts';
import { closesOf } from '../../core/backtest/series.ts';
import type { Timeframe } from '../../core/market/candle.ts';
import { CorroError } from '../../proto/errors.ts';
import type { CandleSource, Close } from './source.ts';

/** Market time over wall time; `max`: as fast as the ring decides. */
export type Speed = number | 'max';

/** Closes whose price an instrument's steps are derived from. */
const CLOSES_FOR_STEPS = 1_000;

/** Candle files as a source: one clock for all of them, one timeframe. Throws at once when they do
 * not go together. */
export function tapeSource(files: readonly Tape[], speed: Speed): CandleSource {
  const tapes = orderTapes(files);
  return {
    clock: 'tape',
    timeframe: commonTimeframe(tapes),
    instruments: tapes.map((tape) => {
      const first = tape.candles.between(Number.NEGATIVE_INFINITY, stepsUntilMs(tape));
      return instrumentFor(
        tape.symbol,
        [...first].map((candle) => candle.close),
      );
    }),
    total: tapes.reduce((sum, tape) => sum + tape.candles.length, 0),
    closes: (signal) => pacedCloses(tapes, speed, signal),
  };
}

function stepsUntilMs({ candles }: Tape): number {
  return candles.at(CLOSES_FOR_STEPS)?.openTimeMs ?? Number.POSITIVE_INFINITY;
}

function commonTimeframe(tapes: readonly Tape[]): Timeframe {
  const timeframes = [...new Set(tapes.map((tape) => tape.timeframe))];
  const [only] = timeframes;
  if (only !== undefined && timeframes.length === 1) return only;
  throw new CorroError(
    'bad_candle_file',
    `files replayed together must have one timeframe, found ${timeframes.join(', ')}`,
  );
}

async function* pacedCloses(
  tapes: readonly Tape[],
  speed: Speed,
  signal: AbortSignal,
): AsyncGenerator<Close> {
  let before: { readonly marketMs: number; readonly wallMs: number } | null = null;
  for (const { closeTimeMs, entries } of closesOf(tapes)) {
    signal.throwIfAborted();
    if (speed !== 'max' && before !== null) {
      const dueMs = before.wallMs + (closeTimeMs - before.marketMs) / speed;
      const waitMs = Math.min(dueMs - performance.now(), LONGEST_WAIT_MS);
      if (waitMs > 1) await sleep(waitMs, undefined, { signal });
    }
    before = { marketMs: closeTimeMs, wallMs: performance.now() };
    yield {
      timeMs: closeTimeMs,
      candles: entries.map(({ series: { symbol, timeframe }, candle, nextOpen }) => ({
        symbol,
        timeframe,
        candle,
        nextOpen,
      })),
    };
  }
}

/** A weekend in a tape of trading sessions should not be waited for. */
const LONGEST_WAIT_MS = 10_000;
