/** Failure here means: a market stops learning without a word, learns the same day ten times after
 * an outage, or two runs of one schedule overlap. */
import { Client, Connection, ScheduleOverlapPolicy } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  endLearning,
  ensureLearning,
  keepLearning,
  listLearning,
  PERIODS,
} from '../ops/learning/schedule.ts';
import { type LearningInput, TRAINER_SETTINGS } from '../proto/learning.ts';
import { wire } from '../proto/subjects.ts';
import { until } from './e2e/corro.ts';
import { testNamespace } from './support/servers.ts';

const names = wire(testNamespace());
let client: Client;

beforeAll(async () => {
  const { temporalAddress: address } = inject('servers');
  client = new Client({ connection: await Connection.connect({ address }) });
});

afterAll(async () => {
  for (const { scheduleId } of await listLearning(client, names.namespace)) {
    await client.schedule.getHandle(scheduleId).delete();
  }
  await client.connection.close();
});

const DAILY: LearningInput = {
  ...{ venue: 'paper', symbol: 'BTC/USDT', timeframe: '5m', cadence: 'daily' },
  ...{ namespace: names.namespace, from: null, to: null, candles: null },
  settings: TRAINER_SETTINGS,
};

const handleOf = (input: LearningInput) =>
  client.schedule.getHandle(
    names.learningScheduleId({ venue: 'paper', symbol: input.symbol, timeframe: '5m' }, 'daily'),
  );

async function runsOf(input: LearningInput) {
  const market = { venue: 'paper', symbol: input.symbol, timeframe: '5m' } as const;
  const id = names.learningWorkflowId(market, 'daily');
  const found = [];
  const query = `WorkflowId STARTS_WITH '${id}'`;
  for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
  return found;
}

describe('schedules', () => {
  test('each period - skips while one runs, makes up for an outage', async () => {
    for (const cadence of PERIODS) await ensureLearning(client, { ...DAILY, cadence });
    const known = { daily: 7, weekly: 28, monthly: 90 };
    for (const cadence of PERIODS) {
      const market = { venue: 'paper', symbol: 'BTC/USDT', timeframe: '5m' } as const;
      const id = names.learningScheduleId(market, cadence);
      const { policies, spec, action } = await client.schedule.getHandle(id).describe();
      expect(policies).toEqual({
        overlap: ScheduleOverlapPolicy.SKIP,
        catchupWindow: known[cadence] * 86_400_000,
        pauseOnFailure: false,
      });
      expect(spec.jitter).toBe(20 * 60_000);
      expect(action.args).toEqual([{ ...DAILY, cadence }]);
      expect(action.taskQueue).toBe(names.queues.learning);
      // One that hangs does not keep the next from starting for ever.
      expect(action.workflowExecutionTimeout).toBeGreaterThan(0);
    }
    const all = await listLearning(client, names.namespace);
    expect(all.map(({ period }) => period)).toEqual(['daily', 'monthly', 'weekly']);
    for (const { nextRunAt, lastRunAt } of all) {
      expect(nextRunAt?.getTime()).toBeGreaterThan(Date.now());
      expect(lastRunAt).toBeNull();
    }
  });

  test('asked for once more - new settings, and what was paused stays paused', async () => {
    const input = { ...DAILY, symbol: 'PAUSED/USDT' };
    await ensureLearning(client, input);
    await handleOf(input).pause('a test');
    const settings = { ...TRAINER_SETTINGS, trees: 50 };
    await ensureLearning(client, { ...input, settings });
    const { state, action } = await handleOf(input).describe();
    expect(state).toMatchObject({ paused: true, note: 'a test' });
    expect(action.args).toEqual([{ ...input, settings }]);
    const listed = await listLearning(client, names.namespace);
    expect(listed.find(({ symbol }) => symbol === input.symbol)?.paused).toBe(true);
  });

  test('kept for a session - made where there is none, and otherwise left as it is', async () => {
    const input = { ...DAILY, symbol: 'KEPT/USDT' };
    expect(await keepLearning(client, input)).toBe(true);
    const settings = { ...TRAINER_SETTINGS, trees: 50 };
    expect(await keepLearning(client, { ...input, settings })).toBe(false);
    expect((await handleOf(input).describe()).action.args).toEqual([input]);
  });

  test('off - gone, and off once more is no fault', async () => {
    const input = { ...DAILY, symbol: 'GONE/USDT' };
    await ensureLearning(client, input);
    expect(await endLearning(client, input)).toBe(true);
    expect(await endLearning(client, input)).toBe(false);
    const listed = await listLearning(client, names.namespace);
    expect(listed.some(({ symbol }) => symbol === input.symbol)).toBe(false);
  });

  test('triggered - starts a run of its market', async () => {
    const input = { ...DAILY, symbol: 'FIRE/USDT' };
    await ensureLearning(client, input);
    await handleOf(input).trigger();
    const [workflowId = ''] = await until('the run', async () => {
      const found = await runsOf(input);
      return found.length > 0 && found;
    });
    const { type, status } = await client.workflow.getHandle(workflowId).describe();
    expect([type, status.name]).toEqual(['learningWorkflow', 'RUNNING']);
    const listed = await listLearning(client, names.namespace);
    const own = listed.find(({ symbol }) => symbol === input.symbol);
    expect(own).toMatchObject({ workflowId });
    expect(own?.lastRunAt).not.toBeNull();
    await client.workflow.getHandle(workflowId).terminate('a test');
  });

  test('ten days missed - one run makes up for all of them', async () => {
    const input = { ...DAILY, symbol: 'LATE/USDT' };
    await ensureLearning(client, input);
    const end = new Date();
    const start = new Date(end.getTime() - 10 * 86_400_000);
    // What the server does after an outage, by the schedule's own policy.
    await handleOf(input).backfill({ start, end, overlap: ScheduleOverlapPolicy.SKIP });
    await until('the others to be skipped', async () => {
      const { info } = await handleOf(input).describe();
      return info.numActionsSkippedOverlap >= 8;
    });
    const runs = await until('the run', async () => {
      const found = await runsOf(input);
      return found.length > 0 && found;
    });
    expect(runs).toHaveLength(1);
    await client.workflow.getHandle(runs[0] ?? '').terminate('a test');
  });
});
