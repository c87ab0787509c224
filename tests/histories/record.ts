import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { Keyring } from '../../ops/cli/keyring.ts';
import { startStack } from '../../ops/stack/control.ts';
import type { DocketResult } from '../../proto/docket.ts';
import type { AnswerReceipt, EscalationInput, EscalationResult } from '../../proto/escalation.ts';
import type { GuardView } from '../../proto/guard.ts';
import type { PlanResult } from '../../proto/plan.ts';
import type { ScanResult } from '../../proto/scan.ts';
import { wire } from '../../proto/subjects.ts';
import { answerUpdate, questionQuery, WORKFLOWS } from '../../workflows/messages.ts';
import type { OrderOutcome } from '../../workflows/order.ts';
import { Corro, until } from '../e2e/corro.ts';
import { CRASH, ELEVEN } from '../e2e/tape.ts';
import { openLiveExchange, SYMBOL } from '../live-exchange.ts';
import { writeHistory } from './write.ts';

/** Records the histories that `tests/histories.test.ts` replays, from a real stack: the demo's
 * first hours, a stop that the venue fills, a flattening, an answered question, a question of live
 * mode, and market scans. Run it when a workflow was changed on purpose and no debate of the old
 * version can be open any more:
 *
 *     node tests/histories/record.ts
 */

const names = wire();
/** Until here everybody has bought. */
const BOUGHT = '2024-08-04T20:45Z';
/** A stop so near that the crash takes it. */
const TIGHT = '{"stopAtrPct": 50, "targetAtrPct": 0, "trailAtrPct": 0, "trailBps": 0}';

interface Recorded {
  readonly name: string;
  readonly handle: WorkflowHandle;
}

const corro = new Corro();
const exchange = await openLiveExchange({ span: 65, closed: 64 });
const openedMs = Date.now();
try {
  const any = { postgres: 0, nats: 0, natsMonitor: 0, paper: 0 };
  const { state } = await startStack({
    home: corro.home,
    detached: false,
    ports: { ...any, temporal: 0, temporalUi: 0, temporalHttp: 0 },
    environment: { CORRO_EXCHANGE_URLS: `binance=${exchange.url}` },
  });
  // Three more users: one is flattened while its stop rests, one has its stop filled by the venue,
  // one is asked before every trade.
  await corro.ok('users', 'add', 'flat');
  await corro.ok('users', 'add', 'careful', '--rules', '{"alwaysAsk": true}');
  await corro.ok('users', 'add', 'tight', '--limits', TIGHT);
  await corro.ok('replay', CRASH, '--to', BOUGHT, '--quiet');
  await corro.ok('halt', 'flatten', '--user', 'flat', '--reason', 'to record it', '--yes');
  const connection = await Connection.connect({ address: state.addresses.temporalAddress });
  const client = new Client({ connection });
  const first = await answered(client);
  await corro.ok('replay', CRASH, ...ELEVEN, '--quiet');
  const recorded = [
    ...first,
    ...(await unansweredLive(client)),
    ...(await scans(client)),
    ...(await ofTheTape(client)),
  ];
  for (const { name, handle } of recorded) await writeHistory(name, handle);
  await connection.close();
} finally {
  await corro.close();
  await exchange.end();
}

/** The first question is open still: a yes to it, again if the price has moved. */
async function answered(client: Client): Promise<readonly Recorded[]> {
  const [open] = await handlesOf(client, WORKFLOWS.escalation, 'Running');
  if (open === undefined) throw new Error('the tape must ask a question');
  const keyring = new Keyring(corro.home);
  for (let outcome: AnswerReceipt['outcome'] | null = null; outcome !== 'accepted'; ) {
    const { question } = await open.query(questionQuery);
    const answer = keyring.sign(question, { verb: 'approve' });
    const receipt = await open.executeUpdate(answerUpdate, { args: [answer] });
    outcome = receipt.outcome;
    if (outcome === 'refused' || outcome === 'late') throw new Error(receipt.reason);
  }
  await open.result();
  return [{ name: 'escalation-approved', handle: open }];
}

/** A closed question, asked once more under the live clock: what it records is on record. */
async function unansweredLive(client: Client): Promise<readonly Recorded[]> {
  const [closed] = await handlesOf(client, WORKFLOWS.escalation, 'Completed');
  if (closed === undefined) throw new Error('the tape must leave a closed question');
  const { question } = await closed.query(questionQuery);
  const askedAtMs = Date.now();
  const input: EscalationInput = {
    ...question,
    askedAtMs,
    deadlineMs: askedAtMs + 2_000,
    clock: 'live',
  };
  const handle = await client.workflow.start(WORKFLOWS.escalation, {
    workflowId: names.escalationWorkflowId(`live-${question.escalationId}`),
    taskQueue: names.queues.decision,
    args: [input],
  });
  await handle.result();
  return [{ name: 'escalation-expired-live', handle }];
}

/** A look takes only a minute that has just closed: the exchange catches up, and crashes. */
async function crashNow(): Promise<void> {
  const minuteOf = (ms: number) => Math.floor(ms / 60_000);
  await exchange.close(minuteOf(Date.now()) - minuteOf(openedMs));
  const prices = { open: 58_000, high: 58_010, low: 52_000, close: 52_100 };
  await exchange.closeOwn({ ...prices, volume: 5_000 });
}

/** One look that finds a crash and starts a live debate, and one that finds nothing new. */
async function scans(client: Client): Promise<readonly Recorded[]> {
  const scan = async (workflowId: string) => {
    const args = [
      { namespace: names.namespace, venue: 'paper', exchange: 'binance', symbol: SYMBOL },
    ];
    const { decision: taskQueue } = names.queues;
    return client.workflow.start(WORKFLOWS.marketScan, { workflowId, taskQueue, args });
  };
  await crashNow();
  const motion = await scan('scan-motion');
  const { debateId, why } = (await motion.result()) as ScanResult;
  if (debateId === null) throw new Error(`the crash must put a motion: ${why}`);
  const debate = client.workflow.getHandle(names.debateWorkflowId(debateId));
  await debate.result();
  const quiet = await scan('scan-quiet');
  await quiet.result();
  return [
    { name: 'scan-motion', handle: motion },
    { name: 'scan-quiet', handle: quiet },
    { name: 'docket-live', handle: debate },
  ];
}

/** One of each kind that the tape gave. */
async function ofTheTape(client: Client): Promise<readonly Recorded[]> {
  const dockets = await results<DocketResult>(client, WORKFLOWS.docket);
  const questions = await results<EscalationResult>(client, WORKFLOWS.escalation);
  const orders = await results<OrderOutcome>(client, WORKFLOWS.order);
  const guards = await results<GuardView>(client, WORKFLOWS.guard);
  const plans = await results<PlanResult>(client, WORKFLOWS.plan);
  const follows = (result: DocketResult, kind: string): boolean =>
    result.decisions.some((decision) => decision.followUp.kind === kind);
  return [
    pick('docket-order', dockets, (result) => follows(result, 'order')),
    pick('docket-question', dockets, (result) => follows(result, 'escalate')),
    pick('docket-contested', dockets, (result) => result.contested.length > 0),
    pick('docket-uncontested', dockets, (result) => result.contested.length === 0),
    pick('escalation-expired-tape', questions, (result) => result.status === 'expired'),
    pick('order-filled', orders, (result) => result.state === 'filled'),
    // Its stop was filled at the venue; the other guard's was taken back by the plan.
    pick('guard-stopped', guards, ({ state }) => state.selling?.purpose === 'stop'),
    pick('guard-recalled', guards, ({ state }) => state.selling === null),
    pick('plan-flatten', plans, ({ finished, legs }) => finished && legs.length > 0),
  ];
}

interface Finished<T> {
  readonly handle: WorkflowHandle;
  readonly result: T;
}

function pick<T>(
  name: string,
  finished: readonly Finished<T>[],
  fits: (result: T) => boolean,
): Recorded {
  const found = finished.find(({ result }) => fits(result));
  if (found === undefined) throw new Error(`the tape must give one ${name}`);
  return { name, handle: found.handle };
}

async function results<T>(client: Client, type: string): Promise<readonly Finished<T>[]> {
  const handles = await handlesOf(client, type, 'Completed');
  return Promise.all(
    handles.map(async (handle) => ({ handle, result: (await handle.result()) as T })),
  );
}

/** Oldest first. Lists lag behind what happened: it waits until there is one. */
async function handlesOf(
  client: Client,
  type: string,
  status: string,
): Promise<readonly WorkflowHandle[]> {
  const query = `WorkflowType = '${type}' AND ExecutionStatus = '${status}'`;
  return until(`a ${status} ${type}`, async () => {
    const found = [];
    for await (const { workflowId, startTime } of client.workflow.list({ query })) {
      found.push({ handle: client.workflow.getHandle(workflowId), startTime });
    }
    found.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
    return found.length > 0 && found.map(({ handle }) => handle);
  });
}

/** One file a history, without the names of the machine and the processes it was recorded on. */
