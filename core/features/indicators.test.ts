/** Each streaming indicator against a textbook computation over the whole series, candle by candle.
 * Failure would look like: a right-looking number that is not RSI. */
import {
  ADX,
  ATR,
  BollingerBands,
  CCI,
  EMA,
  MACD,
  SMA,
  Stochastic,
  WilliamsR,
} from 'technicalindicators';
import { describe, expect, test } from 'vitest';
import type { Candle } from '../market/candle.ts';
import { freshIndicators } from './engine.ts';
import { candlesOf, walk } from './generated.fixture.ts';
import * as book from './textbook.fixture.ts';

type Values = Readonly<Record<string, number | null>>;

/** Every named value of the ring's indicators after each candle. */
function streamed(candles: readonly Candle[]): Values[] {
  const set = freshIndicators();
  return candles.map((candle) => {
    for (const indicator of Object.values(set)) indicator.push(candle);
    return {
      rsi: set.rsi.value,
      ...set.macd.value,
      ...set.bollinger.value,
      emaFast: set.emaFast.value,
      emaSlow: set.emaSlow.value,
      sma20: set.sma20.value,
      sma50: set.sma50.value,
      ...set.stochastic.value,
      williams: set.williams.value,
      cci: set.cci.value,
      ...set.adx.value,
      atr: set.atr.value,
      vwap: set.vwap.value,
      ...set.change.value,
      volumeRatio: set.volumeRatio.value,
      volatility: set.volatility.value.current,
    };
  });
}

function textbook(series: readonly Candle[]): Values {
  const closes = book.closes(series);
  return {
    rsi: book.rsi(series, 14),
    ...book.macd(series),
    ...book.bollinger(series, 20),
    emaFast: book.ema(closes, 9),
    emaSlow: book.ema(closes, 21),
    sma20: book.sma(closes, 20),
    sma50: book.sma(closes, 50),
    k: book.stochasticK(series, 14),
    d: book.stochasticD(series, 14, 3),
    williams: book.williamsR(series, 14),
    cci: book.cci(series, 20),
    ...book.adx(series, 14),
    atr: book.atr(series, 14),
    vwap: book.vwap(series),
    over1: book.change(series, 1),
    over3: book.change(series, 3),
    over12: book.change(series, 12),
    volumeRatio: book.volumeRatio(series, 20),
    volatility: book.volatility(series, 20),
  };
}

/** Relative to the larger value, or to `scale` where both are differences near zero. */
function expectEqual(ours: Values, theirs: Values, { at, scale }: { at: number; scale: number }) {
  expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
  for (const [name, value] of Object.entries(ours)) {
    const other = theirs[name] ?? null;
    const where = `${name} after candle ${at + 1}: ${value} and ${other}`;
    expect(value === null, where).toBe(other === null);
    if (value === null || other === null) continue;
    const size = Math.max(Math.abs(value), Math.abs(other), scale);
    expect(Math.abs(value - other) / size, where).toBeLessThan(1e-9);
  }
}

function expectTextbook(candles: readonly Candle[]): void {
  streamed(candles).forEach((values, at) => {
    const scale = Math.max(1e-3, (candles[at] as Candle).close * 1e-3);
    expectEqual(values, textbook(candles.slice(0, at + 1)), { at, scale });
  });
}

describe('indicators', () => {
  test('every value, every candle - as the textbook computes it from the whole series', () => {
    expectTextbook(candlesOf(walk(20_240_805, 160)));
  });

  test('two days of candles - VWAP starts again at 00:00 UTC', () => {
    expectTextbook(candlesOf(walk(7, 100), { timeframe: '30m' }));
  });

  test('prices of 1e19 and of 1e-12 - the same formulas hold, nothing overflows', () => {
    expectTextbook(candlesOf(walk(3, 80), { price: 1e19 }));
    const tiny = candlesOf(walk(3, 80), { price: 1e-12 });
    const wanted = textbook(tiny);
    const last = streamed(tiny).at(-1) as Values;
    for (const name of ['rsi', 'k', 'williams', 'cci', 'adx', 'volatility']) {
      expect(last[name], name).toBeCloseTo(wanted[name] as number, 6);
    }
  });

  test('one candle - only VWAP can answer', () => {
    const [values] = streamed(candlesOf([{ move: 0.01, above: 0, below: 0, volume: 1 }]));
    const defined = Object.entries(values ?? {}).filter(([, value]) => value !== null);
    expect(defined.map(([name]) => name)).toEqual(['vwap']);
  });

  test('a flat market - ratios without a range are null, never NaN; means are the price', () => {
    const flat = candlesOf(Array(80).fill({ move: 0, above: 0, below: 0, volume: 0 }), {
      price: 0.1,
    });
    const last = streamed(flat).at(-1) as Values;
    const undefinedThere = ['rsi', 'k', 'd', 'williams', 'cci', 'plusDi', 'minusDi'];
    for (const name of [...undefinedThere, 'vwap', 'volumeRatio']) {
      expect(last[name], name).toBeNull();
    }
    for (const name of ['upper', 'middle', 'lower', 'emaFast', 'emaSlow', 'sma20', 'sma50']) {
      expect(last[name], name).toBeCloseTo(0.1, 12);
    }
    for (const name of ['signal', 'histogram', 'adx', 'atr', 'over12', 'volatility']) {
      expect(last[name], name).toBeCloseTo(0, 12);
    }
  });

  test('movement after a flat start - every indicator recovers again', () => {
    const flat = Array.from({ length: 60 }, () => ({ move: 0, above: 0, below: 0, volume: 0 }));
    const candles = candlesOf([...flat, ...walk(11, 70)]);
    expectTextbook(candles);
    const last = streamed(candles).at(-1) as Values;
    expect(Object.entries(last).filter(([, value]) => value === null)).toEqual([]);
  });

  test('the declared warm-up - the value is there exactly then on a market that moves', () => {
    const moving = walk(5, 60).map((shape) => ({ ...shape, move: shape.move + 0.001, volume: 1 }));
    const candles = candlesOf(moving.map((shape) => ({ ...shape, above: 0.001, below: 0.001 })));
    for (const name of Object.keys(freshIndicators()) as (keyof ReturnType<
      typeof freshIndicators
    >)[]) {
      const indicator = freshIndicators()[name];
      const complete = candles.map((candle) => {
        indicator.push(candle);
        const { value } = indicator;
        const values = typeof value === 'object' && value !== null ? Object.values(value) : [value];
        return values.every((one) => one !== null);
      });
      expect(complete.indexOf(true) + 1, name).toBe(indicator.warmUp);
    }
  });
});

describe('indicators against technicalindicators', () => {
  const candles = candlesOf(walk(99, 300).map((shape) => ({ ...shape, volume: shape.volume + 1 })));
  const ours = streamed(candles);
  const values = book.closes(candles);
  const bars = {
    high: candles.map(({ high }) => high),
    low: candles.map(({ low }) => low),
    close: values,
  };
  const adx = ADX.calculate({ ...bars, period: 14 });
  const macd = MACD.calculate({
    values,
    fastPeriod: 12,
    slowPeriod: 26,
    signalPeriod: 9,
    SimpleMAOscillator: false,
    SimpleMASignal: false,
  });
  const bands = BollingerBands.calculate({ values, period: 20, stdDev: 2 });
  const stochastic = Stochastic.calculate({ ...bars, period: 14, signalPeriod: 3 });

  test.each<[string, (number | undefined)[]]>([
    ['emaFast', EMA.calculate({ values, period: 9 })],
    ['emaSlow', EMA.calculate({ values, period: 21 })],
    ['sma20', SMA.calculate({ values, period: 20 })],
    ['sma50', SMA.calculate({ values, period: 50 })],
    ['macd', macd.map((output) => output.MACD)],
    ['signal', macd.map((output) => output.signal)],
    ['upper', bands.map((output) => output.upper)],
    ['lower', bands.map((output) => output.lower)],
    ['k', stochastic.map((output) => output.k)],
    ['d', stochastic.map((output) => output.d)],
    ['williams', WilliamsR.calculate({ ...bars, period: 14 })],
    ['cci', CCI.calculate({ ...bars, period: 20 })],
    ['adx', adx.map((output) => output.adx)],
    ['plusDi', adx.map((output) => output.pdi)],
    ['minusDi', adx.map((output) => output.mdi)],
    ['atr', ATR.calculate({ ...bars, period: 14 })],
  ])('%s - equal wherever the package answers', (name, theirs) => {
    const tail = ours.slice(-theirs.length).map((one) => one[name] ?? undefined);
    expect(theirs.length).toBeGreaterThan(240);
    tail.forEach((value, at) => {
      const other = theirs[at];
      if (other === undefined) return expect(value).toBeUndefined();
      expect(Math.abs((value as number) - other)).toBeLessThan(1e-9 * Math.max(1, Math.abs(other)));
    });
  });
});
