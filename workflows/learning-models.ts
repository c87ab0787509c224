import type { Candidate } from '../activities/learning/candidate.ts';
import type { ModelStep } from '../activities/learning/insights.ts';
import type { Judged, Settled } from '../activities/learning/judgement.ts';
import type { LearningRun } from '../activities/learning/run.ts';
import type { TrainingSet } from '../activities/learning/training-set.ts';
import { BAD_MATRIX, type TrainedModel } from '../proto/learning.ts';
import type { LearningPage } from './learning-page.ts';
import { longSteps, messageOf, steps, trainerOf, typeOf } from './learning-steps.ts';

const STAGE = 'update models';
/** What every step of this stage is called in the Web UI. */
const called = (what: string) => ({ summary: `${STAGE}: ${what}` });

export interface ModelsUpdate {
  readonly run: LearningRun;
  readonly namespace: string;
  readonly page: LearningPage;
}

/** Trains a candidate on the run's window and judges it and everybody who waits in the shadow; at
 * most one becomes champion. A market that nothing can be learned from is no failure. */
export async function updateModels({ run, namespace, page }: ModelsUpdate): Promise<ModelStep> {
  const set = await longSteps.buildTrainingSet.executeWithOptions(called('training set'), [run]);
  page.say(STAGE, `training set: ${set.words}`, ...set.notes);
  if (set.matrixHash === null) return untrained(set.words, set);
  const trained = await train({ ...set, matrixHash: set.matrixHash }, { run, namespace });
  if (typeof trained === 'string') {
    page.say(STAGE, trained);
    return untrained(trained, set);
  }
  page.say(STAGE, trainedText(trained));
  const order = { run, matrixHash: set.matrixHash, trained };
  const candidate = await longSteps.registerCandidate.executeWithOptions(
    called('validate, and enter the candidate'),
    [order],
  );
  const facts = { ...trainedFacts(trained), rows: trained.rows, hash: candidate.hash };
  const known = knownVerdict(candidate);
  if (known !== null) {
    page.say(STAGE, known.words);
    return { ...facts, ...known, checks: [], held: null };
  }
  await steps.enterShadow.executeWithOptions(called('into the shadow'), [run, candidate.hash]);
  const own = await judge(run, candidate.hash);
  page.say(STAGE, `candidate ${short(candidate.hash)}: ${own.settled.words}`);
  const { checks, held } = own.judged;
  if (own.settled.verdict !== 'promoted') await judgeOthers({ run, namespace, page }, candidate);
  return { ...facts, ...own.settled, checks, held };
}

/** The model, or why there is none. */
async function train(
  { matrixHash }: { readonly matrixHash: string },
  { run, namespace }: Pick<ModelsUpdate, 'run' | 'namespace'>,
): Promise<TrainedModel | string> {
  const { trainModel } = trainerOf(namespace);
  const order = { matrixHash, settings: run.settings };
  try {
    return await trainModel.executeWithOptions(called('train'), [order]);
  } catch (error) {
    if (typeOf(error) === BAD_MATRIX) return `cannot be learned from: ${messageOf(error)}`;
    throw error;
  }
}

interface JudgedModel {
  readonly judged: Judged;
  readonly settled: Settled;
}

async function judge(run: LearningRun, hash: string): Promise<JudgedModel> {
  const name = short(hash);
  const shadow = await longSteps.askShadow.executeWithOptions(called(`shadow of ${name}`), [
    run,
    hash,
  ]);
  const gate = await longSteps.runGate.executeWithOptions(
    called(`replay recorded debates on ${name}`),
    [run, hash],
  );
  const order = { run, hash, shadow, gate };
  const judged = await longSteps.judgeCandidate.executeWithOptions(called(`judge ${name}`), [
    order,
  ]);
  const settled = await steps.settleCandidate.executeWithOptions(
    called(`${judged.verdict}: ${name}`),
    [run, judged],
  );
  return { judged, settled };
}

/** Who waited in the shadow before may have what was wanting by now. */
async function judgeOthers({ run, page }: ModelsUpdate, { hash }: Candidate): Promise<void> {
  const waiting = await steps.waitingModels.executeWithOptions(called('who waits'), [run]);
  for (const other of waiting.filter((one) => one.hash !== hash)) {
    const { settled } = await judge(run, other.hash);
    page.say(STAGE, `earlier candidate ${short(other.hash)}: ${settled.words}`);
    if (settled.verdict === 'promoted') return;
  }
}

/** The same data and settings give the same model: its verdict stands. */
function knownVerdict({ hash, state }: Candidate): Pick<ModelStep, 'verdict' | 'words'> | null {
  const name = short(hash);
  if (state === 'champion') {
    return { verdict: 'promoted', words: `${name} came of the same data before and is champion` };
  }
  if (state === 'candidate' || state === 'shadow') return null;
  return { verdict: 'rejected', words: `${name} came of the same data before and was ${state}` };
}

function untrained(words: string, { rows }: TrainingSet): ModelStep {
  const nothing = { hash: null, checks: [], held: null, folds: [], importance: {} } as const;
  return { ...nothing, verdict: 'untrained', words, rows };
}

function trainedFacts({ folds, importance }: TrainedModel) {
  return { folds, importance };
}

function trainedText({ modelHash, folds, rows }: TrainedModel): string {
  const mean = (of: 'brier' | 'baseBrier'): string =>
    (folds.reduce((sum, fold) => sum + fold[of], 0) / folds.length).toFixed(4);
  return (
    `trained ${short(modelHash)} on ${rows} rows: Brier score ${mean('brier')} out of sample over ` +
    `${folds.length} folds, label shares ${mean('baseBrier')}`
  );
}

function short(hash: string): string {
  return hash.slice(0, 12);
}
