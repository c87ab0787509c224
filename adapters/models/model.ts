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

/** A loaded model. It answers the same to the same row, to the last bit, whatever else is asked
 * beside it: the runtime is given one row at a time, live, in the shadow and offline.
 *
 * Why: over 10,000 rows, every batch of 2 to 10,000 gave each row the direction, magnitude and
 * confidence that the row alone has, but in 99 of 100 rows another risk (by up to 6.5e-7): sums
 * over support vectors are added in an order that follows from the number of rows, and batches of
 * unequal size differ among themselves. Row by row a row costs about 30 µs, in batches 22. */
export class Model {
  /** What errors call it: its file, or where its bytes are from. */
  readonly path: string;
  /** sha256 of the file. */
  readonly hash: string;
  readonly card: ModelCard;
  readonly #session: InferenceSession;
  #inHand = 0;
  #released = false;
  #idle: (() => void) | null = null;

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

  /** Answers `features.length / width` rows, one after the other, each in a turn of the event loop
   * of its own; NaN stands for `null`. Throws `bad_model` when an answer is none: not finite,
   * outside its bounds, or directions that do not sum to one. */
  async answer(features: Float32Array): Promise<Answers> {
    const { width } = MODEL_INPUT;
    const rows = features.length / width;
    if (!Number.isInteger(rows) || rows === 0) {
      throw new RangeError(`must be whole rows of ${width}, was ${features.length}`);
    }
    if (this.#released) throw new Error(`${this.path} was released and answers no more`);
    this.#inHand += 1;
    try {
      const answers = blankAnswers(rows);
      for (let row = 0; row < rows; row += 1) {
        await this.#answerRow(features.subarray(row * width, (row + 1) * width), answers, row);
      }
      this.#check(answers);
      return answers;
    } finally {
      this.#inHand -= 1;
      if (this.#inHand === 0) this.#idle?.();
    }
  }

  async #answerRow(features: Float32Array, into: Answers, row: number): Promise<void> {
    const input = new Tensor('float32', features, [1, MODEL_INPUT.width]);
    const said = await this.#session.run({ [MODEL_INPUT.name]: input });
    for (const { name, width } of MODEL_OUTPUTS) {
      const { data, dims } = said[name] ?? { data: null, dims: [] };
      if (!(data instanceof Float32Array) || dims[0] !== 1 || dims[1] !== width) {
        throw this.#broken(`${name} of 1 row × ${width} was ${dims.join(' × ')}`);
      }
      into[name].set(data, row * width);
    }
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

  /** Gives its memory back, once everything that was asked of it has its answer: what is released
   * during a run fails that run. Nothing may be asked of it any more; twice is once. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    if (this.#inHand > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
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

function blankAnswers(rows: number): Answers {
  const of = (width: number): Float32Array => new Float32Array(rows * width);
  return { rows, direction: of(3), magnitude: of(1), confidence: of(1), risk: of(1) };
}

export function rowOf(features: readonly (number | null)[]): Float32Array {
  return Float32Array.from(features, (value) => value ?? Number.NaN);
}

/** The answers to whole rows of features (rows × `MODEL_INPUT.width`, NaN for `null`), in their
 * order; equal to what each row alone is answered. Throws as `Model.answer`. */
export async function predictRows(
  model: Model,
  features: Float32Array,
): Promise<readonly Prediction[]> {
  const answers = await model.answer(features);
  return Array.from({ length: answers.rows }, (_, row) => predictionAt(answers, row));
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
