import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { readCandles } from '../../adapters/store/candles.ts';
import {
  countOutcomes,
  recordOutcomes,
  type UnsettledMotion,
  unsettledMotions,
} from '../../adapters/store/outcomes.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { DEFAULT_TERMS } from '../../core/learning/label.ts';
import { type MotionOutcome, MotionSettler } from '../../core/learning/settle.ts';
import { type Candle, TIMEFRAMES } from '../../core/market/candle.ts';
import type { LearningRun } from './run.ts';

export interface OutcomeDependencies {
  readonly db: Kysely<Database>;
  readonly log: Logger;
}

export interface CollectedOutcomes {
  /** Settled by this run. */
  readonly settled: number;
  /** Too young, or the candles that would settle them are not on record. */
  readonly waiting: number;
  /** All that are on record of this market. */
  readonly known: number;
}

/** A market as far as its candles are known by then. */
export type SettledMarket = Pick<LearningRun, 'venue' | 'symbol' | 'timeframe' | 'marketTimeMs'>;

/** Motions settled in one transaction. */
const PAGE = 1_000;
/** Candles read at once. */
const CHUNK = 5_000;

/** Finds out what came of the ring's questions. */
export function createOutcomeActivities({ db, log }: OutcomeDependencies) {
  return {
    /** Settles every motion of the market whose horizon has passed in its own candles, oldest
     * first, once and for ever. Repeating it settles what is left. */
    async collectOutcomes(run: SettledMarket): Promise<CollectedOutcomes> {
      const { venue, symbol, timeframe } = run;
      const market = { venue, symbol, timeframe };
      let settled = 0;
      let waiting = 0;
      let after: UnsettledMotion | undefined;
      for (;;) {
        const page = await unsettledMotions(db, {
          ...market,
          limit: PAGE,
          ...(after === undefined ? {} : { after }),
        });
        const outcomes = await settlePage(db, run, page);
        const recorded = await recordOutcomes(
          db,
          outcomes.map((one) => ({ ...one, market, terms: DEFAULT_TERMS })),
        );
        settled += recorded;
        waiting += page.length - outcomes.length;
        after = page.at(-1);
        if (page.length < PAGE) break;
      }
      const { outcomes: known } = await countOutcomes(db, { market });
      log.info({ ...market, settled, waiting, known }, 'outcomes collected');
      return { settled, waiting, known };
    },
  };
}

async function settlePage(
  db: Kysely<Database>,
  run: SettledMarket,
  page: readonly UnsettledMotion[],
): Promise<readonly MotionOutcome[]> {
  const settler = new MotionSettler(page, DEFAULT_TERMS);
  const outcomes: MotionOutcome[] = [];
  for await (const candle of candlesFor(db, run, settler)) {
    outcomes.push(...settler.push(candle));
    if (settler.waiting === 0) break;
  }
  return outcomes;
}

/** The market's own candles as far as the settler needs them, oldest first: from each motion's own
 * on, because a print is held against what came before it. */
async function* candlesFor(
  db: Kysely<Database>,
  { venue, symbol, timeframe, marketTimeMs }: SettledMarket,
  settler: MotionSettler,
): AsyncGenerator<Candle> {
  const lengthMs = TIMEFRAMES[timeframe];
  let fromMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const { needsFromMs } = settler;
    if (needsFromMs === null) return;
    fromMs = Math.max(fromMs, needsFromMs + 1 - lengthMs);
    if (fromMs > marketTimeMs) return;
    const toMs = Math.min(marketTimeMs, fromMs + CHUNK * lengthMs - 1);
    yield* await readCandles(db, { venue, symbol, timeframe, fromMs, toMs });
    fromMs += CHUNK * lengthMs;
  }
}
