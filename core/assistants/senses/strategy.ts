import { clamp, inUnitsOf, percent, rangesAway, sideOf } from '../figures.ts';
import { candlePath, cite, INDICATORS, quiet, type Sense } from './sense.ts';

/** Trend following: the 20-candle mean against the 50-candle mean, in ATRs. */
export const meansTrend: Sense = (snapshot) => {
  const cited = cite(snapshot, [
    `${INDICATORS}.sma50`,
    `${INDICATORS}.sma20`,
    `${INDICATORS}.atr14`,
  ]);
  if (cited === null) return null;
  const [slow, fast, atr] = cited.values;
  const lean = clamp(inUnitsOf(fast - slow, 1.5 * atr), -1, 1);
  const gap = percent(inUnitsOf(Math.abs(fast - slow), slow));
  const text = `SMA 20 is ${gap} ${sideOf(fast - slow)} SMA 50`;
  return { lean, caution: quiet(lean), text, evidence: cited.evidence };
};

/** Mean reversion: how far the close is stretched from the 20-candle mean, in ATRs. */
export const stretch: Sense = (snapshot) => {
  const cited = cite(snapshot, [
    `${INDICATORS}.bollingerMiddle`,
    `${INDICATORS}.atr14`,
    candlePath(snapshot, 'close'),
  ]);
  if (cited === null) return null;
  const [mean, atr, close] = cited.values;
  const away = inUnitsOf(close - mean, atr);
  const lean = -Math.sign(away) * clamp((Math.abs(away) - 0.5) / 2, 0, 1);
  const text = `close is ${rangesAway(away)} its mean`;
  return { lean, caution: quiet(lean), text, evidence: cited.evidence };
};
