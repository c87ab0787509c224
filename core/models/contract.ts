import { FEATURE_NAMES } from '../features/vector.ts';
import type { Prediction } from './prediction.ts';

export type { Prediction };

/** What every model file of Corro takes and gives: one ONNX graph, one input, four named outputs,
 * all 32-bit floats, any number of rows. `training/` writes such files, `adapters/models` refuses
 * all others. Raised with every change of a name, a width or a meaning. */
export const MODEL_CONTRACT = 1;

/** rows × features, in the order of `FEATURE_NAMES`; NaN where a feature is `null`. The graph fills
 * and clips by itself: whoever serves does nothing to the numbers. */
export const MODEL_INPUT = { name: 'features', width: FEATURE_NAMES.length } as const;

export interface ModelOutput {
  readonly name: string;
  /** The output is rows × width. */
  readonly width: number;
  readonly meaning: string;
  /** Values outside mean that the file is broken. */
  readonly low: number;
  readonly high: number;
}

/** Labels are those of `core/judgement/outcome.ts`: triple barrier, with costs. */
export const MODEL_OUTPUTS = [
  {
    name: 'direction',
    width: 3,
    meaning: 'probability that BUY, SELL, HOLD will have been right; sums to 1',
    low: 0,
    high: 1,
  },
  {
    name: 'magnitude',
    width: 1,
    meaning: 'size of the move until the call settles, |exit / entry − 1|',
    low: 0,
    high: Number.POSITIVE_INFINITY,
  },
  {
    name: 'confidence',
    width: 1,
    meaning: 'probability that the likeliest direction is right',
    low: 0,
    high: 1,
  },
  {
    name: 'risk',
    width: 1,
    meaning: 'worst move against a purchase until the call settles, 1 − lowest / entry',
    low: 0,
    high: Number.POSITIVE_INFINITY,
  },
] as const satisfies readonly ModelOutput[];

/** How far the sum of `direction` may be from 1: rounding of 32-bit sums over a hundred trees. */
export const DIRECTION_SUM_TOLERANCE = 1e-3;

/** What a model file says of itself; JSON under the key `corro` of the file's own metadata. */
export interface ModelCard {
  readonly contract: number;
  readonly features: {
    readonly version: number;
    readonly hash: string;
    readonly names: readonly string[];
  };
  readonly label: {
    readonly targetAtrs: number;
    readonly stopAtrs: number;
    readonly horizonCandles: number;
    readonly roundTripCost: number;
  };
  readonly data: {
    /** sha256 of the matrix it was fitted on. */
    readonly hash: string;
    readonly rows: number;
    readonly timeframe: string;
    readonly symbols: readonly string[];
    /** Close of the first row's candle and of the last one that settled a label: what was seen
     * before `toMs` is no test of this model. Unix milliseconds. */
    readonly fromMs: number;
    readonly toMs: number;
  };
  /** H(data, code, configuration): the same inputs are the same run, and give the same bytes. */
  readonly runId: string;
}

/** Every answer of one model over the candles of a backtest, made before it starts: row by row from
 * features at that close, so none knows a later candle. */
export interface Predictions {
  readonly model: {
    /** sha256 of the file. */
    readonly hash: string;
    readonly card: ModelCard;
  };
  /** The answer at the candle of that place (from 0) in the symbol's series; `null` while its
   * features are not warm. */
  at(symbol: string, index: number): Prediction | null;
}
