import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket, connect as toServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { loadModelBytes } from '../adapters/models/load.ts';
import { matrixBytes, writeMatrix } from '../adapters/models/matrix-file.ts';
import { predictRows } from '../adapters/models/model.ts';
import { readValidation } from '../adapters/models/validation-file.ts';
import { putBlob, readBlob } from '../adapters/store/blobs.ts';
import { type TrainingMatrix, trainingMatrix } from '../core/models/matrix.ts';
import { markOf, pause } from '../ops/stack/processes.ts';
import { BAD_MATRIX, type TrainedModel, type TrainerSettings } from '../proto/learning.ts';
import { LABEL, madeUpSeries, PYTHON_TIMEOUT_MS, train } from './models-maker.ts';
import { freePort } from './support/free-port.ts';
import { openTestDatabase, type TestDatabase, testNamespace } from './support/servers.ts';
import {
  openTrainingDesk,
  startTrainer,
  type TrainerProcess,
  type TrainingDesk,
} from './training-floor.ts';

// Failure here looks like: a model that is not what its matrix makes, half a training kept, a
// training that is lost with its process or goes on after it, or one that hangs and nobody knows.

const SETTINGS: TrainerSettings = { seed: 7, trees: 20, folds: 3, embargoCandles: 12 };

describe('trainer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corro-trainer-'));
  const namespace = testNamespace();
  let database: TestDatabase;
  let desk: TrainingDesk;
  let matrix: TrainingMatrix;
  let matrixHash: string;
  let trained: TrainedModel;
  const trainers: TrainerProcess[] = [];

  async function trainer(more: Readonly<Record<string, string>> = {}): Promise<TrainerProcess> {
    const process = await startTrainer({
      CORRO_POSTGRES_URL: database.url,
      CORRO_TEMPORAL_ADDRESS: inject('servers').temporalAddress,
      CORRO_NAMESPACE: namespace,
      CORRO_TRAINING_DIR: folder,
      ...more,
    });
    trainers.push(process);
    await process.says('ready');
    return process;
  }
  const order = (settings: TrainerSettings = SETTINGS, hash = matrixHash) =>
    desk.order({ matrixHash: hash, settings }, namespace);
  const blobs = async (): Promise<number> =>
    (await database.db.selectFrom('blobs').select('hash').execute()).length;
  const keep = (kept: TrainingMatrix): Promise<string> =>
    putBlob(database.db, { kind: 'matrix', bytes: matrixBytes(kept) });

  beforeAll(async () => {
    database = await openTestDatabase();
    desk = await openTrainingDesk(inject('servers').temporalAddress);
    matrix = trainingMatrix(madeUpSeries(1_000), LABEL);
    matrixHash = await keep(matrix);
    await trainer();
    trained = await (await order()).result();
  }, PYTHON_TIMEOUT_MS);
  afterEach(async () => {
    for (const each of trainers) each.signal('SIGKILL');
    await Promise.all(trainers.map(({ exit }) => exit));
    trainers.length = 0;
  });
  afterAll(async () => {
    await desk.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('an order - becomes a model that answers here what scikit-learn answers', async () => {
    const bytes = await readBlob(database.db, trained.modelHash);
    const model = await loadModelBytes(bytes, { name: 'trained', hash: trained.modelHash });
    expect(model.card).toMatchObject({ runId: trained.runId, data: { hash: matrixHash } });
    const witness = join(folder, 'witness.bin');
    const out = join(folder, 'model.onnx');
    const path = join(folder, 'matrix.bin');
    await writeMatrix(path, matrix);
    const ended = await train([path, '--out', out, '--witness', witness, '--folds', '3']);
    expect(JSON.parse(ended.stdout), 'the command makes the very same file').toMatchObject({
      sha256: trained.modelHash,
    });
    const said = new Float64Array(new Uint8Array(readFileSync(witness)).buffer);
    const { columns, features, rows } = matrix.header;
    const input = new Float32Array(rows * features.names.length);
    for (let row = 0; row < rows; row += 1) {
      const from = row * columns.length + columns.indexOf(features.names[0] ?? '');
      const values = matrix.numbers.subarray(from, from + features.names.length);
      input.set(values, row * features.names.length);
    }
    const answers = await predictRows(model, input);
    answers.forEach((one, row) => {
      const six = [one.buy, one.sell, one.hold, one.magnitude, one.confidence, one.risk];
      six.forEach((value, at) => {
        expect(Math.abs(value - (said[row * 6 + at] as number))).toBeLessThan(1e-4);
      });
    });
    await model.release();
  });

  test('an order - its validation has the rows of every fold, and says what was told', async () => {
    const bytes = await readBlob(database.db, trained.validationHash);
    const validation = readValidation(bytes);
    expect(validation.matrixHash).toBe(matrixHash);
    expect(trained.folds.map(({ fold }) => fold)).toEqual([1, 2, 3]);
    for (const { fold, testRows, testFrom, testTo, brier, calls, netReturn } of trained.folds) {
      const rows = validation.rows.filter((row) => row.fold === fold);
      expect(rows).toHaveLength(testRows);
      const closes = [rows[0]!, rows.at(-1)!].map((row) => row.closeTimeMs);
      expect(closes.map((ms) => new Date(ms).toISOString())).toEqual([testFrom, testTo]);
      const scores = rows.map(({ buy, sell, hold, label }) => {
        const came = (name: string) => (label === name ? 1 : 0);
        return (buy - came('BUY')) ** 2 + (sell - came('SELL')) ** 2 + (hold - came('HOLD')) ** 2;
      });
      expect(scores.reduce((sum, one) => sum + one, 0) / testRows).toBeCloseTo(brier, 10);
      const made = rows.flatMap(({ buy, sell, hold, move }) => {
        const top = Math.max(buy, sell, hold);
        if (top === buy) return [move - LABEL.roundTripCost];
        return top === sell ? [-move - LABEL.roundTripCost] : [];
      });
      expect(made).toHaveLength(calls);
      expect(made.reduce((sum, one) => sum + one, 0) / calls).toBeCloseTo(netReturn!, 10);
    }
    const { rows, labels, importance } = trained;
    expect(labels.BUY + labels.SELL + labels.HOLD).toBe(rows);
    expect(Object.keys(importance)).toEqual(
      expect.arrayContaining([...matrix.header.features.names]),
    );
    expect(readdirSync(folder).filter((name) => name === trained.runId)).toEqual([]);
  });

  test('killed, then stopped - the next goes on from the folds done, to the same end', async () => {
    const first = await trainer();
    const ordered = await order();
    await first.says('fold 2 of 3');
    const { child } = await first.says('fitting');
    first.signal('SIGKILL');
    await first.exit;
    await expect.poll(() => markOf(Number(child))).toBeNull();

    const second = await trainer();
    await second.says('fold 3 of 3');
    second.signal('SIGTERM');
    expect(await second.exit).toBe(0);
    expect(second.lines.map(({ msg }) => msg)).toContain('interrupted');

    const third = await trainer();
    expect(await ordered.result()).toEqual(trained);
    const { folds } = await third.says('folds of an earlier attempt');
    expect(folds).toEqual(expect.arrayContaining([1, 2]));
    expect(existsSync(join(folder, trained.runId))).toBe(false);
  });

  test('cancelled - its process ends, nothing is stored, the next order is served', async () => {
    const worker = await trainer();
    const before = await blobs();
    const ordered = await order({ ...SETTINGS, seed: 8 });
    await worker.says('fold 1 of 3');
    const { child } = await worker.says('fitting');
    const { run } = await worker.says('training');
    await ordered.cancel();
    const failure = await failureOf(ordered.result());
    expect(failure).toBeInstanceOf(CancelledFailure);
    await worker.says('cancelled');
    expect(markOf(Number(child))).toBeNull();
    expect(existsSync(join(folder, String(run)))).toBe(false);
    expect(await blobs()).toBe(before);
    const small = await order({ ...SETTINGS, trees: 2, folds: 1 });
    expect((await small.result()).rows).toBe(trained.rows);
  });

  test('hung - it is noticed, and another attempt makes the same model', async () => {
    const worker = await trainer({ CORRO_TRAINING_SILENCE_SECONDS: '8' });
    const ordered = await order();
    const { child } = await worker.says('fitting');
    process.kill(Number(child), 'SIGSTOP');
    const { why } = await worker.says('fitting failed');
    expect(why).toContain('said nothing for 8 s: it hangs');
    expect(markOf(Number(child))).toBeNull();
    expect(await ordered.result()).toEqual(trained);
  });

  test('a matrix that is none - is refused for good, in words, and nothing is stored', async () => {
    const worker = await trainer();
    const { header, numbers } = matrix;
    const few = {
      header: { ...header, rows: 20 },
      numbers: numbers.slice(0, 20 * header.columns.length),
    };
    const bytes = Buffer.from(matrixBytes(matrix));
    bytes[bytes.length - 3]! ^= 1;
    const changed = createHash('sha256').update('the bytes that were ordered').digest('hex');
    await database.db
      .insertInto('blobs')
      .values({ hash: changed, kind: 'matrix', bytes })
      .execute();
    const cases: [string, string, string][] = [
      [await keep(few), BAD_MATRIX, 'must have at least 500 rows, had 20'],
      [changed, BAD_MATRIX, `matrix ${changed} has sha256`],
      ['0'.repeat(64), BAD_MATRIX, `there is no matrix ${'0'.repeat(64)}`],
      [trained.modelHash, BAD_MATRIX, `there is no matrix ${trained.modelHash}`],
      ['no hash', 'BadOrder', 'matrixHash must be a sha256 in hex'],
    ];
    const before = await blobs();
    for (const [hash, type, says] of cases) {
      const failure = await failureOf((await order(SETTINGS, hash)).result());
      expect(failure).toBeInstanceOf(ApplicationFailure);
      expect(failure).toMatchObject({ type, nonRetryable: true });
      expect((failure as Error).message).toContain(says);
    }
    expect(await blobs()).toBe(before);
    expect(worker.lines.filter(({ msg }) => msg === 'training')).toHaveLength(cases.length - 1);
  });

  test('health - facts of its work; 503 until it serves; nothing else is answered', async () => {
    const port = await freePort();
    const health = async (path = 'health') => {
      const answer = await fetch(`http://127.0.0.1:${port}/${path}`);
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const worker = await trainer({ CORRO_HEALTH_PORT: String(port) });
    expect(await health()).toEqual({
      status: 200,
      body: { ready: true, pid: worker.pid, taskQueue: `${namespace}-training`, training: null },
    });
    expect((await health('else')).status).toBe(404);
    worker.signal('SIGTERM');
    expect(await worker.exit).toBe(0);
    const lost = await startTrainer({
      CORRO_POSTGRES_URL: database.url,
      CORRO_TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`,
      CORRO_HEALTH_PORT: String(port),
      CORRO_TRAINING_DIR: folder,
    });
    trainers.push(lost);
    await expect.poll(async () => (await health().catch(() => null))?.status).toBe(503);
    lost.signal('SIGTERM');
    expect(await lost.exit).toBe(0);
  });

  test('stopped while its server is away - it ends all the same', async () => {
    const line = await openLine(inject('servers').temporalAddress);
    const worker = await trainer({ CORRO_TEMPORAL_ADDRESS: line.address });
    line.cut();
    await pause(500);
    worker.signal('SIGTERM');
    expect([0, 1]).toContain(await worker.exit);
  });

  test('wrong settings - it ends at once and names them, not what was in them', async () => {
    const worker = await startTrainer({ CORRO_POSTGRES_URL: 'mysql://u:secret@h/d' });
    expect(await worker.exit).toBe(1);
    const said = JSON.stringify(worker.lines);
    expect(said).toContain('CORRO_POSTGRES_URL: must be a postgres:// URL');
    expect(said).toContain('CORRO_TEMPORAL_ADDRESS: must be set');
    expect(said).not.toContain('secret');
    expect(worker.lines[0]).toMatchObject({ level: 60, name: 'trainer' });
  });
});

/** Why an order failed: what its one activity said. */
async function failureOf(result: Promise<unknown>): Promise<unknown> {
  const error = await result.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowFailedError)) return error;
  const { cause } = error;
  return cause instanceof ActivityFailure ? cause.cause : cause;
}

/** A line to a server that can be cut for good. */
async function openLine(to: string): Promise<{ readonly address: string; cut(): void }> {
  const [host = '', port = ''] = to.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const further = toServer(Number(port), host);
    for (const each of [socket, further]) {
      sockets.add(each);
      each.on('error', () => undefined);
    }
    socket.pipe(further).pipe(socket);
  });
  const own = await freePort();
  await new Promise<void>((resolve) => server.listen(own, '127.0.0.1', resolve));
  const cut = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { address: `127.0.0.1:${own}`, cut };
}
