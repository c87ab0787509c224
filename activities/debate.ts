import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Bus } from '../adapters/bus/connect.ts';
import type { FeedPublisher } from '../adapters/bus/feed.ts';
import { openDebate } from '../adapters/store/debates.ts';
import { markStarted, readMotions } from '../adapters/store/motions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { readUtterances } from '../adapters/store/utterances.ts';
import { currentWeights } from '../adapters/store/weights.ts';
import { DEFAULT_RULES, type DebateRules, rulesOf } from '../core/debate/rules.ts';
import { heardInTime, type Silence } from '../core/debate/silence.ts';
import type { Timeframe } from '../core/market/candle.ts';
import type { DocketInput } from '../proto/docket.ts';
import { motionFeed } from '../proto/feed.ts';
import type { Wire } from '../proto/subjects.ts';
import { tellProgress } from './heartbeat.ts';
import { holdRound, type MotionFile, type RoundAsk, type RoundOutcome } from './round.ts';
import { type RecordedVerdict, recordVerdict, type VerdictOrder } from './verdict.ts';

export interface DebateDependencies {
  readonly db: Kysely<Database>;
  readonly bus: Bus;
  readonly wire: Wire;
  readonly feed: FeedPublisher;
  readonly log: Logger;
}

/** What a debate is held under from its first to its last round, whatever changes meanwhile. */
export interface OpenedDebate {
  readonly rules: DebateRules;
  readonly weightsVersion: number;
}

export interface RoundRequest {
  readonly input: DocketInput;
  readonly asks: readonly RoundAsk[];
  /** Who was not heard in the rounds before, by event id. */
  readonly silent: Readonly<Record<string, readonly Silence[]>>;
  readonly rulesVersion: number;
  readonly weightsVersion: number;
}

export type DebateActivities = ReturnType<typeof createDebateActivities>;

/** The steps of a debate that touch the world. Every one may be repeated: ids make it the same
 * step. */
export function createDebateActivities(dependencies: DebateDependencies) {
  const { db, wire, feed } = dependencies;
  return {
    /** Puts the debate on record and takes its motions out of the outbox. */
    async openDebate(input: DocketInput): Promise<OpenedDebate> {
      const eventIds = input.motions.map((motion) => motion.eventId);
      await openDebate(db, {
        id: input.debateId,
        workflowId: wire.debateWorkflowId(input.debateId),
        timeframe: input.timeframe as Timeframe,
        closeTimeMs: input.closeTimeMs,
      });
      const [motions, { version }] = await Promise.all([
        readMotions(db, eventIds),
        currentWeights(db),
        markStarted(db, eventIds),
      ]);
      for (const motion of motions) feed(motionFeed(input.debateId, motion.snapshot));
      return { rules: DEFAULT_RULES, weightsVersion: version };
    },

    /** Asks the ring and waits for its answers; see `holdRound`. Outcomes by event id. */
    async holdRound(request: RoundRequest): Promise<Record<string, RoundOutcome>> {
      const { input, rulesVersion, weightsVersion } = request;
      const context = Context.current();
      return holdRound(dependencies, {
        debateId: input.debateId,
        files: await openFiles(db, request),
        rules: rulesOf(rulesVersion),
        weightsVersion,
        answerTimeoutMs: input.answerTimeoutMs,
        signal: context.cancellationSignal,
        heartbeat: (progress) => tellProgress(context, progress),
      });
    },

    /** Judges the transcript for every user and records what was decided; see `recordVerdict`. */
    recordVerdict: (order: VerdictOrder): Promise<RecordedVerdict> =>
      recordVerdict(dependencies, order),
  };
}

async function openFiles(
  db: Kysely<Database>,
  { asks, silent }: RoundRequest,
): Promise<MotionFile[]> {
  const eventIds = asks.map((ask) => ask.motion.eventId);
  const [stored, utterances] = await Promise.all([
    readMotions(db, eventIds),
    readUtterances(db, eventIds),
  ]);
  const motions = new Map(stored.map((motion) => [motion.eventId, motion]));
  const said = Map.groupBy(utterances, (one) => one.eventId);
  return asks.map((ask) => {
    const { eventId } = ask.motion;
    const motion = motions.get(eventId);
    if (motion === undefined) {
      throw ApplicationFailure.nonRetryable(`motion ${eventId} is not on record`, 'MotionMissing');
    }
    const { snapshot, snapshotHash } = motion;
    const heard = heardInTime(said.get(eventId) ?? [], silent[eventId] ?? []);
    return { ask, snapshot, snapshotHash, said: heard, silent: [] };
  });
}
