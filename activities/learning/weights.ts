import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { readSettledMotions } from '../../adapters/store/outcomes.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { currentWeights, recordWeights, weightsOf } from '../../adapters/store/weights.ts';
import { hashOf } from '../../core/hash.ts';
import type { EarnedWeights } from '../../core/learning/contract.ts';
import { earnWeights } from '../../core/learning/earned-weights.ts';

/** Motions that weights are earned by, the newest of all markets: years of a ring's work. */
const MOST_MOTIONS = 20_000;
const MOST_TRIES = 5;

export interface EarnedStep {
  /** What debates were judged with until now, and what they are judged with from now on. */
  readonly versionBefore: number;
  readonly version: number;
  /** One sentence. */
  readonly reason: string;
}

/** Who steps in with which name. */
export const LEARNING = 'learning';

/** Weights that scores have earned. */
export function createWeightsActivities({
  db,
  log,
}: {
  readonly db: Kysely<Database>;
  readonly log: Logger;
}) {
  return {
    /** Weighs the votes anew by everything that is settled, in whatever market: weights are the
     * ring's, not a market's. What a champion had seen before it was asked earns nobody
     * anything. `from`: the version the run began with; where another one came in between, that
     * is weighed on. Repeating it makes no second version. */
    async updateWeights(from: number): Promise<EarnedStep> {
      let versionBefore = from;
      for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
        const motions = await readSettledMotions(db, {
          ...{ newest: MOST_MOTIONS, withoutHindsight: true },
        });
        const before = await weightsOf(db, versionBefore);
        const earned = earnWeights(motions, before.weights);
        const { outcome, version } = await offer(db, earned, versionBefore);
        const { reason } = earned;
        if (outcome !== 'stale') {
          log.info({ versionBefore, version, outcome, reason }, 'weights');
          return { versionBefore, version, reason };
        }
        // By another run, or by this very step before its answer was lost.
        const newest = await currentWeights(db);
        if (hashOf(newest.weights) === hashOf(earned.weights)) {
          return { versionBefore, version: newest.version, reason };
        }
        versionBefore = newest.version;
      }
      throw new Error(`weights were changed ${MOST_TRIES} times by others meanwhile`);
    },
  };
}

function offer(db: Kysely<Database>, earned: EarnedWeights, expectedVersion: number) {
  return recordWeights(db, { ...earned, by: LEARNING }, expectedVersion);
}
