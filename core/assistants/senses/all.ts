import type { Snapshot } from '../snapshot.ts';
import { efficiency, followThrough } from './audit.ts';
import {
  bollinger,
  cci,
  directional,
  emaCross,
  macd,
  pattern,
  rsi,
  stochastic,
  williams,
} from './chart.ts';
import { cost, depth, fairPrice } from './execution.ts';
import { drift, move, volume } from './flow.ts';
import { marketCap, newsSentiment, socialSentiment } from './news.ts';
import { drawdown, exposure, openPosition, wildness } from './risk.ts';
import type { Impression, Sense } from './sense.ts';
import { meansTrend, stretch } from './strategy.ts';

/** Every way to read evidence: an assistant that is shown a fact it does not watch itself reads
 * it the way its owner does. */
export const ALL_SENSES: readonly Sense[] = [
  move,
  volume,
  drift,
  rsi,
  stochastic,
  williams,
  cci,
  bollinger,
  macd,
  emaCross,
  directional,
  pattern,
  newsSentiment,
  socialSentiment,
  marketCap,
  wildness,
  exposure,
  drawdown,
  openPosition,
  meansTrend,
  stretch,
  cost,
  fairPrice,
  depth,
  followThrough,
  efficiency,
];

/** What the cited facts say: the impressions that are about one of them, in a fixed order. */
export function impressionsOf(facts: ReadonlySet<string>, snapshot: Snapshot): Impression[] {
  return ALL_SENSES.flatMap((sense) => {
    const impression = sense(snapshot);
    return impression !== null && facts.has(impression.evidence[0].fact) ? [impression] : [];
  });
}
