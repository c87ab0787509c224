import { clamp, inUnitsOf, percent, rangesAway, sideOf } from '../figures.ts';
import { candlePath, cite, quiet, senseOf } from './sense.ts';

/** -1 … 1: the fast mean against the slow one; one and a half ATRs apart is a full lean. */
export function trendLean(fast: number, slow: number, atr: number): number {
  return clamp(inUnitsOf(fast - slow, 1.5 * atr), -1, 1);
}

/** -1 … 1 against the stretch from the mean: none within half an ATR, all of it from two and a half
 * on. */
export function stretchLean(close: number, mean: number, atr: number): number {
  const away = inUnitsOf(close - mean, atr);
  return -Math.sign(away) * clamp((Math.abs(away) - 0.5) / 2, 0, 1);
}

/** Trend following: the 20-candle mean against the 50-candle mean, in ATRs. */
export const meansTrend = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'reading.indicators.sma50',
    'reading.indicators.sma20',
    'reading.indicators.atr14',
  ]);
  if (cited === null) return null;
  const [slow, fast, atr] = cited.values;
  const lean = trendLean(fast, slow, atr);
  const words = () => {
    const gap = percent(inUnitsOf(Math.abs(fast - slow), slow));
    return `SMA 20 is ${gap} ${sideOf(fast - slow)} SMA 50`;
  };
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

/** Mean reversion: how far the close is stretched from the 20-candle mean, in ATRs. */
export const stretch = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'reading.indicators.bollingerMiddle',
    'reading.indicators.atr14',
    candlePath(snapshot, 'close'),
  ]);
  if (cited === null) return null;
  const [mean, atr, close] = cited.values;
  const lean = stretchLean(close, mean, atr);
  const words = () => `close is ${rangesAway(inUnitsOf(close - mean, atr))} its mean`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});
