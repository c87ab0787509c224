import { clamp, inUnitsOf, ramp, times, went } from '../figures.ts';
import { cite, INDICATORS, quiet, type Sense } from './sense.ts';

/** What counts as a big move over three candles where nothing is known of the market's habit. */
export const PLAIN_MOVE = 0.03;
const SQRT_3 = Math.sqrt(3);

/** The move over three candles against what is usual here; moves run on more often than they
 * stop. */
export const move: Sense = (snapshot) => {
  const cited = cite(snapshot, [`${INDICATORS}.change3`, `${INDICATORS}.volatilityMean`]);
  if (cited === null) return null;
  const [change, usual] = cited.values;
  const lean = clamp(inUnitsOf(change, 2.5 * usual * SQRT_3), -1, 1);
  const size = usual > 0 ? `, ${times(inUnitsOf(Math.abs(change), usual * SQRT_3))} the usual` : '';
  const text = `price ${went(change)} in 3 candles${size}`;
  return { lean, caution: 0.6 * (1 - Math.abs(lean)), text, evidence: cited.evidence };
};

/** Volume behind the last candle's direction. Without volume a move means little. */
export const volume: Sense = (snapshot) => {
  const cited = cite(snapshot, [`${INDICATORS}.volumeRatio`, `${INDICATORS}.change1`]);
  if (cited === null) return null;
  const [ratio, change] = cited.values;
  const lean = Math.sign(change) * ramp(ratio, 1, 2.5);
  const behind = change < 0 ? 'behind the fall' : 'behind the rise';
  const text = `volume ${times(ratio)} the mean ${ratio >= 1 ? behind : 'is thin'}`;
  return { lean, caution: ramp(ratio, 1.2, 0.4), text, evidence: cited.evidence };
};

/** -1 … 1: the move over twelve candles; one and a half of its usual deviations is a full lean. */
export function driftLean(change12: number, volatility20: number): number {
  return clamp(inUnitsOf(change12, 1.5 * volatility20 * Math.sqrt(12)), -1, 1);
}

/** The hour's move against what is usual over twelve candles. */
export const drift: Sense = (snapshot) => {
  const cited = cite(snapshot, [`${INDICATORS}.change12`, `${INDICATORS}.volatility20`]);
  if (cited === null) return null;
  const [change, volatility] = cited.values;
  const lean = driftLean(change, volatility);
  const text = `price ${went(change)} over 12 candles`;
  return { lean, caution: quiet(lean), text, evidence: cited.evidence };
};
