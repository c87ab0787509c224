/** Candles column by column, oldest first. */
export interface CandleColumns {
  readonly timeMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

/** One bar to draw: the candles `from` … `to` (exclusive) as if they were one. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** How many neighbours go into one so that at most `most` are left: a power of two, so that a
 * market looks the same while it is moved to and fro. */
export function strideFor(count: number, most: number): number {
  let stride = 1;
  while (count / stride > most) stride *= 2;
  return stride;
}

/** The candles from `from` to `to` (exclusive) in at most about `most` bars. Bars begin at
 * multiples of their length, whatever the range. */
export function barsBetween(
  candles: CandleColumns,
  { from, to, most }: { readonly from: number; readonly to: number; readonly most: number },
): Bar[] {
  const first = Math.max(0, from);
  const end = Math.min(candles.timeMs.length, to);
  const stride = strideFor(end - first, most);
  const bars: Bar[] = [];
  for (let at = Math.floor(first / stride) * stride; at < end; at += stride) {
    bars.push(barOf(candles, at, Math.min(at + stride, candles.timeMs.length)));
  }
  return bars;
}

function barOf({ open, high, low, close }: CandleColumns, from: number, to: number): Bar {
  let top = Number.NEGATIVE_INFINITY;
  let bottom = Number.POSITIVE_INFINITY;
  for (let at = from; at < to; at += 1) {
    top = Math.max(top, high[at] as number);
    bottom = Math.min(bottom, low[at] as number);
  }
  return {
    from,
    to,
    open: open[from] as number,
    high: top,
    low: bottom,
    close: close[to - 1] as number,
  };
}

/** A curve's points from `from` to `to` (exclusive), thinned so that no extreme is lost: of every
 * stride its first, lowest and highest point, in the order they came. */
export function pointsBetween(
  values: Float64Array,
  { from, to, most }: { readonly from: number; readonly to: number; readonly most: number },
): number[] {
  const first = Math.max(0, from);
  const end = Math.min(values.length, to);
  const stride = strideFor(end - first, most);
  const kept: number[] = [];
  for (let at = Math.floor(first / stride) * stride; at < end; at += stride) {
    const stop = Math.min(at + stride, values.length);
    let [low, high] = [at, at];
    for (let here = at; here < stop; here += 1) {
      if ((values[here] as number) < (values[low] as number)) low = here;
      if ((values[here] as number) > (values[high] as number)) high = here;
    }
    for (const place of [...new Set([at, Math.min(low, high), Math.max(low, high)])]) {
      kept.push(place);
    }
  }
  if (end > 0 && kept.at(-1) !== end - 1) kept.push(end - 1);
  return kept;
}

/** The first place whose time is `timeMs` or later; the length when there is none. */
export function placeOf(times: Float64Array, timeMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Fall from the highest value so far, 0 … -1. */
export function drawdownOf(values: Float64Array): Float64Array {
  const falls = new Float64Array(values.length);
  let peak = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    peak = Math.max(peak, value);
    falls[at] = peak > 0 ? value / peak - 1 : 0;
  }
  return falls;
}
