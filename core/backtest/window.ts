import { dataUsed } from './data-used.ts';
import type { BacktestResult } from './result.ts';
import type { MarketSeries } from './series.ts';

/** A result without the history its strategy warmed up on, in which nothing was traded: what is
 * left are candles that open from `fromMs` on and before `toMs`. `shown` are the series of the
 * run. */
export function onlyWindow(
  result: BacktestResult,
  shown: readonly MarketSeries[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): BacktestResult {
  const { curve } = result;
  const history = curve.timeMs.findIndex((timeMs) => timeMs >= fromMs);
  if (history <= 0) return result;
  const series = shown.map((one) => ({ ...one, candles: one.candles.between(fromMs, toMs) }));
  const closes = curve.timeMs.length - history;
  return {
    ...result,
    data: dataUsed(series),
    curve: {
      timeMs: curve.timeMs.slice(history),
      equity: curve.equity.slice(history),
      exposure: curve.exposure.slice(history),
    },
    counts: {
      ...result.counts,
      closes,
      candles: series.reduce((sum, { candles }) => sum + candles.length, 0),
    },
  };
}
