import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { InsightOrder } from '../activities/learning/insights.ts';
import type { LearningRun } from '../activities/learning/run.ts';
import { type LearningInput, type LearningResult, RUN_UNDER_WAY } from '../proto/learning.ts';
import { VERDICT } from '../proto/search-attributes.ts';
import { updateModels } from './learning-models.ts';
import { LearningPage } from './learning-page.ts';
import { longSteps, messageOf, reasonOf, steps, typeOf } from './learning-steps.ts';
import { learningQuery } from './messages.ts';

/** What a run knows so far; it is reported whatever comes after. */
type Known = Omit<InsightOrder, 'run' | 'status' | 'failure'>;

const NOTHING_TRAINED: Known['model'] = {
  verdict: 'untrained',
  words: 'no model was trained',
  hash: null,
  rows: null,
  checks: [],
  held: null,
  folds: [],
  importance: {},
};

/** The learning loop of one market: outcomes, performance, weights and models, insights. Whatever
 * fails on the way, the champion stays, the run is recorded with its reason, and what is known is
 * reported. One market learns in one run at a time. */
export async function learningWorkflow(input: LearningInput): Promise<LearningResult> {
  const page = new LearningPage(input);
  setHandler(learningQuery, () => page.view);
  const run = await takeTurn(input);
  page.opened(run.id);
  let known: Known = { weights: null, drift: null, model: NOTHING_TRAINED };
  const learned = (more: Partial<Known>): void => {
    known = { ...known, ...more };
  };
  try {
    await learn({ run, input, page, learned });
  } catch (error) {
    const cancelled = isCancellation(error);
    const why = cancelled ? 'somebody cancelled it' : reasonOf(error);
    page.fail(why);
    await CancellationScope.nonCancellable(() =>
      conclude({ ...known, run, status: cancelled ? 'cancelled' : 'failed', failure: why }, page),
    );
    if (cancelled) throw error;
    throw ApplicationFailure.nonRetryable(why, 'LearningFailed');
  }
  // What was learned is done with: a cancellation from here on has nothing to undo.
  return CancellationScope.nonCancellable(() =>
    conclude({ ...known, run, status: 'done', failure: null }, page),
  );
}

/** Waits until no other run learns in this market. A person does not wait: they are told. */
async function takeTurn(input: LearningInput): Promise<LearningRun> {
  const { workflowId } = workflowInfo();
  const summary = `${input.symbol} ${input.timeframe}: is it its turn, and what is on record`;
  for (let waits = 0; ; waits += 1) {
    const turn = await steps.openLearningRun
      .executeWithOptions({ summary }, [input, workflowId])
      .catch(tellFailure);
    if (turn.outcome === 'opened') return turn.run;
    if (input.cadence === 'demand' || waits === MOST_WAITS) {
      throw ApplicationFailure.nonRetryable(`${turn.by} learns in this market`, RUN_UNDER_WAY);
    }
    await sleep(`${Math.min(LONGEST_WAIT_MINUTES, 2 ** waits)}m`);
  }
}

/** What a run cannot begin with is the run's own failure, by its type. */
function tellFailure(error: unknown): never {
  if (isCancellation(error)) throw error;
  throw ApplicationFailure.nonRetryable(messageOf(error), typeOf(error) ?? 'LearningFailed');
}

/** About six hours in all. */
const MOST_WAITS = 25;
const LONGEST_WAIT_MINUTES = 16;

interface Learning {
  readonly run: LearningRun;
  readonly input: LearningInput;
  readonly page: LearningPage;
  readonly learned: (more: Partial<Known>) => void;
}

async function learn({ run, input, page, learned }: Learning): Promise<void> {
  page.begin('collect outcomes');
  const outcomes = await longSteps.collectOutcomes.executeWithOptions(
    { summary: 'collect outcomes: what came of the ring’s questions' },
    [run],
  );
  const { settled, waiting, known } = outcomes;
  page.say('collect outcomes', `${settled} motions settled, ${waiting} wait, ${known} in all`);
  page.end('collect outcomes');

  page.begin('analyse performance');
  const performance = await longSteps.analysePerformance.executeWithOptions(
    { summary: 'analyse performance: scores, and drift of the champion' },
    [run],
  );
  learned({ drift: performance.drift });
  page.say('analyse performance', ...performance.lines);
  page.end('analyse performance');

  page.begin('update models');
  const weights = await longSteps.updateWeights.executeWithOptions(
    { summary: 'update models: weights of the votes' },
    [run.weightsVersion],
  );
  learned({ weights });
  page.say('update models', `weights, version ${weights.version}: ${weights.reason}`);
  const model = await updateModels({
    ...{ run, namespace: input.namespace, page },
    learned: (one) => learned({ model: one }),
  });
  learned({ model });
  upsertSearchAttributes([{ key: VERDICT, value: [model.verdict] }]);
  page.end('update models');
}

/** Reports, and ends the run's record. */
async function conclude(order: InsightOrder, page: LearningPage): Promise<LearningResult> {
  page.begin('generate insights');
  const summary = 'generate insights: what changed, why, and what the ring got wrong';
  const { weightsVersion, verdict, headline } = await conclusion(order, summary);
  page.say('generate insights', headline);
  page.end('generate insights');
  const { run, model } = order;
  return { runId: run.id, verdict, weightsVersion, modelHash: model.hash, why: model.words };
}

async function conclusion(order: InsightOrder, summary: string) {
  const { run, status, failure, weights, model } = order;
  try {
    return await longSteps.generateInsights.executeWithOptions({ summary }, [order]);
  } catch (error) {
    // Without a report, and on record all the same.
    const why = failure ?? reasonOf(error);
    const weightsVersion = weights?.version ?? run.weightsVersion;
    const ended = status === 'done' ? 'failed' : status;
    await steps.closeLearningRun.executeWithOptions({ summary: 'end the run without a report' }, [
      { id: run.id, status: ended, weightsVersion, modelHash: model.hash, verdict: null, why },
      run,
    ]);
    throw ApplicationFailure.nonRetryable(why, 'LearningFailed');
  }
}
