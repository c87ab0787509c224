/** The indicators as textbooks write them: whole series in, one value out, no state, no cleverness.
 * Only tests import this: it is what the streaming ones are held against. */
import type { Candle } from '../market/candle.ts';

export type Series = readonly Candle[];

export const closes = (series: Series): number[] => series.map(({ close }) => close);

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** `null` where the series is shorter than the period. */
export function sma(values: readonly number[], period: number): number | null {
  return values.length < period ? null : mean(values.slice(-period));
}

export function ema(values: readonly number[], period: number): number | null {
  if (values.length < period) return null;
  const k = 2 / (period + 1);
  return values
    .slice(period)
    .reduce((last, value) => value * k + last * (1 - k), mean(values.slice(0, period)));
}

export function wilder(values: readonly number[], period: number): number | null {
  if (values.length < period) return null;
  return values
    .slice(period)
    .reduce((last, value) => last + (value - last) / period, mean(values.slice(0, period)));
}

export function rsi(series: Series, period: number): number | null {
  const changes = closes(series).map((close, i, all) => close - (all[i - 1] ?? close));
  const gain = wilder(
    changes.slice(1).map((change) => Math.max(change, 0)),
    period,
  );
  const loss = wilder(
    changes.slice(1).map((change) => Math.max(-change, 0)),
    period,
  );
  if (gain === null || loss === null || gain + loss === 0) return null;
  return loss === 0 ? 100 : 100 - 100 / (1 + gain / loss);
}

export function macd(series: Series) {
  const line: number[] = [];
  for (let end = 26; end <= series.length; end += 1) {
    const values = closes(series.slice(0, end));
    line.push((ema(values, 12) as number) - (ema(values, 26) as number));
  }
  const macd = line.at(-1) ?? null;
  const signal = ema(line, 9);
  const histogram = macd === null || signal === null ? null : macd - signal;
  return { macd, signal, histogram };
}

export function bollinger(series: Series, period: number) {
  if (series.length < period) return { upper: null, middle: null, lower: null };
  const window = closes(series).slice(-period);
  const middle = mean(window);
  const half = 2 * deviation(window);
  return { upper: middle + half, middle, lower: middle - half };
}

function highLow(series: Series, period: number) {
  const window = series.slice(-period);
  const high = Math.max(...window.map((candle) => candle.high));
  const low = Math.min(...window.map((candle) => candle.low));
  return { high, low, close: window.at(-1)?.close as number };
}

export function stochasticK(series: Series, period: number): number | null {
  if (series.length < period) return null;
  const { high, low, close } = highLow(series, period);
  return high === low ? null : ((close - low) / (high - low)) * 100;
}

export function stochasticD(series: Series, period: number, signal: number): number | null {
  const ks = Array.from({ length: signal }, (_, back) =>
    stochasticK(series.slice(0, series.length - back), period),
  );
  return ks.some((k) => k === null) ? null : mean(ks as number[]);
}

export function williamsR(series: Series, period: number): number | null {
  if (series.length < period) return null;
  const { high, low, close } = highLow(series, period);
  return high === low ? null : ((high - close) / (high - low)) * -100;
}

export function cci(series: Series, period: number): number | null {
  if (series.length < period) return null;
  const typical = series.slice(-period).map(({ high, low, close }) => (high + low + close) / 3);
  const middle = mean(typical);
  const distance = mean(typical.map((value) => Math.abs(value - middle)));
  return distance <= 1e-12 * middle
    ? null
    : ((typical.at(-1) as number) - middle) / (0.015 * distance);
}

export function trueRanges(series: Series): number[] {
  return series.slice(1).map(({ high, low }, i) => {
    const previous = (series[i] as Candle).close;
    return Math.max(high - low, Math.abs(high - previous), Math.abs(low - previous));
  });
}

export function atr(series: Series, period: number): number | null {
  return wilder(trueRanges(series), period);
}

export function adx(series: Series, period: number) {
  const moves = series.slice(1).map((candle, i) => {
    const up = candle.high - (series[i] as Candle).high;
    const down = (series[i] as Candle).low - candle.low;
    return { plus: up > down && up > 0 ? up : 0, minus: down > up && down > 0 ? down : 0 };
  });
  const ranges = trueRanges(series);
  const dxs: number[] = [];
  let plusDi: number | null = null;
  let minusDi: number | null = null;
  for (let end = period; end <= moves.length; end += 1) {
    const plus = wilder(
      moves.slice(0, end).map((move) => move.plus),
      period,
    ) as number;
    const minus = wilder(
      moves.slice(0, end).map((move) => move.minus),
      period,
    ) as number;
    const range = wilder(ranges.slice(0, end), period) as number;
    plusDi = range === 0 ? null : (100 * plus) / range;
    minusDi = range === 0 ? null : (100 * minus) / range;
    dxs.push(plus + minus === 0 ? 0 : (100 * Math.abs(plus - minus)) / (plus + minus));
  }
  return { adx: wilder(dxs, period), plusDi, minusDi };
}

export function vwap(series: Series): number | null {
  const day = Math.floor((series.at(-1)?.openTimeMs ?? 0) / 86_400_000);
  const today = series.filter(({ openTimeMs }) => Math.floor(openTimeMs / 86_400_000) === day);
  const volume = today.reduce((sum, candle) => sum + candle.volume, 0);
  const traded = today.reduce(
    (sum, { high, low, close, volume }) => sum + ((high + low + close) / 3) * volume,
    0,
  );
  return volume === 0 ? null : traded / volume;
}

export function volumeRatio(series: Series, period: number): number | null {
  if (series.length < period + 1) return null;
  const before = mean(series.slice(-period - 1, -1).map(({ volume }) => volume));
  return before === 0 ? null : (series.at(-1) as Candle).volume / before;
}

export function volatility(series: Series, period: number): number | null {
  const returns = closes(series).map((close, i, all) => Math.log(close / (all[i - 1] ?? close)));
  return returns.length < period + 1 ? null : deviation(returns.slice(1).slice(-period));
}

export function change(series: Series, candles: number): number | null {
  const now = series.at(-1);
  const then = series.at(-1 - candles);
  return now === undefined || then === undefined ? null : now.close / then.close - 1;
}
