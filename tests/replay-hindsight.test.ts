/** Failure here means: a ring that knows what comes is shown as if it had foretold it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureDefaults } from '../adapters/store/users.ts';
import { recordWeights, weightsOf } from '../adapters/store/weights.ts';
import { hindsightOf } from '../ops/ring/hindsight.ts';
import { RegistryFloor } from './registry-floor.ts';
import { candidate } from './registry-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
  await ensureDefaults(database.db);
});

afterAll(() => database.drop());

const TRAINED_TO = Date.UTC(2024, 5, 1);

test('a champion of June and a tape of January, or of July - said, or nothing', async () => {
  const { db } = database;
  const floor = new RegistryFloor(db);
  const [market, other] = [floor.freshMarket(), floor.freshMarket()];
  const hash = await candidate(db, 'of June', { market });
  await floor.promote(hash, market);
  const symbols = [market.symbol, other.symbol];
  const tape = { venue: 'paper', timeframe: '5m', symbols };
  const [words, more] = await hindsightOf(db, { ...tape, fromMs: Date.UTC(2024, 0, 4) });
  expect(words).toContain(`champion ${hash.slice(0, 12)} of ${market.symbol} 5m was trained`);
  expect(words).toContain('up to 2024-06-01T00:00:00.000Z');
  expect(words).toContain('begins at 2024-01-04T00:00:00.000Z');
  expect(more).toBeUndefined();
  expect(await hindsightOf(db, { ...tape, fromMs: TRAINED_TO })).toHaveLength(1);
  expect(await hindsightOf(db, { ...tape, fromMs: TRAINED_TO + 1 })).toEqual([]);
  expect(await hindsightOf(db, { ...tape, symbols: [other.symbol], fromMs: 0 })).toEqual([]);
});

test('weights that outcomes of later earned - said', async () => {
  const { db } = database;
  const tape = { venue: 'paper', timeframe: '5m', symbols: [], fromMs: TRAINED_TO };
  expect(await hindsightOf(db, tape)).toEqual([]);
  const { weights } = await weightsOf(db, 1);
  const earned = { ...weights, calm: { ...weights.calm, strategist: 20_000 } };
  const offered = { weights: earned, reason: 'a test', evidence: {}, by: 'learning' };
  await recordWeights(db, { ...offered, learnedToMs: TRAINED_TO }, 1);
  expect(await hindsightOf(db, { ...tape, fromMs: TRAINED_TO + 1 })).toEqual([]);
  const [words, more] = await hindsightOf(db, tape);
  expect(words).toContain('weights version 2 follows from outcomes up to 2024-06-01');
  expect(more).toBeUndefined();
});
