/** Failure here means: somebody else is asked than who speaks for a market, a vote that drift has
 * discounted counts whole, or what models said is lost. */
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import { driftOf, recordDrift } from '../adapters/store/drift.ts';
import { championOf, servedModels } from '../adapters/store/models.ts';
import { recordMotions } from '../adapters/store/motions.ts';
import { predictionsOf, recordPredictions } from '../adapters/store/predictions.ts';
import { setWorth } from '../adapters/store/promotion.ts';
import type { Database } from '../adapters/store/schema.ts';
import type { Forecast } from '../core/models/forecast.ts';
import { RegistryFloor } from './registry-floor.ts';
import { candidate } from './registry-samples.ts';
import { motionAt } from './store-samples.ts';
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

describe('what is read at every candle', () => {
  test('each symbol with its champion, its worth and its four newest shadows', async () => {
    const venue = 'served';
    const market = { venue, symbol: 'A/USDT', timeframe: '5m' };
    const champion = await candidate(db, 'served champion', { market });
    await floor.promote(champion, market);
    const shadows: string[] = [];
    for (const at of [1, 2, 3, 4, 5]) {
      const hash = await candidate(db, `served shadow ${at}`, { market });
      await floor.change(hash, 'shadow');
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

  test('worth - of the champion alone, each change on record, whole for the next one', async () => {
    const market = floor.freshMarket();
    const [one, two] = (await Promise.all(
      ['w1', 'w2'].map((name) => candidate(db, name, { market })),
    )) as [string, string];
    await floor.promote(one, market);
    const worth = { market, hash: one, worthBp: 2_500, reason: 'features moved', by: 'learning' };
    expect(await setWorth(db, worth)).toBe('set');
    expect(await setWorth(db, worth)).toBe('same');
    expect(await setWorth(db, { ...worth, hash: two })).toBe('stale');
    expect(await championOf(db, market)).toEqual({ hash: one, epoch: 1, worthBp: 2_500 });
    await expect(setWorth(db, { ...worth, worthBp: 10_001 })).rejects.toThrow('basis_points');
    await floor.promote(two, market);
    expect(await championOf(db, market)).toEqual({ hash: two, epoch: 2, worthBp: 10_000 });
    expect(await floor.auditOf(market)).toMatchObject([
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
