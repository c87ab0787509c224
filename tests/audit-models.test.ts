/** Failure here means: a model can speak that is not what was registered, or a champion can change
 * without anybody knowing, and the checker does not see it; or it cries over a registry that is
 * right. */
import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { changeModel } from '../adapters/store/model-changes.ts';
import { recordMotions } from '../adapters/store/motions.ts';
import { recordPredictions } from '../adapters/store/predictions.ts';
import { promoteModel, rollbackChampion, setWorth } from '../adapters/store/promotion.ts';
import type { Database } from '../adapters/store/schema.ts';
import { openStore } from '../adapters/store/store.ts';
import { ensureDefaults } from '../adapters/store/users.ts';
import { recordWeights } from '../adapters/store/weights.ts';
import { EQUAL_REGIME_WEIGHTS, EQUAL_WEIGHTS } from '../core/debate/weights.ts';
import type { Market } from '../core/learning/contract.ts';
import type { Forecast } from '../core/models/forecast.ts';
import { Auditor, type AuditReport, audit } from '../ops/audit/audit.ts';
import { superuser, violated } from './audit-floor.ts';
import { PLANTED_MODELS, type SoundModels } from './audit-plants-models.ts';
import { candidate } from './registry-samples.ts';
import { motionAt } from './store-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

/** What is about models and weights: records, contents, the registry. */
const ONLY = [9, 17, 18];
const MARKET: Market = { venue: 'paper', symbol: 'BTC/USDT', timeframe: '1m' };
const WHY = { reason: 'a test', evidence: { brier: 0.6123 }, by: 'ana' };

let database: TestDatabase;
let models: SoundModels;
let template: string;

beforeAll(async () => {
  database = await openTestDatabase();
  template = new URL(database.url).pathname.slice(1);
  const store = openStore({ url: database.url, poolSize: 2 });
  models = await soundModels(store.db);
  await store.close();
  // Nobody may be connected to what is copied.
  await database.db.destroy();
});

afterAll(() => database.drop());

test('a sound registry - no violation, and rows were seen', async () => {
  const report = await inCopy((url) => audit({ postgresUrl: url, log: null, only: ONLY }));
  expect(report.findings.flatMap(({ shown }) => shown)).toEqual([]);
  const seen = report.findings.find(({ number }) => number === 18)?.seen.database ?? 0;
  expect(seen).toBeGreaterThan(30);
});

test.each(PLANTED_MODELS)('$name - is found', async ({ sql, breaks, says }) => {
  const report = await inCopy(async (url) => {
    await superuser(url, sql(models));
    return audit({ postgresUrl: url, log: null, only: ONLY });
  });
  const texts = textsOf(report);
  const chains = report.findings.find(({ number }) => number === 9)?.shown ?? [];
  const isChainOnly = chains.length > 0 && chains.every(({ text }) => text.startsWith('chain: '));
  expect(isChainOnly, 'a plant must be found by more than the chain').toBe(false);
  expect(violated(report), texts.join('\n')).toEqual(breaks);
  expect(texts).toContainEqual(expect.stringMatching(says));
});

test('between two checks of one process - what is served is looked at each time', async () => {
  const { champion, retired } = models;
  await inCopy(async (url) => {
    const auditor = new Auditor({ postgresUrl: url, log: null, only: [18] });
    expect((await auditor.run()).sound).toBe(true);
    await superuser(url, "update blobs set recorded_at = recorded_at - interval '1 day'");
    expect((await auditor.run()).sound).toBe(true);
    await superuser(url, `update blobs set bytes = 'another' where hash = '${retired}'`);
    expect((await auditor.run()).sound).toBe(true);
    await superuser(url, `update blobs set bytes = 'another' where hash = '${champion}'`);
    const served = textsOf(await auditor.run());
    expect(served.map((text) => text.slice(0, 64))).toEqual([champion]);
    // A violation makes it prove everything anew.
    const all = textsOf(await auditor.run());
    expect(all.map((text) => text.slice(0, 64)).toSorted()).toEqual([champion, retired].toSorted());
  });
});

function textsOf(report: AuditReport): readonly string[] {
  return report.findings.flatMap(({ shown }) => shown.map(({ id, text }) => `${id} ${text}`));
}

/** Everything a registry can have in it, made by the product itself. */
async function soundModels(db: Kysely<Database>): Promise<SoundModels> {
  await ensureDefaults(db);
  await recordWeights(
    db,
    {
      weights: { ...EQUAL_REGIME_WEIGHTS, calm: { ...EQUAL_WEIGHTS, auditor: 9_000 } },
      ...{ reason: 'a test', learnedToMs: null, evidence: { brier: 0.5 }, by: 'learning' },
    },
    1,
  );
  const names = ['champion', 'retired', 'shadow', 'candidate', 'rejected'];
  const [champion, retired, shadow, waiting, rejected] = (await Promise.all(
    names.map((name) => candidate(db, name, { market: MARKET })),
  )) as [string, string, string, string, string];
  const other = { ...MARKET, symbol: 'ETH/USDT' };
  const elsewhere = await candidate(db, 'elsewhere', { market: other });
  await changeModel(db, { ...WHY, hash: shadow, to: 'shadow' });
  await changeModel(db, { ...WHY, hash: rejected, to: 'rejected' });
  await promoteModel(db, { ...WHY, hash: champion, expectedEpoch: 0 });
  await promoteModel(db, { ...WHY, hash: retired, expectedEpoch: 1 });
  await rollbackChampion(db, { market: MARKET, expectedEpoch: 2, reason: 'a test', by: 'ana' });
  const worth = { market: MARKET, hash: champion, worthBp: 4_000, reason: 'drift', by: 'learning' };
  await setWorth(db, worth);
  await promoteModel(db, { ...WHY, hash: elsewhere, expectedEpoch: 0 });
  await rollbackChampion(db, { market: other, expectedEpoch: 1, reason: 'a test', by: 'ana' });
  const { snapshot, ...motion } = motionAt(5);
  const forecast = forecastOf(champion);
  await recordMotions(db, [{ ...motion, snapshot: { ...snapshot, forecast } }, motionAt(6)]);
  const { eventId } = snapshot;
  await recordPredictions(db, [
    { eventId, modelHash: champion, part: 'champion', answer: forecast },
    { eventId, modelHash: shadow, part: 'challenger', answer: forecastOf(shadow) },
  ]);
  return {
    ...{ market: MARKET, champion, retired, shadow, candidate: waiting, rejected, elsewhere },
    motion: eventId,
  };
}

function forecastOf(model: string): Forecast {
  return {
    ...{ model, buyBp: 4_000, sellBp: 1_000, holdBp: 5_000 },
    ...{ confidenceBp: 5_500, magnitudeBps: 12, riskBps: 9, worthBp: 4_000 },
  };
}

async function inCopy<T>(act: (url: string) => Promise<T>): Promise<T> {
  const name = `copy_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name} template ${template}`);
  try {
    const url = new URL(database.url);
    url.pathname = `/${name}`;
    return await act(url.href);
  } finally {
    await administer(`drop database ${name} with (force)`);
  }
}

async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('servers').postgresUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
