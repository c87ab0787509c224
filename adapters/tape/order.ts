import { compareMarkets } from '../../core/backtest/series.ts';
import { TapeError } from './fault.ts';
import type { Tape } from './tape.ts';

/** Tapes by symbol, then by timeframe, whatever order they were given in. Throws `TapeError` for
 * two of the same kind. */
export function orderTapes(tapes: readonly Tape[]): readonly Tape[] {
  const ordered = [...tapes].sort(compareMarkets);
  ordered.forEach((tape, place) => {
    const before = ordered[place - 1];
    if (before === undefined || compareMarkets(before, tape) !== 0) return;
    const detail = `${tape.symbol} ${tape.timeframe} is also in ${before.path}`;
    throw new TapeError('repeated_tape', tape.path, { detail });
  });
  return ordered;
}
