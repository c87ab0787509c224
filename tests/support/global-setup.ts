import { rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { startStack } from '../../ops/stack/control.ts';
import { SERVERS } from '../../ops/stack/topology.ts';
import { testHome } from './home.ts';
import { prepareTestDatabases } from './servers.ts';

/** One Postgres, one NATS and one Temporal for the whole run, on free ports, through the supervisor
 * the product uses. It is tied to this process: they stop even when the run is killed. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = testHome();
  const any = { postgres: 0, nats: 0, natsMonitor: 0 };
  const temporal = { temporal: 0, temporalUi: 0, temporalHttp: 0, paper: 0 };
  const stack = await startStack({
    home,
    detached: false,
    services: SERVERS,
    ports: { ...any, ...temporal },
    durable: false,
    prepare: false,
  });
  const { postgresUrl, natsFeedUrl, temporalAddress } = stack.state.addresses;
  const maintenance = new URL(postgresUrl);
  maintenance.pathname = '/postgres';
  await prepareTestDatabases(maintenance.href);
  project.provide('servers', {
    postgresUrl: maintenance.href,
    natsUrl: natsFeedUrl,
    temporalAddress,
  });
  return async () => {
    await stack.stop();
    rmSync(home, { recursive: true, force: true });
  };
}
