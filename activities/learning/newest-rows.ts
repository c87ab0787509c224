import type { Kysely } from 'kysely';
import { readCandles } from '../../adapters/store/candles.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { FeatureEngine } from '../../core/features/engine.ts';
import { LEAST_DRIFT_ROWS } from '../../core/learning/drift.ts';
import type { FeatureRow } from '../../core/learning/profile.ts';
import type { LearningRun } from './run.ts';

/** Candles that are held against a training set: of five minutes, two days and a half. */
const MEASURED_CANDLES = 750;
/** Before them, so that slow averages have forgotten where they began. */
const SETTLING_CANDLES = 600;

export interface NewestRows {
  /** In the order of time; at most `MEASURED_CANDLES`. */
  readonly rows: readonly FeatureRow[];
  /** Close of the newest, Unix ms; `null` without any. */
  readonly toMs: number | null;
}

/** Features of the newest candles a model answers: the market's own; while these are too few to
 * measure anything by, those of the venue it is trained on. */
export async function newestRows(db: Kysely<Database>, run: LearningRun): Promise<NewestRows> {
  const own = await rowsOf(db, run, run.venue);
  if (own.rows.length >= LEAST_DRIFT_ROWS || run.window.venue === run.venue) return own;
  return rowsOf(db, run, run.window.venue);
}

async function rowsOf(
  db: Kysely<Database>,
  { symbol, timeframe, marketTimeMs }: LearningRun,
  venue: string,
): Promise<NewestRows> {
  const newest = MEASURED_CANDLES + SETTLING_CANDLES;
  const series = { venue, symbol, timeframe, toMs: marketTimeMs, newest };
  const engine = new FeatureEngine({ timeframe });
  const rows: FeatureRow[] = [];
  const candles = await readCandles(db, series);
  for (const candle of candles) {
    const { warm, features } = engine.push(candle);
    if (warm) rows.push(features);
  }
  const toMs = rows.length === 0 ? null : (candles.at(-1)?.closeTimeMs ?? null);
  return { rows: rows.slice(-MEASURED_CANDLES), toMs };
}
