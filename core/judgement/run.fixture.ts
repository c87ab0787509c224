/** Runs and markets for tests of judgement. Only tests import this. */
import type { FillRecord, Trade } from '../backtest/result.ts';
import type { MarketSeries } from '../backtest/series.ts';
import { type Candle, TIMEFRAMES, type Timeframe } from '../market/candle.ts';
import { CandleSeries } from '../market/candle-series.ts';
import { Random } from '../random.ts';
import type { Run } from './returns.ts';

export const START_MS = Date.UTC(2024, 0, 1);
export const DAY_MS = 86_400_000;

/** A run of daily closes that starts with 1,000 of capital, unless told otherwise. */
export function runOf(equity: readonly number[], parts: RunParts = {}): Run {
  const { stepMs = DAY_MS, capital = '1000', fills = [], trades = [] } = parts;
  const timeMs = equity.map((_, at) => START_MS + (at + 1) * stepMs - 1);
  return {
    account: {
      quote: 'USDT',
      capital,
      conditions: { takerFeeBps: 10, halfSpreadBps: 1 },
      settings: {},
    },
    data: {
      timeframe: '1d',
      fromMs: START_MS,
      toMs: timeMs.at(-1) ?? START_MS,
      series: [],
    },
    curve: { timeMs, equity, exposure: parts.exposure ?? equity.map(() => 0.5) },
    fills,
    trades,
  };
}

export interface RunParts {
  readonly stepMs?: number;
  readonly capital?: string;
  readonly exposure?: readonly number[];
  readonly fills?: readonly FillRecord[];
  readonly trades?: readonly Trade[];
}

/** Equity that grows from 1,000 by these returns. */
export function equityOf(returns: readonly number[]): number[] {
  let equity = 1_000;
  return returns.map((value) => {
    equity *= 1 + value;
    return equity;
  });
}

/** Seeded returns, each leaning on the one before (`memory` is its autocorrelation). */
export function walkOf(seed: string, options: WalkOptions): number[] {
  const { count, mean = 0, deviation = 0.01, memory = 0 } = options;
  const random = new Random('returns', seed);
  const fresh = deviation * Math.sqrt(1 - memory * memory);
  let swing = deviation * random.normal();
  return Array.from({ length: count }, () => {
    swing = memory * swing + fresh * random.normal();
    return mean + swing;
  });
}

export interface WalkOptions {
  readonly count: number;
  readonly mean?: number;
  readonly deviation?: number;
  readonly memory?: number;
}

export function tradeOf(profit: string, parts: Partial<Trade> = {}): Trade {
  return {
    symbol: 'BTC/USDT',
    openedAtMs: START_MS,
    closedAtMs: START_MS + DAY_MS,
    quantity: '1',
    entryPrice: '100',
    exitPrice: '110',
    fees: '0',
    profit,
    return: Number(profit) / 100,
    endedBy: 'exit',
    ...parts,
  };
}

export function fillOf(parts: Partial<FillRecord>): FillRecord {
  return {
    symbol: 'BTC/USDT',
    side: 'BUY',
    purpose: 'entry',
    timeMs: START_MS,
    quantity: '1',
    price: '100',
    fee: '0.1',
    feeAsset: 'USDT',
    ...parts,
  };
}

/** A market of these candles, its prices and quantities in small steps. */
export function marketOf(
  symbol: string,
  candles: readonly Candle[],
  timeframe: Timeframe = '5m',
): MarketSeries {
  const [base = '', quote = ''] = symbol.split('/');
  const numbers = candles.flatMap(({ openTimeMs, open, high, low, close, volume }) => [
    ...[openTimeMs, open, high, low, close, volume],
  ]);
  const steps = { tickSize: '0.01', lotSize: '0.0001', minNotional: '1' };
  return {
    instrument: { symbol, base, quote, ...steps },
    timeframe,
    candles: new CandleSeries(TIMEFRAMES[timeframe], Float64Array.from(numbers)),
  };
}

/** Seeded candles that follow one another, each opening where the last one closed. */
export function candlesOf(seed: string, count: number, timeframe: Timeframe = '5m'): Candle[] {
  const random = new Random('candles', seed);
  const lengthMs = TIMEFRAMES[timeframe];
  let open = 100;
  return Array.from({ length: count }, (_, at) => {
    const close = open * (1 + 0.004 * random.normal());
    const high = Math.max(open, close) * (1 + 0.002 * random.unit());
    const low = Math.min(open, close) * (1 - 0.002 * random.unit());
    const openTimeMs = START_MS + at * lengthMs;
    const candle = { openTimeMs, closeTimeMs: openTimeMs + lengthMs - 1, open, high, low, close };
    open = close;
    return { ...candle, volume: random.between(50, 150) };
  });
}
