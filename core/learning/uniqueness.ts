/** A question put at a close, and when its answer was known. Unix milliseconds. */
export interface Span {
  readonly closeTimeMs: number;
  readonly settledAtMs: number;
}

/** How much of its own each question says, 0 … 1: the mean over its life of one over the number of
 * questions open at the time ("average uniqueness", López de Prado, "Advances in financial machine
 * learning", 2018, chapter 4). Their sum is how many questions side by side, none overlapping, say
 * as much: a dozen put one candle apart and settled a dozen candles later are about two, not
 * twelve. A life is after the close, until the settling close. O(n log n). Throws a `RangeError`
 * where an answer is not after its question. */
export function uniquenessOf(spans: readonly Span[]): Float64Array {
  for (const { closeTimeMs, settledAtMs } of spans) {
    if (settledAtMs > closeTimeMs) continue;
    throw new RangeError(`settledAtMs must be after ${closeTimeMs}, was ${settledAtMs}`);
  }
  const starts = sorted(spans.map(({ closeTimeMs }) => closeTimeMs));
  const ends = sorted(spans.map(({ settledAtMs }) => settledAtMs));
  const shared = sharedTime(starts, ends);
  return Float64Array.from(spans, ({ closeTimeMs, settledAtMs }) => {
    const own = (shared.get(settledAtMs) as number) - (shared.get(closeTimeMs) as number);
    return own / (settledAtMs - closeTimeMs);
  });
}

/** At every time at which a question opens or ends: the time until then, each millisecond divided
 * by the questions open in it. */
function sharedTime(starts: Float64Array, ends: Float64Array): ReadonlyMap<number, number> {
  const shared = new Map<number, number>();
  let [opened, ended, sum] = [0, 0, 0];
  let lastMs = starts[0] as number;
  while (ended < ends.length) {
    const startMs = starts[opened] ?? Number.POSITIVE_INFINITY;
    const nowMs = Math.min(startMs, ends[ended] as number);
    const open = opened - ended;
    if (open > 0) sum += (nowMs - lastMs) / open;
    shared.set(nowMs, sum);
    while ((starts[opened] ?? Number.POSITIVE_INFINITY) === nowMs) opened += 1;
    while (ended < ends.length && ends[ended] === nowMs) ended += 1;
    lastMs = nowMs;
  }
  return shared;
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}
