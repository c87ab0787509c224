import {
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  startChild,
  upsertSearchAttributes,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { DebateActivities } from '../activities/debate.ts';
import type { RoundOutcome } from '../activities/round.ts';
import type { Kind } from '../core/assistants/speech.ts';
import { type DebateState, initialDebate, transition } from '../core/debate/machine.ts';
import type { Silence } from '../core/debate/silence.ts';
import { symbolToken } from '../core/market/instrument.ts';
import type { DecisionOutcome, DocketInput, DocketResult } from '../proto/docket.ts';
import type { EscalationInput } from '../proto/escalation.ts';
import { CORRO_USER, SYMBOL, VERDICT } from '../proto/search-attributes.ts';
import { wire } from '../proto/subjects.ts';
import type { escalationWorkflow } from './escalation.ts';
import { STEP_HEARTBEAT, TASK_TIMEOUT, WORKFLOWS } from './messages.ts';
import type { orderWorkflow } from './order.ts';

const RETRY = { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' } as const;

/** Short steps against Postgres: repeated until it answers, each is idempotent. */
const steps = proxyActivities<DebateActivities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: STEP_HEARTBEAT,
  retry: RETRY,
});

const NOTHING_SAID: RoundOutcome = { positions: [], silent: [] };

/** One debate: every motion that shares a candle close. Rounds are held for the whole docket at
 * once, one activity a round, whatever the number of motions. Orders run as children, in an
 * order that no machine's speed decides. */
export async function docketWorkflow(input: DocketInput): Promise<DocketResult> {
  const rounds = proxyActivities<DebateActivities>({
    startToCloseTimeout: input.answerTimeoutMs * 4 + 30_000,
    heartbeatTimeout: STEP_HEARTBEAT,
    retry: RETRY,
  });
  const { rules, weightsVersion } = await steps.openDebate(input);
  const versions = { rulesVersion: rules.version, weightsVersion };
  const states = new Map(input.motions.map((motion) => [motion.eventId, initialDebate(rules)]));
  const pending = new Map<string, { round: number; kinds: readonly Kind[] } | 'conclude'>();
  const apply = (eventId: string, event: Parameters<typeof transition>[1]): void => {
    const [next, effects] = transition(states.get(eventId) as DebateState, event);
    states.set(eventId, next);
    for (const effect of effects) {
      pending.set(eventId, effect.type === 'conclude' ? 'conclude' : effect);
    }
  };
  for (const motion of input.motions) apply(motion.eventId, { type: 'opened' });

  const silent: Record<string, readonly Silence[]> = {};
  let held = 0;
  for (;;) {
    const asks = input.motions.flatMap((motion) => {
      const next = pending.get(motion.eventId);
      if (next === undefined || next === 'conclude') return [];
      return [{ motion, round: next.round, kinds: next.kinds }];
    });
    if (asks.length === 0) break;
    held += 1;
    const outcomes = await rounds.holdRound.executeWithOptions(
      { summary: `round ${held}: ${[...new Set(asks.flatMap((ask) => ask.kinds))].join(', ')}` },
      [{ input, asks, silent, ...versions }],
    );
    for (const { motion, round } of asks) {
      pending.delete(motion.eventId);
      const { positions, silent: unheard } = outcomes[motion.eventId] ?? NOTHING_SAID;
      if (unheard.length > 0) {
        silent[motion.eventId] = [...(silent[motion.eventId] ?? []), ...unheard];
      }
      apply(motion.eventId, { type: 'round_closed', round, positions });
    }
  }

  const contested = input.motions.filter((motion) => states.get(motion.eventId)?.contested);
  const recorded = await steps.recordVerdict({
    input,
    rounds: held,
    contested: contested.map((motion) => motion.eventId),
    silent,
    ...versions,
  });
  setCurrentDetails(recorded.details);
  const verdicts = [...new Set(recorded.decisions.map((decision) => decision.verdict))];
  upsertSearchAttributes([{ key: VERDICT, value: verdicts }]);
  const decisions = await followUp(input, recorded.decisions);
  const symbols = contested.map((motion) => motion.symbol);
  return { debateId: input.debateId, rounds: held, contested: symbols, decisions };
}

/** Starts what the decisions ask for: questions go on by themselves, orders are waited for. */
async function followUp(
  input: DocketInput,
  decisions: readonly DecisionOutcome[],
): Promise<readonly DecisionOutcome[]> {
  for (const { followUp: next } of decisions) {
    if (next.kind === 'escalate') await startEscalation(next.escalation);
  }
  return inTurn(decisions, (decision) => withOrder(input, decision));
}

/** Orders run beside each other only where neither can see the other: one user's follow one
 * another, because the second spends what the first left, and so do all users' of one symbol,
 * because they take from the same book. So who arrives first at the venue is nobody's luck. */
async function inTurn(
  decisions: readonly DecisionOutcome[],
  act: (decision: DecisionOutcome) => Promise<DecisionOutcome>,
): Promise<readonly DecisionOutcome[]> {
  const last = new Map<string, Promise<unknown>>();
  return Promise.all(
    decisions.map((decision) => {
      const lanes = [`user ${decision.userId}`, `symbol ${decision.symbol}`];
      const before = lanes.map((lane) => last.get(lane) ?? Promise.resolve());
      const own = Promise.all(before).then(() => act(decision));
      for (const lane of lanes) last.set(lane, own);
      return own;
    }),
  );
}

async function withOrder(input: DocketInput, decision: DecisionOutcome): Promise<DecisionOutcome> {
  if (decision.followUp.kind !== 'order') return decision;
  const names = wire(input.namespace);
  const { order: request } = decision.followUp;
  const order = await executeChild<typeof orderWorkflow>(WORKFLOWS.order, {
    workflowId: names.orderWorkflowId(request.legId),
    taskQueue: names.queues.order,
    args: [request],
    workflowTaskTimeout: TASK_TIMEOUT,
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    typedSearchAttributes: [
      { key: SYMBOL, value: [symbolToken(request.symbol)] },
      { key: CORRO_USER, value: decision.username },
    ],
    staticSummary: `${request.side} ${request.symbol} near ${request.referencePrice}`,
  });
  return { ...decision, order };
}

async function startEscalation(escalation: EscalationInput): Promise<void> {
  const names = wire(escalation.namespace);
  await startChild<typeof escalationWorkflow>(WORKFLOWS.escalation, {
    workflowId: names.escalationWorkflowId(escalation.escalationId),
    taskQueue: names.queues.decision,
    args: [escalation],
    workflowTaskTimeout: TASK_TIMEOUT,
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: escalation.text,
    typedSearchAttributes: [
      { key: SYMBOL, value: [symbolToken(escalation.symbol)] },
      { key: CORRO_USER, value: escalation.username },
    ],
    staticDetails: [
      'Answer with',
      '',
      '    ./corro escalations answer ID approve|reject|modify --quantity Q',
      '',
      'or signal this workflow: name `answer`, input `{"verb": "approve"}`.',
    ].join('\n'),
  });
}
