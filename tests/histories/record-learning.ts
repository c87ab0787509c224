import { setTimeout as sleep } from 'node:timers/promises';
import { storeCandles } from '../../adapters/store/candles.ts';
import { ensureDefaults } from '../../adapters/store/users.ts';
import { Connections } from '../../ops/cli/connections.ts';
import {
  type LearningHandle,
  progressOf,
  resultOf,
  startLearning,
} from '../../ops/learning/runs.ts';
import { startStack } from '../../ops/stack/control.ts';
import { ensureTrainer } from '../../ops/stack/trainer.ts';
import type { LearningInput } from '../../proto/learning.ts';
import { Corro } from '../e2e/corro.ts';
import { madeUpCandles, TIMEFRAME } from '../made-up-market.ts';
import { writeHistory } from './write.ts';

/** Records the histories of the learning loop that `tests/histories.test.ts` replays, from a real
 * stack and trainer: a candidate that was judged, a market too thin to learn from, a run that was
 * cancelled while it trained. Run it when the workflow was changed on purpose and no run of the old
 * version can be open any more:
 *
 *     node tests/histories/record-learning.ts
 */

const corro = new Corro();
try {
  const any = { postgres: 0, nats: 0, natsMonitor: 0, paper: 0 };
  const { state } = await startStack({
    home: corro.home,
    detached: false,
    ports: { ...any, temporal: 0, temporalUi: 0, temporalHttp: 0 },
  });
  await ensureTrainer(corro.home);
  const connections = new Connections(state);
  try {
    await ensureDefaults(connections.db);
    await record(connections);
  } finally {
    await connections.close();
  }
} finally {
  await corro.close();
}

async function record(connections: Connections): Promise<void> {
  const client = await connections.temporal();
  const start = async (symbol: string, candles: number): Promise<LearningHandle> => {
    const series = { venue: 'binance', symbol, timeframe: TIMEFRAME } as const;
    const made = madeUpCandles('noise', candles, 1);
    await storeCandles(connections.db, { ...series, candles: made });
    const input: LearningInput = {
      ...{ venue: 'paper', symbol, timeframe: TIMEFRAME, cadence: 'demand' },
      ...{ namespace: connections.wire.namespace, from: null, to: null, candles: 'binance' },
      settings: { seed: 7, trees: 10, folds: 2, embargoCandles: 12 },
    };
    return startLearning(client, input);
  };
  const judged = await start('JUDGED/USDT', 1_500);
  const { verdict } = await resultOf(judged);
  if (verdict !== 'rejected') throw new Error(`noise must be rejected, was ${verdict}`);
  await writeHistory('learning-rejected', judged);
  const thin = await start('THIN/USDT', 300);
  await resultOf(thin);
  await writeHistory('learning-untrained', thin);
  const cancelled = await start('CANCELLED/USDT', 6_000);
  while (((await progressOf(cancelled))?.training ?? null) === null) await sleep(100);
  await cancelled.cancel();
  await resultOf(cancelled).catch(() => undefined);
  await writeHistory('learning-cancelled', cancelled);
}
