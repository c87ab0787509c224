import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../adapters/models/load.ts';
import { predictSeries } from '../adapters/models/predict-series.ts';
import type { MarketSeries } from '../core/backtest/series.ts';
import { FEATURE_HASH } from '../core/features/vector.ts';
import { CandleSeries } from '../core/market/candle-series.ts';
import { MODEL_INPUT, type Prediction } from '../core/models/contract.ts';
import { trainingMatrix } from '../core/models/matrix.ts';
import {
  LABEL,
  type MadeModel,
  madeUpSeries,
  makeModel,
  PYTHON_TIMEOUT_MS,
  train,
} from './models-maker.ts';

// Failure here looks like: a model that answers otherwise in Node than where it was fitted, another
// file for the same inputs, an answer that knows a later candle, or a wrong file that is served.

const SERIES_CANDLES = 3_000;
const FIVE_MINUTES_MS = 300_000;
const NAMES = ['buy', 'sell', 'hold', 'magnitude', 'confidence', 'risk'] as const;

describe('models', () => {
  let series: MarketSeries[];
  let made: MadeModel;

  beforeAll(async () => {
    series = madeUpSeries(SERIES_CANDLES, { markets: 2 });
    made = await makeModel(series);
  }, PYTHON_TIMEOUT_MS);
  afterAll(() => made.remove());

  test('parity - Node answers what scikit-learn answers, on every row of the matrix', async () => {
    const { header, numbers } = trainingMatrix(series, LABEL);
    const features = new Float32Array(header.rows * MODEL_INPUT.width);
    for (let row = 0; row < header.rows; row += 1) {
      const start = row * header.columns.length + 2;
      features.set(numbers.subarray(start, start + MODEL_INPUT.width), row * MODEL_INPUT.width);
    }
    expect(header.rows).toBeGreaterThan(5_000);
    expect([...features].filter(Number.isNaN).length).toBeGreaterThan(0);
    const witness = new Float64Array(new Uint8Array(readFileSync(made.witness)).buffer);
    expect(witness.length).toBe(header.rows * NAMES.length);
    const model = await loadModel(made.model);
    const answers = await model.answer(features);
    const furthest = { direction: 0, magnitude: 0, confidence: 0, risk: 0 };
    const seen = (name: keyof typeof furthest, ours: number, theirs: number): void => {
      furthest[name] = Math.max(furthest[name], Math.abs(ours - theirs));
    };
    for (let row = 0; row < header.rows; row += 1) {
      const at = row * NAMES.length;
      for (let action = 0; action < 3; action += 1) {
        seen('direction', answers.direction[row * 3 + action]!, witness[at + action]!);
      }
      seen('magnitude', answers.magnitude[row]!, witness[at + 3]!);
      seen('confidence', answers.confidence[row]!, witness[at + 4]!);
      seen('risk', answers.risk[row]!, witness[at + 5]!);
    }
    expect(furthest.direction).toBeLessThan(1e-6);
    expect(furthest.magnitude).toBeLessThan(1e-6);
    expect(furthest.confidence).toBeLessThan(1e-6);
    expect(furthest.risk).toBeLessThan(3e-5);
    await model.release();
  });

  test('same inputs - give the same bytes; another seed gives others', async () => {
    const again = join(made.folder, 'again.onnx');
    const other = join(made.folder, 'other.onnx');
    expect((await train([made.matrix, '--out', again])).code).toBe(0);
    expect((await train([made.matrix, '--out', other, '--seed', '8'])).code).toBe(0);
    const first = readFileSync(made.model);
    expect(readFileSync(again).equals(first)).toBe(true);
    expect(readFileSync(other).equals(first)).toBe(false);
  });

  test('card - says what it was fitted on, until when', async () => {
    const { card, hash } = await loadModel(made.model);
    const { header, numbers } = trainingMatrix(series, LABEL);
    const settled = Array.from(
      { length: header.rows },
      (_, row) => numbers[row * header.columns.length + 1]!,
    );
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(card.features.hash).toBe(FEATURE_HASH);
    expect(card.label).toEqual(LABEL);
    expect(card.data).toEqual({
      hash: made.matrixHash,
      rows: header.rows,
      timeframe: '5m',
      symbols: ['SIMA/USDT', 'SIMB/USDT'],
      fromMs: numbers[0],
      toMs: Math.max(...settled),
    });
  });

  test('series - every warm candle has the answer its row alone has, the others none', async () => {
    const model = await loadModel(made.model);
    const predictions = await predictSeries(model, series);
    const { header, numbers } = trainingMatrix(series, LABEL);
    const start = series[1]!.candles.at(0)!.openTimeMs;
    let compared = 0;
    for (let row = 0; row < header.rows; row += 97) {
      const at = row * header.columns.length;
      const index = (numbers[at]! + 1 - start) / FIVE_MINUTES_MS - 1;
      const features = [...numbers.subarray(at + 2, at + 2 + MODEL_INPUT.width)];
      const alone = await model.answerOne(features.map((one) => (Number.isNaN(one) ? null : one)));
      const both = ['SIMA/USDT', 'SIMB/USDT'].map((symbol) => predictions.at(symbol, index));
      expect(Math.min(...both.map((one) => distance(one!, alone)))).toBe(0);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(50);
    expect(predictions.at('SIMA/USDT', 0)).toBeNull();
    expect(predictions.at('SIMA/USDT', SERIES_CANDLES - 1)).not.toBeNull();
    expect(predictions.at('SIMA/USDT', SERIES_CANDLES)).toBeNull();
    expect(predictions.at('NONE/USDT', 100)).toBeNull();
  });

  test('another future - changes no earlier answer, and no feature of an earlier row', async () => {
    const model = await loadModel(made.model);
    const cut = 1_700;
    const [one] = madeUpSeries(SERIES_CANDLES) as [MarketSeries];
    const numbers = one.candles.numbers.slice();
    for (let at = cut * 6; at < numbers.length; at += 6) {
      for (let column = 1; column <= 4; column += 1) numbers[at + column]! *= 1.5;
    }
    const other = { ...one, candles: new CandleSeries(FIVE_MINUTES_MS, numbers) };
    const before = await predictSeries(model, [one]);
    const after = await predictSeries(model, [other]);
    let moved = 0;
    for (let index = 0; index < SERIES_CANDLES; index += 1) {
      const [was, is] = [before.at('SIMA/USDT', index), after.at('SIMA/USDT', index)];
      if (index < cut) expect(is).toEqual(was);
      else if (distance(is!, was!) > 0) moved += 1;
    }
    expect(moved).toBeGreaterThan(10);
    const [ours, theirs] = [trainingMatrix([one], LABEL), trainingMatrix([other], LABEL)];
    const lastMs = one.candles.at(cut - 1)!.closeTimeMs;
    const { columns } = ours.header;
    // Labels look ahead, and a jump nobody can have meant takes the rows out that it settles: what
    // is compared are rows of one close.
    const placeOf = new Map<number, number>();
    for (let at = 0; at < theirs.numbers.length; at += columns.length) {
      placeOf.set(theirs.numbers[at]!, at);
    }
    let rows = 0;
    for (let at = 0; ours.numbers[at]! <= lastMs; at += columns.length) {
      const other = placeOf.get(ours.numbers[at]!);
      if (other === undefined) continue;
      const featuresAt = (from: number) => [from + 2, from + 2 + MODEL_INPUT.width] as const;
      const changed = theirs.numbers.subarray(...featuresAt(other));
      expect(changed).toEqual(ours.numbers.subarray(...featuresAt(at)));
      rows += 1;
    }
    expect(rows).toBeGreaterThan(1_500);
  });
});

/** The largest difference of any output. */
function distance(one: Prediction, other: Prediction): number {
  return Math.max(...NAMES.map((name) => Math.abs(one[name] - other[name])));
}
