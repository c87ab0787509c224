import type { MarketSeries } from '../backtest/series.ts';
import { FeatureEngine } from '../features/engine.ts';
import { REGIMES, type Regime } from '../features/reading.ts';
import { FIRST_REGIME } from '../features/regime.ts';
import type { OutcomeTerms } from './assessment.ts';
import { type Outcome, OutcomeSettler } from './outcome.ts';

/** What a question put at one close was about, and what came of it. */
export interface MotionFacts {
  readonly regime: Regime;
  /** `null`: the data ended before it was settled, or there was no range to set barriers by. */
  readonly outcome: Outcome | null;
}

/** One market seen once from its first candle to its last. */
export interface MarketSurvey {
  readonly symbol: string;
  /** Where the regime became another: close times, rising, and the regime from then on. The first
   * entry is the first candle's. */
  readonly changes: readonly { readonly closeTimeMs: number; readonly regime: Regime }[];
  /** By close time, for the closes asked about. */
  readonly motions: ReadonlyMap<number, MotionFacts>;
}

/** Folds a market's candles once: its regimes, and the outcomes of the questions put at the closes
 * `asked` (Unix milliseconds; those that are no close of this market are left out). A question is
 * put with what its own close knew, and settled by later candles alone. O(candles). */
export function surveyMarket(
  { instrument, timeframe, candles }: MarketSeries,
  asked: ReadonlySet<number>,
  terms: OutcomeTerms,
): MarketSurvey {
  const engine = new FeatureEngine({ timeframe });
  const settler = new OutcomeSettler(terms);
  const motions = new Map<number, MotionFacts>();
  const changes: { closeTimeMs: number; regime: Regime }[] = [];
  for (const candle of candles) {
    for (const { closeTimeMs, outcome } of settler.push(candle)) {
      const { regime } = motions.get(closeTimeMs) as MotionFacts;
      motions.set(closeTimeMs, { regime, outcome });
    }
    const { regime, indicators } = engine.push(candle);
    if (changes.at(-1)?.regime !== regime) {
      changes.push({ closeTimeMs: candle.closeTimeMs, regime });
    }
    if (!asked.has(candle.closeTimeMs)) continue;
    motions.set(candle.closeTimeMs, { regime, outcome: null });
    const atr = indicators.atr14;
    if (atr !== null && atr > 0) settler.add(candle.closeTimeMs, atr);
  }
  return { symbol: instrument.symbol, changes, motions };
}

/** The regime in which each return of a clock began, as places in `REGIMES`: what was known at the
 * close before it. Of several markets, the regime that most of them were in; without a single
 * most common one, and for the first return, the regime that claims least. O(closes + changes). */
export function regimesOfReturns(
  timeMs: readonly number[],
  surveys: readonly MarketSurvey[],
): Uint8Array {
  const kinds = REGIMES.length;
  const steps = new Int32Array(timeMs.length * kinds);
  for (const { changes } of surveys) {
    let previous: number | null = null;
    for (const { closeTimeMs, regime } of changes) {
      const at = firstFrom(timeMs, closeTimeMs);
      if (at === timeMs.length) break;
      const kind = REGIMES.indexOf(regime);
      if (previous !== null) addTo(steps, at * kinds + previous, -1);
      addTo(steps, at * kinds + kind, 1);
      previous = kind;
    }
  }
  const regimes = new Uint8Array(timeMs.length);
  const counts = new Int32Array(kinds);
  let regime = REGIMES.indexOf(FIRST_REGIME);
  for (let at = 0; at < timeMs.length; at += 1) {
    regimes[at] = regime;
    let moved = false;
    for (let kind = 0; kind < kinds; kind += 1) {
      const by = steps[at * kinds + kind] as number;
      if (by === 0) continue;
      addTo(counts, kind, by);
      moved = true;
    }
    if (moved) regime = mostCommon(counts);
  }
  return regimes;
}

function addTo(counts: Int32Array, at: number, by: number): void {
  counts[at] = (counts[at] as number) + by;
}

function mostCommon(counts: Int32Array): number {
  const most = Math.max(...counts);
  const first = counts.indexOf(most);
  return counts.lastIndexOf(most) === first ? first : REGIMES.indexOf(FIRST_REGIME);
}

/** Place of the first time that is not before this one. */
function firstFrom(times: readonly number[], timeMs: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
