import { type Kysely, sql } from 'kysely';
import type { Market } from '../../core/learning/contract.ts';
import type { ModelState } from '../../core/models/lifecycle.ts';
import { CorroError } from '../../proto/errors.ts';
import { appendAudit } from './audit.ts';
import { expectBlob } from './blobs.ts';
import { fromJson } from './json.ts';
import {
  type Evidence,
  expectStep,
  lockModel,
  MODEL_PARTITION,
  marketText,
  type RecordedStep,
  recordSteps,
  setState,
} from './model-changes.ts';
import { type Champion, championOf, readModel, WHOLE_WORTH_BP } from './models.ts';
import type { Database } from './schema.ts';
import { transaction, type Writer } from './store.ts';

/** What became of a promotion or a rollback. `changed`: it is so, and `epoch` is the market's new
 * one. `stale`: somebody was faster and nothing was changed; `hash` and `epoch` are what stands. */
export interface Promotion {
  readonly outcome: 'changed' | 'stale';
  /** The champion now; `null`: there is none. */
  readonly hash: string | null;
  readonly epoch: number;
  /** Whose place it took; `null`: nobody's, or it is stale. */
  readonly before: string | null;
}

export interface PromotionRequest {
  readonly hash: string;
  /** Of the champion that was looked at; 0: there was none yet. */
  readonly expectedEpoch: number;
  readonly reason: string;
  /** JSON-safe: what the promotion rests on. */
  readonly evidence: Evidence;
  /** A person, or a process. */
  readonly by: string;
}

export interface RollbackRequest {
  readonly market: Market;
  readonly expectedEpoch: number;
  readonly reason: string;
  readonly by: string;
}

/** Makes a candidate or a shadow the champion of its market, if the champion is still the one that
 * `expectedEpoch` was read with: all of it, with its audit records, or nothing. The same request
 * again, after its answer was lost, is answered as the first time. Throws UnknownError,
 * `model_step` for a model that was retired or rejected, `bad_model` when its bytes were
 * exchanged. */
export async function promoteModel(
  db: Kysely<Database>,
  request: PromotionRequest,
): Promise<Promotion> {
  const { reason, by, expectedEpoch } = request;
  const { hash, venue, symbol, timeframe } = await readModel(db, request.hash);
  const seat: Seat = { market: { venue, symbol, timeframe }, expectedEpoch };
  return transaction(db, async (trx) => {
    const held = await holdSeat(trx, seat.market);
    const isTaken = held.epoch === expectedEpoch && (await takeSeat(trx, seat, hash));
    if (!isTaken) return staleAnswer(trx, seat, { hash, reason, by });
    const { hash: before } = held;
    const epoch = expectedEpoch + 1;
    const { from } = await succeed(trx, { hash, before, by: 'promotion' });
    const place = `${hash} takes its place: ${reason}`;
    const evidence = { ...request.evidence, epoch, before };
    await recordSteps(trx, [
      ...retirement(before, { reason: place, evidence: { epoch }, by }),
      { hash, from, to: 'champion', reason, evidence, by },
    ]);
    await recordSeat(trx, seat, { how: 'promotion', hash, before, reason, by });
    return { outcome: 'changed', hash, epoch, before };
  });
}

/** Gives a market back to the champion whose place the present one took when it was promoted, or to
 * none when there was none; compared and set as a promotion is. Throws `model_step` when the market
 * has no champion. */
export function rollbackChampion(
  db: Kysely<Database>,
  { market, expectedEpoch, reason, by }: RollbackRequest,
): Promise<Promotion> {
  const seat: Seat = { market, expectedEpoch };
  return transaction(db, async (trx) => {
    const { hash: before, epoch: held } = await holdSeat(trx, market);
    if (held !== expectedEpoch) return staleAnswer(trx, seat, { reason, by });
    if (before === null) {
      throw new CorroError('model_step', `${marketText(market)} has no champion to roll back`);
    }
    const hash = await championBefore(trx, before);
    await takeSeat(trx, seat, hash);
    const epoch = expectedEpoch + 1;
    const { from } = await succeed(trx, { hash, before, by: 'rollback' });
    const why = { reason: `rolled back: ${reason}`, evidence: { epoch, before }, by };
    await recordSteps(trx, [
      ...retirement(before, { ...why, evidence: { epoch } }),
      ...(hash === null ? [] : [{ ...why, hash, from, to: 'champion' } as const]),
    ]);
    await recordSeat(trx, seat, { how: 'rollback', hash, before, reason, by });
    return { outcome: 'changed', hash, epoch, before };
  });
}

/** Says what drift has left of a champion's vote, basis points. `stale`: the model is not the
 * champion any more, and nothing was changed. The epoch stays: it is about who speaks. */
export function setWorth(
  db: Kysely<Database>,
  request: {
    readonly market: Market;
    readonly hash: string;
    readonly worthBp: number;
    readonly reason: string;
    readonly by: string;
  },
): Promise<'set' | 'same' | 'stale'> {
  const { market, hash, worthBp, reason, by } = request;
  return transaction(db, async (trx) => {
    const { hash: champion, epoch, worthBp: before } = await holdSeat(trx, market);
    if (champion !== hash) return 'stale';
    if (before === worthBp) return 'same';
    await trx
      .updateTable('champions')
      .set({ worth_bp: worthBp })
      .where('venue', '=', market.venue)
      .where('symbol', '=', market.symbol)
      .where('timeframe', '=', market.timeframe)
      .execute();
    await appendAudit(trx, {
      partition: MODEL_PARTITION,
      act: 'champion-worth-set',
      reference: seatText(market, epoch),
      body: { ...market, epoch, model: hash, before, worthBp, reason, by },
    });
    return 'set';
  });
}

/** The row that says who speaks for a market, and the epoch it must still have. */
interface Seat {
  readonly market: Market;
  readonly expectedEpoch: number;
}

/** Who speaks for a market; where anybody ever did, the row is held until the transaction ends. */
async function holdSeat(trx: Writer, market: Market): Promise<Champion> {
  await trx
    .selectFrom('champions')
    .select('epoch')
    .where('venue', '=', market.venue)
    .where('symbol', '=', market.symbol)
    .where('timeframe', '=', market.timeframe)
    .forUpdate()
    .execute();
  return championOf(trx, market);
}

/** Compares and sets. False: another transaction was faster. */
async function takeSeat(
  trx: Writer,
  { market, expectedEpoch }: Seat,
  hash: string | null,
): Promise<boolean> {
  const fresh = { model_hash: hash, epoch: expectedEpoch + 1, worth_bp: WHOLE_WORTH_BP };
  const { venue, symbol, timeframe } = market;
  if (expectedEpoch === 0) {
    const inserted = await trx
      .insertInto('champions')
      .values({ ...fresh, venue, symbol, timeframe })
      .onConflict((conflict) => conflict.columns(['venue', 'symbol', 'timeframe']).doNothing())
      .returning('epoch')
      .execute();
    return inserted.length === 1;
  }
  const updated = await trx
    .updateTable('champions')
    .set({ ...fresh, changed_at: sql`now()` })
    .where('venue', '=', venue)
    .where('symbol', '=', symbol)
    .where('timeframe', '=', timeframe)
    .where('epoch', '=', String(expectedEpoch))
    .returning('epoch')
    .execute();
  return updated.length === 1;
}

/** One gives the place up and the other takes it, if that is a step for both and the bytes are
 * still what was registered; returns what the new one was. */
async function succeed(
  trx: Writer,
  { hash, before, by }: Succession,
): Promise<{ readonly from: ModelState | null }> {
  const next = hash === null ? null : await lockModel(trx, hash);
  if (next !== null) {
    expectStep(next, 'champion', by);
    await expectBlob(trx, { hash: next.hash, kind: 'model' });
  }
  if (before !== null) {
    expectStep(await lockModel(trx, before), 'retired', 'succession');
    await setState(trx, before, 'retired');
  }
  if (next !== null) await setState(trx, next.hash, 'champion');
  return { from: next?.state ?? null };
}

function retirement(
  hash: string | null,
  why: Pick<RecordedStep, 'reason' | 'evidence' | 'by'>,
): readonly RecordedStep[] {
  return hash === null ? [] : [{ ...why, hash, from: 'champion', to: 'retired' }];
}

interface Succession {
  readonly hash: string | null;
  readonly before: string | null;
  readonly by: 'promotion' | 'rollback';
}

/** Whose place a champion took when it was promoted, which happens once in a model's life: what
 * comes back later comes by a rollback, and has the same predecessor. */
export async function championBefore(db: Kysely<Database>, hash: string): Promise<string | null> {
  const row = await db
    .selectFrom('model_changes')
    .select('evidence')
    .where('model_hash', '=', hash)
    .where('to_state', '=', 'champion')
    .orderBy('seq')
    .limit(1)
    .executeTakeFirstOrThrow();
  return fromJson<{ readonly before: string | null }>(row.evidence).before;
}

interface Seated {
  readonly how: 'promotion' | 'rollback';
  readonly hash: string | null;
  readonly before: string | null;
  readonly reason: string;
  readonly by: string;
}

/** One record for each epoch of a market. */
async function recordSeat(
  trx: Writer,
  { market, expectedEpoch }: Seat,
  { how, hash, before, reason, by }: Seated,
): Promise<void> {
  const epoch = expectedEpoch + 1;
  await appendAudit(trx, {
    partition: MODEL_PARTITION,
    act: 'champion-set',
    reference: seatText(market, epoch),
    body: { ...market, epoch, how, model: hash, before, worthBp: WHOLE_WORTH_BP, reason, by },
  });
}

function seatText({ venue, symbol, timeframe }: Market, epoch: number): string {
  return `${venue} ${symbol} ${timeframe} ${epoch}`;
}

/** Whoever comes too late is told what stands; whoever comes again is told what they did. */
async function staleAnswer(
  trx: Writer,
  { market, expectedEpoch }: Seat,
  asked: { readonly hash?: string; readonly reason: string; readonly by: string },
): Promise<Promotion> {
  const { hash, epoch } = await championOf(trx, market);
  const stale = { outcome: 'stale', hash, epoch, before: null } as const;
  if (epoch !== expectedEpoch + 1) return stale;
  const row = await trx
    .selectFrom('audit')
    .select('body')
    .where('partition', '=', MODEL_PARTITION)
    .where('act', '=', 'champion-set')
    .where('reference', '=', seatText(market, epoch))
    .executeTakeFirstOrThrow();
  const { how, before, reason, by } = fromJson<Seated>(row.body);
  const wanted = asked.hash === undefined ? how === 'rollback' : hash === asked.hash;
  const isSame = wanted && reason === asked.reason && by === asked.by;
  return isSame ? { outcome: 'changed', hash, epoch, before } : stale;
}
