import { ApplicationFailure } from '@temporalio/common';
import type { Kysely } from 'kysely';
import type { FeedPublisher } from '../../adapters/bus/feed.ts';
import { endRun, openRun, type RunEnd, runsUnderWay } from '../../adapters/store/learning-runs.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { type CandleExtent, candleExtents } from '../../adapters/store/training-candles.ts';
import { currentWeights } from '../../adapters/store/weights.ts';
import { learningRunId } from '../../core/identity.ts';
import type { Market } from '../../core/learning/contract.ts';
import { type TrainingWindow, trainingWindow } from '../../core/learning/window.ts';
import { isTimeframe, type Timeframe } from '../../core/market/candle.ts';
import {
  type Cadence,
  type LearningInput,
  NO_CANDLES,
  type TrainerSettings,
} from '../../proto/learning.ts';
import { tellEnd } from './news.ts';

export interface RunDependencies {
  readonly db: Kysely<Database>;
  readonly feed: FeedPublisher;
  readonly workflows: LearningWatch;
  /** How long a training set waits for any trainer. */
  readonly trainerWaitSeconds: number;
}

/** Looks at the workflows of other runs. Throws when Temporal does not answer. */
export interface LearningWatch {
  /** Whether a workflow of that id runs now; `false` also when Temporal never heard of it. */
  readonly isRunning: (workflowId: string) => Promise<boolean>;
  /** Whether a trainer has its training set in hand now. */
  readonly isTraining: (workflowId: string) => Promise<boolean>;
}

/** One run, settled from its first to its last step whatever comes in meanwhile. */
export interface LearningRun extends Market {
  readonly id: string;
  readonly timeframe: Timeframe;
  readonly cadence: Cadence;
  readonly settings: TrainerSettings;
  /** Whose candles are learned from, and which. */
  readonly window: TrainingWindow & { readonly venue: string; readonly candles: number };
  /** Newest close that is on record. */
  readonly marketTimeMs: number;
  /** What debates are judged with as the run begins. */
  readonly weightsVersion: number;
  /** How long its training set waits for any trainer; absent from runs of older versions. */
  readonly trainerWaitSeconds?: number;
}

export type RunTurn =
  | { readonly outcome: 'opened'; readonly run: LearningRun }
  /** Another run of the market is under way. */
  | { readonly outcome: 'taken'; readonly by: string };

const BAD_INPUT = 'BadInput';

/** Begins and ends a run's record. */
export function createRunActivities(dependencies: RunDependencies) {
  const { db, feed, workflows, trainerWaitSeconds } = dependencies;
  return {
    /** Says what the run will learn from and puts it on record as running, unless another of its
     * market runs. One whose workflow ended without a word is closed first. Fails with `NoCandles`
     * when the window holds none. */
    async openLearningRun(input: LearningInput, workflowId: string): Promise<RunTurn> {
      const run = { ...(await planOf(db, input)), trainerWaitSeconds };
      const { id, venue, symbol, timeframe, cadence, marketTimeMs } = run;
      const opening = { id, venue, symbol, timeframe, cadence, marketTimeMs, workflowId };
      const first = await openRun(db, opening);
      if (first.outcome === 'opened') return { outcome: 'opened', run };
      const { by } = first;
      // Of one id there is one workflow at a time: an earlier run of this one's is over.
      if (by.workflowId !== workflowId && (await workflows.isRunning(by.workflowId))) {
        return { outcome: 'taken', by: by.workflowId };
      }
      await endRun(db, { ...NOTHING, id: by.id, status: 'failed', why: 'ended without a word' });
      const second = await openRun(db, opening);
      if (second.outcome === 'opened') return { outcome: 'opened', run };
      return { outcome: 'taken', by: second.by.workflowId };
    },

    /** Whether some trainer works for another market's run now, so that there is one. */
    async isTrainerBusy(): Promise<boolean> {
      for (const { workflowId } of await runsUnderWay(db)) {
        if (await workflows.isTraining(workflowId)) return true;
      }
      return false;
    },

    /** Ends the run's record without a report of its own. A person is told. */
    async closeLearningRun(end: Omit<RunEnd, 'report'>, run: LearningRun): Promise<void> {
      await endRun(db, { ...end, report: null });
      tellEnd(feed, run, end);
    },
  };
}

const NOTHING = { weightsVersion: null, modelHash: null, verdict: null, report: null } as const;

async function planOf(db: Kysely<Database>, input: LearningInput): Promise<LearningRun> {
  const { venue, symbol, timeframe, cadence, settings, candles: asked } = input;
  if (!isTimeframe(timeframe)) {
    throw ApplicationFailure.nonRetryable(`timeframe must be known, was ${timeframe}`, BAD_INPUT);
  }
  const market = { symbol, timeframe } as const;
  const known = await candleExtents(db, market);
  const newestCloseMs = Math.max(...known.map(({ lastCloseMs }) => lastCloseMs));
  if (known.length === 0) throw noCandles(input, known);
  const window = windowOf(input, { timeframe, newestCloseMs });
  const inside = await candleExtents(db, { ...market, ...window });
  const chosen = choose(inside, { asked, own: venue });
  if (chosen === undefined) throw noCandles(input, known);
  const learned = { ...window, venue: chosen.venue };
  const own = known.find((extent) => extent.venue === venue);
  const marketTimeMs = Math.max(own?.lastCloseMs ?? 0, chosen.lastCloseMs);
  const id = learningRunId({
    ...{ venue, symbol, timeframe, cadence, window: learned, marketTimeMs },
    settings: { ...settings },
  });
  return {
    ...{ id, venue, symbol, timeframe, cadence, settings, marketTimeMs },
    window: { ...learned, candles: chosen.candles },
    weightsVersion: (await currentWeights(db)).version,
  };
}

function windowOf(
  { cadence, from, to }: LearningInput,
  known: { readonly timeframe: Timeframe; readonly newestCloseMs: number },
): TrainingWindow {
  try {
    return trainingWindow({ cadence, fromMs: timeOf(from), toMs: timeOf(to), ...known });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, NO_CANDLES);
  }
}

function timeOf(text: string | null): number | null {
  if (text === null) return null;
  const timeMs = Date.parse(text);
  if (Number.isFinite(timeMs)) return timeMs;
  throw ApplicationFailure.nonRetryable(`a time must be ISO 8601, was ${text}`, BAD_INPUT);
}

/** Whoever has most, the market itself before others that have as much. */
function choose(
  inside: readonly CandleExtent[],
  { asked, own }: { readonly asked: string | null; readonly own: string },
): CandleExtent | undefined {
  if (asked !== null) return inside.find(({ venue }) => venue === asked);
  const [most] = inside;
  const ours = inside.find(({ venue }) => venue === own);
  return ours !== undefined && ours.candles === most?.candles ? ours : most;
}

function noCandles(input: LearningInput, known: readonly CandleExtent[]): ApplicationFailure {
  const { symbol, timeframe, from, to, candles } = input;
  const of = candles === null ? '' : ` of ${candles}`;
  const between =
    from === null && to === null ? '' : ` from ${from ?? 'the first'} to ${to ?? 'now'}`;
  const there = known.map((extent) => extentText(extent)).join('; ') || 'nothing';
  const text = `no candles${of} of ${symbol} ${timeframe}${between}; on record: ${there}`;
  return ApplicationFailure.nonRetryable(text, NO_CANDLES);
}

/** `binance 43776 candles, 2024-01-01 to 2024-06-01` */
function extentText({ venue, candles, firstOpenMs, lastCloseMs }: CandleExtent): string {
  const day = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);
  return `${venue} ${candles} candles, ${day(firstOpenMs)} to ${day(lastCloseMs + 1)}`;
}
