import type { Candidate } from '../activities/learning/candidate.ts';
import type { ModelStep } from '../activities/learning/insights.ts';
import type { LearningRun } from '../activities/learning/run.ts';
import { BAD_MATRIX, type TrainedModel } from '../proto/learning.ts';
import type { LearningPage } from './learning-page.ts';
import { isUnserved, longSteps, messageOf, steps, trainerOf, typeOf } from './learning-steps.ts';

const STAGE = 'update models';
/** What every step of this stage is called in the Web UI. */
const called = (what: string) => ({ summary: `${STAGE}: ${what}` });

export interface ModelsUpdate {
  readonly run: LearningRun;
  readonly namespace: string;
  readonly page: LearningPage;
  /** Told what there is to report as soon as it is known: a later step may fail. */
  readonly learned: (model: ModelStep) => void;
}

/** Trains a candidate on the run's window and judges it, and then everybody who waits in the
 * shadow: at most one becomes champion. */
export async function updateModels(update: ModelsUpdate): Promise<ModelStep> {
  const own = await trainCandidate(update);
  if (own.verdict === 'promoted') return own;
  return (await judgeWaiting(update, own.hash)) ?? own;
}

/** A market that nothing can be learned from is no failure. */
async function trainCandidate(update: ModelsUpdate): Promise<ModelStep> {
  const { run, namespace, page, learned } = update;
  const set = await longSteps.buildTrainingSet.executeWithOptions(called('training set'), [run]);
  page.say(STAGE, `training set: ${set.words}`, ...set.notes);
  const { matrixHash, rows } = set;
  if (matrixHash === null) return { ...NO_MODEL, words: set.words, rows };
  const trained = await train(matrixHash, { run, namespace });
  if (typeof trained === 'string') {
    page.say(STAGE, trained);
    return { ...NO_MODEL, words: trained, rows };
  }
  page.say(STAGE, trainedText(trained));
  const candidate = await longSteps.registerCandidate.executeWithOptions(
    called('validate, and enter the candidate'),
    [{ run, matrixHash, trained }],
  );
  const { hash } = candidate;
  const { folds, importance } = trained;
  const facts = { ...NO_MODEL, hash, folds, importance, rows: trained.rows };
  learned({ ...facts, words: `${short(hash)} was trained, and not judged` });
  const known = knownVerdict(candidate);
  if (known !== null) {
    page.say(STAGE, known.words);
    return { ...facts, ...known };
  }
  await steps.enterShadow.executeWithOptions(called('into the shadow'), [run, hash]);
  const judged = await judge(run, hash, (found) => learned({ ...facts, ...found }));
  page.say(STAGE, `candidate ${short(hash)}: ${judged.words}`);
  return { ...facts, ...judged };
}

const NO_MODEL = {
  verdict: 'untrained',
  hash: null,
  checks: [],
  held: null,
  folds: [],
  importance: {},
} as const;

/** Turns that others may take with the trainer before: about six hours by what a matrix waits. */
const MOST_TURNS = 90;

/** The model, or why there is none. A trainer that is busy with another market is waited for. */
async function train(
  matrixHash: string,
  { run, namespace }: Pick<ModelsUpdate, 'run' | 'namespace'>,
): Promise<TrainedModel | string> {
  const { trainModel } = trainerOf(namespace, run.trainerWaitSeconds);
  const order = { matrixHash, settings: run.settings };
  for (let turns = 1; ; turns += 1) {
    try {
      return await trainModel.executeWithOptions(called('train'), [order]);
    } catch (error) {
      if (typeOf(error) === BAD_MATRIX) return `cannot be learned from: ${messageOf(error)}`;
      if (!isUnserved(error) || turns === MOST_TURNS || !(await isTrainerBusy())) throw error;
    }
  }
}

function isTrainerBusy(): Promise<boolean> {
  return steps.isTrainerBusy.executeWithOptions(called('is the trainer busy?'), []);
}

type JudgedModel = Pick<ModelStep, 'verdict' | 'words' | 'checks' | 'held'>;

async function judge(
  run: LearningRun,
  hash: string,
  learned: (found: JudgedModel) => void,
): Promise<JudgedModel> {
  const name = short(hash);
  const shadow = await longSteps.askShadow.executeWithOptions(called(`shadow of ${name}`), [
    run,
    hash,
  ]);
  const gate = await longSteps.runGate.executeWithOptions(
    called(`replay recorded debates on ${name}`),
    [run, hash],
  );
  const judged = await longSteps.judgeCandidate.executeWithOptions(called(`judge ${name}`), [
    { run, hash, shadow, gate },
  ]);
  const { checks, held, verdict, words } = judged;
  learned({ verdict, words, checks, held });
  const settled = await steps.settleCandidate.executeWithOptions(
    called(`${judged.verdict}: ${name}`),
    [run, judged],
  );
  return { ...settled, checks, held };
}

/** Who waited in the shadow before may have what was wanting by now: the first to be promoted. */
async function judgeWaiting(
  { run, page, learned }: ModelsUpdate,
  own: string | null,
): Promise<ModelStep | null> {
  const waiting = await steps.waitingModels.executeWithOptions(called('who waits'), [run]);
  for (const { hash } of waiting) {
    if (hash === own) continue;
    const facts = { ...NO_MODEL, hash, rows: null };
    const judged = await judge(run, hash, (found) => {
      if (found.verdict === 'promoted') learned({ ...facts, ...found });
    });
    page.say(STAGE, `earlier candidate ${short(hash)}: ${judged.words}`);
    if (judged.verdict === 'promoted') return { ...facts, ...judged };
  }
  return null;
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

function trainedText({ modelHash, folds, rows }: TrainedModel): string {
  const mean = (of: 'brier' | 'baseBrier'): string =>
    (folds.reduce((sum, fold) => sum + fold[of], 0) / folds.length).toFixed(4);
  return (
    `trained ${short(modelHash)} on ${rows} rows: Brier score ${mean('brier')} out of sample, ` +
    `label shares ${mean('baseBrier')}, over ${folds.length} folds`
  );
}

function short(hash: string): string {
  return hash.slice(0, 12);
}
