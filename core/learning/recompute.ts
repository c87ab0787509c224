import type { NewsDigest } from '../assistants/snapshot.ts';
import { FeatureEngine } from '../features/engine.ts';
import { TIMEFRAMES, type Timeframe } from '../market/candle.ts';
import type { CandleSeries } from '../market/candle-series.ts';

/** A recorded motion whose features are to be computed once more. */
export interface RecomputeAsk {
  readonly eventId: string;
  readonly closeTimeMs: number;
  /** How many candles whoever put it had seen then: as many are shown again. */
  readonly candlesSeen: number;
  readonly news: NewsDigest | null;
}

export type Features = readonly (number | null)[];

/** The features of recorded motions from stored candles alone, by event id: what was computed live
 * must be equal to the bit, because as many candles are shown to the same engine. A motion whose
 * candles are not all on record is left out. O(candles) for each place where somebody began. */
export function recomputeFeatures(
  asks: readonly RecomputeAsk[],
  { timeframe, candles }: { readonly timeframe: Timeframe; readonly candles: CandleSeries },
): ReadonlyMap<string, Features> {
  const places = placesOf(asks, candles, TIMEFRAMES[timeframe]);
  const placed = asks.flatMap((ask) => {
    const at = places.get(ask.closeTimeMs);
    const from = at === undefined ? -1 : at - ask.candlesSeen + 1;
    return at === undefined || from < 0 ? [] : [{ ...ask, at, from }];
  });
  const features = new Map<string, Features>();
  for (const [from, group] of Map.groupBy(placed, (ask) => ask.from)) {
    const wanted = Map.groupBy(group, ({ at }) => at);
    const last = Math.max(...group.map(({ at }) => at));
    const engine = new FeatureEngine({ timeframe });
    for (let at = from; at <= last; at += 1) {
      const candle = candles.at(at);
      if (candle === null) break;
      const here = wanted.get(at) ?? [];
      const reading = engine.push(candle, here[0]?.news ?? null);
      for (const { eventId, candlesSeen } of here) {
        // A hole that live candles did not have makes the engine begin anew.
        if (reading.candlesSeen === candlesSeen) features.set(eventId, reading.features);
      }
    }
  }
  return features;
}

function placesOf(
  asks: readonly RecomputeAsk[],
  candles: CandleSeries,
  lengthMs: number,
): ReadonlyMap<number, number> {
  const places = new Map<number, number>();
  for (const closeTimeMs of new Set(asks.map((ask) => ask.closeTimeMs))) {
    const opensMs = closeTimeMs + 1 - lengthMs;
    const place = candles.between(0, opensMs).length;
    if (candles.at(place)?.openTimeMs === opensMs) places.set(closeTimeMs, place);
  }
  return places;
}
