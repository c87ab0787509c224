import type { MarketSeries } from '../../core/backtest/series.ts';
import { FeatureEngine } from '../../core/features/engine.ts';
import { MODEL_INPUT, type Prediction, type Predictions } from '../../core/models/contract.ts';
import type { Answers, Model } from './model.ts';

/** Rows from one sign of progress to the next. */
const CHUNK_ROWS = 1_024;
/** Numbers kept of one answer, as a `Prediction` names them. */
const KEPT = 6;

export interface PredictOptions {
  /** Told after every chunk: candles done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Asks a model about every candle of every series, in the order of time: features come from the
 * engine that serves them live, one candle after the other, so no answer knows a later one. 24
 * bytes a candle stay. Throws `bad_model` on an answer that is none, `AbortError` when told to
 * stop. */
export async function predictSeries(
  model: Model,
  all: readonly MarketSeries[],
  options: PredictOptions = {},
): Promise<Predictions> {
  const total = all.reduce((sum, { candles }) => sum + candles.length, 0);
  const kept = new Map<string, Float32Array>();
  let before = 0;
  for (const series of all) {
    if (kept.has(series.instrument.symbol)) {
      throw new RangeError(`${series.instrument.symbol} must be there once, was there twice`);
    }
    const done = before;
    const onChunk = (candles: number): void => options.onProgress?.(done + candles, total);
    const answers = await predictOne(model, series, { ...options, onChunk });
    kept.set(series.instrument.symbol, answers);
    before += series.candles.length;
  }
  const { hash, card } = model;
  return { model: { hash, card }, at: (symbol, index) => predictionOf(kept.get(symbol), index) };
}

async function predictOne(
  model: Model,
  { timeframe, candles }: MarketSeries,
  { signal, onChunk }: PredictOptions & { readonly onChunk: (candles: number) => void },
): Promise<Float32Array> {
  const engine = new FeatureEngine({ timeframe });
  const answers = new Float32Array(candles.length * KEPT).fill(Number.NaN);
  const chunk = new Chunk();
  let index = 0;
  for (const candle of candles) {
    const { features, warm } = engine.push(candle);
    if (warm) chunk.add(index, features);
    index += 1;
    if (!chunk.isFull) continue;
    await chunk.ask(model, answers);
    onChunk(index);
    signal?.throwIfAborted();
  }
  await chunk.ask(model, answers);
  onChunk(index);
  return answers;
}

/** Rows that wait to be asked together. */
class Chunk {
  readonly #features = new Float32Array(CHUNK_ROWS * MODEL_INPUT.width);
  readonly #indices: number[] = [];

  get isFull(): boolean {
    return this.#indices.length === CHUNK_ROWS;
  }

  add(index: number, features: readonly (number | null)[]): void {
    const start = this.#indices.length * MODEL_INPUT.width;
    for (let at = 0; at < MODEL_INPUT.width; at += 1) {
      this.#features[start + at] = features[at] ?? Number.NaN;
    }
    this.#indices.push(index);
  }

  /** Writes the answers to their places, and is empty again. */
  async ask(model: Model, into: Float32Array): Promise<void> {
    const rows = this.#indices.length;
    if (rows === 0) return;
    const answers = await model.answer(this.#features.subarray(0, rows * MODEL_INPUT.width));
    this.#indices.forEach((index, row) => {
      keep(answers, row, into.subarray(index * KEPT, (index + 1) * KEPT));
    });
    this.#indices.length = 0;
  }
}

function keep(answers: Answers, row: number, into: Float32Array): void {
  into.set(answers.direction.subarray(row * 3, row * 3 + 3));
  into[3] = answers.magnitude[row] as number;
  into[4] = answers.confidence[row] as number;
  into[5] = answers.risk[row] as number;
}

function predictionOf(kept: Float32Array | undefined, index: number): Prediction | null {
  if (kept === undefined || index < 0 || index >= kept.length / KEPT) return null;
  const [buy, sell, hold, magnitude, confidence, risk] = kept.subarray(index * KEPT);
  if (buy === undefined || Number.isNaN(buy)) return null;
  return { buy, sell, hold, magnitude, confidence, risk } as Prediction;
}
