/** Failure here means: a trainer that hangs, or that is not there, keeps the loop for ever, costs a
 * market its champion, or keeps the next run from working; or a trainer that is only busy passes
 * for none. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRun } from '../adapters/store/learning-runs.ts';
import { championOf } from '../adapters/store/models.ts';
import type { Market } from '../core/learning/contract.ts';
import { type LearningHandle, resultOf } from '../ops/learning/runs.ts';
import { TRAIN_ACTIVITY } from '../proto/learning.ts';
import { learningQuery } from '../workflows/messages.ts';
import { until } from './e2e/corro.ts';
import { LearningFloor } from './learning-floor.ts';
import { TIMEFRAME } from './made-up-market.ts';
import { PYTHON_TIMEOUT_MS } from './models-maker.ts';

const floor = new LearningFloor();
const champions = market('CHAMP/USDT');
const SETTINGS = { trees: 2, folds: 2, embargoCandles: 12 };

beforeAll(async () => {
  await floor.open({ CORRO_TRAINER_WAIT_SECONDS: '10' });
  await floor.makeMarket({ ...champions, kind: 'runs', learned: 6_000, traded: 700 });
  for (const symbol of ['BUSY/USDT', 'NEXT/USDT']) {
    await floor.makeMarket({ symbol, kind: 'noise', learned: 1_500, traded: 0, seed: 5 });
  }
  const result = await resultOf(await floor.start(floor.input(champions)));
  expect(result.verdict).toBe('promoted');
}, PYTHON_TIMEOUT_MS);
afterAll(() => floor.close());

function market(symbol: string): Market {
  return { venue: 'paper', symbol, timeframe: TIMEFRAME };
}

/** The process that fits, once it does. */
async function fitterFrom(line: number): Promise<number> {
  return Number((await floor.trainer.says('fitting', line))['child']);
}

async function failureOf(handle: LearningHandle): Promise<string> {
  await expect(resultOf(handle)).rejects.toMatchObject({ code: 'learning_failed' });
  const { runId } = await handle.query(learningQuery);
  const { status, why, verdict, modelHash, report } = await readRun(floor.db, runId ?? '');
  expect({ status, verdict, modelHash }).toEqual({
    ...{ status: 'failed', verdict: null, modelHash: null },
  });
  expect(report?.markdown).toContain(`This run was not finished: ${why}. `);
  await until('the news', () => floor.news.some((one) => one.runId === runId));
  const [told] = floor.news.filter((one) => one.runId === runId);
  expect(told).toMatchObject({ news: 'run_failed', verdict: null });
  expect(told?.words).toContain(why);
  return why;
}

test('hung in mid-fit - the run fails, the champion stays, the next one works', async () => {
  const before = await championOf(floor.db, champions);
  expect(before.hash).not.toBeNull();
  const settings = { ...SETTINGS, seed: 8 };
  const from = floor.trainer.lines.length;
  const hung = await floor.start(floor.input(champions, { settings }));
  process.kill(await fitterFrom(from), 'SIGSTOP');
  floor.trainer.signal('SIGSTOP');
  expect(await failureOf(hung)).toBe('no trainer is running: ./corro up --trainer starts one');
  expect(await championOf(floor.db, champions)).toEqual(before);
  floor.trainer.signal('SIGKILL');
  await floor.trainer.exit;
  floor.trainer = await floor.newTrainer();
  const next = await resultOf(await floor.start(floor.input(champions, { settings })));
  expect(next.modelHash).not.toBeNull();
  expect(next.verdict).not.toBe('untrained');
});

test('busy with another market - it is waited for', async () => {
  const from = floor.trainer.lines.length;
  const first = await floor.start(floor.input(market('BUSY/USDT')));
  const fitter = await fitterFrom(from);
  process.kill(fitter, 'SIGSTOP');
  const second = await floor.start(floor.input(market('NEXT/USDT')));
  await until('its second turn', async () => {
    const { events } = await second.fetchHistory();
    const turns = (events ?? []).filter(({ activityTaskScheduledEventAttributes: step }) => {
      return step?.activityType?.name === TRAIN_ACTIVITY;
    });
    return turns.length > 1;
  });
  process.kill(fitter, 'SIGCONT');
  const results = await Promise.all([resultOf(first), resultOf(second)]);
  expect(results.map(({ verdict }) => verdict)).toEqual(['rejected', 'rejected']);
});

test('not there - the run fails in time and says how to start one', async () => {
  floor.trainer.signal('SIGKILL');
  await floor.trainer.exit;
  const settings = { ...SETTINGS, seed: 9 };
  const handle = await floor.start(floor.input(market('NEXT/USDT'), { settings }));
  expect(await failureOf(handle)).toBe('no trainer is running: ./corro up --trainer starts one');
});
