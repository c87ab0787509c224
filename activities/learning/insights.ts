import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { FeedPublisher } from '../../adapters/bus/feed.ts';
import { type JsonValue, toJson } from '../../adapters/store/json.ts';
import { endRun, type RunStatus } from '../../adapters/store/learning-runs.ts';
import { championOf } from '../../adapters/store/models.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { listWeights, weightsOf } from '../../adapters/store/weights.ts';
import type { EarnedWeights, LearningVerdict } from '../../core/learning/contract.ts';
import {
  type DriftFacts,
  insightsOf,
  type ModelFacts,
  type WeightsFacts,
} from '../../core/learning/insights.ts';
import { insightsMarkdown } from '../../core/learning/insights-markdown.ts';
import { scoreRing } from '../../core/learning/scores.ts';
import { tellEnd } from './news.ts';
import { newestSettled } from './performance.ts';
import type { LearningRun } from './run.ts';
import type { EarnedStep } from './weights.ts';

export interface InsightDependencies {
  readonly db: Kysely<Database>;
  readonly feed: FeedPublisher;
  readonly log: Logger;
}

/** What a run made of its market's models. */
export type ModelStep = Omit<ModelFacts, 'championHash'>;

/** Everything a run knows as it ends, however it ends. */
export interface InsightOrder {
  readonly run: LearningRun;
  readonly status: Exclude<RunStatus, 'running'>;
  /** What it failed of; `null`: nothing. */
  readonly failure: string | null;
  /** `null`: it did not come so far. */
  readonly weights: EarnedStep | null;
  readonly drift: DriftFacts | null;
  readonly model: ModelStep;
}

export interface Reported {
  readonly weightsVersion: number;
  readonly verdict: LearningVerdict;
  readonly headline: string;
}

/** Reports. */
export function createInsightActivities({ db, feed, log }: InsightDependencies) {
  return {
    /** Writes down what changed, why, and what the ring got wrong, and ends the run with it.
     * Repeating it writes the same. A person is told. */
    async generateInsights(order: InsightOrder): Promise<Reported> {
      const { run, status, failure, drift, model } = order;
      const { id, venue, symbol, timeframe, window } = run;
      const market = { venue, symbol, timeframe };
      const motions = await newestSettled(db, market);
      const { hash: championHash } = await championOf(db, market);
      const weights = await weightsFacts(db, order);
      const insights = insightsOf({
        ...{ market, motions, weights, drift, fromMs: window.fromMs, toMs: window.toMs },
        scores: scoreRing(motions),
        model: { ...model, championHash },
      });
      const report = insightsMarkdown(insights);
      const markdown =
        failure === null ? report : `${failedText(status, failure, championHash)}\n\n${report}`;
      const told = { ...insights, status, failure, window, cadence: run.cadence };
      const { version: weightsVersion } = weights;
      const { verdict } = model;
      const end = {
        ...{ id, status, weightsVersion },
        modelHash: model.hash,
        verdict: failure === null ? verdict : null,
        why: failure ?? model.words,
      };
      const { headline } = insights;
      await endRun(db, {
        ...end,
        report: { insights: jsonOf(told), markdown },
      });
      tellEnd(feed, run, { ...end, why: `${headline}: ${end.why}` });
      log.info({ ...market, run: id, status, verdict }, headline);
      return { weightsVersion, verdict, headline };
    },
  };
}

/** As a column of JSON gives it back. */
function jsonOf(value: unknown): JsonValue {
  return JSON.parse(toJson(value)) as JsonValue;
}

/** The first line of a report that is not whole. */
function failedText(status: string, failure: string, championHash: string | null): string {
  const how = status === 'cancelled' ? 'cancelled' : 'not finished';
  const champion =
    championHash === null ? 'There is no champion' : `The champion is ${championHash.slice(0, 12)}`;
  return `> This run was ${how}: ${failure}. ${champion}.`;
}

async function weightsFacts(
  db: Kysely<Database>,
  { run, weights }: InsightOrder,
): Promise<WeightsFacts> {
  const versionBefore = weights?.versionBefore ?? run.weightsVersion;
  const version = weights?.version ?? versionBefore;
  const before = (await weightsOf(db, versionBefore)).weights;
  return { versionBefore, version, before, earned: await earnedOf(db, weights, version) };
}

async function earnedOf(
  db: Kysely<Database>,
  step: EarnedStep | null,
  version: number,
): Promise<EarnedWeights> {
  const { weights } = await weightsOf(db, version);
  const recorded = (await listWeights(db)).find((one) => one.version === version);
  const reason = step?.reason ?? 'the run did not come to the weights: they stay as they were';
  const { learnedToMs = null, evidence = {} } = recorded ?? {};
  return { weights, reason, learnedToMs, evidence };
}
