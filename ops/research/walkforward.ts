import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BacktestResult } from '../../core/backtest/result.ts';
import { CorroError } from '../../proto/errors.ts';
import { writeWhole } from './files.ts';
import type { ParameterSet } from './grid.ts';
import { joinResults, leftAfterClosing } from './joined.ts';
import type { Kept, Laboratory, TrialOutcome, TrialRequest } from './laboratory.ts';
import type { SharedMarkets, Window } from './market-data.ts';
import type { StrategyRequest } from './strategy-of.ts';
import { type Choice, ranked } from './sweep.ts';
import { type AccountRequest, fullTerms } from './terms.ts';
import type { Figures, Trial } from './trials.ts';
import type { Fold } from './windows.ts';

export interface FoldReport {
  readonly train: Window;
  readonly test: Window;
  /** What training chose, and what it looked like there. */
  readonly chosen: Trial['strategy']['parameters'];
  readonly trained: Figures;
  /** Parameter sets that were tried in training. */
  readonly tried: number;
  readonly tested: Figures;
}

export interface WalkReport {
  readonly folds: readonly FoldReport[];
  /** All test windows one after the other, as one account lived through them. */
  readonly joined: BacktestResult;
}

export interface WalkInputs {
  readonly laboratory: Laboratory;
  readonly home: string;
  readonly markets: SharedMarkets;
  readonly folds: readonly Fold[];
  readonly account: AccountRequest;
  readonly strategy: StrategyRequest;
  readonly sets: readonly ParameterSet[];
  readonly chosenBy: Choice;
  readonly again: boolean;
}

/** Chooses parameters in each train window and judges them in the test window after it. The account
 * goes from one test to the next: with what is left after what it held was sold. */
export async function walkForward(inputs: WalkInputs): Promise<WalkReport> {
  const { laboratory, folds, markets } = inputs;
  const requests = folds.flatMap(({ train }) => requestsFor(inputs, train));
  const outcomes = await laboratory.trials(requests, 'train');
  const each = inputs.sets.length;
  const reports: FoldReport[] = [];
  const results: BacktestResult[] = [];
  let { account } = inputs;
  for (const [at, fold] of folds.entries()) {
    const tried = doneOf(outcomes.slice(at * each, (at + 1) * each), fold);
    const [best] = ranked(tried, inputs.chosenBy) as [Trial];
    const { name, model } = inputs.strategy;
    const parameters = setOf(best, requests, outcomes);
    const strategy = { name, parameters, ...(model === undefined ? {} : { model }) };
    const request = { strategy, account, window: fold.test };
    const { result, trial } = await testOn(inputs, request);
    results.push(result);
    reports.push({
      ...fold,
      chosen: best.strategy.parameters,
      trained: best.figures,
      tried: tried.length,
      tested: trial.figures,
    });
    account = { ...account, capital: { [markets.quote]: leftAfterClosing(result) } };
  }
  const capital = String(fullTerms(inputs.account, markets.quote)['capital']);
  return { folds: reports, joined: joinResults(results, { capital }) };
}

function requestsFor(
  { strategy, sets, account }: WalkInputs,
  window: Window,
): readonly TrialRequest[] {
  return sets.map((set) => ({
    strategy: { ...strategy, parameters: { ...strategy.parameters, ...set } },
    account,
    window,
  }));
}

function doneOf(outcomes: readonly TrialOutcome[], { train }: Fold): readonly Trial[] {
  const trials = outcomes.flatMap((outcome) => (outcome.kind === 'done' ? [outcome.trial] : []));
  if (trials.length > 0) return trials;
  const [first] = outcomes;
  const why = first === undefined || first.kind === 'done' ? 'nothing was tried' : first.text;
  const range = [train.fromMs, train.toMs].map((ms) => new Date(ms).toISOString()).join(' to ');
  throw new CorroError('failed', `no parameters could be tried in ${range}: ${why}`);
}

/** The parameters a trial was asked for with, which are fewer than it ran with. */
function setOf(
  { hash }: Trial,
  requests: readonly TrialRequest[],
  outcomes: readonly TrialOutcome[],
): ParameterSet {
  const at = outcomes.findIndex((one) => one.kind === 'done' && one.trial.hash === hash);
  return (requests[at] as TrialRequest).strategy.parameters;
}

/** One test window: found again where it was kept, whole, or run. */
async function testOn(
  { laboratory, home, again }: WalkInputs,
  request: TrialRequest,
): Promise<Kept> {
  const known = again ? undefined : await laboratory.known(request);
  const kept = known === undefined ? null : readKept(pathOf(home, known.hash));
  if (known !== undefined && kept !== null) return { result: kept, trial: known };
  const run = { ...request, gear: 'lean', keep: 'result' } as const;
  const [made] = (await laboratory.results([run], 'test')) as [Kept];
  const path = pathOf(home, made.trial.hash);
  mkdirSync(dirname(path), { recursive: true });
  writeWhole(path, [JSON.stringify(made.result)]);
  return made;
}

function pathOf(home: string, hash: string): string {
  return join(home, 'research', 'windows', `${hash}.json`);
}

/** `null` when it is not there or no longer whole: it is run again then. */
function readKept(path: string): BacktestResult | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as BacktestResult;
  } catch {
    return null;
  }
}
