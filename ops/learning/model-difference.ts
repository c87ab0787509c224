import type { Kysely } from 'kysely';
import type { StoredModel } from '../../adapters/store/models.ts';
import { predictionsOf, type StoredPrediction } from '../../adapters/store/predictions.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { Action } from '../../core/assistants/speech.ts';
import type { Forecast } from '../../core/models/forecast.ts';
import { metricsOf, netReturnOver, overFolds } from './model-metrics.ts';

/** Two models beside each other. JSON-safe. */
export interface ModelDifference {
  readonly models: readonly [StoredModel, StoredModel];
  /** Features on which both were trained alike, or not. */
  readonly sameFeatures: boolean;
  /** Over all folds of each validation; `null` where there is none. */
  readonly figures: readonly {
    readonly name: string;
    readonly values: readonly [number | null, number | null];
  }[];
  /** Share of the forest's impurity, the greatest difference first. */
  readonly importance: readonly {
    readonly feature: string;
    readonly shares: readonly [number, number];
  }[];
  readonly agreement: Agreement;
}

/** What both said of the same motions. */
export interface Agreement {
  readonly motions: number;
  /** Of them, how often both called the same action likeliest; `null` without any. */
  readonly sameCall: number | null;
  /** Mean difference of the probability of the three actions, basis points. */
  readonly meanDifferenceBp: number | null;
  /** Calls of the first against those of the second. */
  readonly calls: Readonly<Record<Action, Readonly<Record<Action, number>>>>;
}

export async function modelDifference(
  db: Kysely<Database>,
  models: readonly [StoredModel, StoredModel],
): Promise<ModelDifference> {
  const [one, other] = models;
  const said = await Promise.all([predictionsOf(db, one.hash), predictionsOf(db, other.hash)]);
  const [metrics, others] = [metricsOf(one), metricsOf(other)];
  const both = (of: (folds: typeof metrics.folds) => number | null) =>
    [of(metrics.folds), of(others.folds)] as const;
  const shares = [metrics, others].map(({ importance }) => new Map(importance));
  const features = [...new Set(shares.flatMap((share) => [...share.keys()]))];
  return {
    models,
    sameFeatures: one.featureHash === other.featureHash,
    figures: [
      { name: 'folds', values: both((folds) => folds.length) },
      { name: 'test rows', values: both((folds) => sum(folds.map((fold) => fold.testRows))) },
      { name: 'Brier score', values: both((folds) => overFolds(folds, ({ brier }) => brier)) },
      {
        name: 'of label shares',
        values: both((folds) => overFolds(folds, (one) => one.baseBrier)),
      },
      { name: 'log loss', values: both((folds) => overFolds(folds, ({ logLoss }) => logLoss)) },
      { name: 'accuracy', values: both((folds) => overFolds(folds, ({ accuracy }) => accuracy)) },
      { name: 'calls', values: both((folds) => sum(folds.map(({ calls }) => calls))) },
      { name: 'net return a call', values: both(netReturnOver) },
    ],
    importance: features
      .map((feature) => ({
        feature,
        shares: [shares[0]?.get(feature) ?? 0, shares[1]?.get(feature) ?? 0] as const,
      }))
      .toSorted(
        (a, b) => Math.abs(b.shares[0] - b.shares[1]) - Math.abs(a.shares[0] - a.shares[1]),
      ),
    agreement: agreementOf(said),
  };
}

/** Of the motions that both were asked about. */
export function agreementOf([one, other]: readonly [
  readonly StoredPrediction[],
  readonly StoredPrediction[],
]): Agreement {
  const others = new Map(other.map(({ eventId, answer }) => [eventId, answer]));
  const none = (): Record<Action, number> => ({ BUY: 0, SELL: 0, HOLD: 0 });
  const calls = { BUY: none(), SELL: none(), HOLD: none() };
  let motions = 0;
  let same = 0;
  let difference = 0;
  for (const { eventId, answer } of one) {
    const second = others.get(eventId);
    if (second === undefined) continue;
    const [mine, theirs] = [callOf(answer), callOf(second)];
    motions += 1;
    if (mine === theirs) same += 1;
    calls[mine][theirs] += 1;
    difference += Math.abs(answer.buyBp - second.buyBp) + Math.abs(answer.sellBp - second.sellBp);
    difference += Math.abs(answer.holdBp - second.holdBp);
  }
  return {
    motions,
    sameCall: motions === 0 ? null : same / motions,
    meanDifferenceBp: motions === 0 ? null : difference / motions / 3,
    calls,
  };
}

/** The likeliest; the calmer one of two that are equal. */
function callOf({ buyBp, sellBp, holdBp }: Forecast): Action {
  if (holdBp >= buyBp && holdBp >= sellBp) return 'HOLD';
  return sellBp >= buyBp ? 'SELL' : 'BUY';
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
