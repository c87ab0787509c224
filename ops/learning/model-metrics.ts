import { z } from 'zod';
import type { StoredModel } from '../../adapters/store/models.ts';
import type { FoldMetrics } from '../../proto/learning.ts';

const figure = z.number();
const foldSchema = z.object({
  fold: figure,
  trainRows: figure,
  testRows: figure,
  testFrom: z.string(),
  testTo: z.string(),
  brier: figure,
  baseBrier: figure,
  logLoss: figure,
  accuracy: figure,
  calls: figure,
  netReturn: figure.nullable(),
  magnitudeError: figure,
  riskError: figure,
}) satisfies z.ZodType<FoldMetrics>;

const metricsSchema = z.object({
  folds: z.array(foldSchema).default([]),
  importance: z.record(z.string(), figure).default({}),
  labels: z.record(z.string(), figure).default({}),
});

/** What of a model's metrics a person is shown. */
export interface ShownMetrics {
  /** Of its validation, oldest first. */
  readonly folds: readonly FoldMetrics[];
  /** Share of the forest's impurity by feature, the greatest first. */
  readonly importance: readonly (readonly [feature: string, share: number])[];
  /** How many rows had each label. */
  readonly labels: Readonly<Record<string, number>>;
}

/** Metrics as whoever registered the model wrote them: what is of another shape is left out. */
export function metricsOf({ metrics }: StoredModel): ShownMetrics {
  const { data } = metricsSchema.safeParse(metrics);
  const { folds = [], importance = {}, labels = {} } = data ?? {};
  return {
    folds,
    importance: Object.entries(importance).toSorted((one, other) => other[1] - one[1]),
    labels,
  };
}

/** One figure over all folds, each counted by its rows; `null` without any. */
export function overFolds(
  folds: readonly FoldMetrics[],
  of: (fold: FoldMetrics) => number,
): number | null {
  const rows = folds.reduce((sum, fold) => sum + fold.testRows, 0);
  if (rows === 0) return null;
  return folds.reduce((sum, fold) => sum + of(fold) * fold.testRows, 0) / rows;
}

/** Mean of what every call of every fold brought after costs; `null` when nothing was called. */
export function netReturnOver(folds: readonly FoldMetrics[]): number | null {
  const called = folds.filter(({ netReturn }) => netReturn !== null);
  const calls = called.reduce((sum, fold) => sum + fold.calls, 0);
  if (calls === 0) return null;
  return called.reduce((sum, { netReturn, calls: n }) => sum + (netReturn ?? 0) * n, 0) / calls;
}
