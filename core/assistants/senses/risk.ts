import { clamp, inUnitsOf, percent, ramp, rangesAway, times } from '../figures.ts';
import { candlePath, cite, senseOf } from './sense.ts';

/** Today's volatility against its slow mean. Calm is room to act; wild speaks for waiting. */
export const wildness = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'reading.indicators.volatility20',
    'reading.indicators.volatilityMean',
  ]);
  if (cited === null) return null;
  const [now, usual] = cited.values;
  if (usual <= 0) return null;
  const ratio = inUnitsOf(now, usual);
  const words = () => `volatility is ${times(ratio)} the usual`;
  return {
    lean: 0.4 * ramp(ratio, 1.1, 0.7),
    caution: ramp(ratio, 0.9, 1.8),
    words,
    evidence: cited.evidence,
  };
});

/** What is already at stake, of equity. Little at stake is room to buy, more is a reason to
 * wait, much a reason to sell. */
export const exposure = senseOf((snapshot) => {
  const cited = cite(snapshot, ['holdings.exposureBps']);
  if (cited === null) return null;
  const [bps] = cited.values;
  const lean = 0.5 * ramp(bps, 1_500, 0) - 0.9 * ramp(bps, 3_500, 6_000);
  const words = () =>
    bps === 0 ? 'nothing is at stake yet' : `${percent(bps / 10_000)} of equity is at stake`;
  const caution = (0.25 + 0.75 * ramp(bps, 500, 3_500)) * (1 + Math.min(0, lean));
  return { lean, caution, words, evidence: cited.evidence };
});

/** Fall of equity from its peak. */
export const drawdown = senseOf((snapshot) => {
  const cited = cite(snapshot, ['holdings.drawdownBps']);
  if (cited === null) return null;
  const [bps] = cited.values;
  const lean = -0.8 * ramp(bps, 500, 1_500);
  const words = () => `equity is ${percent(bps / 10_000)} below its peak`;
  return { lean, caution: ramp(bps, 100, 600) * (1 + lean), words, evidence: cited.evidence };
});

/** The open position against its entry, in ATRs: two against it is where a stop would stand.
 * Absent when flat. */
export const openPosition = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'holdings.entryPrice',
    candlePath(snapshot, 'close'),
    'reading.indicators.atr14',
  ]);
  if (cited === null) return null;
  const [entry, close, atr] = cited.values;
  if (entry <= 0 || atr <= 0) return null;
  const away = inUnitsOf(close - entry, atr);
  const lean = -clamp((-away - 0.5) / 2, 0, 1) - 0.6 * ramp(away, 3, 6);
  const words = () => `the position is ${rangesAway(away)} its entry`;
  return { lean, caution: 0.3, words, evidence: cited.evidence };
});
