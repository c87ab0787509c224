import { ACTIONS } from '../assistants/speech.ts';
import type { MarketSeries } from '../backtest/series.ts';
import { RING_SETTLED } from '../backtest/settled.ts';
import { FeatureEngine } from '../features/engine.ts';
import { FEATURE_HASH, FEATURE_VERSION, FEATURES } from '../features/vector.ts';
import type { OutcomeTerms } from '../judgement/assessment.ts';
import { type Outcome, OutcomeSettler } from '../judgement/outcome.ts';
import { TIMEFRAMES, type Timeframe } from '../market/candle.ts';
import type { CandleSeries } from '../market/candle-series.ts';
import { AbsurdPrints, REMEMBERED_STEPS } from '../market/prints.ts';

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
  /** Candles with a print that nobody can have meant, and the rows that are not here because their
   * features or their label were touched by one. */
  readonly leftOut: { readonly prints: number; readonly rows: number };
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
 * when. Left out are rows that an absurd print has touched (core/market/prints.ts): those whose
 * label it could have settled, and those whose features still remember it, which is for 600 candles
 * (its own included) or until indicators start again; nothing is computed from a mended price,
 * since the features that serve see the print too. Whether a print is absurd is known with the
 * open after it, so whether a row is here is known one candle after its label. Throws a
 * `RangeError` when the series are not of one timeframe. */
export function trainingMatrix(all: readonly MarketSeries[], label: OutcomeTerms): TrainingMatrix {
  const [first] = all;
  if (first === undefined) throw new RangeError('must be at least one series, was none');
  const other = all.find(({ timeframe }) => timeframe !== first.timeframe);
  if (other !== undefined) {
    throw new RangeError(`must be all of ${first.timeframe}, was ${other.timeframe} too`);
  }
  const leftOut = { prints: 0, rows: 0 };
  const rows = all
    .flatMap((series) => {
      const made = rowsOf(series, label);
      leftOut.prints += made.prints;
      leftOut.rows += made.leftOut;
      return made.rows;
    })
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
      leftOut,
    },
    numbers,
  };
}

interface MadeRows {
  readonly rows: readonly number[][];
  readonly prints: number;
  readonly leftOut: number;
}

function rowsOf({ candles, timeframe }: MarketSeries, label: OutcomeTerms): MadeRows {
  const engine = new FeatureEngine({ timeframe });
  const settler = new OutcomeSettler(label);
  const doubt = new Doubt(candles, timeframe);
  const asked = new Map<number, { index: number; features: readonly (number | null)[] }>();
  const rows: number[][] = [];
  let index = 0;
  let leftOut = 0;
  for (const candle of candles) {
    doubt.judge(index);
    for (const { closeTimeMs, outcome, lowest } of settler.push(candle)) {
      const call = asked.get(closeTimeMs);
      asked.delete(closeTimeMs);
      if (call === undefined) continue;
      if (doubt.newest > call.index) {
        leftOut += 1;
        continue;
      }
      const features = call.features.map((value) => value ?? Number.NaN);
      rows.push([closeTimeMs, outcome.settledAtMs, ...features, ...answersOf(outcome, lowest)]);
    }
    const { features, indicators, warm, candlesSeen } = engine.push(candle);
    if (warm && indicators.atr14 !== null && indicators.atr14 > 0) {
      if (doubt.newest > index - Math.min(RING_SETTLED, candlesSeen)) leftOut += 1;
      else {
        settler.add(candle.closeTimeMs, indicators.atr14);
        asked.set(candle.closeTimeMs, { index, features });
      }
    }
    index += 1;
  }
  return { rows, prints: doubt.count, leftOut };
}

/** Where the last print stands that is not believed. */
class Doubt {
  readonly #candles: CandleSeries;
  readonly #longMs: number;
  readonly #prints = new AbsurdPrints();
  newest = Number.NEGATIVE_INFINITY;
  count = 0;

  constructor(candles: CandleSeries, timeframe: Timeframe) {
    this.#candles = candles;
    this.#longMs = REMEMBERED_STEPS * TIMEFRAMES[timeframe];
  }

  /** The candle of that place: each once, in order. */
  judge(index: number): void {
    const candle = this.#candles.at(index);
    if (candle === null) return;
    const last = this.#candles.at(index - 1);
    const recent = last !== null && candle.openTimeMs - last.openTimeMs <= this.#longMs;
    const after = this.#candles.at(index + 1)?.open ?? null;
    const found = this.#prints.judge(candle, { before: recent ? last.close : null, after });
    if (found === null) return;
    this.newest = index;
    this.count += 1;
  }
}

/** In the order of `ANSWERS`. */
function answersOf({ label, move, entryPrice }: Outcome, lowest: number): number[] {
  const risk = Math.max(0, 1 - lowest / entryPrice);
  return [ACTIONS.indexOf(label), move, Math.abs(move), risk];
}
