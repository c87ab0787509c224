import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Decision, readDecisions } from '../adapters/store/decisions.ts';
import { openEscalation } from '../adapters/store/escalations.ts';
import { readUtterances } from '../adapters/store/utterances.ts';
import { ROLES } from '../core/assistants/role.ts';
import { escalationId } from '../core/identity.ts';
import { verifyDecisions } from '../ops/ring/verify.ts';
import type { DocketInput } from '../proto/docket.ts';
import { ANSWER_TIMEOUT_MS, docketInput } from '../proto/docket-start.ts';
import type { EscalationResult } from '../proto/escalation.ts';
import { answerSignal, WORKFLOWS } from '../workflows/messages.ts';
import { question, record } from './actors-ring.ts';
import { questionAbout, signatory } from './answers-signing.ts';
import { until } from './e2e/corro.ts';
import { type LiveFloor, openLiveFloor } from './live-floor.ts';

/** Deadlines of live mode are Temporal's and the round's own timers. A failure here is a ring
 * that waits for ever for an assistant that is gone, or a question to a person that silence
 * turns into a trade. */

const ABSENT = 'auditor';
/** Half of it is long enough for the question to have begun. */
const WINDOW_MS = 12_000;
/** The others must have spoken by then, on a busy machine too. */
const ANSWER_MS = 8_000;
/** Against hanging. */
const LIMIT_MS = 300_000;

describe('live deadlines', () => {
  let floor: LiveFloor;
  let decision: Decision;
  const { debateId, snapshot, symbol } = question('BTC/USDT');

  beforeAll(async () => {
    floor = await openLiveFloor({ roles: ROLES.filter((role) => role !== ABSENT).join(',') });
  });

  afterAll(() => floor?.close());

  const start = async (input: DocketInput) =>
    floor.client.workflow.start(WORKFLOWS.docket, {
      workflowId: floor.names.debateWorkflowId(input.debateId),
      taskQueue: floor.names.queues.decision,
      args: [input],
    });

  test(
    'an assistant that is gone - is silent after the answer timeout, and abstains',
    async () => {
      const { db } = floor.database;
      await record(db, [{ debateId, snapshot, symbol, eventId: snapshot.eventId }]);
      const { venue, timeframe, closeTimeMs } = snapshot;
      const market = { debateId, venue, timeframe, closeTimeMs, clock: 'live' } as const;
      const input = docketInput({ ...market, snapshots: [snapshot] }, floor.names.namespace);
      expect(input.answerTimeoutMs).toBe(ANSWER_TIMEOUT_MS.live);
      expect(ANSWER_TIMEOUT_MS.live).toBe(20_000);
      const startedAtMs = performance.now();
      await start({ ...input, answerTimeoutMs: ANSWER_MS });
      const found = await until(
        'the decision',
        async () => (await readDecisions(db, { debateId }))[0],
        120_000,
      );
      const tookMs = performance.now() - startedAtMs;
      decision = found;

      const votes = new Map(found.votes.map((vote) => [vote.role, vote]));
      expect(votes.get(ABSENT)).toMatchObject({ choice: null, shareBp: 0 });
      for (const role of ROLES.filter((one) => one !== ABSENT)) {
        expect(votes.get(role)?.choice, role).not.toBeNull();
      }
      const spoke = new Set((await readUtterances(db, [snapshot.eventId])).map(({ role }) => role));
      expect([...spoke].sort()).toEqual(ROLES.filter((role) => role !== ABSENT).toSorted());
      // Opinions and ballots each waited for it once.
      expect(tookMs).toBeGreaterThan(2 * ANSWER_MS);
      expect(await verifyDecisions(db, { ids: [] })).toMatchObject({ checked: 1, equal: true });
    },
    LIMIT_MS,
  );

  async function ask(windowMs: number) {
    const id = escalationId({ decisionId: decision.id });
    const askedAtMs = Date.now();
    const input = questionAbout({
      namespace: floor.names.namespace,
      escalationId: id,
      decisionId: decision.id,
      userId: decision.userId,
      username: decision.username,
      venue: 'paper',
      symbol,
      timeframe: '1m',
      side: 'BUY',
      confidenceBp: 6_000,
      referencePrice: String(snapshot.candles.at(-1)?.close),
      askedAtMs,
      deadlineMs: askedAtMs + windowMs,
      clock: 'live',
    });
    const workflowId = floor.names.escalationWorkflowId(id);
    const row = { decisionId: decision.id, userId: decision.userId, symbol, workflowId };
    const { db } = floor.database;
    const { deadlineMs, asking } = input;
    await openEscalation(db, { ...row, question: input, askedAtMs, deadlineMs, ...asking });
    const handle = await floor.client.workflow.start(WORKFLOWS.escalation, {
      workflowId,
      taskQueue: floor.names.queues.decision,
      args: [input],
    });
    return { askedAtMs, id, handle, input };
  }

  test(
    'nobody answers - one reminder at half the time, then HOLD stands',
    async () => {
      floor.questions.length = 0;
      const { askedAtMs, id, handle } = await ask(WINDOW_MS);
      const reminder = await until('the reminder', () => floor.questions[0], 60_000);
      expect(Date.now() - askedAtMs).toBeGreaterThanOrEqual(WINDOW_MS / 2);
      expect(reminder).toMatchObject({ escalationId: id, status: 'open' });
      expect(reminder.reason).toMatch(/still waiting/);
      const result = (await handle.result()) as EscalationResult;
      expect(Date.now() - askedAtMs).toBeGreaterThanOrEqual(WINDOW_MS);
      expect(result).toMatchObject({ status: 'expired', order: null });
      await until('the last word', () => floor.questions.length === 2, 60_000);
      expect(floor.questions[1]).toMatchObject({ status: 'expired' });
    },
    LIMIT_MS,
  );

  test(
    'an answer - ends it at once',
    async () => {
      const { db } = floor.database;
      await db.deleteFrom('escalations').execute();
      floor.questions.length = 0;
      // Its deadline lies beyond the test's: only the answer can end it.
      const { handle, input } = await ask(2 * LIMIT_MS);
      const person = await signatory(db, decision.username);
      const runId = handle.firstExecutionRunId;
      await handle.signal(answerSignal, person.sign(input, { verb: 'reject' }));
      const result = (await floor.client.workflow
        .getHandle(handle.workflowId, runId)
        .result()) as EscalationResult;
      expect(result).toMatchObject({ status: 'rejected', order: null });
    },
    LIMIT_MS,
  );
});
