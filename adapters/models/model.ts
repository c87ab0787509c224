import { type InferenceSession, Tensor } from 'onnxruntime-node';
import {
  DIRECTION_SUM_TOLERANCE,
  MODEL_INPUT,
  MODEL_OUTPUTS,
  type ModelCard,
  type Prediction,
} from '../../core/models/contract.ts';
import { CorroError } from '../../proto/errors.ts';

/** Answers to many rows, output by output. */
export interface Answers {
  readonly rows: number;
  /** rows × 3: BUY, SELL, HOLD. */
  readonly direction: Float32Array;
  readonly magnitude: Float32Array;
  readonly confidence: Float32Array;
  readonly risk: Float32Array;
}

type OutputName = (typeof MODEL_OUTPUTS)[number]['name'];

/** A loaded model. It answers the same to the same row, up to the rounding of 32-bit sums: one row
 * alone and the same row among many differ by up to 3e-5. */
export class Model {
  readonly path: string;
  /** sha256 of the file. */
  readonly hash: string;
  readonly card: ModelCard;
  readonly #session: InferenceSession;

  constructor(parts: {
    readonly session: InferenceSession;
    readonly hash: string;
    readonly card: ModelCard;
    readonly path: string;
  }) {
    this.#session = parts.session;
    this.hash = parts.hash;
    this.card = parts.card;
    this.path = parts.path;
  }

  /** Answers `features.length / width` rows at once; NaN stands for `null`. This blocks the event
   * loop, tens of µs a row: give it no more than a thousand at a time. Throws `bad_model` when an
   * answer is none: not finite, outside its bounds, or directions that do not sum to one. */
  async answer(features: Float32Array): Promise<Answers> {
    const rows = features.length / MODEL_INPUT.width;
    if (!Number.isInteger(rows) || rows === 0) {
      throw new RangeError(`must be whole rows of ${MODEL_INPUT.width}, was ${features.length}`);
    }
    const input = new Tensor('float32', features, [rows, MODEL_INPUT.width]);
    const said = await this.#session.run({ [MODEL_INPUT.name]: input });
    const part = (name: OutputName, width: number): Float32Array => {
      const tensor = said[name];
      const { data, dims } = tensor ?? { data: null, dims: [] };
      if (data instanceof Float32Array && dims[0] === rows && dims[1] === width) return data;
      throw this.#broken(`${name} of ${rows} rows × ${width} was ${dims.join(' × ')}`);
    };
    const answers = {
      rows,
      direction: part('direction', 3),
      magnitude: part('magnitude', 1),
      confidence: part('confidence', 1),
      risk: part('risk', 1),
    };
    this.#check(answers);
    return answers;
  }

  /** The answer to one row of features as a reading has them. */
  async answerOne(features: readonly (number | null)[]): Promise<Prediction> {
    const answers = await this.answer(rowOf(features));
    return predictionAt(answers, 0);
  }

  /** Asks it about rows of nothing, of zeros and of extremes: what answers those with numbers
   * answers all. */
  async prove(): Promise<void> {
    const rows = [Number.NaN, 0, 1, -1, 1e30, -1e30, Number.POSITIVE_INFINITY];
    const features = new Float32Array(rows.length * MODEL_INPUT.width);
    rows.forEach((value, at) => {
      features.fill(value, at * MODEL_INPUT.width, (at + 1) * MODEL_INPUT.width);
    });
    await this.answer(features);
  }

  /** Gives its memory back. Nothing may be asked of it any more, nor be waiting for an answer. */
  async release(): Promise<void> {
    await this.#session.release();
  }

  #check(answers: Answers): void {
    for (const { name, low, high } of MODEL_OUTPUTS) {
      for (const value of answers[name]) {
        // What one rounding puts past a bound is not refused.
        if (value >= low - DIRECTION_SUM_TOLERANCE && value <= high + DIRECTION_SUM_TOLERANCE) {
          if (Number.isFinite(value)) continue;
        }
        throw this.#broken(`${name} must be ${low} … ${high} and finite, was ${value}`);
      }
    }
    const { direction, rows } = answers;
    for (let row = 0; row < rows; row += 1) {
      const [buy = 0, sell = 0, hold = 0] = direction.subarray(row * 3, row * 3 + 3);
      if (Math.abs(buy + sell + hold - 1) <= DIRECTION_SUM_TOLERANCE) continue;
      throw this.#broken(`direction must sum to 1, was ${buy + sell + hold}`);
    }
  }

  #broken(why: string): CorroError {
    return new CorroError('bad_model', `${this.path} answers wrongly: ${why}`);
  }
}

export function rowOf(features: readonly (number | null)[]): Float32Array {
  return Float32Array.from(features, (value) => value ?? Number.NaN);
}

export function predictionAt(answers: Answers, row: number): Prediction {
  return {
    buy: answers.direction[row * 3] as number,
    sell: answers.direction[row * 3 + 1] as number,
    hold: answers.direction[row * 3 + 2] as number,
    magnitude: answers.magnitude[row] as number,
    confidence: answers.confidence[row] as number,
    risk: answers.risk[row] as number,
  };
}
