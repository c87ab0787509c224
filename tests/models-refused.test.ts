import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../adapters/models/load.ts';
import { matrixBytes, writeMatrix } from '../adapters/models/matrix-file.ts';
import { FEATURE_HASH } from '../core/features/vector.ts';
import { type TrainingMatrix, trainingMatrix } from '../core/models/matrix.ts';
import { ensurePython } from '../ops/python/environment.ts';
import { runPython } from '../ops/python/run.ts';
import { CorroError } from '../proto/errors.ts';
import {
  LABEL,
  type MadeModel,
  madeUpSeries,
  makeModel,
  PYTHON_TIMEOUT_MS,
  train,
} from './models-maker.ts';

// Failure here looks like: a file that is not what it says and is served all the same, or a refusal
// that does not tell what is wrong with which file.

/** One change of a good model each, made with ONNX's own library. */
const CHANGES = {
  renamed: 'rename(g.output, "risk", "danger")',
  fewer: 'del g.output[3]',
  narrow: 'g.input[0].type.tensor_type.shape.dim[1].dim_value = 15',
  unsaid: 'g.input[0].type.tensor_type.shape.dim[1].dim_param = "any"',
  fixed: 'g.output[1].type.tensor_type.shape.dim[0].dim_value = 4',
  cardless: 'del m.metadata_props[:]',
  unreadable: 'm.metadata_props[0].value = "{]"',
  incomplete: 'm.metadata_props[0].value = "{}"',
  contract: 'm.metadata_props[0].value = card.replace(\'"contract":1\', \'"contract":2\')',
  features: 'm.metadata_props[0].value = card.replace("rsi_14", "rsi_15")',
  foreign: 'm.opset_import.add(domain="com.example", version=1)',
  newer: 'next(o for o in m.opset_import if o.domain == "").version = 99',
  nan: 'fill("mean", float("nan"))',
  doubled: 'fill("places", 2.0)',
} as const;

const CHANGE = `
import sys, json, numpy as np, onnx
from onnx import numpy_helper
source, folder, changes = sys.argv[1:]
def rename(ports, old, new):
    for port in ports:
        if port.name == old: port.name = new
    for node in g.node:
        node.output[:] = [new if name == old else name for name in node.output]
def fill(name, value):
    for one in g.initializer:
        if one.name == name:
            old = numpy_helper.to_array(one)
            new = np.where(old == 0, 0, value) if name == "places" else np.full_like(old, value)
            one.CopyFrom(numpy_helper.from_array(new.astype(np.float32), name))
for name, what in json.loads(changes).items():
    m = onnx.load(source); g = m.graph; card = m.metadata_props[0].value
    exec(what)
    open(f"{folder}/{name}.onnx", "wb").write(m.SerializeToString())
`;

describe('models refused', () => {
  let made: MadeModel;
  let good: Buffer;

  beforeAll(async () => {
    made = await makeModel(madeUpSeries(1_500));
    good = readFileSync(made.model);
    const flags = ['-c', CHANGE, made.model, made.folder, JSON.stringify(CHANGES)];
    const python = await ensurePython('training');
    const ended = await runPython(python, flags, { timeoutMs: PYTHON_TIMEOUT_MS });
    expect(ended.stderr).toBe('');
  }, PYTHON_TIMEOUT_MS);
  afterAll(() => made.remove());

  async function refused(path: string, hash?: string): Promise<string> {
    const options = hash === undefined ? {} : { hash };
    const error = await loadModel(path, options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CorroError);
    expect((error as CorroError).code).toBe('bad_model');
    expect((error as CorroError).message).toContain(path);
    return (error as CorroError).message;
  }

  function written(bytes: Uint8Array): string {
    const path = join(made.folder, 'written.onnx');
    writeFileSync(path, bytes);
    return path;
  }

  test('absent, a folder, empty, not a model - each says so', async () => {
    expect(await refused(join(made.folder, 'absent.onnx'))).toContain('does not exist');
    expect(await refused(made.folder)).toContain('is not a file');
    expect(await refused(written(Buffer.alloc(0)))).toContain('is empty');
    expect(await refused(written(Buffer.from('time,open,high\n')))).toContain('no whole ONNX file');
    expect(await refused(written(Buffer.alloc(1_000, 0xff)))).toContain('no whole ONNX file');
  });

  test('a pickle or an archive named .onnx - is never opened', async () => {
    const target = join(made.folder, 'pickle.onnx');
    const make = 'import pickle,sys; pickle.dump({"model": 1}, open(sys.argv[1], "wb"))';
    await runPython(await ensurePython('training'), ['-c', make, target], { timeoutMs: 120_000 });
    expect(await refused(target)).toContain('is a Python pickle');
    const archive = Buffer.from('504b0304140000000800', 'hex');
    expect(await refused(written(archive))).toContain('is a zip archive');
    expect(await refused(written(Buffer.from('1f8b0800', 'hex')))).toContain('is gzip data');
  });

  test('2 GB - is refused by its size, unread', async () => {
    const path = join(made.folder, 'huge.onnx');
    copyFileSync(made.model, path);
    truncateSync(path, 2 * 1024 ** 3);
    expect(await refused(path)).toContain('must be at most 64 MB, was 2048 MB');
    rmSync(path);
  });

  test('cut short anywhere - is refused', async () => {
    for (let part = 1; part < 40; part += 1) {
      const cut = Math.floor((good.length * part) / 40);
      await refused(written(good.subarray(0, cut)));
    }
    await refused(written(good.subarray(0, good.length - 1)));
  });

  test('changed after its hash was recorded - names both hashes', async () => {
    const { hash } = await loadModel(made.model);
    const flipped = Buffer.from(good);
    flipped[flipped.length >> 1]! ^= 1;
    const said = await refused(written(flipped), hash);
    expect(said).toContain(`must have sha256 ${hash}`);
    expect((await loadModel(made.model, { hash })).hash).toBe(hash);
  });

  test('another feature hash - says which both are', async () => {
    const text = good.toString('latin1').replaceAll(FEATURE_HASH, 'f'.repeat(64));
    const said = await refused(written(Buffer.from(text, 'latin1')));
    expect(said).toContain('was trained on other features (version 1, ffffffffffff)');
    expect(said).toContain(FEATURE_HASH.slice(0, 12));
  });

  test.each([
    ['renamed', 'must have the outputs direction, magnitude, confidence, risk, had'],
    ['fewer', 'must have the outputs direction, magnitude, confidence, risk, had'],
    ['narrow', 'is not taken by the runtime'],
    ['unsaid', 'must have input features of rows × 16, was rows × any'],
    ['fixed', 'must have output magnitude of rows × 1, was 4 × 1'],
    ['cardless', 'metadata "corro" is absent'],
    ['unreadable', 'metadata "corro" that cannot be used'],
    ['incomplete', 'metadata "corro" that cannot be used: contract'],
    ['contract', 'must follow contract 1, was 2'],
    ['features', 'was trained on other features'],
    ['foreign', 'uses operators of com.example'],
    ['newer', 'is not taken by the runtime'],
    ['nan', 'answers wrongly: risk must be 0'],
    ['doubled', 'answers wrongly: direction must'],
  ] as const)('%s - says: %s', async (what, says) => {
    expect(await refused(join(made.folder, `${what}.onnx`))).toContain(says);
  });

  test(
    'unfit matrix - the trainer says why and writes nothing',
    async () => {
      const matrix = trainingMatrix(madeUpSeries(1_500), LABEL);
      const { header, numbers } = matrix;
      const width = header.columns.length;
      const action = header.columns.indexOf('action');
      const edited = (edit: (row: Float64Array) => void): TrainingMatrix => {
        const copy = numbers.slice();
        for (let at = 0; at < copy.length; at += width) edit(copy.subarray(at, at + width));
        return { header, numbers: copy };
      };
      const few = { header: { ...header, rows: 20 }, numbers: numbers.slice(0, 20 * width) };
      const cases: [TrainingMatrix, string][] = [
        [few, 'must have at least 500 rows, had 20'],
        [edited((row) => row.fill(2, action, action + 1)), 'every label is HOLD'],
        [edited((row) => row.fill(Number.NaN, width - 1)), 'risk must be finite'],
        [edited((row) => row.fill(row[0]!, 1, 2)), 'a label must settle after'],
      ];
      const path = join(made.folder, 'unfit.bin');
      const out = join(made.folder, 'unfit.onnx');
      for (const [unfit, says] of cases) {
        await writeMatrix(path, unfit);
        const ended = await train([path, '--out', out]);
        expect(ended.stderr).toContain(says);
        expect(ended.code).toBe(3);
      }
      writeFileSync(path, matrixBytes(matrix).subarray(0, 50_000));
      expect((await train([path, '--out', out])).stderr).toContain('must hold');
      expect(await refused(out)).toContain('does not exist');
    },
    PYTHON_TIMEOUT_MS,
  );
});
