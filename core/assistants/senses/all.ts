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
import { foretold } from './forecast.ts';
import { marketCap, newsSentiment, socialSentiment } from './news.ts';
import { drawdown, exposure, openPosition, wildness } from './risk.ts';
import type { Impression, Sense } from './sense.ts';
import { meansTrend, stretch } from './strategy.ts';

/** Every sense by its name, in the order in which what is shown is read. */
export const SENSES = {
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
  foretold,
  cost,
  fairPrice,
  depth,
  followThrough,
  efficiency,
} as const satisfies Readonly<Record<string, Sense>>;
export type SenseName = keyof typeof SENSES;

/** Every way to read evidence: an assistant that is shown a fact it does not watch itself reads
 * it the way its owner does. */
export const ALL_SENSES: readonly Sense[] = Object.values(SENSES);

/** What the cited facts say: the impressions that are about one of them, in a fixed order. */
export function impressionsOf(facts: ReadonlySet<string>, snapshot: Snapshot): Impression[] {
  const about: Impression[] = [];
  for (const sense of ALL_SENSES) {
    const impression = sense(snapshot);
    if (impression !== null && facts.has(impression.evidence[0].fact)) about.push(impression);
  }
  return about;
}
