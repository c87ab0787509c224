import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { REPOSITORY } from '../ops/stack/home.ts';

/** Debates, questions, orders, guards, plans, scans and learning runs that ran, replayed on the
 * workflows as they are now. A failure here means that a deploy would stop every debate that is
 * open at that moment, or leave every position without its guard: version the change, or record
 * anew (`node tests/histories/record.ts`, `record-learning.ts`) when none of the old kind can be
 * open. */

interface Recorded {
  readonly workflowId: string;
  readonly history: { readonly events: readonly Readonly<Record<string, unknown>>[] };
}

const FOLDER = join(REPOSITORY, 'tests/histories');
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''));

function recorded(name: string): Recorded {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Recorded;
}

const STEP = 'activityTaskScheduledEventAttributes';

describe('recorded histories', () => {
  const code: Record<string, string> = {};
  const queueOf = (name: string) => {
    if (name.startsWith('learning-')) return 'learning-queue';
    return /^(order|guard|plan)-/.test(name) ? 'order' : 'decision';
  };

  beforeAll(async () => {
    const logger = new DefaultLogger('ERROR', () => undefined);
    // Every replay that fails as it should would be told on the terminal.
    const telemetryOptions = { logging: { filter: 'OFF' } };
    Runtime.install({ logger, shutdownSignals: [], telemetryOptions });
    for (const queue of ['decision', 'order', 'learning-queue']) {
      const workflowsPath = fileURLToPath(new URL(`../workflows/${queue}.ts`, import.meta.url));
      code[queue] = (await bundleWorkflowCode({ workflowsPath, logger })).code;
    }
  });

  const replay = (
    name: string,
    { history, workflowId }: Recorded,
    change: (code: string) => string = (same) => same,
  ) => {
    const workflowBundle = { code: change(code[queueOf(name)] ?? '') };
    return Worker.runReplayHistory({ workflowBundle }, history, workflowId);
  };

  test('there is one of every kind', () => {
    const kinds = new Set(NAMES.map((name) => name.split('-')[0]));
    expect(kinds).toEqual(
      new Set(['docket', 'escalation', 'order', 'guard', 'plan', 'scan', 'learning']),
    );
    // A stop that came to rest and was filled, and one that was taken back.
    expect(NAMES).toEqual(expect.arrayContaining(['guard-stopped', 'guard-recalled']));
  });

  test.each(NAMES)('%s - the workflow of today does what was done then', async (name) => {
    await expect(replay(name, recorded(name))).resolves.toBeUndefined();
  });

  test.each([
    ['docket-order', 'steps.openDebate(', 'steps.recordVerdict('],
    ['docket-live', 'steps.recordVerdict(', 'steps.openDebate('],
    ['escalation-approved', 'steps.judgeAnswer(', 'steps.recordLate('],
    ['escalation-expired-live', 'steps.remind(', 'steps.closeEscalation('],
    ['order-filled', 'orderSteps.bookOrder.', 'orderSteps.sendOrder.'],
    ['guard-stopped', 'steps.closeGuard(', 'steps.saveGuard('],
    ['guard-recalled', 'steps.guardLeg(', 'steps.saveGuard('],
    ['plan-flatten', 'steps.closePlan(', 'steps.openPlan('],
    ['scan-motion', 'await startDebate(', 'void ('],
    ['learning-rejected', 'steps.enterShadow.', 'steps.waitingModels.'],
    ['learning-untrained', 'longSteps.updateWeights.', 'longSteps.analysePerformance.'],
    ['learning-cancelled', 'trainModel.', 'trainModelAgain.'],
  ])('%s - a workflow that does something else is caught', async (name, was, is) => {
    const change = (text: string): string => {
      expect(text.includes(was), `the workflows must contain ${was}`).toBe(true);
      return text.replaceAll(was, is);
    };
    await expect(replay(name, recorded(name), change)).rejects.toThrow(/ondeterminis/);
  });

  test.each(NAMES)('%s - a history in which another step was taken is caught', async (name) => {
    const { workflowId, history } = recorded(name);
    const at = history.events.findIndex((event) => STEP in event);
    const event = history.events[at] ?? {};
    const step = { ...(event[STEP] as object), activityType: { name: 'somethingElse' } };
    const events = history.events.with(at, { ...event, [STEP]: step });
    const altered = replay(name, { workflowId, history: { events } });
    await expect(altered).rejects.toThrow(/ondeterminis/);
  });
});
