/** Failure here means: a model that was rejected can speak, a change of a champion leaves no trace,
 * or bytes are served that nobody registered. */
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import { putBlob, readBlob } from '../adapters/store/blobs.ts';
import { changeModel, registerModel } from '../adapters/store/model-changes.ts';
import {
  championOf,
  changesOf,
  listModels,
  readModel,
  trialsOf,
} from '../adapters/store/models.ts';
import type { Database } from '../adapters/store/schema.ts';
import { hashOf } from '../core/hash.ts';
import type { Market } from '../core/learning/contract.ts';
import { superuser } from './audit-floor.ts';
import { RegistryFloor } from './registry-floor.ts';
import { bytesOf, candidate, cardOf, newModel, sha256 } from './registry-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;
let floor: RegistryFloor;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  floor = new RegistryFloor(db);
});

afterAll(async () => {
  expect(await verifyChain(db, 'configuration')).toMatchObject({ intact: true });
  await database.drop();
});

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
    const market = floor.freshMarket();
    const hash = await candidate(db, 'exchanged', { market });
    await superuser(database.url, `update blobs set bytes = 'another' where hash = '${hash}'`);
    const refusal = 'they were exchanged';
    await expect(readBlob(db, hash)).rejects.toMatchObject({ code: 'bad_model' });
    await expect(readBlob(db, hash)).rejects.toThrow(refusal);
    await expect(putBlob(db, { kind: 'model', bytes: bytesOf('exchanged') })).rejects.toThrow(
      refusal,
    );
    await expect(floor.promote(hash, market)).rejects.toThrow(refusal);
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
    const market = floor.freshMarket();
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
    const market = floor.freshMarket();
    const parent = await candidate(db, 'parent', { market });
    const child = await newModel(db, 'child', { market, parent });
    await registerModel(db, child);
    expect((await readModel(db, child.hash)).parent).toBe(parent);
    const [first] = await changesOf(db, child.hash);
    expect(first?.reason).toBe(`trained to be better than ${parent}`);
    const stranger = await newModel(db, 'stranger', { market: floor.freshMarket(), parent });
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
    const market = floor.freshMarket();
    const model = { ...(await newModel(db, 'bad', { market })), ...wrong };
    await expect(registerModel(db, model)).rejects.toThrow(message);
    expect(await listModels(db, market)).toEqual([]);
  });

  test('a window that ends before it begins is refused', async () => {
    const market = floor.freshMarket();
    const model = await newModel(db, 'backwards', { market });
    const data = { ...model.card.data, toMs: model.card.data.fromMs };
    const backwards = { ...model, card: { ...model.card, data } };
    await expect(registerModel(db, backwards)).rejects.toThrow(
      'must have a window that ends after it begins',
    );
  });

  test('the same file is not registered for a second market', async () => {
    const market = floor.freshMarket();
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
    const market = floor.freshMarket();
    const one = await candidate(db, 'one', { market });
    const two = await candidate(db, 'two', { market });
    expect((await floor.change(one, 'shadow')).state).toBe('shadow');
    expect(await floor.promote(one, market)).toEqual({
      ...{ outcome: 'changed', hash: one, epoch: 1, before: null },
    });
    expect(await floor.promote(two, market)).toEqual({
      ...{ outcome: 'changed', hash: two, epoch: 2, before: one },
    });
    expect(await floor.statesOf(market)).toEqual({ [one]: 'retired', [two]: 'champion' });
    expect(await floor.rollback(market)).toEqual({
      ...{ outcome: 'changed', hash: one, epoch: 3, before: two },
    });
    expect(await floor.statesOf(market)).toEqual({ [one]: 'champion', [two]: 'retired' });
    expect(await championOf(db, market)).toEqual({ hash: one, epoch: 3, worthBp: 10_000 });
    const life = (await changesOf(db, one)).map(({ from, to, reason }) => [from, to, reason]);
    expect(life).toEqual([
      [null, 'candidate', 'trained'],
      ['candidate', 'shadow', 'a test'],
      ['shadow', 'champion', 'a test'],
      ['champion', 'retired', `${two} takes its place: a test`],
      ['retired', 'champion', 'rolled back: a test'],
    ]);
    expect(await floor.auditOf(market)).toMatchObject([
      { epoch: 1, how: 'promotion', model: one, before: null, by: 'ana', reason: 'a test' },
      { epoch: 2, how: 'promotion', model: two, before: one },
      { epoch: 3, how: 'rollback', model: one, before: two },
    ]);
  });

  test('every step has one audit record, which has its evidence by hash', async () => {
    const market = floor.freshMarket();
    const hash = await candidate(db, 'audited', { market });
    const evidence = { brier: 0.6123, checks: [{ name: 'better', passed: true }] };
    await changeModel(db, { hash, to: 'shadow', evidence, reason: 'a test', by: 'ana' });
    await floor.promote(hash, market);
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
    const market = floor.freshMarket();
    const [one, two, three] = (await Promise.all(
      ['r1', 'r2', 'r3'].map((name) => candidate(db, name, { market })),
    )) as [string, string, string];
    for (const hash of [one, two]) await floor.promote(hash, market);
    expect((await floor.rollback(market)).hash).toBe(one);
    await floor.promote(three, market);
    expect((await floor.rollback(market)).hash).toBe(one);
    expect(await floor.rollback(market)).toEqual({
      ...{ outcome: 'changed', hash: null, epoch: 6, before: one },
    });
    expect(await championOf(db, market)).toEqual({ hash: null, epoch: 6, worthBp: 10_000 });
    await expect(floor.rollback(market)).rejects.toMatchObject({ code: 'model_step' });
    await expect(floor.rollback(market)).rejects.toThrow('has no champion to roll back');
    const states = Object.values(await floor.statesOf(market));
    expect(states).toEqual(['retired', 'retired', 'retired']);
  });

  test('a market that never had a champion has nothing to roll back', async () => {
    await expect(floor.rollback(floor.freshMarket())).rejects.toThrow(
      'has no champion to roll back',
    );
  });

  test('a step no model takes is refused, with what is possible, and changes nothing', async () => {
    const market = floor.freshMarket();
    const [rejected, champion, retired] = (await Promise.all(
      ['s1', 's2', 's3'].map((name) => candidate(db, name, { market })),
    )) as [string, string, string];
    await floor.change(rejected, 'rejected');
    await floor.promote(retired, market);
    await floor.promote(champion, market);
    const states = await floor.statesOf(market);
    const refusals = [
      [
        () => floor.change(rejected, 'shadow'),
        'is rejected, not to be shadow by change: a rejected model',
      ],
      [() => floor.promote(rejected, market), 'a rejected model stays rejected'],
      [
        () => floor.change(champion, 'rejected'),
        'a champion model may become retired when another',
      ],
      [() => floor.change(champion, 'shadow'), 'is champion, not to be shadow'],
      [() => floor.promote(champion, market), 'is champion, not to be champion by promotion'],
      [() => floor.change(retired, 'shadow'), 'a retired model may become champion by rollback'],
      [() => floor.promote(retired, market), 'is retired, not to be champion by promotion'],
    ] as const;
    for (const [refused, message] of refusals) {
      await expect(refused()).rejects.toMatchObject({ code: 'model_step' });
      await expect(refused()).rejects.toThrow(message);
    }
    expect(await floor.statesOf(market)).toEqual(states);
    expect(await championOf(db, market)).toMatchObject({ hash: champion, epoch: 2 });
    expect(await floor.auditOf(market)).toHaveLength(2);
  });

  test('a change that is so already is no second one', async () => {
    const market = floor.freshMarket();
    const hash = await candidate(db, 'again', { market });
    expect((await floor.change(hash, 'shadow')).state).toBe('shadow');
    expect((await floor.change(hash, 'shadow')).state).toBe('shadow');
    expect(await changesOf(db, hash)).toHaveLength(2);
  });

  test('a model nobody knows - the newest ones are named', async () => {
    const market = floor.freshMarket();
    const hash = await candidate(db, 'newest', { market });
    const unknown = 'e'.repeat(64);
    const message = `unknown model "${unknown}": there is ${hash.slice(0, 16)}`;
    await expect(floor.promote(unknown, market)).rejects.toThrow(message);
    await expect(floor.change(unknown, 'shadow')).rejects.toThrow(message);
    await expect(readModel(db, unknown)).rejects.toThrow(message);
  });
});
