/** Failure here means: a candidate that came of the same data before is rejected on its way in, by
 * its own age, before anybody has looked at it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCandidateActivities } from '../activities/learning/candidate.ts';
import type { LearningRun } from '../activities/learning/run.ts';
import { RegistryFloor } from './registry-floor.ts';
import { candidate } from './registry-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
});

afterAll(() => database.drop());

test('into a full shadow - whoever enters stays, and the oldest of the others goes', async () => {
  const { db } = database;
  const floor = new RegistryFloor(db);
  const market = floor.freshMarket();
  const old = await candidate(db, 'old', { market });
  const waiting: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    const hash = await candidate(db, name, { market });
    await floor.change(hash, 'shadow');
    waiting.push(hash);
  }
  const { enterShadow } = createCandidateActivities({ db });
  const run = { ...market, id: 'f'.repeat(64) } as LearningRun;
  await enterShadow(run, old);
  const [oldest, ...stay] = waiting;
  const states = await floor.statesOf(market);
  expect(states[old]).toBe('shadow');
  expect(states[oldest as string]).toBe('rejected');
  for (const hash of stay) expect(states[hash]).toBe('shadow');
  await enterShadow(run, old);
  expect(await floor.statesOf(market)).toEqual(states);
});
