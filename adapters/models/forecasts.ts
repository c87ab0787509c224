import type { Snapshot } from '../../core/assistants/snapshot.ts';
import { type Forecast, forecastOf } from '../../core/models/forecast.ts';
import type { Model } from './model.ts';

/** All of its vote: nothing has drifted yet. */
const WHOLE_WORTH_BP = 10_000;

/** What a model foretells of recorded motions, by event id, from the readings frozen with them. One
 * whose features were not warm is left out, as it is live. Throws `bad_model` on an answer that is
 * none. */
export async function forecastsOf(
  model: Model,
  snapshots: readonly Snapshot[],
): Promise<ReadonlyMap<string, Forecast>> {
  const forecasts = new Map<string, Forecast>();
  for (const { eventId, reading } of snapshots) {
    if (!reading.warm) continue;
    const prediction = await model.answerOne(reading.features);
    forecasts.set(eventId, forecastOf(prediction, model.hash, WHOLE_WORTH_BP));
  }
  return forecasts;
}
