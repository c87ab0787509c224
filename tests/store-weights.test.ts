/** Failure here means: a debate is judged by weights nobody recorded, two changes both believe that
 * they won, or a decision's version says something else than when it was taken. */
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import type { Database } from '../adapters/store/schema.ts';
import { sqlState } from '../adapters/store/store.ts';
import { ensureDefaults } from '../adapters/store/users.ts';
import {
  currentWeights,
  ensureFirstWeights,
  listWeights,
  type OfferedWeights,
  recordWeights,
  weightsOf,
} from '../adapters/store/weights.ts';
import { EQUAL_REGIME_WEIGHTS, type RegimeWeights } from '../core/debate/weights.ts';
import { hashOf } from '../core/hash.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  await ensureDefaults(db);
});

afterAll(() => database.drop());

function strategistAt(weight: number): RegimeWeights {
  const calm = { ...EQUAL_REGIME_WEIGHTS.calm, strategist: weight };
  return { ...EQUAL_REGIME_WEIGHTS, calm };
}

function offered(weight: number, parts: Partial<OfferedWeights> = {}): OfferedWeights {
  return {
    weights: strategistAt(weight),
    reason: 'the strategist did better when calm',
    learnedToMs: Date.UTC(2024, 0, 2),
    evidence: { brier: 0.61234567, roles: ['strategist'] },
    by: 'learning',
    ...parts,
  };
}

function acts() {
  return db
    .selectFrom('audit')
    .select(['reference', 'body'])
    .where('act', '=', 'weights-set')
    .orderBy('seq')
    .execute();
}

describe('weights', () => {
  test('version 1 is there, equal for everybody; making it again changes nothing', async () => {
    await ensureFirstWeights(db);
    expect(await currentWeights(db)).toEqual({ version: 1, weights: EQUAL_REGIME_WEIGHTS });
    const [first] = await listWeights(db);
    expect(first).toMatchObject({ contentHash: hashOf(EQUAL_REGIME_WEIGHTS), learnedToMs: null });
  });

  test('equal weights make no version; older ones stay readable', async () => {
    const same = offered(10_000);
    expect(await recordWeights(db, same, 1)).toEqual({ outcome: 'same', version: 1 });
    expect(await acts()).toEqual([]);
    expect(await recordWeights(db, offered(12_000), 1)).toEqual({
      outcome: 'recorded',
      version: 2,
    });
    expect(await currentWeights(db)).toEqual({ version: 2, weights: strategistAt(12_000) });
    expect((await weightsOf(db, 1)).weights).toEqual(EQUAL_REGIME_WEIGHTS);
    const { weights, reason, learnedToMs, evidence } = offered(12_000);
    const [newest] = await listWeights(db, { limit: 1 });
    const contentHash = hashOf(weights);
    const kept = { version: 2, weights, reason, learnedToMs, evidence, contentHash };
    expect(newest).toMatchObject(kept);
  });

  test('each change is audited in its own transaction, with what moved', async () => {
    const { weights, reason, evidence, learnedToMs, by } = offered(12_000);
    const body = { version: 2, content: hashOf(weights), reason, learnedToMs, by };
    const changes = [{ field: 'calm.strategist', from: 10_000, to: 12_000 }];
    expect(await acts()).toEqual([
      { reference: 'weights:2', body: { ...body, evidence: hashOf(evidence), changes } },
    ]);
    expect(await verifyChain(db, 'configuration')).toMatchObject({ intact: true });
  });

  test('a change that was made for an older version is stale, and changes nothing', async () => {
    expect(await recordWeights(db, offered(9_000), 1)).toEqual({ outcome: 'stale', version: 2 });
    expect(await recordWeights(db, offered(9_000), 3)).toEqual({ outcome: 'stale', version: 2 });
    expect((await currentWeights(db)).weights).toEqual(strategistAt(12_000));
  });

  test('ten at once for the same version - one is recorded, nine are stale', async () => {
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, at) => recordWeights(db, offered(13_000 + at), 2)),
    );
    const won = all.filter(({ outcome }) => outcome === 'recorded');
    expect(won).toEqual([{ outcome: 'recorded', version: 3 }]);
    const lost = all.filter(({ outcome }) => outcome !== 'recorded');
    expect(lost).toEqual(Array(9).fill({ outcome: 'stale', version: 3 }));
    expect((await acts()).length).toBe(2);
    expect(await verifyChain(db, 'configuration')).toMatchObject({ intact: true });
  });

  test.each([
    [-1, 'calm.strategist must be a whole number 0 … 1000000, was -1'],
    [0.5, 'was 0.5'],
    [1_000_001, 'was 1000001'],
    [Number.NaN, 'was NaN'],
  ])('a weight of %s is none', async (weight, text) => {
    await expect(recordWeights(db, offered(weight), 3)).rejects.toThrow(text);
  });

  test('a version is never changed nor taken away', async () => {
    const change = sql`update weights set reason = '' where version = 1`.execute(db);
    expect(sqlState(await change.catch((error: unknown) => error))).toBe('23001');
    const removal = sql`delete from weights where version = 3`.execute(db);
    expect(sqlState(await removal.catch((error: unknown) => error))).toBe('23001');
  });
});
