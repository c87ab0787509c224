import { Context } from '@temporalio/activity';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Forecaster } from '../../adapters/bus/forecaster.ts';
import { loadModelBytes } from '../../adapters/models/load.ts';
import type { Model } from '../../adapters/models/model.ts';
import { readBlob } from '../../adapters/store/blobs.ts';
import { readCandleSeries } from '../../adapters/store/market-series.ts';
import { readModel } from '../../adapters/store/models.ts';
import { motionsOfSeries, readMotions } from '../../adapters/store/motions.ts';
import { type NewPrediction, recordPredictions } from '../../adapters/store/predictions.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { Snapshot } from '../../core/assistants/snapshot.ts';
import { recomputeFeatures } from '../../core/learning/recompute.ts';
import { type Forecast, forecastOf } from '../../core/models/forecast.ts';
import { tellProgress } from '../heartbeat.ts';
import type { LearningRun } from './run.ts';

export interface ShadowDependencies {
  readonly db: Kysely<Database>;
  /** The serving path. */
  readonly forecast: Forecaster;
  readonly log: Logger;
}

/** What the serving path answered about recorded motions, held against what their stored candles
 * come to without it. */
export interface ShadowFinding {
  readonly answers: number;
  readonly equal: number;
  /** Motions whose candles are not all on record, so that nothing can be said of them. */
  readonly unknown: number;
  /** The first that differs, for a reader; `null`: none. */
  readonly difference: string | null;
}

/** The newest motions that are asked about. */
const MOST_MOTIONS = 200;
/** A host that is being restarted is back by then. */
const PATIENCE_MS = 60_000;
/** All of its vote: nothing has drifted yet. */
const WHOLE_WORTH_BP = 10_000;

/** Asks the ring's own host what a candidate would have said. */
export function createShadowActivities(dependencies: ShadowDependencies) {
  const { db, log } = dependencies;
  return {
    /** Has the strategist's host answer, as the candidate, the rows of the newest recorded motions,
     * and compares with what the model's file answers to rows computed anew from stored candles:
     * exactly. Answers to motions the model was not trained on are put on record. Fails when no
     * host answers. */
    async askShadow(run: LearningRun, hash: string): Promise<ShadowFinding> {
      const snapshots = await warmSnapshots(db, run);
      const offline = await offlineAnswers(db, run, { hash, snapshots });
      const { dataToMs } = await readModel(db, hash);
      const finding = { answers: 0, equal: 0, unknown: 0 };
      let difference: string | null = null;
      const fresh: NewPrediction[] = [];
      for (const snapshot of snapshots) {
        tellProgress(Context.current(), { stage: 'asking', ...finding, of: snapshots.length });
        const expected = offline.get(snapshot.eventId);
        if (expected === undefined) {
          finding.unknown += 1;
          continue;
        }
        const answer = await served(dependencies, snapshot, hash);
        finding.answers += 1;
        if (isSame(answer, expected)) finding.equal += 1;
        else difference ??= differenceText(snapshot, answer, expected);
        if (typeof answer !== 'string' && snapshot.closeTimeMs > dataToMs) {
          const { eventId } = snapshot;
          fresh.push({ eventId, modelHash: hash, part: 'challenger', answer });
        }
      }
      await recordPredictions(db, fresh);
      log.info({ model: hash, ...finding, difference }, 'answers of the serving path');
      return { ...finding, difference };
    },
  };
}

async function warmSnapshots(
  db: Kysely<Database>,
  { venue, symbol, timeframe, marketTimeMs }: LearningRun,
): Promise<readonly Snapshot[]> {
  const put = await motionsOfSeries(db, { venue, symbol, timeframe });
  const known = put.filter(({ closeTimeMs }) => closeTimeMs <= marketTimeMs).slice(-MOST_MOTIONS);
  const motions = await readMotions(
    db,
    known.map(({ eventId }) => eventId),
  );
  return motions.map(({ snapshot }) => snapshot).filter(({ reading }) => reading.warm);
}

async function offlineAnswers(
  db: Kysely<Database>,
  run: LearningRun,
  { hash, snapshots }: { readonly hash: string; readonly snapshots: readonly Snapshot[] },
): Promise<ReadonlyMap<string, Forecast>> {
  const { venue, symbol, timeframe, marketTimeMs } = run;
  const range = { venue, symbol, timeframe, toMs: marketTimeMs };
  const candles = await readCandleSeries(db, range);
  const asks = snapshots.map(({ eventId, closeTimeMs, reading, news }) => {
    return { eventId, closeTimeMs, candlesSeen: reading.candlesSeen, news };
  });
  const features = recomputeFeatures(asks, { timeframe, candles });
  const name = `model ${hash.slice(0, 12)}`;
  const model: Model = await loadModelBytes(await readBlob(db, hash), { hash, name });
  try {
    const answers = new Map<string, Forecast>();
    for (const [eventId, row] of features) {
      answers.set(eventId, forecastOf(await model.answerOne(row), hash, WHOLE_WORTH_BP));
    }
    return answers;
  } finally {
    await model.release();
  }
}

/** What the host said, or why it said nothing. */
async function served(
  { forecast }: ShadowDependencies,
  { symbol, reading }: Snapshot,
  hash: string,
): Promise<Forecast | string> {
  const { features } = reading;
  const told = await forecast([{ symbol, features, champion: null, challengers: [hash] }], {
    limitMs: PATIENCE_MS,
    signal: Context.current().cancellationSignal,
  });
  const { challengers = [], refused = [] } = told.get(symbol) ?? {};
  return challengers[0] ?? refused[0]?.why ?? 'nothing';
}

function isSame(answer: Forecast | string, expected: Forecast): boolean {
  if (typeof answer === 'string') return false;
  const names = Object.keys(expected) as (keyof Forecast)[];
  return names.every((name) => answer[name] === expected[name]);
}

function differenceText(
  { closeTimeMs }: Snapshot,
  answer: Forecast | string,
  expected: Forecast,
): string {
  const said = typeof answer === 'string' ? answer : sharesText(answer);
  const when = new Date(closeTimeMs).toISOString();
  return `${when}: the serving path said ${said}, the stored candles ${sharesText(expected)}`;
}

function sharesText({ buyBp, sellBp, holdBp, confidenceBp }: Forecast): string {
  return `${buyBp} ${sellBp} ${holdBp} (${confidenceBp})`;
}
