import type { Kysely } from 'kysely';
import type { Snapshot } from '../../core/assistants/snapshot.ts';
import type { Reading } from '../../core/features/reading.ts';
import type { Forecast } from '../../core/models/forecast.ts';
import type { Forecaster, ForecastPatience, Foretold } from '../bus/forecaster.ts';
import { servedModels } from '../store/models.ts';
import { type NewPrediction, recordPredictions } from '../store/predictions.ts';
import type { Database } from '../store/schema.ts';

/** What is foretold of the motions of one close, by symbol. */
export type ForetoldClose = ReadonlyMap<string, Foretold>;

export interface ForetellOptions {
  readonly db: Kysely<Database>;
  readonly forecast: Forecaster;
  readonly patience: ForecastPatience;
}

export interface ForetellClose {
  readonly venue: string;
  readonly timeframe: string;
  readonly questions: readonly { readonly symbol: string; readonly reading: Reading }[];
}

/** Asks the models in service about the readings of one close: one query says who they are, one
 * request asks all of them, and none is sent when there are none. Whoever is champion at that
 * moment speaks for this close; a promotion counts from the next on. A reading that is not warm is
 * asked of nobody, as in training. Throws as the forecaster does. */
export async function foretell(
  { db, forecast, patience }: ForetellOptions,
  { venue, timeframe, questions }: ForetellClose,
): Promise<ForetoldClose> {
  const warm = questions.filter(({ reading }) => reading.warm);
  if (warm.length === 0) return new Map();
  const symbols = warm.map(({ symbol }) => symbol);
  const served = await servedModels(db, { venue, timeframe, symbols });
  const asks = warm.flatMap(({ symbol, reading: { features } }) => {
    const { champion = null, challengers = [] } = served.get(symbol) ?? {};
    if (champion === null && challengers.length === 0) return [];
    return [{ symbol, features, champion, challengers }];
  });
  return asks.length === 0 ? new Map() : forecast(asks, patience);
}

/** A motion's facts with what its champion foretold, where it did. */
export function withForecast<F extends { readonly symbol: string }>(
  facts: F,
  foretold: ForetoldClose,
): F & { readonly forecast?: Forecast } {
  const champion = foretold.get(facts.symbol)?.champion ?? null;
  return champion === null ? facts : { ...facts, forecast: champion };
}

/** Puts on record what was foretold of motions that are on record themselves: the champion's answer
 * as their snapshots have it, and the challengers' where they were asked about these very facts.
 * The first answer stands. */
export async function recordForetold(
  db: Kysely<Database>,
  snapshots: readonly Snapshot[],
  foretold: ForetoldClose,
): Promise<void> {
  const rows = snapshots.flatMap((snapshot): NewPrediction[] => {
    const { eventId, symbol, forecast, reading } = snapshot;
    const told = foretold.get(symbol);
    const isAbout = told !== undefined && sameRow(told.features, reading.features);
    const challengers = isAbout ? told.challengers : [];
    return [
      ...(forecast === undefined ? [] : [{ part: 'champion' as const, answer: forecast }]),
      ...challengers
        .filter(({ model }) => model !== forecast?.model)
        .map((answer) => ({ part: 'challenger' as const, answer })),
    ].map(({ part, answer }) => ({ eventId, modelHash: answer.model, part, answer }));
  });
  if (rows.length > 0) await recordPredictions(db, rows);
}

function sameRow(one: readonly (number | null)[], other: readonly (number | null)[]): boolean {
  return one.length === other.length && one.every((value, at) => Object.is(value, other[at]));
}
