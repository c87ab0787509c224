/** Mean block length, in values, that the stationary bootstrap of this series should have: it
 * minimises the mean squared error of the variance of the mean. Politis & White, "Automatic
 * block-length selection for the dependent bootstrap", Econometric Reviews 23 (2004), with the
 * correction of Patton, Politis & White (2009); the lag window is the flat-top of Politis & Romano
 * (1995). At least 1, at most min(3 √n, n / 3) rounded up. O(n √n). */
export function optimalBlockLength(values: Float64Array): number {
  const count = values.length;
  if (count < LEAST_VALUES) return 1;
  const most = Math.ceil(Math.min(3 * Math.sqrt(count), count / 3));
  const centred = aroundMean(values);
  const patience = Math.max(5, Math.floor(Math.log10(count)));
  const lastLag = Math.min(count - 1, Math.ceil(Math.sqrt(count)) + patience);
  const covariances = autocovariances(centred, lastLag);
  // A series that never varies has nothing to keep together.
  if (!((covariances[0] as number) > 0)) return 1;
  const lags = Math.min(lastLag, significantLags(centred, { covariances, patience, lastLag }));
  let slope = 0;
  let spectrum = covariances[0] as number;
  for (let lag = 1; lag <= lags; lag += 1) {
    const weight = lag / lags <= 0.5 ? 1 : 2 * (1 - lag / lags);
    const twice = 2 * weight * (covariances[lag] as number);
    slope += twice * lag;
    spectrum += twice;
  }
  const length = Math.cbrt(((slope * slope) / (spectrum * spectrum)) * count);
  return Number.isFinite(length) ? Math.min(Math.max(1, length), most) : 1;
}

/** Below this no autocorrelation can be told from none. */
const LEAST_VALUES = 12;

function aroundMean(values: Float64Array): Float64Array {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at] as number;
  const mean = sum / values.length;
  return values.map((value) => value - mean);
}

function autocovariances(centred: Float64Array, lastLag: number): Float64Array {
  const covariances = new Float64Array(lastLag + 1);
  for (let lag = 0; lag <= lastLag; lag += 1) {
    let sum = 0;
    for (let at = lag; at < centred.length; at += 1) {
      sum += (centred[at] as number) * (centred[at - lag] as number);
    }
    covariances[lag] = sum / centred.length;
  }
  return covariances;
}

interface Correlogram {
  readonly covariances: Float64Array;
  /** So many insignificant autocorrelations in a row end the search. */
  readonly patience: number;
  readonly lastLag: number;
}

/** Twice the lag after which autocorrelations cease to be significant; all of them when they never
 * cease. A correlation is taken over the two stretches it compares, each with its own sum of
 * squares. */
function significantLags(centred: Float64Array, correlogram: Correlogram): number {
  const { covariances, patience, lastLag } = correlogram;
  const count = centred.length;
  const critical = 2 * Math.sqrt(Math.log10(count) / count);
  let [head, tail] = [(covariances[0] as number) * count, (covariances[0] as number) * count];
  let run = 0;
  for (let lag = 0; lag < lastLag; lag += 1) {
    head -= (centred[count - 1 - lag] as number) ** 2;
    tail -= (centred[lag] as number) ** 2;
    const scale = Math.sqrt(Math.max(0, head) * Math.max(0, tail));
    const correlation = Math.abs((covariances[lag] as number) * count) / scale;
    run = correlation < critical ? run + 1 : 0;
    if (run === patience) return 2 * Math.max(1, lag + 1 - patience);
  }
  return lastLag;
}
