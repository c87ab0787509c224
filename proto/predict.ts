import { FEATURE_HASH, FEATURE_NAMES } from '../core/features/vector.ts';
import { DIRECTION_SUM_TOLERANCE, type Prediction } from '../core/models/contract.ts';
import { WireError } from './errors.ts';
import {
  enumeration,
  finite,
  finiteOrNull,
  hash,
  invalid,
  list,
  present,
  symbol,
  text,
} from './fields.ts';
import {
  type ModelAnswer as ModelAnswerMessage,
  type PredictedRow as PredictedRowMessage,
  type Prediction as PredictionMessage,
  PredictReplySchema,
  PredictRequestSchema,
  type PredictRow as PredictRowMessage,
  PredictRefusalCode as WireRefusalCode,
} from './gen/corro/v1/predict_pb.ts';
import { branch, type Codec, chosen, codec, printable } from './venue-codec.ts';

/** What the strategist's host is asked before the snapshots of a close are frozen, and what it
 * answers: the endpoint `predict` of its micro service. */

/** Most markets in one request; whoever has more asks several times. */
export const MOST_PREDICT_ROWS = 256;
/** A champion and four challengers. */
export const MOST_PREDICT_MODELS = 5;
const MOST_FEATURES = 256;

/** One market's reading at the close, and the models that are to answer it. */
export interface PredictRow {
  readonly symbol: string;
  /** In the order of the feature list; `null` where a source is absent. */
  readonly features: readonly (number | null)[];
  /** sha256 of each, 1 to 5, none twice. */
  readonly models: readonly string[];
}

export interface PredictRequest {
  /** The feature list all rows are of. */
  readonly featureHash: string;
  /** 1 to 256, no symbol twice. */
  readonly rows: readonly PredictRow[];
}

/** `bad_model`: its bytes cannot serve. `unknown_model`: nothing has that hash. `other_features`:
 * the host computes another list. `unavailable`: it cannot be read for now, ask again. */
export type PredictRefusalCode = 'bad_model' | 'unknown_model' | 'other_features' | 'unavailable';

export type ModelAnswer =
  | { readonly model: string; readonly ok: true; readonly prediction: Prediction }
  | {
      readonly model: string;
      readonly ok: false;
      readonly code: PredictRefusalCode;
      readonly text: string;
    };

export interface PredictedRow {
  readonly symbol: string;
  /** As many as models were named, in their order. */
  readonly answers: readonly ModelAnswer[];
}

const refusalCodes = enumeration({
  bad_model: WireRefusalCode.BAD_MODEL,
  unknown_model: WireRefusalCode.UNKNOWN_MODEL,
  other_features: WireRefusalCode.OTHER_FEATURES,
  unavailable: WireRefusalCode.UNAVAILABLE,
} satisfies Record<PredictRefusalCode, WireRefusalCode>);

export const predictRequest: Codec<PredictRequest> = codec(PredictRequestSchema, {
  toWire: ({ featureHash, rows }) => ({
    featureHash,
    rows: rows.map(({ features, models, ...row }) => ({
      ...row,
      models: [...models],
      features: features.map((value) => (value === null ? {} : { value })),
    })),
  }),
  toCore: (message) => {
    const featureHash = hash(message.featureHash, 'featureHash');
    const rows = list(message.rows, 'rows', { cap: MOST_PREDICT_ROWS, item: rowToCore });
    notEmpty(rows, 'rows');
    once(
      rows.map((row) => row.symbol),
      'rows',
    );
    const width = featureHash === FEATURE_HASH ? FEATURE_NAMES.length : rows[0]?.features.length;
    const other = rows.findIndex(({ features }) => features.length !== width);
    if (other < 0) return { featureHash, rows };
    throw new WireError('wire_mismatch', `rows[${other}].features`, `${width} items`);
  },
});

export const predictReply: Codec<readonly PredictedRow[]> = codec(PredictReplySchema, {
  toWire: (rows) => ({
    rows: rows.map(({ symbol: name, answers }) => ({
      symbol: name,
      answers: answers.map(answerToWire),
    })),
  }),
  toCore: (message) => {
    const rows = list(message.rows, 'rows', { cap: MOST_PREDICT_ROWS, item: predictedToCore });
    notEmpty(rows, 'rows');
    return rows;
  },
});

function rowToCore(message: PredictRowMessage, path: string): PredictRow {
  const cap = MOST_PREDICT_MODELS;
  const models = list(message.models, `${path}.models`, { cap, item: hash });
  notEmpty(models, `${path}.models`);
  once(models, `${path}.models`);
  const features = list(message.features, `${path}.features`, {
    cap: MOST_FEATURES,
    item: ({ value }, at) => finiteOrNull(value, at),
  });
  return { symbol: symbol(message.symbol, `${path}.symbol`), features, models };
}

function predictedToCore(message: PredictedRowMessage, path: string): PredictedRow {
  const cap = MOST_PREDICT_MODELS;
  const answers = list(message.answers, `${path}.answers`, { cap, item: answerToCore });
  notEmpty(answers, `${path}.answers`);
  return { symbol: symbol(message.symbol, `${path}.symbol`), answers };
}

function answerToWire(answer: ModelAnswer) {
  const { model } = answer;
  if (answer.ok) return { model, ...branch('prediction', { ...answer.prediction }) };
  const code = refusalCodes.toWire(answer.code, 'refusal.code');
  return { model, ...branch('refusal', { code, text: printable(answer.text) }) };
}

function answerToCore(message: ModelAnswerMessage, path: string): ModelAnswer {
  const model = hash(message.model, `${path}.model`);
  const outcome = chosen(message.outcome);
  if (outcome.case === 'prediction') {
    return { model, ok: true, prediction: predictionToCore(outcome.value, `${path}.prediction`) };
  }
  const code = refusalCodes.toCore(outcome.value.code, `${path}.refusal.code`);
  return { model, ok: false, code, text: text(outcome.value.text, `${path}.refusal.text`) };
}

function predictionToCore(message: PredictionMessage, path: string): Prediction {
  const at = (name: keyof Prediction, most: number): number => {
    const value = finite(message[name], `${path}.${name}`);
    // What one rounding puts past a bound is not refused.
    const fits = value >= -DIRECTION_SUM_TOLERANCE && value <= most + DIRECTION_SUM_TOLERANCE;
    if (!fits) throw invalid(`${path}.${name}`, 'within its bounds');
    return value;
  };
  const most = Number.POSITIVE_INFINITY;
  const [buy, sell, hold] = [at('buy', 1), at('sell', 1), at('hold', 1)];
  if (Math.abs(buy + sell + hold - 1) > DIRECTION_SUM_TOLERANCE) {
    throw new WireError('wire_mismatch', path, 'shares that sum to 1');
  }
  const [confidence, magnitude, risk] = [
    at('confidence', 1),
    at('magnitude', most),
    at('risk', most),
  ];
  return { buy, sell, hold, magnitude, confidence, risk };
}

function notEmpty(items: readonly unknown[], path: string): void {
  present(items[0], path);
}

function once(names: readonly string[], path: string): void {
  if (new Set(names).size !== names.length) throw invalid(path, 'each one once');
}
