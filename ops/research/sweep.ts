import type { DeflatedSharpe } from '../../core/judgement/assessment.ts';
import { deflatedSharpe, type Trials } from '../../core/judgement/deflated-sharpe.ts';
import { sharpeOf } from '../../core/judgement/moments.ts';
import { type Overfitting, probabilityOfOverfitting } from '../../core/judgement/overfitting.ts';
import type { ParameterSet } from './grid.ts';
import { type InSample, inSampleOf } from './in-sample.ts';
import type { Laboratory, TrialOutcome } from './laboratory.ts';
import { type SharedMarkets, stretchOf, type Window } from './market-data.ts';
import { modelNamed, type StrategyRequest } from './strategy-of.ts';
import type { AccountRequest } from './terms.ts';
import type { Figures, Stretch, Trial, TrialStore } from './trials.ts';

/** What trials may be chosen by: named before, and higher is better. */
export const CHOICES = ['sharpe', 'sortino', 'calmar', 'totalReturn', 'annualReturn'] as const;
export type Choice = (typeof CHOICES)[number];

/** Raised with every change of shape. */
export const SWEEP_VERSION = 2;

export interface SweepReport {
  readonly version: typeof SWEEP_VERSION;
  readonly strategy: string;
  readonly data: Stretch;
  readonly chosenBy: Choice;
  /** Best first; those without the chosen metric last. Equal ones in the order of the grid. */
  readonly rows: readonly SweepRow[];
  readonly refused: readonly { readonly parameters: ParameterSet; readonly why: string }[];
  readonly failed: readonly { readonly parameters: ParameterSet; readonly why: string }[];
  /** Of the first row. */
  readonly deflated: DeflatedSharpe | null;
  /** A model was judged on what it was fitted on; `null`: none was. */
  readonly inSample: InSample | null;
  /** `null` with fewer than two trials or too few returns. */
  readonly overfitting: Overfitting | null;
}

export interface SweepRow {
  readonly parameters: Trial['strategy']['parameters'];
  readonly hash: string;
  readonly figures: Figures;
}

export interface SweepInputs {
  readonly laboratory: Laboratory;
  readonly store: TrialStore;
  readonly markets: SharedMarkets;
  readonly window: Window;
  readonly account: AccountRequest;
  readonly strategy: StrategyRequest;
  /** On top of the strategy's own. */
  readonly sets: readonly ParameterSet[];
  readonly chosenBy: Choice;
}

/** Tries every set of parameters on the same data and says what is left of the best one when it is
 * remembered how many were tried. */
export async function sweep(inputs: SweepInputs): Promise<SweepReport> {
  const { laboratory, store, markets, window, strategy, sets, chosenBy } = inputs;
  const requests = sets.map((set) => ({
    strategy: { ...strategy, parameters: { ...strategy.parameters, ...set } },
    account: inputs.account,
    window,
  }));
  const outcomes = await laboratory.trials(requests, 'sweep');
  const trials = ranked(distinct(outcomes), chosenBy);
  const data = stretchOf(markets, window);
  const best = trials[0];
  const blocks = trials.flatMap((trial) => (trial.blocks === null ? [] : [trial.blocks]));
  return {
    version: SWEEP_VERSION,
    strategy: strategy.name,
    data,
    chosenBy,
    rows: trials.map(({ strategy: { parameters }, hash, figures }) => ({
      parameters,
      hash,
      figures,
    })),
    refused: textsOf('refused', outcomes, sets),
    failed: textsOf('failed', outcomes, sets),
    deflated: best === undefined ? null : deflatedSharpe(best.moments, trialsOn(store, data)),
    inSample: inSampleOf({
      model: await modelNamed(strategy.model),
      runs: trials,
      fromMs: data.fromMs,
    }),
    overfitting: blocks.length === trials.length ? probabilityOfOverfitting(blocks) : null,
  };
}

/** All that was ever tried on any of these candles, whatever command tried it: what the best one
 * must be held against. */
export function trialsOn(store: TrialStore, data: Stretch): Trials {
  const all = store.overlapping(data);
  const sharpes = all.flatMap(({ moments }) => {
    const sharpe = sharpeOf(moments);
    return sharpe === null ? [] : [{ sharpe, returns: moments.count }];
  });
  return { count: Math.max(1, all.length), sharpes };
}

/** Best first by a metric; those without it last, equal ones as they were. */
export function ranked(trials: readonly Trial[], by: Choice): readonly Trial[] {
  const worth = ({ figures }: Trial): number => figures[by] ?? Number.NEGATIVE_INFINITY;
  return [...trials].sort((a, b) => (worth(a) === worth(b) ? 0 : worth(b) - worth(a)));
}

/** Each trial once, where it was first asked for: two sets may come to the same parameters. */
function distinct(outcomes: readonly TrialOutcome[]): readonly Trial[] {
  const trials = new Map<string, Trial>();
  for (const outcome of outcomes) {
    if (outcome.kind === 'done') trials.set(outcome.trial.hash, outcome.trial);
  }
  return [...trials.values()];
}

function textsOf(
  kind: 'refused' | 'failed',
  outcomes: readonly TrialOutcome[],
  sets: readonly ParameterSet[],
): SweepReport['refused'] {
  return outcomes.flatMap((outcome, at) =>
    outcome.kind === kind ? [{ parameters: sets[at] as ParameterSet, why: outcome.text }] : [],
  );
}
