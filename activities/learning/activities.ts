import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/connect.ts';
import { feedPublisher } from '../../adapters/bus/feed.ts';
import { forecaster } from '../../adapters/bus/forecaster.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { Wire } from '../../proto/subjects.ts';
import { createCandidateActivities } from './candidate.ts';
import { createInsightActivities } from './insights.ts';
import { createJudgementActivities } from './judgement.ts';
import { createOutcomeActivities } from './outcomes.ts';
import { createPerformanceActivities } from './performance.ts';
import { createRunActivities, type LearningWatch } from './run.ts';
import { createShadowActivities } from './shadow.ts';
import { createTrainingSetActivities } from './training-set.ts';
import { createWeightsActivities } from './weights.ts';

export interface LearningDependencies {
  readonly db: Kysely<Database>;
  readonly bus: Bus;
  readonly wire: Wire;
  readonly log: Logger;
  readonly workflows: LearningWatch;
  /** How long a training set waits for any trainer. */
  readonly trainerWaitSeconds: number;
}

export type LearningActivities = ReturnType<typeof createLearningActivities>;

/** Every step of the learning loop but the training itself, which is Python's. */
export function createLearningActivities(dependencies: LearningDependencies) {
  const { db, bus, wire, log, workflows, trainerWaitSeconds } = dependencies;
  const feed = feedPublisher(bus, wire);
  return {
    ...createRunActivities({ db, feed, workflows, trainerWaitSeconds }),
    ...createOutcomeActivities({ db, log }),
    ...createPerformanceActivities({ db, feed, log }),
    ...createWeightsActivities({ db, log }),
    ...createTrainingSetActivities({ db }),
    ...createCandidateActivities({ db }),
    ...createShadowActivities({ db, forecast: forecaster(bus, wire), log }),
    ...createJudgementActivities({ db, feed, log }),
    ...createInsightActivities({ db, feed, log }),
  };
}
