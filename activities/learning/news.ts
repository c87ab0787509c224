import type { FeedPublisher } from '../../adapters/bus/feed.ts';
import type { RunEnd } from '../../adapters/store/learning-runs.ts';
import type { Promotion } from '../../adapters/store/promotion.ts';
import type { ModelWorth } from '../../core/learning/worth.ts';
import { type LearningFacts, learningFeed } from '../../proto/feed.ts';
import type { LearningRun } from './run.ts';
import { LEARNING } from './weights.ts';

/** What a person is told of a run, once it is on record. Telling is repeated with its step, and
 * never the reason that one fails. */

type Told = Omit<LearningFacts, 'symbol' | 'venue' | 'timeframe' | 'by' | 'atMs'>;

function tell(feed: FeedPublisher, run: LearningRun, told: Told): void {
  const { symbol, venue, timeframe, marketTimeMs: atMs, id: runId } = run;
  feed(learningFeed({ symbol, venue, timeframe, atMs, runId, by: LEARNING, ...told }));
}

const ENDS = { done: 'run_done', failed: 'run_failed', cancelled: 'run_cancelled' } as const;

/** How a run ended, as it is on record. */
export function tellEnd(
  feed: FeedPublisher,
  run: LearningRun,
  end: Pick<RunEnd, 'status' | 'verdict' | 'weightsVersion' | 'modelHash' | 'why'>,
): void {
  const { status, verdict, weightsVersion, modelHash: model, why: words } = end;
  tell(feed, run, { news: ENDS[status], words, verdict, weightsVersion, model });
}

export function tellPromotion(
  feed: FeedPublisher,
  run: LearningRun,
  won: { readonly words: string; readonly promotion: Promotion },
): void {
  const { words, promotion } = won;
  const { hash, before } = promotion;
  const place = before === null ? '' : ` in place of ${before.slice(0, 12)}`;
  const told = `${(hash ?? '').slice(0, 12)}${place}: ${words}`;
  tell(feed, run, { news: 'promoted', words: told, model: hash, modelBefore: before });
}

/** Nothing when nothing drifts. */
export function tellDrift(
  feed: FeedPublisher,
  run: LearningRun,
  { hash, worth }: { readonly hash: string; readonly worth: ModelWorth },
): void {
  const { level, words, worthBp, retrain } = worth;
  if (level === 'none') return;
  tell(feed, run, { news: 'drift', words, model: hash, level, worthBp, retrain });
}
