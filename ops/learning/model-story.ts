import type { Kysely } from 'kysely';
import { driftOf, type StoredDrift } from '../../adapters/store/drift.ts';
import {
  type Champion,
  championOf,
  changesOf,
  type ModelChange,
  type StoredModel,
  trialsOf,
} from '../../adapters/store/models.ts';
import { predictionsOf } from '../../adapters/store/predictions.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { PromotionCheck } from '../../core/learning/contract.ts';
import { metricsOf, type ShownMetrics } from './model-metrics.ts';

/** Everything there is to say of one model. JSON-safe. */
export interface ModelStory {
  readonly model: StoredModel;
  readonly metrics: ShownMetrics;
  /** Who speaks for its market now. */
  readonly champion: Champion;
  /** How many models were ever trained for its market. */
  readonly trials: number;
  readonly changes: readonly ModelChange[];
  /** What it was judged by, the last time it was; `null`: it never was. */
  readonly judged: {
    readonly change: ModelChange;
    readonly checks: readonly PromotionCheck[];
  } | null;
  /** The newest first. */
  readonly drift: readonly StoredDrift[];
  /** Motions it foretold. */
  readonly spokeOn: {
    readonly champion: number;
    readonly challenger: number;
    readonly fromMs: number | null;
    readonly toMs: number | null;
  };
}

export async function modelStory(db: Kysely<Database>, model: StoredModel): Promise<ModelStory> {
  const [champion, trials, changes, drift, predictions] = await Promise.all([
    championOf(db, model),
    trialsOf(db, model),
    changesOf(db, model.hash),
    driftOf(db, model.hash),
    predictionsOf(db, model.hash),
  ]);
  const judged = changes
    .map((change) => ({ change, checks: checksOf(change) }))
    .findLast(({ checks }) => checks.length > 0);
  const asked = (part: 'champion' | 'challenger'): number =>
    predictions.filter((one) => one.part === part).length;
  return {
    ...{ model, metrics: metricsOf(model), champion, trials, changes, drift },
    judged: judged ?? null,
    spokeOn: {
      champion: asked('champion'),
      challenger: asked('challenger'),
      fromMs: predictions[0]?.closeTimeMs ?? null,
      toMs: predictions.at(-1)?.closeTimeMs ?? null,
    },
  };
}

/** The checks a change rests on, where it was judged by any. */
function checksOf({ evidence }: ModelChange): readonly PromotionCheck[] {
  const { checks } = evidence;
  if (!Array.isArray(checks)) return [];
  return checks.filter((check): check is PromotionCheck => {
    const { name, passed, words } = check as Partial<PromotionCheck>;
    return typeof name === 'string' && typeof passed === 'boolean' && typeof words === 'string';
  });
}
