import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matrixBytes } from '../adapters/models/matrix-file.ts';
import { putBlob } from '../adapters/store/blobs.ts';
import { openStore } from '../adapters/store/store.ts';
import { trainingMatrix } from '../core/models/matrix.ts';
import { readStack, type StackHandle, type StackState, startStack } from '../ops/stack/control.ts';
import { signal } from '../ops/stack/processes.ts';
import { waitForState } from '../ops/stack/state.ts';
import { type Environments, ON_REQUEST, SERVERS, SERVICE_NAMES } from '../ops/stack/topology.ts';
import { ensureTrainer } from '../ops/stack/trainer.ts';
import { LABEL, madeUpSeries, PYTHON_TIMEOUT_MS } from './models-maker.ts';
import { testHome } from './support/home.ts';
import { openTrainingDesk } from './training-floor.ts';

// Failure here looks like: `corro train` on a stack without a trainer, a trainer that the ring's
// start waits for, or one that may not do its work as the user it is.

describe('trainer in the stack', () => {
  const home = testHome();
  const any = { postgres: 0, nats: 0, natsMonitor: 0, paper: 0 };
  const temporal = { temporal: 0, temporalUi: 0, temporalHttp: 0 };
  const start = (environments: Environments = {}): Promise<StackHandle> =>
    startStack({
      home,
      detached: false,
      services: SERVERS,
      ports: { ...any, ...temporal },
      durable: false,
      environments,
    });
  let stack: StackHandle;

  beforeAll(async () => {
    await expect(ensureTrainer(home)).rejects.toMatchObject({ code: 'not_running' });
    stack = await start();
  });
  afterAll(async () => {
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test('nobody asked - it is not there', () => {
    expect(SERVICE_NAMES).not.toContain(ON_REQUEST[0]);
    expect(readStack(home)?.services.map(({ service }) => service)).toEqual(SERVERS);
  });

  test(
    'asked for - it joins the running stack, trains as its own role, and is kept alive',
    async () => {
      const words: string[] = [];
      const told = await ensureTrainer(home, { onProgress: (said) => words.push(said) });
      expect(words).toContain('starting the trainer');
      expect(told).toMatchObject({ service: 'trainer', status: 'healthy' });
      expect(await ensureTrainer(home)).toMatchObject({ pid: told.pid });

      const { addresses, namespace } = stack.state;
      const store = openStore({ url: addresses.postgresUrl, poolSize: 1 });
      const desk = await openTrainingDesk(addresses.temporalAddress);
      try {
        const bytes = matrixBytes(trainingMatrix(madeUpSeries(800), LABEL));
        const matrixHash = await putBlob(store.db, { kind: 'matrix', bytes });
        const settings = { seed: 1, trees: 2, folds: 1, embargoCandles: 3 };
        const trained = await (await desk.order({ matrixHash, settings }, namespace)).result();
        const kinds = await store.db.selectFrom('blobs').select(['kind', 'hash']).execute();
        expect(kinds).toContainEqual({ kind: 'model', hash: trained.modelHash });
        expect(kinds).toContainEqual({ kind: 'validation', hash: trained.validationHash });
      } finally {
        await desk.close();
        await store.close();
      }

      signal(told.pid ?? 0, 'SIGKILL');
      await waitForState(home, again(told.pid ?? 0), 60_000);
    },
    PYTHON_TIMEOUT_MS,
  );

  test('the next stack of this home - starts it unasked; what fails is it alone', async () => {
    await stack.stop();
    stack = await start({ trainer: { CORRO_LOG_LEVEL: 'loud' } });
    const failed = ({ services }: StackState): boolean =>
      services.some(({ service, status }) => service === 'trainer' && status === 'failed');
    expect(await waitForState(home, failed, 120_000)).toMatchObject({ status: 'running' });
    await expect(ensureTrainer(home)).rejects.toThrow('CORRO_LOG_LEVEL: must be one of');
    expect(readStack(home)).toMatchObject({ status: 'running' });
  });
});

/** A healthy trainer that is not the one with that pid. */
function again(pid: number) {
  return ({ services }: StackState): boolean =>
    services.some(
      (one) => one.service === 'trainer' && one.status === 'healthy' && one.pid !== pid,
    );
}
