import type { Kysely } from 'kysely';
import {
  countHindsight,
  type SettledFilter,
  settledMotions,
  type Waiting,
  waitingMotions,
} from '../../adapters/store/outcomes.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { listWeights, type WeightsRecord } from '../../adapters/store/weights.ts';
import type { OutcomeTerms } from '../../core/judgement/assessment.ts';
import type { RingScores } from '../../core/learning/contract.ts';
import { DEFAULT_TERMS } from '../../core/learning/label.ts';
import { RingScoring } from '../../core/learning/scores.ts';

/** How the ring did, what waits to be known, and what every voice weighs. JSON-safe but for dates,
 * which become text. */
export interface RingView {
  readonly scores: RingScores;
  /** Motions without a score: their champion was trained on candles from after them. */
  readonly hindsight: number;
  readonly waiting: readonly Waiting[];
  /** The newest versions, newest first; at least one. */
  readonly weights: readonly WeightsRecord[];
  /** How opinions are settled. */
  readonly outcomes: OutcomeTerms;
}

/** Versions of the weights that are told. */
const MOST_VERSIONS = 1_000;

/** Reads all that has settled, a page at a time, and settles nothing by itself. */
export async function viewRing(
  db: Kysely<Database>,
  filter: Pick<SettledFilter, 'market' | 'fromMs' | 'toMs'> = {},
): Promise<RingView> {
  const scoring = new RingScoring(DEFAULT_TERMS);
  const fair = { ...filter, withoutHindsight: true };
  for await (const motion of settledMotions(db, fair)) scoring.add(motion);
  const [waiting, weights, hindsight] = await Promise.all([
    waitingMotions(db, filter.market),
    listWeights(db, { limit: MOST_VERSIONS }),
    countHindsight(db, filter),
  ]);
  return { scores: scoring.scores(), hindsight, waiting, weights, outcomes: DEFAULT_TERMS };
}
