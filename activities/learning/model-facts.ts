import type { Kysely } from 'kysely';
import { readMatrix } from '../../adapters/models/matrix-file.ts';
import { readValidation } from '../../adapters/models/validation-file.ts';
import { readBlob } from '../../adapters/store/blobs.ts';
import { fromJson } from '../../adapters/store/json.ts';
import { readModel, type StoredModel } from '../../adapters/store/models.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { ValidationRow } from '../../core/learning/contract.ts';
import { type ValidatedFigures, validatedFigures } from '../../core/learning/drift.ts';
import { type FeatureProfile, profileOf } from '../../core/learning/profile.ts';
import { type Answer, baseAnswers } from '../../core/learning/validation.ts';
import type { TrainingMatrix } from '../../core/models/matrix.ts';
import type { FoldMetrics, TrainedModel } from '../../proto/learning.ts';

/** What is kept of a model beside its file: what it will be held against once it serves. */
export interface ModelMetrics {
  readonly folds: readonly FoldMetrics[];
  readonly importance: Readonly<Record<string, number>>;
  readonly labels: TrainedModel['labels'];
  readonly graphHash: string;
  readonly validated: ValidatedFigures | null;
  readonly profile: FeatureProfile;
}

/** A model's answers out of sample and what they are measured by. */
export interface ValidatedModel {
  readonly matrix: TrainingMatrix;
  readonly rows: readonly ValidationRow[];
  /** What always saying the label shares of each fold's past answers to the same rows. */
  readonly base: readonly Answer[];
}

/** Reads them by their hashes. Throws a `RangeError` when the answers are to another matrix. */
export async function readValidated(
  db: Kysely<Database>,
  hashes: { readonly matrixHash: string; readonly validationHash: string },
): Promise<ValidatedModel> {
  const matrix = readMatrix(await readBlob(db, hashes.matrixHash));
  const { matrixHash, rows } = readValidation(await readBlob(db, hashes.validationHash));
  if (matrixHash !== hashes.matrixHash) {
    throw new RangeError(`answers must be to ${hashes.matrixHash}, were to ${matrixHash}`);
  }
  return { matrix, rows, base: baseAnswers(matrix, rows) };
}

export function metricsOf(trained: TrainedModel, validated: ValidatedModel): ModelMetrics {
  const { folds, importance, labels, graphHash } = trained;
  const { matrix, rows, base } = validated;
  const figures = validatedFigures(rows, base, matrix.header.label.horizonCandles);
  return { folds, importance, labels, graphHash, validated: figures, profile: profileOf(matrix) };
}

/** A registered model with what was kept of it; `metrics` is `null` of one that was not trained by
 * the loop. */
export async function readKept(
  db: Kysely<Database>,
  hash: string,
): Promise<{ readonly model: StoredModel; readonly metrics: ModelMetrics | null }> {
  const model = await readModel(db, hash);
  const kept = fromJson<Partial<ModelMetrics> | null>(model.metrics);
  const isOurs = kept !== null && kept.profile !== undefined && kept.folds !== undefined;
  return { model, metrics: isOurs ? (kept as ModelMetrics) : null };
}
