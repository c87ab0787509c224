/** Failure here means: a model that was rejected can speak, a change of a champion leaves no trace,
 * or bytes are served that nobody registered. */
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import { putBlob, readBlob } from '../adapters/store/blobs.ts';
import { driftOf, recordDrift } from '../adapters/store/drift.ts';
import { changeModel, registerModel } from '../adapters/store/model-changes.ts';
import {
  championOf,
  changesOf,
  listModels,
  readModel,
  servedModels,
  trialsOf,
} from '../adapters/store/models.ts';
import { recordMotions } from '../adapters/store/motions.ts';
import { predictionsOf, recordPredictions } from '../adapters/store/predictions.ts';
import { promoteModel, rollbackChampion, setWorth } from '../adapters/store/promotion.ts';
import type { Database } from '../adapters/store/schema.ts';
import { hashOf } from '../core/hash.ts';
import type { Market } from '../core/learning/contract.ts';
import type { Forecast } from '../core/models/forecast.ts';
import { superuser } from './audit-floor.ts';
import { bytesOf, candidate, cardOf, newModel, sha256 } from './registry-samples.ts';
import { motionAt } from './store-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;
let markets = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
});

afterAll(async () => {
  expect(await verifyChain(db, 'configuration')).toMatchObject({ intact: true });
  await database.drop();
});

/** A market of the test's own. */
function freshMarket(): Market {
  markets += 1;
  return { venue: 'paper', symbol: `T${markets}/USDT`, timeframe: '5m' };
}

const WHY = { reason: 'a test', by: 'ana' };

/** Promotes against the epoch that stands. */
async function promote(hash: string, market: Market) {
  const { epoch } = await championOf(db, market);
  return promoteModel(db, { hash, expectedEpoch: epoch, evidence: { trials: 1 }, ...WHY });
}

async function rollback(market: Market) {
  const { epoch } = await championOf(db, market);
  return rollbackChampion(db, { market, expectedEpoch: epoch, ...WHY });
}

async function change(hash: string, to: 'shadow' | 'rejected') {
  return changeModel(db, { hash, to, evidence: {}, ...WHY });
}

async function statesOf(market: Market): Promise<Record<string, string>> {
  const rows = await listModels(db, market);
  return Object.fromEntries(rows.map(({ hash, state }) => [hash, state]));
}

async function auditOf(market: Market): Promise<readonly unknown[]> {
  const rows = await db
    .selectFrom('audit')
    .select(['act', 'body'])
    .where('act', 'in', ['champion-set', 'champion-worth-set'])
    .where('reference', 'like', `paper ${market.symbol} 5m %`)
    .orderBy('seq')
    .execute();
  return rows.map(({ act, body }) => ({ act, ...(body as object) }));
}

describe('content by its hash', () => {
  test('the same bytes are kept once, and come back as they were', async () => {
    const bytes = bytesOf('once');
    const kept = [1, 2, 3].map(() => putBlob(db, { kind: 'matrix', bytes }));
    expect(await Promise.all(kept)).toEqual([1, 2, 3].map(() => sha256(bytes)));
    expect(Buffer.from(await readBlob(db, sha256(bytes)))).toEqual(Buffer.from(bytes));
  });

  test('a view into a larger buffer is what is kept, not the buffer', async () => {
    const large = bytesOf('a part of something larger');
    const part = large.subarray(3, 9);
    const hash = await putBlob(db, { kind: 'validation', bytes: part });
    expect(Buffer.from(await readBlob(db, hash)).toString()).toBe('es of ');
  });

  test('bytes exchanged under their hash are refused, by whoever asks for them', async () => {
    const market = freshMarket();
    const hash = await candidate(db, 'exchanged', { market });
    await superuser(database.url, `update blobs set bytes = 'another' where hash = '${hash}'`);
    const refusal = 'they were exchanged';
    await expect(readBlob(db, hash)).rejects.toMatchObject({ code: 'bad_model' });
    await expect(readBlob(db, hash)).rejects.toThrow(refusal);
    await expect(putBlob(db, { kind: 'model', bytes: bytesOf('exchanged') })).rejects.toThrow(
      refusal,
    );
    await expect(promote(hash, market)).rejects.toThrow(refusal);
    expect(await championOf(db, market)).toEqual({ hash: null, epoch: 0, worthBp: 10_000 });
    expect((await readModel(db, hash)).state).toBe('candidate');
  });

  test('what is not there is answered with what is; another kind is refused', async () => {
    const hash = await putBlob(db, { kind: 'matrix', bytes: bytesOf('kind') });
    await expect(readBlob(db, '0'.repeat(64))).rejects.toThrow(
      `unknown content "${'0'.repeat(64)}`,
    );
    await expect(putBlob(db, { kind: 'model', bytes: bytesOf('kind') })).rejects.toThrow(
      `${hash} must be kept as a model, was as a matrix`,
    );
  });
});

describe('registering', () => {
  test('a candidate with everything its card says; a second time it is known', async () => {
    const market = freshMarket();
    const model = await newModel(db, 'first', { market });
    expect(await registerModel(db, model)).toBe('registered');
    expect(await registerModel(db, { ...model, metrics: { other: 1 } })).toBe('known');
    const stored = await readModel(db, model.hash.slice(0, 12));
    expect(stored).toMatchObject({
      ...market,
      hash: model.hash,
      state: 'candidate',
      parent: null,
      card: model.card,
      featureHash: model.card.features.hash,
      matrixHash: model.matrixHash,
      validationHash: model.validationHash,
      runId: model.card.runId,
      dataFromMs: model.card.data.fromMs,
      dataToMs: model.card.data.toMs,
      metrics: model.metrics,
    });
    expect(await changesOf(db, model.hash)).toMatchObject([
      { from: null, to: 'candidate', reason: 'trained', by: 'learning-worker' },
    ]);
    expect(await trialsOf(db, market)).toBe(1);
  });

  test('a parent of the same market is named, and one of another is refused', async () => {
    const market = freshMarket();
    const parent = await candidate(db, 'parent', { market });
    const child = await newModel(db, 'child', { market, parent });
    await registerModel(db, child);
    expect((await readModel(db, child.hash)).parent).toBe(parent);
    const [first] = await changesOf(db, child.hash);
    expect(first?.reason).toBe(`trained to be better than ${parent}`);
    const stranger = await newModel(db, 'stranger', { market: freshMarket(), parent });
    await expect(registerModel(db, stranger)).rejects.toThrow(`parent ${parent} is of`);
    const orphan = { ...(await newModel(db, 'orphan', { market })), parent: 'f'.repeat(64) };
    await expect(registerModel(db, orphan)).rejects.toThrow('unknown model "fff');
  });

  test.each([
    ['bytes that are not there', { hash: 'a'.repeat(64) }, 'unknown content "aaa'],
    ['a validation that is not there', { validationHash: 'b'.repeat(64) }, 'unknown content "bbb'],
    [
      'another matrix than its card says',
      { matrixHash: sha256(bytesOf('matrix of first')) },
      'must be of the matrix',
    ],
    [
      'candles of another length',
      { card: cardOf('bad', timeframe('1h')) },
      'must be of 5m candles',
    ],
    ['another symbol', { card: cardOf('bad', timeframe('5m')) }, 'knows BTC/USDT'],
  ] as const)('%s - refused, and nothing is there', async (_what, wrong, message) => {
    const market = freshMarket();
    const model = { ...(await newModel(db, 'bad', { market })), ...wrong };
    await expect(registerModel(db, model)).rejects.toThrow(message);
    expect(await listModels(db, market)).toEqual([]);
  });

  test('a window that ends before it begins is refused', async () => {
    const market = freshMarket();
    const model = await newModel(db, 'backwards', { market });
    const data = { ...model.card.data, toMs: model.card.data.fromMs };
    const backwards = { ...model, card: { ...model.card, data } };
    await expect(registerModel(db, backwards)).rejects.toThrow(
      'must have a window that ends after it begins',
    );
  });

  test('the same file is not registered for a second market', async () => {
    const market = freshMarket();
    const model = await newModel(db, 'two markets', { market });
    await registerModel(db, model);
    const other = { ...model, market: { ...market, venue: 'elsewhere' } };
    await expect(registerModel(db, other)).rejects.toThrow('is registered for');
  });
});

function timeframe(text: string): Market {
  return { venue: 'paper', symbol: 'BTC/USDT', timeframe: text };
}

describe('steps', () => {
  test('candidate, shadow, champion, retired, and champion again by rollback', async () => {
    const market = freshMarket();
    const one = await candidate(db, 'one', { market });
    const two = await candidate(db, 'two', { market });
    expect((await change(one, 'shadow')).state).toBe('shadow');
    expect(await promote(one, market)).toEqual({
      ...{ outcome: 'changed', hash: one, epoch: 1, before: null },
    });
    expect(await promote(two, market)).toEqual({
      ...{ outcome: 'changed', hash: two, epoch: 2, before: one },
    });
    expect(await statesOf(market)).toEqual({ [one]: 'retired', [two]: 'champion' });
    expect(await rollback(market)).toEqual({
      ...{ outcome: 'changed', hash: one, epoch: 3, before: two },
    });
    expect(await statesOf(market)).toEqual({ [one]: 'champion', [two]: 'retired' });
    expect(await championOf(db, market)).toEqual({ hash: one, epoch: 3, worthBp: 10_000 });
    const life = (await changesOf(db, one)).map(({ from, to, reason }) => [from, to, reason]);
    expect(life).toEqual([
      [null, 'candidate', 'trained'],
      ['candidate', 'shadow', 'a test'],
      ['shadow', 'champion', 'a test'],
      ['champion', 'retired', `${two} takes its place: a test`],
      ['retired', 'champion', 'rolled back: a test'],
    ]);
    expect(await auditOf(market)).toMatchObject([
      { epoch: 1, how: 'promotion', model: one, before: null, by: 'ana', reason: 'a test' },
      { epoch: 2, how: 'promotion', model: two, before: one },
      { epoch: 3, how: 'rollback', model: one, before: two },
    ]);
  });

  test('every step has one audit record, which has its evidence by hash', async () => {
    const market = freshMarket();
    const hash = await candidate(db, 'audited', { market });
    const evidence = { brier: 0.6123, checks: [{ name: 'better', passed: true }] };
    await changeModel(db, { hash, to: 'shadow', evidence, ...WHY });
    await promote(hash, market);
    const records = await db
      .selectFrom('audit')
      .select(['act', 'body'])
      .where('reference', '=', hash)
      .orderBy('seq')
      .execute();
    const changes = await changesOf(db, hash);
    expect(changes).toHaveLength(3);
    expect(changes[1]?.evidence).toEqual(evidence);
    expect(records).toEqual(
      changes.map(({ seq, from, to, reason, evidence: facts, by }) => ({
        act: 'model-changed',
        body: { change: String(seq), from, to, reason, evidence: hashOf(facts), by },
      })),
    );
  });

  test('a rollback goes back as far as promotions went, and not in circles', async () => {
    const market = freshMarket();
    const [one, two, three] = (await Promise.all(
      ['r1', 'r2', 'r3'].map((name) => candidate(db, name, { market })),
    )) as [string, string, string];
    for (const hash of [one, two]) await promote(hash, market);
    expect((await rollback(market)).hash).toBe(one);
    await promote(three, market);
    expect((await rollback(market)).hash).toBe(one);
    expect(await rollback(market)).toEqual({
      ...{ outcome: 'changed', hash: null, epoch: 6, before: one },
    });
    expect(await championOf(db, market)).toEqual({ hash: null, epoch: 6, worthBp: 10_000 });
    await expect(rollback(market)).rejects.toMatchObject({ code: 'model_step' });
    await expect(rollback(market)).rejects.toThrow('has no champion to roll back');
    const states = Object.values(await statesOf(market));
    expect(states).toEqual(['retired', 'retired', 'retired']);
  });

  test('a market that never had a champion has nothing to roll back', async () => {
    await expect(rollback(freshMarket())).rejects.toThrow('has no champion to roll back');
  });

  test('a step no model takes is refused, with what is possible, and changes nothing', async () => {
    const market = freshMarket();
    const [rejected, champion, retired] = (await Promise.all(
      ['s1', 's2', 's3'].map((name) => candidate(db, name, { market })),
    )) as [string, string, string];
    await change(rejected, 'rejected');
    await promote(retired, market);
    await promote(champion, market);
    const states = await statesOf(market);
    const refusals = [
      [
        () => change(rejected, 'shadow'),
        'is rejected, not to be shadow by change: a rejected model',
      ],
      [() => promote(rejected, market), 'a rejected model stays rejected'],
      [() => change(champion, 'rejected'), 'a champion model may become retired when another'],
      [() => change(champion, 'shadow'), 'is champion, not to be shadow'],
      [() => promote(champion, market), 'is champion, not to be champion by promotion'],
      [() => change(retired, 'shadow'), 'a retired model may become champion by rollback'],
      [() => promote(retired, market), 'is retired, not to be champion by promotion'],
    ] as const;
    for (const [refused, message] of refusals) {
      await expect(refused()).rejects.toMatchObject({ code: 'model_step' });
      await expect(refused()).rejects.toThrow(message);
    }
    expect(await statesOf(market)).toEqual(states);
    expect(await championOf(db, market)).toMatchObject({ hash: champion, epoch: 2 });
    expect(await auditOf(market)).toHaveLength(2);
  });

  test('a change that is so already is no second one', async () => {
    const market = freshMarket();
    const hash = await candidate(db, 'again', { market });
    for (const _ of [1, 2]) expect((await change(hash, 'shadow')).state).toBe('shadow');
    expect(await changesOf(db, hash)).toHaveLength(2);
  });

  test('a model nobody knows - the newest ones are named', async () => {
    const market = freshMarket();
    const hash = await candidate(db, 'newest', { market });
    const unknown = 'e'.repeat(64);
    const message = `unknown model "${unknown}": there is ${hash.slice(0, 16)}`;
    await expect(promote(unknown, market)).rejects.toThrow(message);
    await expect(change(unknown, 'shadow')).rejects.toThrow(message);
    await expect(readModel(db, unknown)).rejects.toThrow(message);
  });
});

describe('what is read at every candle', () => {
  test('each symbol with its champion, its worth and its four newest shadows', async () => {
    const venue = 'served';
    const market = { venue, symbol: 'A/USDT', timeframe: '5m' };
    const champion = await candidate(db, 'served champion', { market });
    await promote(champion, market);
    const shadows: string[] = [];
    for (const at of [1, 2, 3, 4, 5]) {
      const hash = await candidate(db, `served shadow ${at}`, { market });
      await change(hash, 'shadow');
      shadows.unshift(hash);
    }
    const worth = { market, hash: champion, worthBp: 4_000, reason: 'drift', by: 'learning' };
    expect(await setWorth(db, worth)).toBe('set');
    const symbols = ['A/USDT', 'B/USDT'];
    const served = await servedModels(db, { venue, timeframe: '5m', symbols });
    expect([...served.keys()]).toEqual(symbols);
    expect(served.get('A/USDT')).toEqual({
      champion: { hash: champion, worthBp: 4_000 },
      challengers: shadows.slice(0, 4),
    });
    expect(served.get('B/USDT')).toEqual({ champion: null, challengers: [] });
    expect(await servedModels(db, { venue, timeframe: '1h', symbols: ['A/USDT'] })).toEqual(
      new Map([['A/USDT', { champion: null, challengers: [] }]]),
    );
    expect(await servedModels(db, { venue, timeframe: '5m', symbols: [] })).toEqual(new Map());
  });

  test('worth - of the champion alone, each change on record, whole again for the next', async () => {
    const market = freshMarket();
    const [one, two] = (await Promise.all(
      ['w1', 'w2'].map((name) => candidate(db, name, { market })),
    )) as [string, string];
    await promote(one, market);
    const worth = { market, hash: one, worthBp: 2_500, reason: 'features moved', by: 'learning' };
    expect(await setWorth(db, worth)).toBe('set');
    expect(await setWorth(db, worth)).toBe('same');
    expect(await setWorth(db, { ...worth, hash: two })).toBe('stale');
    expect(await championOf(db, market)).toEqual({ hash: one, epoch: 1, worthBp: 2_500 });
    await expect(setWorth(db, { ...worth, worthBp: 10_001 })).rejects.toThrow('basis_points');
    await promote(two, market);
    expect(await championOf(db, market)).toEqual({ hash: two, epoch: 2, worthBp: 10_000 });
    expect(await auditOf(market)).toMatchObject([
      { act: 'champion-set', epoch: 1, worthBp: 10_000 },
      { act: 'champion-worth-set', epoch: 1, model: one, before: 10_000, worthBp: 2_500 },
      { act: 'champion-set', epoch: 2, worthBp: 10_000 },
    ]);
  });
});

describe('what models said', () => {
  test('predictions - the first answer to a motion stands; in the order of candles', async () => {
    const model = await candidate(db, 'prophet');
    const motions = [9, 3, 6].map((minute) => motionAt(minute));
    await recordMotions(db, motions);
    const rows = motions.map(({ snapshot }, at) => ({
      eventId: snapshot.eventId,
      modelHash: model,
      part: 'challenger' as const,
      answer: forecastOf(model, 4_000 + at),
    }));
    expect(await recordPredictions(db, rows)).toBe(3);
    const other = rows.map((row) => ({ ...row, answer: forecastOf(model, 9_999) }));
    expect(await recordPredictions(db, other)).toBe(0);
    expect(await recordPredictions(db, [])).toBe(0);
    const told = await predictionsOf(db, model);
    expect(told.map(({ eventId }) => eventId)).toEqual(
      [1, 2, 0].map((at) => motions[at]?.snapshot.eventId),
    );
    expect(told[2]).toEqual({
      ...rows[0],
      ...{ venue: 'paper', symbol: 'BTC/USDT', timeframe: '1m' },
      closeTimeMs: motions[0]?.snapshot.closeTimeMs,
    });
    const stranger = rows.map((row) => ({ ...row, modelHash: 'd'.repeat(64) }));
    await expect(recordPredictions(db, stranger)).rejects.toThrow('predictions_model_hash_fkey');
  });

  test('drift - a measurement once for each model and candle, the newest first', async () => {
    const modelHash = await candidate(db, 'drifting');
    const measured = {
      modelHash,
      level: 'warned',
      worthBp: 10_000,
      figures: { psi: 0.21 },
    } as const;
    expect(await recordDrift(db, { ...measured, measuredToMs: 1_000 })).toBe(true);
    expect(await recordDrift(db, { ...measured, measuredToMs: 1_000, figures: {} })).toBe(false);
    expect(await recordDrift(db, { ...measured, level: 'none', measuredToMs: 2_000 })).toBe(true);
    expect(await driftOf(db, modelHash)).toMatchObject([
      { level: 'none', measuredToMs: 2_000 },
      { level: 'warned', measuredToMs: 1_000, worthBp: 10_000, figures: { psi: 0.21 } },
    ]);
  });
});

function forecastOf(model: string, buyBp: number): Forecast {
  return {
    ...{ model, buyBp, sellBp: 0, holdBp: 10_000 - buyBp },
    ...{ confidenceBp: 5_000, magnitudeBps: 12, riskBps: 9, worthBp: 10_000 },
  };
}
