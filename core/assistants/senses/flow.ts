import { clamp, inUnitsOf, ramp, times, went } from '../figures.ts';
import { cite, quiet, senseOf } from './sense.ts';

/** What counts as a big move over three candles where nothing is known of the market's habit. */
export const PLAIN_MOVE = 0.03;
const SQRT_3 = Math.sqrt(3);

/** The move over three candles against what is usual here; moves run on more often than they
 * stop. */
export const move = senseOf((snapshot) => {
  const cited = cite(snapshot, ['reading.indicators.change3', 'reading.indicators.volatilityMean']);
  if (cited === null) return null;
  const [change, usual] = cited.values;
  const lean = clamp(inUnitsOf(change, 2.5 * usual * SQRT_3), -1, 1);
  const size = () =>
    usual > 0 ? `, ${times(inUnitsOf(Math.abs(change), usual * SQRT_3))} the usual` : '';
  const words = () => `price ${went(change)} in 3 candles${size()}`;
  return { lean, caution: 0.6 * (1 - Math.abs(lean)), words, evidence: cited.evidence };
});

/** Volume behind the last candle's direction. Without volume a move means little. */
export const volume = senseOf((snapshot) => {
  const cited = cite(snapshot, ['reading.indicators.volumeRatio', 'reading.indicators.change1']);
  if (cited === null) return null;
  const [ratio, change] = cited.values;
  const lean = Math.sign(change) * ramp(ratio, 1, 2.5);
  const behind = change < 0 ? 'behind the fall' : 'behind the rise';
  const words = () => `volume ${times(ratio)} the mean ${ratio >= 1 ? behind : 'is thin'}`;
  return { lean, caution: ramp(ratio, 1.2, 0.4), words, evidence: cited.evidence };
});

/** -1 … 1: the move over twelve candles; one and a half of its usual deviations is a full lean. */
export function driftLean(change12: number, volatility20: number): number {
  return clamp(inUnitsOf(change12, 1.5 * volatility20 * Math.sqrt(12)), -1, 1);
}

/** The hour's move against what is usual over twelve candles. */
export const drift = senseOf((snapshot) => {
  const cited = cite(snapshot, ['reading.indicators.change12', 'reading.indicators.volatility20']);
  if (cited === null) return null;
  const [change, volatility] = cited.values;
  const lean = driftLean(change, volatility);
  const words = () => `price ${went(change)} over 12 candles`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});
