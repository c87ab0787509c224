import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { putBlob } from '../adapters/store/blobs.ts';
import { type NewModel, registerModel } from '../adapters/store/model-changes.ts';
import type { Database } from '../adapters/store/schema.ts';
import { FEATURE_HASH, FEATURE_NAMES, FEATURE_VERSION } from '../core/features/vector.ts';
import type { Market } from '../core/learning/contract.ts';
import { MODEL_CONTRACT, type ModelCard } from '../core/models/contract.ts';

/** Models as the registry knows them: bytes with a hash, and what a card says. It never opens one,
 * so these bytes are no ONNX. */

export const MARKET: Market = { venue: 'paper', symbol: 'BTC/USDT', timeframe: '5m' };

export function bytesOf(name: string): Uint8Array {
  return new TextEncoder().encode(`bytes of ${name}`);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function cardOf(name: string, { symbol, timeframe }: Market = MARKET): ModelCard {
  return {
    contract: MODEL_CONTRACT,
    features: { version: FEATURE_VERSION, hash: FEATURE_HASH, names: FEATURE_NAMES },
    label: { targetAtrs: 2, stopAtrs: 1.5, horizonCandles: 24, roundTripCost: 0.0024 },
    data: {
      hash: sha256(bytesOf(`matrix of ${name}`)),
      rows: 10_000,
      timeframe,
      symbols: [symbol],
      fromMs: Date.UTC(2024, 0, 1),
      toMs: Date.UTC(2024, 5, 1),
    },
    runId: sha256(bytesOf(`run of ${name}`)),
  };
}

/** Content that is among the blobs, and what would register it as a model. */
export async function newModel(
  db: Kysely<Database>,
  name: string,
  { market = MARKET, parent = null }: Partial<Pick<NewModel, 'market' | 'parent'>> = {},
): Promise<NewModel> {
  const hash = await putBlob(db, { kind: 'model', bytes: bytesOf(name) });
  const card = cardOf(name, market);
  const matrix = bytesOf(`matrix of ${name}`);
  const validation = bytesOf(`validation of ${name}`);
  return {
    ...{ market, hash, card, parent, by: 'learning-worker' },
    matrixHash: await putBlob(db, { kind: 'matrix', bytes: matrix }),
    validationHash: await putBlob(db, { kind: 'validation', bytes: validation }),
    metrics: { folds: [{ fold: 1, brier: 0.61234, netReturn: null }] },
  };
}

/** A candidate; returns its hash. */
export async function candidate(
  db: Kysely<Database>,
  name: string,
  options: Partial<Pick<NewModel, 'market' | 'parent'>> = {},
): Promise<string> {
  const model = await newModel(db, name, options);
  await registerModel(db, model);
  return model.hash;
}
