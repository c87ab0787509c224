import { ApplicationFailure } from '@temporalio/common';
import { readDecisions, recordDecisions } from '../adapters/store/decisions.ts';
import { openEscalation } from '../adapters/store/escalations.ts';
import { fromJson } from '../adapters/store/json.ts';
import { motionsOfDebate, type StoredMotion } from '../adapters/store/motions.ts';
import { sellableQuantity } from '../adapters/store/positions.ts';
import { activeUsersWithConfig, type ConfiguredUser, configOf } from '../adapters/store/users.ts';
import { readUtterances } from '../adapters/store/utterances.ts';
import { weightsOf } from '../adapters/store/weights.ts';
import {
  ANSWER_WINDOW_MS,
  ASK_REASONS,
  followUp,
  STAND_REASONS,
} from '../core/debate/follow-up.ts';
import { type Judgement, judge } from '../core/debate/judge.ts';
import { rulesOf } from '../core/debate/rules.ts';
import { heardInTime, type Silence } from '../core/debate/silence.ts';
import { decisionId, escalationId, legId } from '../core/identity.ts';
import { observedText } from '../core/market/money.ts';
import type { DecisionOutcome, DocketInput, FollowUp } from '../proto/docket.ts';
import type { EscalationInput } from '../proto/escalation.ts';
import { escalationFeed, verdictFeed } from '../proto/feed.ts';
import { askAt } from './asking.ts';
import type { DebateDependencies } from './debate.ts';
import { verdictPage } from './verdict-page.ts';

export interface VerdictOrder {
  readonly input: DocketInput;
  readonly rounds: number;
  /** Event ids whose motion went through a debate round. */
  readonly contested: readonly string[];
  /** Who was not heard in time, by event id; their late words do not count. */
  readonly silent: Readonly<Record<string, readonly Silence[]>>;
  readonly rulesVersion: number;
  readonly weightsVersion: number;
}

export interface RecordedVerdict {
  readonly decisions: readonly DecisionOutcome[];
  /** Markdown for the Temporal Web UI. */
  readonly details: string;
}

interface Judged {
  readonly motion: StoredMotion;
  readonly user: ConfiguredUser;
  readonly judgement: Judgement;
}

/** Judges every motion of a docket for every user from the stored transcript, records the decisions
 * in one transaction (symbols in order, users by name), opens the questions to people, and says
 * what must follow. Repeating it records nothing twice and says the same. */
export async function recordVerdict(
  dependencies: DebateDependencies,
  order: VerdictOrder,
): Promise<RecordedVerdict> {
  const { db } = dependencies;
  const { input, rounds, contested } = order;
  const judged = await judgeAll(dependencies, order);
  const records = await recordDecisions(db, {
    debateId: input.debateId,
    rounds,
    contested: contested.length > 0,
    decisions: judged.map(({ motion, user, judgement }) => ({
      eventId: motion.eventId,
      username: user.username,
      symbol: motion.snapshot.symbol,
      closeTimeMs: motion.snapshot.closeTimeMs,
      snapshotHash: motion.snapshotHash,
      action: judgement.verdict.action,
      verdict: judgement.verdict.kind,
      confidenceBp: judgement.verdict.confidenceBp,
      votes: judgement.votes,
      reasoning: judgement.reasoning,
      arms: judgement.arms,
      weightsVersion: order.weightsVersion,
      configVersion: user.config.version,
      rulesVersion: judgement.rulesVersion,
      silent: order.silent[motion.eventId] ?? [],
    })),
  });
  for (const { outcome, decision } of records) {
    if (outcome === 'different') {
      // The first record stands; acting on another judgement than the recorded one would be a lie.
      // Asking again would find the same for ever: a person must look.
      const message = `decision ${decision.id} is on record with other content`;
      throw ApplicationFailure.nonRetryable(message, 'DecisionContradicted');
    }
  }
  const decisions: DecisionOutcome[] = [];
  for (const one of judged) decisions.push(await follow(dependencies, order, one));
  const details = verdictPage(
    judged.map(({ user: { username }, judgement }, at) => {
      return { username, judgement, followUp: decisions[at]?.followUp };
    }),
  );
  return { decisions, details };
}

async function judgeAll({ db }: DebateDependencies, order: VerdictOrder): Promise<Judged[]> {
  const motions = await motionsOfDebate(db, order.input.debateId);
  const users = await usersToJudgeFor(db, order.input.debateId);
  const { weights } = await weightsOf(db, order.weightsVersion);
  const rules = rulesOf(order.rulesVersion);
  const said = Map.groupBy(
    await readUtterances(
      db,
      motions.map((motion) => motion.eventId),
    ),
    (one) => one.eventId,
  );
  return motions.flatMap((motion) =>
    users.map((user) => {
      const silent = order.silent[motion.eventId] ?? [];
      const utterances = heardInTime(said.get(motion.eventId) ?? [], silent);
      const inputs = { utterances, snapshot: motion.snapshot, weights, rules };
      return { motion, user, judgement: judge({ ...inputs, userConfig: user.config }) };
    }),
  );
}

/** Everybody active; or, when a predecessor died after recording, those it recorded for, with the
 * configuration it used: a change of mind in between is for the next debate. */
async function usersToJudgeFor(
  db: DebateDependencies['db'],
  debateId: string,
): Promise<readonly ConfiguredUser[]> {
  const recorded = await readDecisions(db, { debateId });
  if (recorded.length === 0) return activeUsersWithConfig(db);
  const versions = new Map(recorded.map((one) => [one.username, one.configVersion]));
  const names = [...versions].sort(([a], [b]) => (a < b ? -1 : 1));
  return Promise.all(names.map(([username, version]) => configOf(db, { username, version })));
}

async function follow(
  dependencies: DebateDependencies,
  order: VerdictOrder,
  { motion, user, judgement }: Judged,
): Promise<DecisionOutcome> {
  const { db, feed } = dependencies;
  const { snapshot, eventId } = motion;
  const { symbol, venue, closeTimeMs } = snapshot;
  const id = decisionId({ eventId, username: user.username });
  feed(
    verdictFeed({
      symbol,
      debateId: order.input.debateId,
      eventId,
      decisionId: id,
      userId: user.id,
      closeTimeMs,
      verdict: judgement.verdict,
      contested: judgement.contested,
      rounds: judgement.rounds,
    }),
  );
  const held = await sellableQuantity(db, { userId: user.id, venue, symbol });
  const next = followUp(judgement, user.config, held);
  return {
    decisionId: id,
    userId: user.id,
    username: user.username,
    eventId,
    symbol,
    action: judgement.verdict.action,
    verdict: judgement.verdict.kind,
    confidenceBp: judgement.verdict.confidenceBp,
    followUp: await act(dependencies, { order, motion, user, judgement, id, next }),
    order: null,
  };
}

interface Act extends Judged {
  readonly order: VerdictOrder;
  readonly id: string;
  readonly next: ReturnType<typeof followUp>;
}

async function act(dependencies: DebateDependencies, request: Act): Promise<FollowUp> {
  const { motion, user, judgement, id, next } = request;
  const { symbol, venue, closeTimeMs, candles } = motion.snapshot;
  if (next.kind === 'nothing') return { kind: 'nothing', why: STAND_REASONS[next.why] };
  if (next.kind === 'escalate') return ask(dependencies, { ...request, next });
  return {
    kind: 'order',
    order: {
      namespace: dependencies.wire.namespace,
      legId: legId({ causeId: id, username: user.username, leg: 0 }),
      cause: { kind: 'decision', id },
      leg: 0,
      purpose: next.side === 'BUY' ? 'entry' : 'exit',
      userId: user.id,
      venue,
      symbol,
      side: next.side,
      closeTimeMs,
      referencePrice: closeText(candles),
      confidenceBp: judgement.verdict.confidenceBp,
    },
  };
}

type Ask = Act & { readonly next: Extract<Act['next'], { kind: 'escalate' }> };

async function ask(dependencies: DebateDependencies, request: Ask): Promise<FollowUp> {
  const { db, wire, feed } = dependencies;
  const proposed = await questionOf(db, wire.namespace, request);
  const { outcome, escalation } = await openEscalation(db, {
    decisionId: request.id,
    userId: proposed.userId,
    symbol: proposed.symbol,
    workflowId: wire.escalationWorkflowId(proposed.escalationId),
    question: proposed,
    askedAtMs: proposed.askedAtMs,
    deadlineMs: proposed.deadlineMs,
    nonce: proposed.asking.nonce,
    parameterHash: proposed.asking.parameterHash,
  });
  if (outcome === 'already_open') {
    return { kind: 'nothing', why: `a question about ${proposed.symbol} waits for an answer` };
  }
  // The first record stands: it is what the person was shown.
  const question = fromJson<EscalationInput>(escalation.question);
  feed(
    escalationFeed({
      atMs: question.askedAtMs,
      symbol: question.symbol,
      escalationId: question.escalationId,
      decisionId: request.id,
      userId: question.userId,
      status: 'open',
      side: question.side,
      referencePrice: question.referencePrice,
      reason: question.text,
      deadlineMs: question.deadlineMs,
    }),
  );
  return { kind: 'escalate', escalation: question };
}

function closeText(candles: StoredMotion['snapshot']['candles']): string {
  return observedText(candles.at(-1)?.close ?? Number.NaN);
}

async function questionOf(
  db: DebateDependencies['db'],
  namespace: string,
  request: Ask,
): Promise<EscalationInput> {
  const { order, motion, user, judgement, id, next } = request;
  const { symbol, venue, timeframe, closeTimeMs, candles } = motion.snapshot;
  const { BUY, SELL, HOLD } = judgement.verdict.tally.sharesBp;
  const shares = `BUY ${BUY / 100} %, SELL ${SELL / 100} %, HOLD ${HOLD / 100} %`;
  const question = {
    namespace,
    escalationId: escalationId({ decisionId: id }),
    decisionId: id,
    userId: user.id,
    username: user.username,
    venue,
    symbol,
    timeframe,
    side: next.side,
    confidenceBp: judgement.verdict.confidenceBp,
    why: `${ASK_REASONS[next.why]}: ${shares}`,
    referencePrice: closeText(candles),
    askedAtMs: closeTimeMs,
    deadlineMs: closeTimeMs + ANSWER_WINDOW_MS,
    clock: order.input.clock,
  };
  return { ...question, ...(await askAt(db, { ...question, marketTimeMs: closeTimeMs, ask: 1 })) };
}
