import { feedPublisher } from '../../adapters/bus/feed.ts';
import type { Promotion } from '../../adapters/store/promotion.ts';
import type { Market } from '../../core/learning/contract.ts';
import type { Timeframe } from '../../core/market/candle.ts';
import { learningFeed } from '../../proto/feed.ts';
import type { Connections } from './connections.ts';
import { explain } from './fault.ts';
import { shortHash } from './model-page.ts';

export interface ChampionChange {
  readonly news: 'promoted' | 'rolled_back';
  readonly market: Market;
  readonly told: Promotion;
  readonly reason: string;
}

/** Tells whoever listens that a person has changed a market's champion. What is done stays done
 * when there is no way to tell it: then that is said on standard error. */
export async function tellChampion(
  connections: Connections,
  { news, market, told, reason }: ChampionChange,
): Promise<void> {
  const { venue, symbol } = market;
  const timeframe = market.timeframe as Timeframe;
  const { hash: model, before: modelBefore } = told;
  const now = model === null ? 'nobody: its rules speak' : shortHash(model);
  const place = modelBefore === null ? '' : ` in place of ${shortHash(modelBefore)}`;
  const words = `${now}${place}: ${reason}`;
  const atMs = Date.now();
  const change = { news, words, by: 'cli', model, modelBefore };
  try {
    const feed = feedPublisher(await connections.bus(), connections.wire);
    feed(learningFeed({ venue, symbol, timeframe, atMs, ...change }));
  } catch (error) {
    process.stderr.write(`it is done, but nobody was told: ${explain(error).text}\n`);
  }
}
