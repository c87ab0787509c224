import type { BacktestResult } from '../backtest/result.ts';

/** What can be judged: a backtest, or a benchmark with the same books. */
export type Run = Pick<BacktestResult, 'account' | 'curve' | 'data' | 'fills' | 'trades'>;

/** A year of the calendar, leap days spread over all years. */
export const YEAR_MS = 365.25 * 86_400_000;

/** One return for every close of the clock. */
export interface Returns {
  /** Simple returns, fractions; the first is from the capital to the first close. */
  readonly values: Float64Array;
  /** From the first candle's open to the last one's close. */
  readonly years: number;
  /** Closes a year as they were: about 105,190 for five minutes round the clock, about 252 for days
   * of a stock exchange. Nothing is assumed of sessions or holidays: they are counted. */
  readonly periodsPerYear: number;
}

/** The returns of a run. Throws a `RangeError` on a run without closes, on columns of different
 * lengths, on times that do not rise, and on equity or capital that is not positive. */
export function returnsOf({ account, curve, data }: Run): Returns {
  const { timeMs, equity, exposure } = curve;
  const count = timeMs.length;
  if (count === 0) throw new RangeError('a run must have at least one close, had none');
  if (equity.length !== count || exposure.length !== count) {
    const lengths = `${count}, ${equity.length} and ${exposure.length}`;
    throw new RangeError(`columns of a curve must be of one length, were ${lengths}`);
  }
  const values = new Float64Array(count);
  let before = Number(account.capital);
  let beforeMs = data.fromMs;
  if (!(before > 0 && Number.isFinite(before))) {
    throw new RangeError(`capital must be positive, was ${account.capital}`);
  }
  for (let at = 0; at < count; at += 1) {
    const now = equity[at] as number;
    const nowMs = timeMs[at] as number;
    if (!(now > 0 && Number.isFinite(now))) {
      throw new RangeError(`equity must be positive and finite, was ${now} at close ${at}`);
    }
    if (!(nowMs > beforeMs))
      throw new RangeError(`times of closes must rise, close ${at} does not`);
    values[at] = now / before - 1;
    before = now;
    beforeMs = nowMs;
  }
  const years = (beforeMs + 1 - data.fromMs) / YEAR_MS;
  return { values, years, periodsPerYear: count / years };
}

/** Throws a `RangeError` unless both runs have the same closes: only then can they be paired. */
export function requireOneClock(one: Run, other: Run): void {
  const [left, right] = [one.curve.timeMs, other.curve.timeMs];
  if (left.length !== right.length) {
    const lengths = `${left.length} and ${right.length}`;
    throw new RangeError(`runs must share one clock, had ${lengths} closes`);
  }
  for (let at = 0; at < left.length; at += 1) {
    if (left[at] === right[at]) continue;
    const times = `${left[at]} and ${right[at]}`;
    throw new RangeError(`runs must share one clock, close ${at} is at ${times}`);
  }
}
