import { rmSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { type StackHandle, startStack } from '../ops/stack/control.ts';
import { homeAt } from '../ops/stack/home.ts';
import { natsUrl } from '../ops/stack/nats.ts';
import type { BusUser } from '../proto/permissions.ts';
import { wire as wireOf } from '../proto/subjects.ts';
import { testHome } from './support/home.ts';

export const WIRE = wireOf('ring');

/** A real NATS with the configuration of the stack, for the tests of one file: who connects is told
 * by the name. */
export function startAuthority(): (user: BusUser) => Promise<Bus> {
  const home = testHome();
  let stack: StackHandle;
  beforeAll(async () => {
    const ports = { nats: 0, natsMonitor: 0, postgres: 0, temporal: 0 };
    const web = { temporalUi: 0, temporalHttp: 0, paper: 0 };
    stack = await startStack({
      home,
      detached: false,
      services: ['nats'],
      namespace: WIRE.namespace,
      ports: { ...ports, ...web },
      durable: false,
    });
  });
  afterAll(async () => {
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  });
  return async (user) => {
    const { nats } = stack.state.ports;
    const anonymous = stack.state.addresses.natsFeedUrl;
    const url = user === 'feed' ? anonymous : natsUrl(homeAt(home), nats, user);
    return connectBus({ url, name: `authority of ${user}` });
  };
}
