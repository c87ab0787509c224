import { hashOfNumbers } from '../hash.ts';
import { TIMEFRAMES } from '../market/candle.ts';
import type { CandleSeries } from '../market/candle-series.ts';
import type { DataUsed } from './result.ts';
import type { MarketSeries } from './series.ts';

interface Looked {
  readonly holes: number;
  readonly hash: string;
}

/** A sweep runs on the same candles thousands of times: they are looked through once. */
const LOOKED = new WeakMap<CandleSeries, Looked>();

/** What a run saw. Series in order, all of one timeframe, at least one, none of them empty. */
export function dataUsed(markets: readonly MarketSeries[]): DataUsed {
  const [first] = markets;
  if (first === undefined) throw new RangeError('series must not be empty');
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const series = markets.map(({ instrument: { symbol }, candles }) => {
    fromMs = Math.min(fromMs, candles.at(0)?.openTimeMs ?? fromMs);
    toMs = Math.max(toMs, candles.at(candles.length - 1)?.closeTimeMs ?? toMs);
    return { symbol, candles: candles.length, ...lookedAt(candles, first) };
  });
  return { timeframe: first.timeframe, fromMs, toMs, series };
}

function lookedAt(candles: CandleSeries, { timeframe }: MarketSeries): Looked {
  const known = LOOKED.get(candles);
  if (known !== undefined) return known;
  const looked = {
    holes: holesIn(candles, TIMEFRAMES[timeframe]),
    hash: hashOfNumbers(candles.numbers),
  };
  LOOKED.set(candles, looked);
  return looked;
}

/** Steps longer than the timeframe. */
function holesIn({ numbers, length }: CandleSeries, lengthMs: number): number {
  const columns = numbers.length / Math.max(1, length);
  let holes = 0;
  for (let at = columns; at < numbers.length; at += columns) {
    if ((numbers[at] as number) - (numbers[at - columns] as number) > lengthMs) holes += 1;
  }
  return holes;
}
