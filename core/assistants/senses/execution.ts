import { clamp, inUnitsOf, ramp, rangesAway } from '../figures.ts';
import { candlePath, cite, quiet, senseOf } from './sense.ts';

/** The estimated spread against the range of a candle: what a round trip costs of what it can
 * win. */
export const cost = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'liquidity.spreadBps',
    'reading.indicators.atr14',
    candlePath(snapshot, 'close'),
  ]);
  if (cited === null) return null;
  const [spreadBps, atr, close] = cited.values;
  const rangeBps = inUnitsOf(atr, close) * 10_000;
  const share = rangeBps > 0 ? inUnitsOf(spreadBps, rangeBps) : 1;
  const words = () =>
    `spread ${spreadBps.toFixed(1)} bps against a range of ${rangeBps.toFixed(0)} bps`;
  return { lean: 0, caution: ramp(share, 0.15, 0.8), words, evidence: cited.evidence };
});

/** The close against the day's volume-weighted price, the usual yardstick of a good fill: below
 * it a buyer beats the day's average buyer, above it a seller does. */
export const fairPrice = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'reading.indicators.vwap',
    candlePath(snapshot, 'close'),
    'reading.indicators.atr14',
  ]);
  if (cited === null) return null;
  const [vwap, close, atr] = cited.values;
  const away = inUnitsOf(close - vwap, atr);
  const lean = -clamp(away / 4, -1, 1);
  const words = () => `close is ${rangesAway(away)} the day's VWAP`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

/** The last candle's turnover against the mean: thin books slip. */
export const depth = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'liquidity.meanQuoteVolume',
    candlePath(snapshot, 'volume'),
    candlePath(snapshot, 'close'),
  ]);
  if (cited === null) return null;
  const [mean, volume, close] = cited.values;
  if (mean <= 0) return null;
  const share = inUnitsOf(volume * close, mean);
  const words = () => `turnover is ${(share * 100).toFixed(0)} % of the mean`;
  return { lean: 0, caution: ramp(share, 0.7, 0.2), words, evidence: cited.evidence };
});
