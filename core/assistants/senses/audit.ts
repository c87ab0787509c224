import type { Candle } from '../../market/candle.ts';
import { clamp, figure, inUnitsOf } from '../figures.ts';
import { candleFact, candlePath, cite, quiet, senseOf } from './sense.ts';

const FEWEST_CANDLES = 16;

/** How often, in the candles of the snapshot, a move was followed by one the same way; then
 * what that record says of the last move. Half and half says nothing. */
export const followThrough = senseOf((snapshot) => {
  const moves = movesOf(snapshot.candles);
  const last = moves.at(-1);
  const cited = cite(snapshot, [candleFact(1, 'close'), candlePath(snapshot, 'close')]);
  if (cited === null || last === undefined || snapshot.candles.length < FEWEST_CANDLES) return null;
  const pairs = moves.slice(1).filter((move, index) => move !== 0 && moves[index] !== 0);
  const same = moves.slice(1).filter((move, index) => move * (moves[index] ?? 0) > 0).length;
  if (pairs.length === 0) return null;
  const rate = same / pairs.length;
  const lean = Math.sign(last) * clamp((rate - 0.5) * 4, -1, 1);
  const words = () => `${same} of the last ${pairs.length} moves went on the same way`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

/** Net move over path walked (Kaufman's efficiency ratio): near 0 the path is noise, and claims
 * of a direction rest on little. */
export const efficiency = senseOf((snapshot) => {
  const { candles } = snapshot;
  const cited = cite(snapshot, [candleFact(0, 'close'), candlePath(snapshot, 'close')]);
  if (cited === null || candles.length < FEWEST_CANDLES) return null;
  const [first, last] = cited.values;
  const path = movesOf(candles).reduce((sum, move) => sum + Math.abs(move), 0);
  if (path === 0) return null;
  const share = inUnitsOf(last - first, path);
  const lean = clamp(share * 2.5, -1, 1);
  const words = () => {
    const net = `${figure(first)} to ${figure(last)}`;
    return `${net} is ${Math.abs(share * 100).toFixed(0)} % of the path walked`;
  };
  return { lean, caution: 0.6 * (1 - Math.abs(lean)), words, evidence: cited.evidence };
});

function movesOf(candles: readonly Candle[]): readonly number[] {
  return candles.slice(1).map((candle, index) => candle.close - (candles[index]?.close ?? 0));
}
