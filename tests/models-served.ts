import { readFileSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { loadModelBytes } from '../adapters/models/load.ts';
import { putBlob } from '../adapters/store/blobs.ts';
import { registerModel } from '../adapters/store/model-changes.ts';
import { championOf } from '../adapters/store/models.ts';
import { type Promotion, promoteModel, rollbackChampion } from '../adapters/store/promotion.ts';
import type { Database } from '../adapters/store/schema.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import type { Reading } from '../core/features/reading.ts';
import type { Market } from '../core/learning/contract.ts';
import { MODEL_INPUT } from '../core/models/contract.ts';
import { Random } from '../core/random.ts';
import { type MadeModel, madeUpSeries } from './models-maker.ts';

/** Models for tests about serving: many of one, rows to ask, and their way into the registry. */

const WHY = { reason: 'a test', by: 'ana' };

/** The same model as another file: one more line of metadata, so another hash, and the same
 * answers. */
export function variantOf(bytes: Uint8Array, name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  // Field 14 of ModelProto: a key (field 1) and a value (field 2); fields may stand in any order.
  const entry = [0x0a, text.length, ...text, 0x12, 0x00];
  return new Uint8Array(Buffer.concat([bytes, Uint8Array.of(0x72, entry.length, ...entry)]));
}

export function bytesOf(made: MadeModel): Uint8Array {
  return new Uint8Array(readFileSync(made.model));
}

/** So many rows as a market has them: some in the middle, some at the bounds, some with holes. */
export function manyRows(count: number, seed = 1): Float32Array {
  const random = new Random(seed);
  const rows = new Float32Array(count * MODEL_INPUT.width);
  for (let at = 0; at < rows.length; at += 1) {
    rows[at] = random.chance(0.05) ? Number.NaN : random.between(-0.5, 0.5);
  }
  return rows;
}

/** The newest warm reading of a made-up market, after so many candles. */
export function readingAfter(candles: number, seed = 1): Reading {
  const [{ candles: all } = { candles: [] }] = madeUpSeries(candles, { seed });
  const engine = new FeatureEngine({ timeframe: '5m' });
  let reading: Reading | null = null;
  for (const candle of all) reading = engine.push(candle);
  if (reading === null) throw new Error('no candles');
  return reading;
}

export interface Entered {
  readonly made: MadeModel;
  readonly bytes: Uint8Array;
  readonly market: Market;
}

/** Keeps a model's bytes and its matrix, and enters it as a candidate. Returns its hash. */
export async function enterModel(db: Kysely<Database>, model: Entered): Promise<string> {
  const { made, bytes, market } = model;
  const matrix = new Uint8Array(readFileSync(made.matrix));
  const matrixHash = await putBlob(db, { kind: 'matrix', bytes: matrix });
  const hash = await putBlob(db, { kind: 'model', bytes });
  const loaded = await loadModelBytes(bytes, { name: 'a test model' });
  const { card } = loaded;
  await loaded.release();
  const of = { hash, card, market, matrixHash, parent: null, validationHash: null };
  await registerModel(db, { ...of, metrics: {}, by: WHY.by });
  return hash;
}

export async function promote(
  db: Kysely<Database>,
  hash: string,
  market: Market,
): Promise<Promotion> {
  const { epoch } = await championOf(db, market);
  return promoteModel(db, { hash, expectedEpoch: epoch, evidence: {}, ...WHY });
}

export async function rollback(db: Kysely<Database>, market: Market): Promise<Promotion> {
  const { epoch } = await championOf(db, market);
  return rollbackChampion(db, { market, expectedEpoch: epoch, ...WHY });
}
