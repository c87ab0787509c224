/** Failure here means: whoever answers for the models could answer for the venue as well. On a real
 * server with the configuration of the stack. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { forecaster } from '../adapters/bus/forecaster.ts';
import { startMicroService } from '../adapters/bus/micro.ts';
import { FEATURE_NAMES } from '../core/features/vector.ts';
import { type StackHandle, startStack } from '../ops/stack/control.ts';
import { homeAt } from '../ops/stack/home.ts';
import { natsUrl } from '../ops/stack/nats.ts';
import { predictReply, predictRequest } from '../proto/predict.ts';
import { PREDICT_VERB, wire as wireOf } from '../proto/subjects.ts';
import { testHome } from './support/home.ts';

const WIRE = wireOf('ring');
const home = testHome();
let stack: StackHandle;

beforeAll(async () => {
  const ports = { nats: 0, natsMonitor: 0, postgres: 0, temporal: 0 };
  const web = { temporalUi: 0, temporalHttp: 0, paper: 0 };
  const own = { home, namespace: WIRE.namespace, ports: { ...ports, ...web } };
  stack = await startStack({ ...own, detached: false, services: ['nats'], durable: false });
});

afterAll(async () => {
  await stack.stop();
  rmSync(home, { recursive: true, force: true });
});

function as(user: 'actor-strategist' | 'decision'): Promise<Bus> {
  const url = natsUrl(homeAt(home), stack.state.ports.nats, user);
  return connectBus({ url, name: `authority of ${user}` });
}

test('models - the strategist answers who asked, below a name of its own', async () => {
  const [strategist, decision] = await Promise.all([as('actor-strategist'), as('decision')]);
  const prediction = { buy: 0.5, sell: 0.25, hold: 0.25, magnitude: 0, confidence: 0.5, risk: 0 };
  const asked: string[] = [];
  const service = startMicroService(strategist, {
    name: WIRE.assistantService('strategist'),
    version: '1.0.0',
    description: 'answers for a model',
    endpoints: [
      {
        name: PREDICT_VERB,
        subject: WIRE.assistant('strategist', PREDICT_VERB),
        handle: (request) => {
          asked.push(request.reply ?? '');
          const { rows } = predictRequest.decode(request.data);
          return predictReply.encode(
            rows.map(({ symbol, models }) => ({
              symbol,
              answers: models.map((model) => ({ model, ok: true, prediction }) as const),
            })),
          );
        },
      },
    ],
  });
  try {
    await strategist.connection.flush();
    const hash = 'a'.repeat(64);
    const features = FEATURE_NAMES.map(() => 0);
    const champion = { hash, worthBp: 10_000 };
    const ask = { symbol: 'BTC/USDT', features, champion, challengers: [] };
    const told = await forecaster(decision, WIRE)([ask], { limitMs: 60_000 });
    expect(told.get('BTC/USDT')?.champion).toMatchObject({ model: hash, buyBp: 5_000 });
    for (const reply of asked) expect(reply).toMatch(/^_INBOX_decision\.predict\.[^.]+$/);
  } finally {
    service.stop();
    await Promise.all([strategist.close(), decision.close()]);
  }
});
