import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDecisions } from '../adapters/store/decisions.ts';
import { addUser, listUsers } from '../adapters/store/users.ts';
import { docketCard, docketInput } from '../proto/docket-start.ts';
import { WORKFLOWS } from '../workflows/messages.ts';
import { question, record } from './actors-ring.ts';
import { until } from './e2e/corro.ts';
import { type LiveFloor, openLiveFloor } from './live-floor.ts';

/** What a debate costs Temporal: events of its history, billable actions, bytes of its payloads.
 * A failure here is a bill, or a history that no longer fits (SAFETY 3: history growth). */

const MOST_EVENTS = 40;
const MOST_ACTIONS = 8;
const MOST_PAYLOAD_BYTES = 64 * 1024;
type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

/** As Temporal Cloud bills: a start, each try of an activity, an upsert of search attributes or
 * memo, a timer, a signal, a child. Heartbeats are not in the history: a round that lasts sends
 * one in four seconds. */
function actionsOf(event: HistoryEvent): number {
  const tries = event.activityTaskStartedEventAttributes;
  if (tries) return tries.attempt ?? 1;
  const billed =
    event.workflowExecutionStartedEventAttributes ??
    event.upsertWorkflowSearchAttributesEventAttributes ??
    event.workflowPropertiesModifiedEventAttributes ??
    event.timerStartedEventAttributes ??
    event.workflowExecutionSignaledEventAttributes ??
    event.startChildWorkflowExecutionInitiatedEventAttributes;
  return billed ? 1 : 0;
}

/** What a debate costs that asks for nothing afterwards: up to its verdict, and the event that
 * ends it. */
function costOf(history: History) {
  const all = history.events ?? [];
  const verdict = all.findIndex((event) => event.upsertWorkflowSearchAttributesEventAttributes);
  const events = all.slice(0, verdict + 1);
  const actions = events.reduce((sum, event) => sum + actionsOf(event), 0);
  const largestPayloadBytes = Math.max(...all.flatMap((event) => payloadBytes(event)));
  return { events: events.length + 1, actions, largestPayloadBytes };
}

/** Sizes of every payload anywhere in an event. */
function payloadBytes(value: unknown): number[] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  const { data, metadata } = value as { data?: unknown; metadata?: unknown };
  if (data instanceof Uint8Array && metadata !== undefined) return [data.byteLength];
  return Object.values(value).flatMap(payloadBytes);
}

describe('cost of a docket', { timeout: 300_000 }, () => {
  let floor: LiveFloor;

  beforeAll(async () => {
    floor = await openLiveFloor({});
  });

  afterAll(() => floor?.close());

  /** Debates the symbols in one docket, up to the recorded decisions. */
  async function debate(symbols: readonly string[], step: number) {
    const { db } = floor.database;
    const questions = symbols.map((symbol) => question(symbol, step));
    await record(db, questions);
    const [first] = questions;
    if (first === undefined) throw new Error('symbols must not be empty');
    const { venue, timeframe, closeTimeMs } = first.snapshot;
    const { debateId } = first;
    const snapshots = questions.map(({ snapshot }) => snapshot);
    const docket = { debateId, venue, timeframe, closeTimeMs, clock: 'tape', snapshots } as const;
    const { staticSummary, staticDetails, memo } = docketCard(docket);
    const handle = await floor.client.workflow.start(WORKFLOWS.docket, {
      workflowId: floor.names.debateWorkflowId(debateId),
      taskQueue: floor.names.queues.decision,
      args: [docketInput(docket, floor.names.namespace)],
      staticSummary,
      staticDetails,
      memo,
    });
    const verdict = async () => {
      const { searchAttributes } = await handle.describe();
      return searchAttributes['Verdict'] !== undefined;
    };
    await until('the verdict', verdict, 120_000);
    const users = await listUsers(db);
    expect(await readDecisions(db, { debateId })).toHaveLength(symbols.length * users.length);
    const history = await handle.fetchHistory();
    return costOf(history);
  }

  test('one motion - at most 40 events, 8 actions, 64 KB a payload', async () => {
    const cost = await debate(['BTC/USDT'], 0);
    expect(cost.events).toBeLessThanOrEqual(MOST_EVENTS);
    expect(cost.actions).toBeLessThanOrEqual(MOST_ACTIONS);
    expect(cost.largestPayloadBytes).toBeLessThanOrEqual(MOST_PAYLOAD_BYTES);
    expect(cost.largestPayloadBytes).toBeGreaterThan(100);
  });

  test('twenty motions for three users - cost no more events, and still fit', async () => {
    for (const username of ['second', 'third']) {
      await addUser(floor.database.db, { username, email: `${username}@example.org` });
    }
    const symbols = Array.from({ length: 20 }, (_, at) => `${String.fromCharCode(65 + at)}AB/USDT`);
    const cost = await debate(symbols, 1);
    expect(cost.events).toBeLessThanOrEqual(MOST_EVENTS);
    expect(cost.largestPayloadBytes).toBeLessThanOrEqual(MOST_PAYLOAD_BYTES);
  });
});
