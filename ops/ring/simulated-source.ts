import { instrumentFor } from '../../adapters/venue/paper-instrument.ts';
import {
  type SimulatedCandle,
  type SimulatedMarket,
  simulatedCloses,
} from '../../core/market/simulated.ts';
import type { CandleSource, Close } from './source.ts';

/** A made-up market as a source, at full speed: without end, or `closes` long. What it releases is
 * the same in every run of the same seed, so an interrupted run can go on where it stood. */
export function simulatedSource(market: SimulatedMarket, closes: number | null): CandleSource {
  const { symbols, timeframe } = market;
  return {
    clock: 'tape',
    timeframe,
    instruments: symbols.map(({ symbol, price }) => instrumentFor(symbol, [price])),
    total: closes === null ? null : closes * symbols.length,
    closes: (signal) => released(market, closes, signal),
  };
}

/** One candle is made ahead: the venue's book goes on where the next one opens. */
async function* released(
  market: SimulatedMarket,
  most: number | null,
  signal: AbortSignal,
): AsyncGenerator<Close> {
  let before: readonly SimulatedCandle[] | null = null;
  let count = 0;
  for (const next of simulatedCloses(market)) {
    signal.throwIfAborted();
    if (before !== null) {
      count += 1;
      yield closeOf(market, before, count === most ? null : next);
      if (count === most) return;
    }
    before = next;
  }
}

function closeOf(
  { timeframe }: SimulatedMarket,
  now: readonly SimulatedCandle[],
  next: readonly SimulatedCandle[] | null,
): Close {
  return {
    timeMs: now[0]?.candle.closeTimeMs ?? 0,
    candles: now.map(({ symbol, candle }, at) => {
      const nextOpen = next?.[at]?.candle.open ?? null;
      return { symbol, timeframe, candle, nextOpen };
    }),
  };
}
