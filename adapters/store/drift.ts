import type { Kysely } from 'kysely';
import { type JsonValue, toJson } from './json.ts';
import type { Database } from './schema.ts';

/** How far the market of now is from what a model was trained and validated on. */
export interface DriftRecord {
  readonly modelHash: string;
  /** Newest candle that was measured, Unix milliseconds. */
  readonly measuredToMs: number;
  readonly level: 'none' | 'warned' | 'discounted';
  /** What it leaves of the model's vote, basis points. */
  readonly worthBp: number;
  /** JSON-safe: what was measured. */
  readonly figures: unknown;
}

export interface StoredDrift extends DriftRecord {
  readonly figures: JsonValue;
  readonly recordedAtMs: number;
}

/** Records a measurement, once for each model and newest candle: the first one stands. True when
 * this one is it. */
export async function recordDrift(
  db: Kysely<Database>,
  { modelHash, measuredToMs, level, worthBp, figures }: DriftRecord,
): Promise<boolean> {
  const inserted = await db
    .insertInto('drift')
    .values({
      ...{ model_hash: modelHash, measured_to: new Date(measuredToMs), level, worth_bp: worthBp },
      figures: toJson(figures),
    })
    .onConflict((conflict) => conflict.columns(['model_hash', 'measured_to']).doNothing())
    .returning('model_hash')
    .execute();
  return inserted.length === 1;
}

/** Every measurement of a model, the newest first. */
export async function driftOf(
  db: Kysely<Database>,
  modelHash: string,
): Promise<readonly StoredDrift[]> {
  const rows = await db
    .selectFrom('drift')
    .selectAll()
    .where('model_hash', '=', modelHash)
    .orderBy('measured_to', 'desc')
    .execute();
  return rows.map((row) => ({
    modelHash: row.model_hash,
    measuredToMs: row.measured_to.getTime(),
    level: row.level as StoredDrift['level'],
    worthBp: row.worth_bp,
    figures: row.figures,
    recordedAtMs: row.recorded_at.getTime(),
  }));
}
