import { type Candle, TIMEFRAMES } from '../../core/market/candle.ts';
import { TapeError } from './fault.ts';
import type { Tape } from './tape.ts';

/** One tape's part of one close. */
export interface ClosedCandle {
  readonly tape: Tape;
  readonly candle: Candle;
  /** Open of the tape's next candle (after a hole: the first one there), `null` at its end. What an
   * order sent after this close would meet; the venue alone may see it. */
  readonly nextOpen: number | null;
}

/** Everything that closes at one instant. */
export interface Close {
  readonly closeTimeMs: number;
  /** By symbol, then by timeframe, shortest first. Never empty. */
  readonly entries: readonly ClosedCandle[];
}

/** Tapes by symbol, then by timeframe, whatever order they were given in. Throws `TapeError` for
 * two of the same kind. */
export function orderTapes(tapes: readonly Tape[]): readonly Tape[] {
  const ordered = [...tapes].sort(bySymbol);
  ordered.forEach((tape, place) => {
    const before = ordered[place - 1];
    if (before === undefined || bySymbol(before, tape) !== 0) return;
    const detail = `${tape.symbol} ${tape.timeframe} is also in ${before.path}`;
    throw new TapeError('repeated_tape', tape.path, { detail });
  });
  return ordered;
}

/** Several tapes on one clock: every close time once, in order, with all candles that close then.
 * Throws as `orderTapes` does. */
export function* mergeTapes(tapes: readonly Tape[]): Generator<Close> {
  const cursors = orderTapes(tapes).map((tape) => ({ tape, next: 0, candle: tape.candles.at(0) }));
  for (;;) {
    const closeTimeMs = Math.min(
      ...cursors.map(({ candle }) => candle?.closeTimeMs ?? Number.POSITIVE_INFINITY),
    );
    if (closeTimeMs === Number.POSITIVE_INFINITY) return;
    const entries: ClosedCandle[] = [];
    for (const cursor of cursors) {
      const { tape, candle } = cursor;
      if (candle === null || candle.closeTimeMs !== closeTimeMs) continue;
      cursor.next += 1;
      cursor.candle = tape.candles.at(cursor.next);
      entries.push({ tape, candle, nextOpen: cursor.candle?.open ?? null });
    }
    yield { closeTimeMs, entries };
  }
}

function bySymbol(a: Tape, b: Tape): number {
  if (a.symbol !== b.symbol) return a.symbol < b.symbol ? -1 : 1;
  return TIMEFRAMES[a.timeframe] - TIMEFRAMES[b.timeframe];
}
