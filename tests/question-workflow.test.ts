/** Failure here means: a question to a person takes a yes it must not take, forgets to close, or
 * the orders of one docket meet the venue in the order a machine happened to be fast in. Temporal
 * and the workflows are real; the steps that touch the world only note that they were called. */
import { activityInfo } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { EscalationActivities, JudgedAnswer } from '../activities/escalation.ts';
import type { OrderInput } from '../core/orders/leg.ts';
import type { DecisionOutcome, DocketInput, DocketResult } from '../proto/docket.ts';
import type { AnswerReceipt, EscalationInput, EscalationResult } from '../proto/escalation.ts';
import { wire } from '../proto/subjects.ts';
import { answerSignal, answerUpdate, tapePassedSignal, WORKFLOWS } from '../workflows/messages.ts';
import { questionAbout } from './answers-signing.ts';
import { testNamespace } from './support/servers.ts';

const names = wire(testNamespace());
const ASKED_MS = Date.UTC(2024, 7, 5, 6);
const DEADLINE_MS = ASKED_MS + 900_000;
/** As in workflows/escalation.ts. */
const FLOOD = 1_000;
const A_RUN = 100;
const WAVE = 50;
/** Temporal takes no more than ten updates of one workflow at once. */
const AT_ONCE = 10;

const QUESTION = questionAbout({
  namespace: names.namespace,
  escalationId: 'e'.repeat(64),
  decisionId: 'd'.repeat(64),
  userId: 'user-ana',
  username: 'ana',
  venue: 'paper',
  symbol: 'BTC/USDT',
  timeframe: '5m',
  side: 'BUY',
  confidenceBp: 4_000,
  referencePrice: '50000',
  askedAtMs: ASKED_MS,
  deadlineMs: DEADLINE_MS,
  clock: 'tape',
});

function orderFor(userId: string, symbol: string): OrderInput {
  return {
    namespace: names.namespace,
    legId: `${userId}-${symbol.replace('/', '-')}`,
    cause: { kind: 'decision', id: 'd'.repeat(64) },
    leg: 0,
    purpose: 'entry',
    userId,
    venue: 'paper',
    symbol,
    side: 'BUY',
    closeTimeMs: ASKED_MS,
    referencePrice: '50000',
    confidenceBp: 6_000,
  };
}

const logger = new DefaultLogger('ERROR', () => undefined);
let connection: Connection;
let native: NativeConnection;
let client: Client;
let workflowBundle: { code: string };
const bundleOf = async (queue: string) => {
  const workflowsPath = new URL(`../workflows/${queue}.ts`, import.meta.url).pathname;
  return { code: (await bundleWorkflowCode({ workflowsPath, logger })).code };
};
let orderBundle: { code: string };

beforeAll(async () => {
  Runtime.install({ logger, shutdownSignals: [] });
  const address = inject('servers').temporalAddress;
  connection = await Connection.connect({ address });
  native = await NativeConnection.connect({ address });
  client = new Client({ connection });
  workflowBundle = await bundleOf('decision');
  orderBundle = await bundleOf('order');
});

afterAll(async () => {
  await connection.close();
  await native.close();
});

const running: { readonly worker: Worker; readonly ended: Promise<void> }[] = [];

async function work(
  taskQueue: string,
  bundle: { code: string },
  activities: object,
): Promise<void> {
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle: bundle,
    activities,
    shutdownForceTime: '5s',
  });
  running.push({ worker, ended: worker.run() });
}

afterEach(async () => {
  for (const { worker } of running) worker.shutdown();
  await Promise.all(running.map(({ ended }) => ended));
  running.length = 0;
});

/** Steps of a question that note what they were asked; `judged` is what every answer comes to. */
function notingSteps(judged: JudgedAnswer) {
  const done: string[] = [];
  // A busy machine may have Temporal repeat a step; the workflow asked for it once.
  const note = (step: string): void => {
    if (activityInfo().attempt === 1) done.push(step);
  };
  const steps: EscalationActivities = {
    judgeAnswer: async () => {
      note('judge');
      return judged;
    },
    recordLate: async () => note('late'),
    remind: async () => note('remind'),
    closeEscalation: async ({ status }) => note(`close ${status}`),
  };
  return { done, steps };
}

async function runOf(handle: WorkflowHandle): Promise<string> {
  return (await client.workflow.getHandle(handle.workflowId).describe()).runId;
}

function nested(depth: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
}

let asked = 0;
function ask(input: EscalationInput = QUESTION): Promise<WorkflowHandle> {
  asked += 1;
  return client.workflow.start(WORKFLOWS.escalation, {
    workflowId: `${names.namespace}:question:${asked}`,
    taskQueue: names.queues.decision,
    args: [input],
  });
}

const YES = { verb: 'approve' };
const REFUSED: JudgedAnswer = { outcome: 'refused', code: 'unsigned', reason: 'unsigned: …' };
const REJECTED: JudgedAnswer = {
  outcome: 'accepted',
  status: 'rejected',
  reason: 'rejected',
  order: null,
};

describe('question', () => {
  test('a yes after the deadline, both unseen while no worker ran - HOLD stands', async () => {
    const { done, steps } = notingSteps(REJECTED);
    const handle = await ask();
    await handle.signal(tapePassedSignal, DEADLINE_MS);
    await handle.signal(answerSignal, YES);
    await work(names.queues.decision, workflowBundle, steps);
    const result = (await handle.result()) as EscalationResult;
    expect(result).toMatchObject({ status: 'expired', order: null });
    expect(done.toSorted()).toEqual(['close expired', 'late']);
  });

  test('a yes after the deadline of live mode - is late, and its giver is told', async () => {
    const { done, steps } = notingSteps(REJECTED);
    const deadlineMs = Date.now() - 1;
    const handle = await ask({ ...QUESTION, clock: 'live', deadlineMs });
    const receipt = handle.executeUpdate(answerUpdate, { args: [YES] });
    await work(names.queues.decision, workflowBundle, steps);
    expect(await receipt).toMatchObject({ outcome: 'late' });
    expect(await handle.result()).toMatchObject({ status: 'expired' });
    expect(done).not.toContain('judge');
  });

  test('a flood of void answers - ends as HOLD, in histories that are bounded', async () => {
    const { done, steps } = notingSteps(REFUSED);
    const handle = await ask();
    await work(names.queues.decision, workflowBundle, steps);
    for (let sent = 0; sent < FLOOD; sent += WAVE) {
      const wave = Array.from({ length: WAVE }, (_, one) => ({ ...YES, from: `${sent + one}` }));
      await Promise.all(wave.map((answer) => handle.signal(answerSignal, answer)));
      await expect
        .poll(() => done.filter((step) => step === 'judge').length, { timeout: 180_000 })
        .toBe(sent + WAVE);
    }
    const result = (await handle.result()) as EscalationResult;
    expect(result.status).toBe('expired');
    expect(result.reason).toMatch(/^more than 1000 answers/);
    expect((await handle.describe()).historyLength).toBeLessThan(4_000);
  }, 600_000);

  test('a flood that never pauses - goes from run to run, and nothing of it is lost', async () => {
    const judged: unknown[] = [];
    const { steps } = notingSteps(REFUSED);
    const handle = await ask();
    const first = await runOf(handle);
    const send = (from: number) => handle.signal(answerSignal, { ...YES, from: `${from}` });
    const judgeAnswer: EscalationActivities['judgeAnswer'] = async ({ answer }) => {
      judged.push(answer);
      // The next one is there before this one is through.
      if (judged.length < A_RUN + WAVE) await send(judged.length);
      return REFUSED;
    };
    await send(0);
    await work(names.queues.decision, workflowBundle, { ...steps, judgeAnswer });
    const all = Array.from({ length: A_RUN + WAVE }, (_, one) => ({ ...YES, from: `${one}` }));
    await expect.poll(() => judged.length, { timeout: 300_000 }).toBe(all.length);
    expect(judged).toEqual(all);
    expect(await runOf(handle)).not.toBe(first);
    await handle.signal(tapePassedSignal, DEADLINE_MS);
    expect(await handle.result()).toMatchObject({ status: 'expired' });
  }, 600_000);

  test('a flood, then the same again - is known after the workflow has gone on', async () => {
    const { done, steps } = notingSteps(REFUSED);
    const handle = await ask();
    await work(names.queues.decision, workflowBundle, steps);
    const first = await runOf(handle);
    const flood = Array.from({ length: A_RUN }, (_, one) => ({ ...YES, from: `${one}` }));
    const receipts: AnswerReceipt[] = [];
    for (let at = 0; at < A_RUN; at += AT_ONCE) {
      const wave = flood.slice(at, at + AT_ONCE);
      const told = wave.map((answer) => handle.executeUpdate(answerUpdate, { args: [answer] }));
      receipts.push(...(await Promise.all(told)));
    }
    expect(receipts.every(({ code }) => code === 'unsigned')).toBe(true);
    await expect.poll(() => runOf(handle), { timeout: 120_000 }).not.toBe(first);
    const last = flood.at(-1);
    const again = await handle.executeUpdate(answerUpdate, { args: [last] });
    expect(again).toEqual(receipts.at(-1));
    expect(done.filter((step) => step === 'judge')).toHaveLength(A_RUN);
    await handle.signal(tapePassedSignal, DEADLINE_MS);
    expect(await handle.result()).toMatchObject({ status: 'expired' });
  }, 300_000);

  test('a double click - one answer with one receipt, while it is judged and after', async () => {
    const { done, steps } = notingSteps(REJECTED);
    const handle = await ask();
    const clicks = [YES, { ...YES }].map((answer) =>
      handle.executeUpdate(answerUpdate, { args: [answer] }),
    );
    await work(names.queues.decision, workflowBundle, steps);
    const [one, other] = await Promise.all(clicks);
    expect(one).toMatchObject({ outcome: 'accepted' });
    expect(other).toEqual(one);
    expect(await handle.result()).toMatchObject({ status: 'rejected' });
    expect(done).toEqual(['judge', 'close rejected']);
  });

  test.each([
    ['nothing', undefined],
    ['a list', [[YES]]],
    ['a deep object', nested(2_000)],
    ['a long text', { verb: 'approve', from: 'x'.repeat(300_000) }],
    ['a number', 7],
  ])('%s instead of an answer - is judged as none, and the question lives', async (_, sent) => {
    const judged: unknown[] = [];
    const { steps } = notingSteps(REFUSED);
    const judgeAnswer: EscalationActivities['judgeAnswer'] = async ({ answer }) => {
      judged.push(answer);
      return REFUSED;
    };
    const handle = await ask();
    await work(names.queues.decision, workflowBundle, { ...steps, judgeAnswer });
    const receipt = await handle.executeUpdate(answerUpdate, { args: [sent] });
    expect(receipt).toMatchObject({ outcome: 'refused' });
    expect(judged).toEqual([null]);
    await handle.signal(tapePassedSignal, DEADLINE_MS);
    expect(await handle.result()).toMatchObject({ status: 'expired' });
  });

  test('its order ended by hand in Temporal - the question is closed all the same', async () => {
    const order = orderFor('user-ana', 'BTC/USDT');
    const approved = {
      outcome: 'accepted',
      status: 'approved',
      reason: 'approved',
      order,
    } as const;
    const { done, steps } = notingSteps(approved);
    const handle = await ask();
    await work(names.queues.decision, workflowBundle, steps);
    const receipt = handle.executeUpdate(answerUpdate, { args: [YES] });
    const child = client.workflow.getHandle(names.orderWorkflowId(order.legId));
    await expect
      .poll(
        () =>
          child.describe().then(
            () => true,
            () => false,
          ),
        { timeout: 120_000 },
      )
      .toBe(true);
    await child.terminate('by hand');
    expect(await receipt).toMatchObject({ outcome: 'accepted', order: null });
    expect(await handle.result()).toMatchObject({ status: 'approved', order: null });
    expect(done).toEqual(['judge', 'close approved']);
  });
});

describe('docket', () => {
  test('orders of one symbol or one user - one at a time, in the order decided', async () => {
    const book: string[] = [];
    const active = new Set<string>();
    const clashes: string[] = [];
    const orders = {
      prepareOrder: async ({ userId, symbol }: OrderInput) => {
        const lanes = [userId, symbol];
        for (const lane of lanes)
          if (active.has(lane)) clashes.push(`${userId} ${symbol}: ${lane}`);
        for (const lane of lanes) active.add(lane);
        // Who comes first is the slowest: nothing but the order decided may decide.
        await new Promise((resolve) => setTimeout(resolve, userId === 'ana' ? 150 : 10));
        for (const lane of lanes) active.delete(lane);
        book.push(`${symbol} ${userId}`);
        return { kind: 'refused', code: 'small', text: 'too small' };
      },
    };
    const decided = ['BTC/USDT', 'ETH/USDT'].flatMap((symbol) =>
      ['ana', 'bo', 'cy'].map((userId) => decisionOf(userId, symbol)),
    );
    const steps = {
      openDebate: async () => {
        const { DEFAULT_RULES } = await import('../core/debate/rules.ts');
        return { rules: DEFAULT_RULES, weightsVersion: 1 };
      },
      holdRound: async () => {
        throw ApplicationFailure.nonRetryable('nothing is to be asked in this test');
      },
      recordVerdict: async () => ({ decisions: decided, details: '' }),
    };
    await work(names.queues.order, orderBundle, orders);
    await work(names.queues.decision, workflowBundle, steps);
    const input: DocketInput = {
      namespace: names.namespace,
      debateId: 'lanes',
      venue: 'paper',
      timeframe: '5m',
      closeTimeMs: ASKED_MS,
      clock: 'tape',
      answerTimeoutMs: 1_000,
      motions: [],
    };
    const result = (await client.workflow.execute(WORKFLOWS.docket, {
      workflowId: names.debateWorkflowId('lanes'),
      taskQueue: names.queues.decision,
      args: [input],
    })) as DocketResult;
    expect(clashes).toEqual([]);
    const ofBtc = book.filter((one) => one.startsWith('BTC'));
    expect(ofBtc).toEqual(['BTC/USDT ana', 'BTC/USDT bo', 'BTC/USDT cy']);
    const place = (one: DecisionOutcome): string => `${one.symbol} ${one.userId}`;
    expect(result.decisions.map(place)).toEqual(decided.map(place));
    expect(result.decisions.every((one) => one.order?.state === 'nothing')).toBe(true);
  });
});

function decisionOf(userId: string, symbol: string): DecisionOutcome {
  return {
    decisionId: 'd'.repeat(64),
    userId,
    username: userId,
    eventId: 'v'.repeat(64),
    symbol,
    action: 'BUY',
    verdict: 'consensus',
    confidenceBp: 6_000,
    followUp: { kind: 'order', order: orderFor(userId, symbol) },
    order: null,
  };
}
