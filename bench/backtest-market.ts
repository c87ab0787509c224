import { readFileSync } from 'node:fs';
import { instrumentFor } from '../adapters/venue/paper-instrument.ts';
import type { MarketSeries } from '../core/backtest/series.ts';
import { TIMEFRAMES, type Timeframe } from '../core/market/candle.ts';
import { CandleSeries } from '../core/market/candle-series.ts';
import type { Instrument } from '../core/market/instrument.ts';
import {
  SIMULATED_SYMBOLS,
  type SimulatedSymbol,
  simulatedCloses,
} from '../core/market/simulated.ts';

const COLUMNS = 6;
const TIMEFRAME: Timeframe = '5m';
const START_MS = Date.UTC(2024, 0, 1);
const SEED = 5;

/** One market whose candles lie in a file of doubles, six a candle: what both sides read. */
export interface MarketFile {
  readonly path: string;
  readonly instrument: Instrument;
  readonly timeframe: Timeframe;
  readonly candles: number;
}

/** Made-up markets, the same in every run, on memory that threads can share. One symbol: the first
 * of the simulated house; more: a thousand times the same manner, each with a walk of its own. */
export function simulatedSeries(symbols: number, candles: number): readonly MarketSeries[] {
  const listed = symbols === 1 ? SIMULATED_SYMBOLS.slice(0, 1) : manySymbols(symbols);
  const columns = listed.map(
    () =>
      new Float64Array(new SharedArrayBuffer(candles * COLUMNS * Float64Array.BYTES_PER_ELEMENT)),
  );
  const market = { seed: SEED, timeframe: TIMEFRAME, startMs: START_MS, symbols: listed };
  let at = 0;
  for (const close of simulatedCloses(market)) {
    close.forEach(({ candle }, place) => {
      const { openTimeMs, open, high, low, close: last, volume } = candle;
      columns[place]?.set([openTimeMs, open, high, low, last, volume], at);
    });
    at += COLUMNS;
    if (at >= candles * COLUMNS) break;
  }
  return listed.map(({ symbol, price }, place) => ({
    instrument: instrumentFor(symbol, [price]),
    timeframe: TIMEFRAME,
    candles: new CandleSeries(TIMEFRAMES[TIMEFRAME], columns[place] as Float64Array),
  }));
}

function manySymbols(count: number): readonly SimulatedSymbol[] {
  return Array.from({ length: count }, (_, place) => ({
    symbol: `SIM${String(place).padStart(4, '0')}/USDT`,
    price: 100 + (place % 10) * 50,
    decimals: 3,
  }));
}

export function readMarketFile({ path, instrument, timeframe }: MarketFile): MarketSeries {
  const bytes = readFileSync(path);
  const numbers = new Float64Array(new SharedArrayBuffer(bytes.byteLength));
  new Uint8Array(numbers.buffer).set(bytes);
  return { instrument, timeframe, candles: new CandleSeries(TIMEFRAMES[timeframe], numbers) };
}
