import type { Kysely } from 'kysely';
import { hashOf } from '../../core/hash.ts';
import type { Market } from '../../core/learning/contract.ts';
import type { ModelCard } from '../../core/models/contract.ts';
import { type ModelState, modelStep, modelStepsFrom } from '../../core/models/lifecycle.ts';
import { CorroError } from '../../proto/errors.ts';
import { appendAudits } from './audit.ts';
import { expectBlob } from './blobs.ts';
import { toJson } from './json.ts';
import { modelOf, type StoredModel, unknownModel } from './models.ts';
import type { Database } from './schema.ts';
import { transaction, type Writer } from './store.ts';

/** Where changes of models are audited. */
export const MODEL_PARTITION = 'configuration';

export interface NewModel {
  readonly market: Market;
  /** sha256 of the file, whose bytes are among the blobs. */
  readonly hash: string;
  /** As it was read from those bytes. */
  readonly card: ModelCard;
  /** A registered model of the same market. */
  readonly parent: string | null;
  readonly matrixHash: string;
  readonly validationHash: string | null;
  /** JSON-safe: what training and validation brought. */
  readonly metrics: unknown;
  /** A person, or the process that trained it. */
  readonly by: string;
}

/** Enters a model as a candidate; one that is there already stays as it is. Everything it names
 * must be among the blobs, and be what its hash says. Throws UnknownError for content or a parent
 * that is not there, and `bad_model` when the card is of another market or another matrix. */
export function registerModel(
  db: Kysely<Database>,
  model: NewModel,
): Promise<'registered' | 'known'> {
  const { hash, card, market, parent, matrixHash, validationHash, by } = model;
  const fault = cardFault(model);
  if (fault !== null) return Promise.reject(new CorroError('bad_model', `${hash} ${fault}`));
  return transaction(db, async (trx) => {
    await expectBlob(trx, { hash, kind: 'model' });
    await expectBlob(trx, { hash: matrixHash, kind: 'matrix' });
    if (validationHash !== null) {
      await expectBlob(trx, { hash: validationHash, kind: 'validation' });
    }
    if (parent !== null) await expectParent(trx, { parent, market });
    const inserted = await trx
      .insertInto('models')
      .values({
        ...{ hash, parent, state: 'candidate', card: toJson(card), run_id: card.runId },
        ...{ venue: market.venue, symbol: market.symbol, timeframe: market.timeframe },
        feature_hash: card.features.hash,
        ...{ matrix_hash: matrixHash, validation_hash: validationHash },
        data_from: new Date(card.data.fromMs),
        data_to: new Date(card.data.toMs),
        metrics: toJson(model.metrics),
      })
      .onConflict((conflict) => conflict.column('hash').doNothing())
      .returning('hash')
      .executeTakeFirst();
    if (inserted === undefined) return known(trx, model);
    const evidence = { matrixHash, validationHash, parent, runId: card.runId };
    const reason = parent === null ? 'trained' : `trained to be better than ${parent}`;
    await recordSteps(trx, [{ hash, from: null, to: 'candidate', reason, evidence, by }]);
    return 'registered';
  });
}

/** Takes a model into the shadow, or rejects it. What is so already changes nothing. Throws
 * UnknownError, and `model_step` for a way no model goes. */
export function changeModel(
  db: Kysely<Database>,
  change: {
    readonly hash: string;
    readonly to: 'shadow' | 'rejected';
    readonly reason: string;
    /** JSON-safe: what the change rests on. */
    readonly evidence: Evidence;
    readonly by: string;
  },
): Promise<StoredModel> {
  const { hash, to, reason, evidence, by } = change;
  return transaction(db, async (trx) => {
    const before = await lockModel(trx, hash);
    if (before.state === to) return before;
    expectStep(before, to, 'change');
    await setState(trx, hash, to);
    await recordSteps(trx, [{ hash, from: before.state, to, reason, evidence, by }]);
    return { ...before, state: to };
  });
}

/** JSON-safe facts. */
export type Evidence = Readonly<Record<string, unknown>>;

export interface RecordedStep {
  readonly hash: string;
  readonly from: ModelState | null;
  readonly to: ModelState;
  readonly reason: string;
  readonly evidence: Evidence;
  readonly by: string;
}

/** Records steps in the order given, each with its audit record. An audit holds no fraction, so it
 * has the evidence by its hash. */
export async function recordSteps(trx: Writer, steps: readonly RecordedStep[]): Promise<void> {
  const acts = [];
  for (const { hash, from, to, reason, evidence, by } of steps) {
    const { seq } = await trx
      .insertInto('model_changes')
      .values({
        ...{ model_hash: hash, from_state: from, to_state: to, reason, changed_by: by },
        evidence: toJson(evidence),
      })
      .returning('seq')
      .executeTakeFirstOrThrow();
    const facts = { change: seq, from, to, reason, evidence: hashOf(evidence), by };
    acts.push({ act: 'model-changed', reference: hash, body: facts });
  }
  await appendAudits(trx, MODEL_PARTITION, acts);
}

/** A model, held until the transaction ends. Throws UnknownError. */
export async function lockModel(trx: Writer, hash: string): Promise<StoredModel> {
  const row = await trx
    .selectFrom('models')
    .selectAll()
    .where('hash', '=', hash)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw await unknownModel(trx, hash);
  return modelOf(row);
}

export async function setState(trx: Writer, hash: string, state: ModelState): Promise<void> {
  await trx.updateTable('models').set({ state }).where('hash', '=', hash).execute();
}

/** Throws `model_step` unless a model goes that way, by that step. */
export function expectStep(
  { hash, state }: StoredModel,
  to: ModelState,
  step: ReturnType<typeof modelStep>,
): void {
  if (modelStep(state, to) === step) return;
  const detail = `${hash.slice(0, 16)} is ${state}, not to be ${to} by ${step ?? 'any step'}`;
  throw new CorroError('model_step', `${detail}: ${modelStepsFrom(state)}`);
}

function cardFault({ card, market, matrixHash }: NewModel): string | null {
  const { data } = card;
  if (data.timeframe !== market.timeframe) {
    return `must be of ${market.timeframe} candles, was of ${data.timeframe}`;
  }
  if (!data.symbols.includes(market.symbol)) {
    return `must know ${market.symbol}, knows ${data.symbols.join(', ').slice(0, 200)}`;
  }
  if (data.toMs <= data.fromMs) return 'must have a window that ends after it begins';
  if (data.hash !== matrixHash) {
    return `must be of the matrix ${matrixHash}, its card says ${data.hash}`;
  }
  return null;
}

async function expectParent(
  trx: Writer,
  { parent, market }: { readonly parent: string; readonly market: Market },
): Promise<void> {
  const row = await trx
    .selectFrom('models')
    .select(['venue', 'symbol', 'timeframe'])
    .where('hash', '=', parent)
    .executeTakeFirst();
  if (row === undefined) throw await unknownModel(trx, parent);
  if (isSame(row, market)) return;
  throw new CorroError('bad_model', `its parent ${parent} is of ${marketText(row)}`);
}

async function known(trx: Writer, { hash, market }: NewModel): Promise<'known'> {
  const row = await lockModel(trx, hash);
  if (isSame(row, market)) return 'known';
  throw new CorroError('bad_model', `${hash} is registered for ${marketText(row)}`);
}

function isSame(one: Market, other: Market): boolean {
  const { venue, symbol, timeframe } = other;
  return one.venue === venue && one.symbol === symbol && one.timeframe === timeframe;
}

/** `BTC/USDT 5m at paper` */
export function marketText({ venue, symbol, timeframe }: Market): string {
  return `${symbol} ${timeframe} at ${venue}`;
}
