import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { FeedPublisher } from '../../adapters/bus/feed.ts';
import { recordDrift } from '../../adapters/store/drift.ts';
import { championOf } from '../../adapters/store/models.ts';
import { countHindsight, readSettledMotions } from '../../adapters/store/outcomes.ts';
import { setWorth } from '../../adapters/store/promotion.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { Market, SettledMotion } from '../../core/learning/contract.ts';
import {
  calibrationDrift,
  populationDrift,
  type SettledForecast,
} from '../../core/learning/drift.ts';
import type { DriftFacts } from '../../core/learning/insights.ts';
import { scoreRing } from '../../core/learning/scores.ts';
import { worthOf } from '../../core/learning/worth.ts';
import { readKept } from './model-facts.ts';
import { newestRows } from './newest-rows.ts';
import { tellDrift } from './news.ts';
import type { LearningRun } from './run.ts';
import { LEARNING } from './weights.ts';

export interface PerformanceDependencies {
  readonly db: Kysely<Database>;
  readonly feed: FeedPublisher;
  readonly log: Logger;
}

/** How the ring did, and what is left of its champion. */
export interface Performance {
  /** Settled motions of the market that were looked at. */
  readonly motions: number;
  readonly championHash: string | null;
  /** `null`: there is no champion, or nothing to measure it by. */
  readonly drift: DriftFacts | null;
  /** One sentence each. */
  readonly lines: readonly string[];
}

/** Motions of the market that it is judged by, the newest. */
const MOST_MOTIONS = 5_000;
const WHOLE_BP = 10_000;

/** The newest settled motions of a market, as scores, reports and drift look at them: none that a
 * champion had seen before it was asked. */
export function newestSettled(
  db: Kysely<Database>,
  { venue, symbol, timeframe }: Market,
): Promise<readonly SettledMotion[]> {
  const market = { venue, symbol, timeframe };
  return readSettledMotions(db, { market, newest: MOST_MOTIONS, withoutHindsight: true });
}

/** Looks at how everybody did. */
export function createPerformanceActivities({ db, feed, log }: PerformanceDependencies) {
  return {
    /** Scores the ring, measures how far the market has drifted from the champion's training set,
     * and says what is left of its vote from the next motion on; past a limit a person is told.
     * Repeating it measures the same. */
    async analysePerformance(run: LearningRun): Promise<Performance> {
      const { venue, symbol, timeframe } = run;
      const market = { venue, symbol, timeframe };
      const motions = await newestSettled(db, market);
      const { ring, debate } = scoreRing(motions);
      const brier = ring?.brier ?? null;
      const lines = [
        brier === null
          ? `${motions.length} settled motions, none of them decided: the ring has no score`
          : `${motions.length} settled motions, Brier score of the ring ${brier.toFixed(3)}`,
        debate.words,
        ...(await hindsightLines(db, market)),
      ];
      const { hash } = await championOf(db, market);
      if (hash === null) {
        lines.push('no champion: the strategist goes by its rules');
        return { motions: motions.length, championHash: null, drift: null, lines };
      }
      const drift = await driftOfChampion(db, run, { hash, motions });
      if (drift === null) lines.push(`nothing is known of the training of champion ${short(hash)}`);
      else {
        lines.push(`champion ${short(hash)}: ${drift.worth.words}`);
        tellDrift(feed, run, { hash, worth: drift.worth });
        log.info({ ...market, model: hash, level: drift.worth.level }, drift.worth.words);
      }
      return { motions: motions.length, championHash: hash, drift, lines };
    },
  };
}

/** What was left out, said where it was. */
async function hindsightLines(db: Kysely<Database>, market: Market): Promise<readonly string[]> {
  const seen = await countHindsight(db, { market });
  if (seen === 0) return [];
  return [`${seen} motions are left out: their champion was trained on candles from after them`];
}

async function driftOfChampion(
  db: Kysely<Database>,
  run: LearningRun,
  served: { readonly hash: string; readonly motions: readonly SettledMotion[] },
): Promise<DriftFacts | null> {
  const { hash, motions } = served;
  const { model, metrics } = await readKept(db, hash);
  if (metrics === null) return null;
  const newest = await newestRows(db, run);
  const population = populationDrift(metrics.profile, newest.rows);
  const { horizonCandles } = model.card.label;
  const calibration =
    metrics.validated === null
      ? null
      : calibrationDrift(metrics.validated, forecastsOf(hash, motions), { horizonCandles });
  const worth = worthOf({ population, calibration });
  const { level, worthBp, words } = worth;
  await recordDrift(db, {
    modelHash: hash,
    measuredToMs: newest.toMs ?? run.marketTimeMs,
    level,
    worthBp,
    figures: { words, population, calibration },
  });
  const { venue, symbol, timeframe } = run;
  const market = { venue, symbol, timeframe };
  await setWorth(db, { market, hash, worthBp, reason: words, by: LEARNING });
  return { worth, population, calibration };
}

/** What the champion told the ring, and what came. */
function forecastsOf(hash: string, motions: readonly SettledMotion[]): readonly SettledForecast[] {
  return motions.flatMap(({ closeTimeMs, outcome, forecasts }) => {
    const told = forecasts.find(({ part, forecast }) => {
      return part === 'champion' && forecast.model === hash;
    });
    if (told === undefined) return [];
    const { buyBp, sellBp, holdBp } = told.forecast;
    const answer = { buy: buyBp / WHOLE_BP, sell: sellBp / WHOLE_BP, hold: holdBp / WHOLE_BP };
    return [{ closeTimeMs, label: outcome.label, ...answer }];
  });
}

function short(hash: string): string {
  return hash.slice(0, 12);
}
