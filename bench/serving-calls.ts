import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { predictAll } from '../actors/predicting.ts';
import { loadModel, loadModelBytes } from '../adapters/models/load.ts';
import { type Answers, rowOf } from '../adapters/models/model.ts';
import { ModelShelf } from '../adapters/models/shelf.ts';
import { FEATURE_HASH } from '../core/features/vector.ts';
import { MODEL_INPUT } from '../core/models/contract.ts';
import { variantOf } from '../tests/models-served.ts';
import { percentile } from './statistics.ts';

/** One row, asked of the runtime itself and as the actor asks it, turn by turn in one process. */
export interface CallFigures {
  readonly rawUs: number;
  readonly actorUs: number;
  readonly ratio: number;
  readonly calls: number;
  /** Making a model ready, milliseconds: the first in a process, and the later ones' median. */
  readonly firstLoadMs: number;
  readonly loadMs: number;
  readonly modelBytes: number;
}

const BLOCK = 100;
const BLOCKS = 120;
/** Blocks that nobody times: the compiler is at work. */
const WARMING = 20;
const LOADS = 12;

type Row = readonly (number | null)[];

export async function measureCalls(path: string, rows: readonly Row[]): Promise<CallFigures> {
  const bytes = new Uint8Array(readFileSync(path));
  const loadsMs: number[] = [];
  for (let at = 0; at < LOADS; at += 1) {
    const file = variantOf(bytes, `${at}`);
    const startedAt = performance.now();
    const loaded = await loadModelBytes(file, { name: path });
    loadsMs.push(performance.now() - startedAt);
    await loaded.release();
  }
  const model = await loadModel(path);
  const { hash } = model;
  await model.release();
  const shelf = new ModelShelf({ read: () => Promise.resolve(bytes) });
  const session = await InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
  });
  const times = { raw: [] as number[], actor: [] as number[] };
  for (let block = 0; block < BLOCKS; block += 1) {
    const timed = block >= WARMING;
    for (let at = 0; at < BLOCK; at += 1) {
      const row = rows[(block * BLOCK + at) % rows.length] as Row;
      const started = performance.now();
      const input = new Tensor('float32', rowOf(row), [1, MODEL_INPUT.width]);
      await session.run({ [MODEL_INPUT.name]: input });
      if (timed) times.raw.push(performance.now() - started);
    }
    for (let at = 0; at < BLOCK; at += 1) {
      const features = rows[(block * BLOCK + at) % rows.length] as Row;
      const started = performance.now();
      const asked = [{ symbol: 'SIMA/USDT', features, models: [hash] }];
      await predictAll(shelf, { featureHash: FEATURE_HASH, rows: asked });
      if (timed) times.actor.push(performance.now() - started);
    }
  }
  await Promise.all([shelf.close(), session.release()]);
  const rawUs = percentile(times.raw, 0.5) * 1_000;
  const actorUs = percentile(times.actor, 0.5) * 1_000;
  return {
    ...{ rawUs, actorUs, ratio: actorUs / rawUs, calls: times.actor.length },
    firstLoadMs: loadsMs[0] ?? Number.NaN,
    loadMs: percentile(loadsMs.slice(1), 0.5),
    modelBytes: bytes.length,
  };
}

/** The largest difference between what the file answers in Node and what scikit-learn answers. */
export interface ParityFigures {
  readonly rows: number;
  readonly direction: number;
  readonly magnitude: number;
  readonly confidence: number;
  readonly risk: number;
}

/** `witness`: rows × 6 doubles, BUY, SELL, HOLD, magnitude, confidence, risk. */
export async function measureParity(
  path: string,
  features: Float32Array,
  witness: Float64Array,
): Promise<ParityFigures> {
  const model = await loadModel(path);
  const answers = await model.answer(features);
  await model.release();
  const furthest = (name: keyof Omit<Answers, 'rows'>, column: number, width = 1): number => {
    let most = 0;
    for (let at = 0; at < answers.rows * width; at += 1) {
      const [row, part] = [Math.floor(at / width), at % width];
      const theirs = witness[row * 6 + column + part] as number;
      most = Math.max(most, Math.abs((answers[name][at] as number) - theirs));
    }
    return most;
  };
  return {
    rows: answers.rows,
    direction: furthest('direction', 0, 3),
    magnitude: furthest('magnitude', 3),
    confidence: furthest('confidence', 4),
    risk: furthest('risk', 5),
  };
}
