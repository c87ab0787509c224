import { ACTIONS } from '../assistants/speech.ts';
import type { MarketSeries } from '../backtest/series.ts';
import { FeatureEngine } from '../features/engine.ts';
import { FEATURE_HASH, FEATURE_VERSION, FEATURES } from '../features/vector.ts';
import type { OutcomeTerms } from '../judgement/assessment.ts';
import { type Outcome, OutcomeSettler } from '../judgement/outcome.ts';
import type { CandleSeries } from '../market/candle-series.ts';

/** What a trainer is given: features as they are served, and what came of each row. The trainer
 * computes none of it. */
export interface TrainingMatrix {
  readonly header: MatrixHeader;
  /** Row by row, `header.columns.length` doubles each, in the order of close times (then of
   * markets); NaN where a feature is `null`. */
  readonly numbers: Float64Array;
}

/** JSON-safe; names are the trainer's too. */
export interface MatrixHeader {
  readonly format: typeof MATRIX_FORMAT;
  readonly rows: number;
  readonly columns: readonly string[];
  readonly features: {
    readonly version: number;
    readonly hash: string;
    readonly names: readonly string[];
    /** What the graph clips each feature to, in their order. */
    readonly low: readonly number[];
    readonly high: readonly number[];
  };
  readonly label: OutcomeTerms;
  readonly timeframe: string;
  readonly symbols: readonly string[];
}

export const MATRIX_FORMAT = 'corro-matrix-2';

/** Times are Unix milliseconds: of the row's close, and of the close that settled its label (what a
 * split between past and future must respect). `action` is a place in `ACTIONS`; `move` is
 * exit / entry − 1 before costs, signed, and `magnitude` its size. */
const FACTS = ['closeTimeMs', 'settledAtMs'] as const;
const ANSWERS = ['action', 'move', 'magnitude', 'risk'] as const;

const COLUMNS: readonly string[] = [...FACTS, ...FEATURES.map(({ name }) => name), ...ANSWERS];

/** One row for every candle whose features are warm and whose outcome is known within the series.
 * No feature of a row depends on anything after its candle's close; labels do, and say until
 * when. Throws a `RangeError` when the series are not of one timeframe. */
export function trainingMatrix(all: readonly MarketSeries[], label: OutcomeTerms): TrainingMatrix {
  const [first] = all;
  if (first === undefined) throw new RangeError('must be at least one series, was none');
  const other = all.find(({ timeframe }) => timeframe !== first.timeframe);
  if (other !== undefined) {
    throw new RangeError(`must be all of ${first.timeframe}, was ${other.timeframe} too`);
  }
  const rows = all
    .flatMap((series) => rowsOf(series, label))
    .sort((a, b) => (a[0] as number) - (b[0] as number));
  const numbers = new Float64Array(rows.length * COLUMNS.length);
  rows.forEach((row, at) => numbers.set(row, at * COLUMNS.length));
  return {
    header: {
      format: MATRIX_FORMAT,
      rows: rows.length,
      columns: COLUMNS,
      features: {
        version: FEATURE_VERSION,
        hash: FEATURE_HASH,
        names: FEATURES.map(({ name }) => name),
        low: FEATURES.map(({ low }) => low),
        high: FEATURES.map(({ high }) => high),
      },
      label,
      timeframe: first.timeframe,
      symbols: all.map(({ instrument }) => instrument.symbol),
    },
    numbers,
  };
}

function rowsOf({ candles, timeframe }: MarketSeries, label: OutcomeTerms): number[][] {
  const engine = new FeatureEngine({ timeframe });
  const settler = new OutcomeSettler(label);
  const asked = new Map<number, { index: number; features: readonly (number | null)[] }>();
  const rows: number[][] = [];
  let index = 0;
  for (const candle of candles) {
    for (const { closeTimeMs, outcome } of settler.push(candle)) {
      const call = asked.get(closeTimeMs);
      asked.delete(closeTimeMs);
      if (call === undefined) continue;
      const features = call.features.map((value) => value ?? Number.NaN);
      const answers = answersOf(candles, call.index, outcome);
      rows.push([closeTimeMs, outcome.settledAtMs, ...features, ...answers]);
    }
    const { features, indicators, warm } = engine.push(candle);
    if (warm && indicators.atr14 !== null && indicators.atr14 > 0) {
      settler.add(candle.closeTimeMs, indicators.atr14);
      asked.set(candle.closeTimeMs, { index, features });
    }
    index += 1;
  }
  return rows;
}

/** In the order of `ANSWERS`. */
function answersOf(candles: CandleSeries, index: number, outcome: Outcome): number[] {
  let low = outcome.entryPrice;
  for (let at = index + 1; at <= index + outcome.candles; at += 1) {
    low = Math.min(low, candles.at(at)?.low ?? low);
  }
  const { label, move, entryPrice } = outcome;
  return [ACTIONS.indexOf(label), move, Math.abs(move), 1 - low / entryPrice];
}
