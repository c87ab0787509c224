import type { Indicators, Reading } from '../features/reading.ts';
import type { Candle } from '../market/candle.ts';
import type { Forecast } from '../models/forecast.ts';
import type { Holdings, Snapshot } from './snapshot.ts';

/** For tests: an ordinary market at 100, where nothing leans either way. */
export const ORDINARY: Indicators = {
  rsi14: 50,
  macd: 0,
  macdSignal: 0,
  macdHistogram: 0,
  bollingerUpper: 102,
  bollingerMiddle: 100,
  bollingerLower: 98,
  emaFast: 100,
  emaSlow: 100,
  sma20: 100,
  sma50: 100,
  stochasticK: 50,
  stochasticD: 50,
  williamsR: -50,
  cci20: 0,
  adx14: 15,
  plusDi14: 20,
  minusDi14: 20,
  atr14: 1,
  vwap: 100,
  change1: 0,
  change3: 0,
  change12: 0,
  volumeRatio: 1,
  volatility20: 0.004,
  volatilityMean: 0.004,
};

/** For tests: every indicator absent. */
export const ABSENT = Object.fromEntries(
  Object.keys(ORDINARY).map((name) => [name, null]),
) as unknown as Indicators;

export function readingOf(
  indicators: Partial<Indicators> = {},
  change: Partial<Reading> = {},
): Reading {
  return {
    indicators: { ...ORDINARY, ...indicators },
    patterns: [],
    regime: 'choppy',
    features: [],
    featureHash: '0'.repeat(64),
    candlesSeen: 500,
    warm: true,
    ...change,
  };
}

const MINUTES_5 = 300_000;
const FLAT: Holdings = {
  equity: '100000',
  cash: '100000',
  quantity: '0',
  entryPrice: '0',
  exposureBps: 0,
  drawdownBps: 0,
  openOrders: 0,
};
export const HOLDING: Partial<Holdings> = {
  quantity: '100',
  entryPrice: '100',
  exposureBps: 1_000,
};

/** For tests: a model that sees a rise, and is fairly sure of it. */
export const FORECAST: Forecast = {
  model: '3f'.repeat(32),
  ...{ buyBp: 6_100, sellBp: 2_000, holdBp: 1_900 },
  confidenceBp: 5_500,
  magnitudeBps: 84,
  riskBps: 60,
  worthBp: 10_000,
};

/** For tests: candles with the given closes, ending at the snapshot's close. */
export function candlesOf(closes: readonly number[]): readonly Candle[] {
  return closes.map((close, index) => {
    const openTimeMs = index * MINUTES_5;
    const closeTimeMs = openTimeMs + MINUTES_5 - 1;
    const [high, low] = [close * 1.001, close * 0.999];
    return { openTimeMs, closeTimeMs, open: close, high, low, close, volume: 10 };
  });
}

export interface SnapshotChange extends Partial<Omit<Snapshot, 'holdings' | 'reading'>> {
  readonly indicators?: Partial<Indicators>;
  readonly reading?: Partial<Reading>;
  readonly holdings?: Partial<Holdings>;
}

/** For tests: an ordinary snapshot with something changed. */
export function snapshotOf(change: SnapshotChange = {}): Snapshot {
  const { indicators, reading, holdings, ...rest } = change;
  const candles = rest.candles ?? candlesOf(Array.from({ length: 32 }, () => 100));
  return {
    eventId: 'e'.repeat(64),
    venue: 'paper',
    symbol: 'BTC/USDT',
    timeframe: '5m',
    closeTimeMs: candles.at(-1)?.closeTimeMs ?? 0,
    trigger: 'cadence',
    candles,
    reading: readingOf(indicators, reading),
    liquidity: { spreadBps: 2, meanQuoteVolume: 1_000 },
    holdings: { ...FLAT, ...holdings },
    news: null,
    ...rest,
  };
}
