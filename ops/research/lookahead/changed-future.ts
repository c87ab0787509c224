import type { MarketSeries } from '../../../core/backtest/series.ts';
import { type Candle, TIMEFRAMES } from '../../../core/market/candle.ts';
import { CandleSeries } from '../../../core/market/candle-series.ts';
import { Random } from '../../../core/random.ts';

/** How the future is made another one. */
export const WAYS = ['scaled', 'shuffled', 'noise', 'cut'] as const;
export type Way = (typeof WAYS)[number];

const COLUMNS = 6;
/** A candle's move in made-up noise. */
const NOISE = 0.03;

/** The same markets up to `atMs`, and others after it: every candle that opens later is changed in
 * `way`, sound all the same, at the times at which the real ones were. */
export function changeFuture(
  all: readonly MarketSeries[],
  { atMs, way, seed }: { readonly atMs: number; readonly way: Way; readonly seed: number },
): readonly MarketSeries[] {
  return all.map((series) => {
    const { candles, instrument } = series;
    const past = candles.between(Number.NEGATIVE_INFINITY, atMs);
    const future = candles.between(atMs, Number.POSITIVE_INFINITY);
    const random = new Random(seed, way, instrument.symbol);
    const changed = way === 'cut' ? [] : CHANGES[way]([...future], lastClose(past, future), random);
    const numbers = new Float64Array((past.length + changed.length) * COLUMNS);
    numbers.set(past.numbers);
    changed.forEach(({ openTimeMs, open, high, low, close, volume }, at) => {
      const place = (past.length + at) * COLUMNS;
      numbers.set([openTimeMs, open, high, low, close, volume], place);
    });
    return { ...series, candles: new CandleSeries(TIMEFRAMES[series.timeframe], numbers) };
  });
}

/** The changed markets with the first open after `atMs` as it really was; where the future was cut,
 * with a candle that is that open and nothing else. */
export function keepNextOpens(
  changed: readonly MarketSeries[],
  real: readonly MarketSeries[],
  atMs: number,
): readonly MarketSeries[] {
  return changed.map((series, place) => {
    const next = real[place]?.candles.between(atMs, Number.POSITIVE_INFINITY).at(0) ?? null;
    if (next === null) return series;
    const { openTimeMs, open, volume } = next;
    const past = series.candles.between(Number.NEGATIVE_INFINITY, atMs);
    const after = series.candles.between(atMs, Number.POSITIVE_INFINITY);
    const first = after.at(0) ?? { high: open, low: open, close: open, volume };
    const [high, low] = [Math.max(first.high, open), Math.min(first.low, open)];
    const later = after.numbers.subarray(COLUMNS);
    const numbers = new Float64Array(past.numbers.length + COLUMNS + later.length);
    numbers.set(past.numbers);
    numbers.set([openTimeMs, open, high, low, first.close, first.volume], past.numbers.length);
    numbers.set(later, past.numbers.length + COLUMNS);
    return { ...series, candles: new CandleSeries(TIMEFRAMES[series.timeframe], numbers) };
  });
}

function lastClose(past: CandleSeries, future: CandleSeries): number {
  return past.at(past.length - 1)?.close ?? future.at(0)?.open ?? 1;
}

type Change = (future: readonly Candle[], from: number, random: Random) => readonly Candle[];

const CHANGES: Readonly<Record<Exclude<Way, 'cut'>, Change>> = {
  scaled: (future, _from, random) => {
    const factor = random.chance(0.5) ? random.between(1.2, 3) : random.between(0.3, 0.8);
    const turnover = random.between(0.2, 5);
    return future.map((candle) => ({
      ...candle,
      open: candle.open * factor,
      high: candle.high * factor,
      low: candle.low * factor,
      close: candle.close * factor,
      volume: candle.volume * turnover,
    }));
  },
  shuffled: (future, _from, random) => {
    const places = permutation(future.length, random);
    return future.map(({ openTimeMs, closeTimeMs }, at) => ({
      ...(future[places[at] as number] as Candle),
      openTimeMs,
      closeTimeMs,
    }));
  },
  noise: (future, from, random) => {
    let before = from;
    return future.map((candle) => {
      const open = before;
      const close = open * random.between(1 - NOISE, 1 + NOISE);
      const high = Math.max(open, close) * random.between(1, 1 + NOISE);
      const low = Math.min(open, close) * random.between(1 - NOISE, 1);
      before = close;
      return { ...candle, open, high, low, close, volume: candle.volume * random.between(0, 3) };
    });
  },
};

/** The numbers below `length` in another order (Fisher-Yates). */
function permutation(length: number, random: Random): Uint32Array {
  const places = Uint32Array.from({ length }, (_, at) => at);
  for (let at = length - 1; at > 0; at -= 1) {
    const other = random.whole(0, at);
    const place = places[at] as number;
    places[at] = places[other] as number;
    places[other] = place;
  }
  return places;
}
