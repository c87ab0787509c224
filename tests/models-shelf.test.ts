import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModelBytes, MOST_MODEL_BYTES } from '../adapters/models/load.ts';
import { type Model, predictRows } from '../adapters/models/model.ts';
import { ModelShelf, type ShelfEvent } from '../adapters/models/shelf.ts';
import { UnknownError } from '../adapters/store/unknown.ts';
import { MODEL_INPUT, type Prediction } from '../core/models/contract.ts';
import { CorroError } from '../proto/errors.ts';
import { until } from './actors-ring.ts';
import { type MadeModel, madeUpSeries, makeModel, PYTHON_TIMEOUT_MS } from './models-maker.ts';
import { bytesOf, manyRows, variantOf } from './models-served.ts';

// Failure here looks like: a row that is answered otherwise live than offline, a model that fails
// those it is answering when it is let go, bytes that are served without being what they are
// called, or a database that is read again with every candle for a model that cannot serve.

const { width } = MODEL_INPUT;
const ROWS = 10_000;

let made: MadeModel;
let bytes: Uint8Array;

beforeAll(async () => {
  made = await makeModel(madeUpSeries(1_500));
  bytes = bytesOf(made);
}, PYTHON_TIMEOUT_MS);
afterAll(() => made.remove());

function sha256(of: Uint8Array): string {
  return createHash('sha256').update(of).digest('hex');
}

describe('one rule of batching', () => {
  let model: Model;
  let rows: Float32Array;
  let alone: readonly Prediction[];

  beforeAll(async () => {
    model = await loadModelBytes(bytes, { name: 'made up' });
    rows = manyRows(ROWS);
    const answers: Prediction[] = [];
    for (let row = 0; row < ROWS; row += 1) {
      const [one] = await predictRows(model, rows.subarray(row * width, (row + 1) * width));
      answers.push(one as Prediction);
    }
    alone = answers;
  });
  afterAll(() => model.release());

  test('10,000 rows at once - each is answered as it is alone, to the bit', async () => {
    const together = await predictRows(model, rows);
    expect(together).toHaveLength(ROWS);
    expect(together).toEqual(alone);
    expect(new Set(together.map(({ risk }) => risk)).size).toBeGreaterThan(ROWS / 10);
  });

  test('whatever arrives together, in whichever order - the same answers', async () => {
    const starts = Array.from({ length: 60 }, (_, at) => at * 160);
    const some = starts.map(async (start, at) => {
      const count = (at % 37) + 1;
      const asked = rows.subarray(start * width, (start + count) * width);
      expect(await predictRows(model, asked)).toEqual(alone.slice(start, start + count));
    });
    await Promise.all(some.toReversed());
  });

  test('another session of the same bytes - the same answers', async () => {
    const other = await loadModelBytes(variantOf(bytes, 'other'), { name: 'the same again' });
    expect(other.hash).not.toBe(model.hash);
    const asked = rows.subarray(0, 500 * width);
    expect(await predictRows(other, asked)).toEqual(alone.slice(0, 500));
    await other.release();
  });

  test('rows that are not whole - are refused', async () => {
    await expect(predictRows(model, new Float32Array(width + 1))).rejects.toThrow(
      `must be whole rows of ${width}, was ${width + 1}`,
    );
    await expect(predictRows(model, new Float32Array(0))).rejects.toThrow('whole rows');
  });
});

describe('bytes', () => {
  test('other bytes than the hash says, too many, a pickle - are never loaded', async () => {
    const load = (of: Uint8Array, hash?: string) =>
      loadModelBytes(of, hash === undefined ? { name: 'blob' } : { name: 'blob', hash });
    const bad = { code: 'bad_model' };
    const flipped = bytes.slice();
    flipped[flipped.length >> 1]! ^= 1;
    await expect(load(flipped, sha256(bytes))).rejects.toMatchObject(bad);
    await expect(load(flipped, sha256(bytes))).rejects.toThrow('blob must have sha256');
    await expect(load(new Uint8Array(MOST_MODEL_BYTES + 1))).rejects.toThrow('at most 64 MB');
    await expect(load(Uint8Array.of(0x80, 0x04, 0x95, 0))).rejects.toThrow('Python pickle');
    await expect(load(bytes.subarray(0, bytes.length - 9))).rejects.toMatchObject(bad);
  });
});

describe('shelf', () => {
  /** A shelf over so many models, and what happened on it. */
  function shelfOf(count: number, options: { most?: number; refusalMs?: number } = {}) {
    const files = new Map<string, Uint8Array>();
    for (let at = 0; at < count; at += 1) {
      const file = variantOf(bytes, `variant ${at}`);
      files.set(sha256(file), file);
    }
    const events: ShelfEvent[] = [];
    const reads: string[] = [];
    const read = (hash: string): Promise<Uint8Array> => {
      reads.push(hash);
      const file = files.get(hash);
      if (file !== undefined) return Promise.resolve(file);
      return Promise.reject(new UnknownError('content', hash, []));
    };
    const shelf = new ModelShelf({ read, emit: (event) => events.push(event), ...options });
    return { shelf, files, events, reads, hashes: [...files.keys()] };
  }

  const row = (): Float32Array => manyRows(1, 9);
  const ask = (shelf: ModelShelf, hash: string): Promise<readonly Prediction[]> =>
    shelf.use(hash, (model) => predictRows(model, row()));

  test('asked by many at once - it is read and loaded once', async () => {
    const { shelf, hashes, reads, events } = shelfOf(1);
    const [hash = ''] = hashes;
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(shelf, hash)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(reads).toEqual([hash]);
    expect(events).toMatchObject([{ type: 'model_loaded', hash }]);
    await shelf.close();
  });

  test('full - the least recently used goes, and comes back when it is asked for', async () => {
    const { shelf, hashes, reads, events } = shelfOf(4, { most: 2 });
    const [a = '', b = '', c = ''] = hashes;
    for (const hash of [a, b, a, c]) await ask(shelf, hash);
    expect(shelf.hashes).toEqual([a, c]);
    expect(events.filter(({ type }) => type === 'model_let_go')).toEqual([
      { type: 'model_let_go', hash: b },
    ]);
    await ask(shelf, b);
    expect(reads).toEqual([a, b, c, b]);
    await shelf.close();
    expect(shelf.hashes).toEqual([]);
  });

  test('in use - it is not let go, however many others are asked for', async () => {
    const { shelf, hashes, events } = shelfOf(4, { most: 1 });
    const [held = '', ...others] = hashes;
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const slow = shelf.use(held, async (model) => {
      await finished;
      return predictRows(model, row());
    });
    for (const other of others) await ask(shelf, other);
    expect(events).not.toContainEqual({ type: 'model_let_go', hash: held });
    finish();
    expect(await slow).toEqual(await ask(shelf, held));
    await shelf.close();
  });

  test('released while it answers - what was asked is answered, nothing more is', async () => {
    const model = await loadModelBytes(bytes, { name: 'made up' });
    const asked = predictRows(model, manyRows(200));
    const released = model.release();
    expect(await asked).toHaveLength(200);
    await released;
    await model.release();
    await expect(predictRows(model, row())).rejects.toThrow('made up was released');
  });

  test('bytes exchanged - refused, not read again for a while, then served again', async () => {
    const { shelf, files, hashes, reads, events } = shelfOf(1, { refusalMs: 300 });
    const [hash = ''] = hashes;
    const good = files.get(hash) as Uint8Array;
    files.set(hash, variantOf(good, 'exchanged'));
    await expect(ask(shelf, hash)).rejects.toMatchObject({ code: 'bad_model' });
    const again = await Promise.allSettled(Array.from({ length: 20 }, () => ask(shelf, hash)));
    expect(again.every(({ status }) => status === 'rejected')).toBe(true);
    expect(events.filter(({ type }) => type === 'model_refused').length).toBe(reads.length);
    files.set(hash, good);
    await until(() =>
      ask(shelf, hash).then(
        () => true,
        () => false,
      ),
    );
    expect(shelf.hashes).toEqual([hash]);
    await shelf.close();
  });

  test('a refusal that is remembered - costs no reading', async () => {
    const { shelf, reads } = shelfOf(0, { refusalMs: 600_000 });
    const hash = 'f'.repeat(64);
    for (let tries = 0; tries < 5; tries += 1) {
      await expect(ask(shelf, hash)).rejects.toBeInstanceOf(UnknownError);
    }
    expect(reads).toEqual([hash]);
    await shelf.close();
  });

  test('a database that is away - is asked again at once', async () => {
    let tries = 0;
    const read = (): Promise<Uint8Array> => {
      tries += 1;
      return tries < 3
        ? Promise.reject(new Error('connection terminated'))
        : Promise.resolve(bytes);
    };
    const shelf = new ModelShelf({ read });
    const hash = sha256(bytes);
    await expect(ask(shelf, hash)).rejects.toThrow('connection terminated');
    await expect(ask(shelf, hash)).rejects.toThrow('connection terminated');
    expect(await ask(shelf, hash)).toHaveLength(1);
    await shelf.close();
  });

  test('models come and go under load - every answer comes, and is the same', async () => {
    const { shelf, hashes, events } = shelfOf(12, { most: 3 });
    const [served = '', ...others] = hashes;
    const expected = await ask(shelf, served);
    let swapping = true;
    let answered = 0;
    const askers = Array.from({ length: 4 }, async () => {
      while (swapping) {
        expect(await ask(shelf, served)).toEqual(expected);
        answered += 1;
      }
    });
    for (const other of [...others, ...others]) await ask(shelf, other);
    swapping = false;
    await Promise.all(askers);
    expect(answered).toBeGreaterThan(100);
    expect(events.filter(({ type }) => type === 'model_let_go').length).toBeGreaterThan(10);
    expect(shelf.hashes).toContain(served);
    await shelf.close();
  });

  test('room for none - is refused', () => {
    const read = () => Promise.reject(new CorroError('bad_model', 'none'));
    expect(() => new ModelShelf({ read, most: 0 })).toThrow('most must be a positive integer');
  });
});
