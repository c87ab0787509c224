import { Context } from '@temporalio/activity';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { FeedPublisher } from '../../adapters/bus/feed.ts';
import { forecastsOf } from '../../adapters/models/forecasts.ts';
import { loadModelBytes } from '../../adapters/models/load.ts';
import { type Model, predictRows } from '../../adapters/models/model.ts';
import { readBlob } from '../../adapters/store/blobs.ts';
import { readGateGround } from '../../adapters/store/gate-ground.ts';
import { readCandleSeries } from '../../adapters/store/market-series.ts';
import { changeModel } from '../../adapters/store/model-changes.ts';
import { championOf, readModel, trialsOf } from '../../adapters/store/models.ts';
import { promoteModel } from '../../adapters/store/promotion.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { UnknownError } from '../../adapters/store/unknown.ts';
import type { ValidationRow } from '../../core/learning/contract.ts';
import { populationDrift } from '../../core/learning/drift.ts';
import { runGate } from '../../core/learning/gate/gate.ts';
import { profileOf } from '../../core/learning/profile.ts';
import {
  type CandidateFacts,
  type GateFinding,
  judgeCandidate,
  type PromotionJudgement,
} from '../../core/learning/promotion.ts';
import type { Answer } from '../../core/learning/validation.ts';
import { TIMEFRAMES } from '../../core/market/candle.ts';
import type { CandleSeries } from '../../core/market/candle-series.ts';
import { MODEL_INPUT, type Prediction } from '../../core/models/contract.ts';
import type { TrainingMatrix } from '../../core/models/matrix.ts';
import { tellProgress } from '../heartbeat.ts';
import { readKept, readValidated } from './model-facts.ts';
import { newestRows } from './newest-rows.ts';
import { tellPromotion } from './news.ts';
import type { LearningRun } from './run.ts';
import type { ShadowFinding } from './shadow.ts';
import { LEARNING } from './weights.ts';

export interface JudgementDependencies {
  readonly db: Kysely<Database>;
  readonly feed: FeedPublisher;
  readonly log: Logger;
}

/** Recorded debates that a candidate is replayed on, the newest. */
const GATE_DEBATES = 200;
/** Rows asked of a champion from one beat to the next. */
const CHUNK_ROWS = 1_024;

export interface JudgeOrder {
  readonly run: LearningRun;
  readonly hash: string;
  readonly shadow: ShadowFinding;
  readonly gate: GateFinding;
}

/** A judgement, and the champion it was made against. */
export interface Judged extends PromotionJudgement {
  readonly hash: string;
  readonly expectedEpoch: number;
  readonly trials: number;
}

/** What became of a candidate. */
export interface Settled {
  readonly verdict: PromotionJudgement['verdict'];
  readonly words: string;
}

/** Whether a candidate earns its place, and giving it. */
export function createJudgementActivities({ db, feed, log }: JudgementDependencies) {
  return {
    /** Replays the market's newest recorded debates on the candidate. */
    runGate: (run: LearningRun, hash: string): Promise<GateFinding> => replayed(db, run, hash),

    /** Holds a candidate against the champion that speaks now, by the rule that was declared before
     * anything was trained (`core/learning/promotion.ts`). Changes nothing. */
    async judgeCandidate(order: JudgeOrder): Promise<Judged> {
      const { run, hash, shadow, gate } = order;
      const { venue, symbol, timeframe } = run;
      const market = { venue, symbol, timeframe };
      const { matrixHash, validationHash } = await readModel(db, hash);
      if (validationHash === null)
        throw new RangeError(`${hash} must have been validated, was not`);
      const { matrix, rows, base } = await readValidated(db, { matrixHash, validationHash });
      const champion = await championOf(db, market);
      const trials = await trialsOf(db, market);
      const newest = await newestRows(db, run);
      const answers = await championAnswers(db, { hash: champion.hash, matrix, rows });
      const judgement = judgeCandidate({
        ...{ candidate: rows, base, champion: answers, trials, gate },
        label: matrix.header.label,
        candles: await candlesOver(db, run, rows),
        drift: populationDrift(profileOf(matrix), newest.rows),
        shadow: { answers: shadow.answers, equal: shadow.equal },
      });
      log.info({ ...market, model: hash, verdict: judgement.verdict }, judgement.words);
      return { ...judgement, hash, expectedEpoch: champion.epoch, trials };
    },

    /** Does what was judged: the champion's place by compare-and-set, and a rejection for good.
     * Repeating it changes nothing more. A person is told of a new champion. */
    async settleCandidate(run: LearningRun, judged: Judged): Promise<Settled> {
      const { hash, verdict, words, checks, trials, expectedEpoch } = judged;
      const evidence = { run: run.id, trials, checks };
      if (verdict === 'rejected') {
        const change = { hash, to: 'rejected', reason: words, evidence, by: LEARNING } as const;
        await changeModel(db, change);
      }
      if (verdict !== 'promoted') return { verdict, words };
      const request = { hash, expectedEpoch, reason: words, evidence, by: LEARNING };
      const promotion = await promoteModel(db, request);
      const { outcome, epoch } = promotion;
      if (outcome === 'changed') {
        tellPromotion(feed, run, { words, promotion });
        return { verdict, words };
      }
      const stale = `another champion came meanwhile (epoch ${epoch}): it stays in the shadow`;
      return { verdict: 'shadow', words: stale };
    },
  };
}

async function withModel<T>(
  db: Kysely<Database>,
  hash: string,
  act: (model: Model) => Promise<T>,
): Promise<T> {
  const name = `model ${hash.slice(0, 12)}`;
  const model = await loadModelBytes(await readBlob(db, hash), { hash, name });
  try {
    return await act(model);
  } finally {
    await model.release();
  }
}

async function replayed(
  db: Kysely<Database>,
  run: LearningRun,
  hash: string,
): Promise<GateFinding> {
  const { venue, symbol, timeframe } = run;
  try {
    const ground = await readGateGround(db, {
      venue,
      symbol,
      timeframe,
      debates: GATE_DEBATES,
    });
    const snapshots = ground.cases.map(({ snapshot }) => snapshot);
    const forecasts = await withModel(db, hash, (model) => forecastsOf(model, snapshots));
    const { dataToMs: knowsToMs } = await readModel(db, hash);
    const candidate = { kind: 'model', name: hash, knowsToMs, forecasts } as const;
    const { passed, words, motions, flips, unreproduced, seen } = runGate({
      ...ground,
      candidate,
    });
    return { passed, words, figures: { motions, seen, flips: flips.length, unreproduced } };
  } catch (error) {
    // Nothing was ever traded there: there is no debate to replay.
    if (!(error instanceof UnknownError && error.kind.startsWith('symbol'))) throw error;
    const words = 'There is no recorded debate to replay.';
    return { passed: true, words, figures: { motions: 0, flips: 0, unreproduced: 0 } };
  }
}

/** The candles of whom the run learns from, from the first row's own to the last label's. */
function candlesOver(
  db: Kysely<Database>,
  { symbol, timeframe, window: { venue } }: LearningRun,
  rows: readonly ValidationRow[],
): Promise<CandleSeries> {
  const firstMs = rows[0]?.closeTimeMs ?? 0;
  const toMs = rows.reduce((last, row) => Math.max(last, row.settledAtMs), firstMs);
  const fromMs = firstMs + 1 - TIMEFRAMES[timeframe];
  return readCandleSeries(db, { venue, symbol, timeframe, fromMs, toMs });
}

/** What the champion's file answers to the rows a candidate was validated on. */
async function championAnswers(
  db: Kysely<Database>,
  asked: {
    readonly hash: string | null;
    readonly matrix: TrainingMatrix;
    readonly rows: readonly ValidationRow[];
  },
): Promise<CandidateFacts['champion']> {
  const { hash, matrix, rows } = asked;
  if (hash === null) return null;
  const { model: stored } = await readKept(db, hash);
  const features = featuresAt(matrix, rows);
  const width = MODEL_INPUT.width * CHUNK_ROWS;
  const answers = await withModel(db, hash, async (model) => {
    const said: Answer[] = [];
    for (let at = 0; at < features.length; at += width) {
      tellProgress(Context.current(), { stage: 'asking the champion', done: said.length });
      const some = await predictRows(model, features.subarray(at, at + width));
      said.push(...some.map(sharesOf));
    }
    return said;
  });
  return { answers, trainedToMs: stored.dataToMs };
}

/** A sum of 32-bit floats may lie a rounding beside what shares are. */
function sharesOf(prediction: Prediction): Answer {
  const [buy, sell, hold] = [prediction.buy, prediction.sell, prediction.hold].map((share) => {
    return Math.max(0, share);
  }) as [number, number, number];
  const sum = buy + sell + hold;
  return { buy: buy / sum, sell: sell / sum, hold: hold / sum };
}

/** The matrix's features of these rows, as a model takes them. One market: a close is one row. */
function featuresAt(
  { header, numbers }: TrainingMatrix,
  rows: readonly ValidationRow[],
): Float32Array {
  const { columns, features } = header;
  const closeAt = columns.indexOf('closeTimeMs');
  const places = features.names.map((name) => columns.indexOf(name));
  const starts = new Map<number, number>();
  for (let at = 0; at < numbers.length; at += columns.length) {
    starts.set(numbers[at + closeAt] as number, at);
  }
  const taken = new Float32Array(rows.length * MODEL_INPUT.width);
  rows.forEach(({ closeTimeMs }, row) => {
    const start = starts.get(closeTimeMs);
    if (start === undefined) throw new RangeError(`close ${closeTimeMs} must be in the matrix`);
    places.forEach((place, column) => {
      taken[row * MODEL_INPUT.width + column] = numbers[start + place] as number;
    });
  });
  return taken;
}
