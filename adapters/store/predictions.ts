import type { Kysely } from 'kysely';
import type { Market } from '../../core/learning/contract.ts';
import type { Forecast } from '../../core/models/forecast.ts';
import { fromJson, toJson } from './json.ts';
import type { Database } from './schema.ts';

/** What a model foretold of one motion. */
export interface NewPrediction {
  readonly eventId: string;
  readonly modelHash: string;
  /** As what it was asked: the champion's answer stands in the snapshot too. */
  readonly part: 'champion' | 'challenger';
  readonly answer: Forecast;
}

export interface StoredPrediction extends NewPrediction, Market {
  /** Close of the motion's candle, Unix milliseconds. */
  readonly closeTimeMs: number;
}

const CHUNK = 1_000;

/** Records what models foretold; returns how many answers were new. The first answer of a model to
 * a motion stands. Motions and models must be on record. */
export async function recordPredictions(
  db: Kysely<Database>,
  rows: readonly NewPrediction[],
): Promise<number> {
  let added = 0;
  for (let at = 0; at < rows.length; at += CHUNK) {
    const values = rows.slice(at, at + CHUNK).map(({ eventId, modelHash, part, answer }) => {
      return { event_id: eventId, model_hash: modelHash, part, answer: toJson(answer) };
    });
    const inserted = await db
      .insertInto('predictions')
      .values(values)
      .onConflict((conflict) => conflict.columns(['event_id', 'model_hash']).doNothing())
      .returning('event_id')
      .execute();
    added += inserted.length;
  }
  return added;
}

/** Everything a model foretold, in the order of close times. */
export async function predictionsOf(
  db: Kysely<Database>,
  modelHash: string,
): Promise<readonly StoredPrediction[]> {
  const rows = await db
    .selectFrom('predictions as p')
    .innerJoin('motions as m', 'm.event_id', 'p.event_id')
    .select(['p.event_id', 'p.model_hash', 'p.part', 'p.answer'])
    .select(['m.venue', 'm.symbol', 'm.timeframe', 'm.close_time'])
    .where('p.model_hash', '=', modelHash)
    .orderBy('m.close_time')
    .orderBy('p.event_id')
    .execute();
  return rows.map((row) => ({
    eventId: row.event_id,
    modelHash: row.model_hash,
    part: row.part as StoredPrediction['part'],
    answer: fromJson<Forecast>(row.answer),
    venue: row.venue,
    symbol: row.symbol,
    timeframe: row.timeframe,
    closeTimeMs: row.close_time.getTime(),
  }));
}
