import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectBus } from '../adapters/bus/connect.ts';
import { compareVersions, findNats } from '../ops/stack/binaries.ts';
import {
  diagnose,
  readStack,
  resetStack,
  type StackError,
  type StackHandle,
  startStack,
  stopStack,
} from '../ops/stack/control.ts';
import { checkDiskSpace, homeAt } from '../ops/stack/home.ts';
import { isFree, type PinnedPorts } from '../ops/stack/ports.ts';
import { isAlive, type ProcessMark, pause } from '../ops/stack/processes.ts';
import { waitForState } from '../ops/stack/state.ts';
import { SERVERS, type ServiceName } from '../ops/stack/topology.ts';
import { wire } from '../proto/subjects.ts';
import { testHome } from './support/home.ts';

/** If the stack fails here, a person loses a server, or keeps one they cannot see. Every test uses
 * the real supervisor and real servers in a folder of its own. */

const ANY_PORTS: PinnedPorts = {
  postgres: 0,
  nats: 0,
  natsMonitor: 0,
  temporal: 0,
  temporalUi: 0,
  temporalHttp: 0,
  paper: 0,
};

const homes: string[] = [];

function freshHome(): string {
  const home = testHome();
  homes.push(home);
  return home;
}

/** The error of something that must fail. */
async function failure(attempt: Promise<unknown>): Promise<StackError> {
  try {
    await attempt;
  } catch (error) {
    return error as StackError;
  }
  throw new Error('it must fail, did not');
}

function marks(home: string): ProcessMark[] {
  return (readStack(home)?.services ?? []).flatMap(({ mark }) => (mark ? [mark] : []));
}

afterAll(async () => {
  for (const home of homes) {
    await stopStack(home).catch(() => undefined);
    rmSync(home, { recursive: true, force: true });
  }
});

describe('stack', () => {
  let home: string;
  let stack: StackHandle;

  beforeAll(async () => {
    home = freshHome();
    stack = await startStack({
      home,
      detached: true,
      services: SERVERS,
      ports: ANY_PORTS,
    });
  });

  async function killAndAwait(name: ServiceName): Promise<number> {
    const before = readStack(home)?.services.find(({ service }) => service === name);
    process.kill(before?.pid ?? 0, 'SIGKILL');
    const start = performance.now();
    await waitForState(
      home,
      ({ services }) =>
        services.some(
          ({ service, status, pid }) =>
            service === name && status === 'healthy' && pid !== before?.pid,
        ),
      15_000,
    );
    return performance.now() - start;
  }

  test('kill - Postgres comes back by itself with what was committed', async () => {
    const { postgresUrl } = stack.state.addresses;
    const client = new pg.Client({ connectionString: postgresUrl });
    client.on('error', () => undefined);
    await client.connect();
    await client.query("insert into users (username, email) values ('ana', 'ana@example.org')");
    expect(await killAndAwait('postgres')).toBeLessThan(10_000);
    const again = new pg.Client({ connectionString: postgresUrl });
    await again.connect();
    const { rows } = await again.query("select email from users where username = 'ana'");
    await again.end();
    expect(rows).toEqual([{ email: 'ana@example.org' }]);
  });

  test('kill - NATS comes back by itself with every acknowledged message', async () => {
    const bus = await connectBus({ url: stack.state.addresses.natsUrl, name: 'test' });
    const { market, streams } = wire();
    const subject = market('paper', 'BTC/USDT', '1m');
    for (let i = 0; i < 20; i += 1) await bus.jetstream.publish(subject, String(i));
    expect(await killAndAwait('nats')).toBeLessThan(10_000);
    await reconnected(bus.connection);
    const { state } = await bus.manager.streams.info(streams.MARKET);
    expect(state.messages).toBe(20);
    await bus.close();
  });

  test('kill - Temporal comes back by itself with the workflows it had', async () => {
    const url = `${stack.state.addresses.temporalHttpUrl}/api/v1/namespaces/default/workflows`;
    const body = JSON.stringify({ workflowType: { name: 'none' }, taskQueue: { name: 'none' } });
    const headers = { 'content-type': 'application/json' };
    const started = await fetch(`${url}/kept`, { method: 'POST', headers, body });
    expect(started.status).toBe(200);
    expect(await killAndAwait('temporal')).toBeLessThan(10_000);
    const found = await fetch(`${url}/kept`);
    expect(found.status).toBe(200);
  });

  test('second start - in the same home is refused with the pid of the first', async () => {
    const error = await failure(startStack({ home, detached: false, services: SERVERS }));
    expect(error.code).toBe('already_running');
    expect(error.pid).toBe(stack.supervisorPid);
    expect(readStack(home)?.status).toBe('running');
    expect((await failure(resetStack(home))).code).toBe('already_running');
  });

  test('doctor - says what runs, and where the log of each process is', async () => {
    const findings = await diagnose(home);
    const postgres = findings.find(({ what }) => what === 'postgres');
    expect(postgres?.state).toBe('well');
    const logs = findings.flatMap(({ log }) => (log ? [log] : []));
    expect(logs).toContain(join(home, 'logs/nats.log'));
    expect(findings.filter(({ state }) => state === 'ill')).toEqual([]);
    for (const looked of ['secrets', 'database roles', 'bus users']) {
      expect(findings.find(({ what }) => what === looked)?.state).toBe('well');
    }
  });

  test('doctor - finds a secret open to others, and a role with more than its rights', async () => {
    const ill = async (looked: string): Promise<string | undefined> =>
      (await diagnose(home)).find(({ what, state }) => what === looked && state === 'ill')?.detail;
    const password = join(home, 'secrets/nats-order');
    chmodSync(password, 0o644);
    expect(await ill('secrets')).toContain(password);
    chmodSync(password, 0o600);
    expect(await ill('secrets')).toBeUndefined();
    const client = new pg.Client({ connectionString: stack.state.addresses.postgresUrl });
    await client.connect();
    await client.query('grant insert on orders to corro_actor');
    expect(await ill('database roles')).toContain('corro_actor may write to orders');
    await client.query('revoke insert on orders from corro_actor');
    await client.end();
    expect(await ill('database roles')).toBeUndefined();
  });

  test('killed supervisor - the next start removes what it left and keeps its data', async () => {
    const left = marks(home);
    expect(left).toHaveLength(3);
    process.kill(stack.supervisorPid, 'SIGKILL');
    await waitForState(home, ({ status }) => status === 'lost', 5_000);
    expect(left.every(isAlive)).toBe(true);
    const ill = (await diagnose(home)).find(({ what }) => what === 'stack');
    expect(ill?.state).toBe('ill');
    const ports = readStack(home)?.ports;
    stack = await startStack({ home, detached: true, services: SERVERS });
    expect(left.some(isAlive)).toBe(false);
    expect(stack.state.ports).toEqual(ports);
    const client = new pg.Client({ connectionString: stack.state.addresses.postgresUrl });
    await client.connect();
    const { rows } = await client.query('select count(*)::int as n from users');
    await client.end();
    expect(rows).toEqual([{ n: 1 }]);
  });

  test('stop - leaves no process, and reset leaves no file', async () => {
    const running = [...marks(home), { pid: stack.supervisorPid, born: '' }];
    await stack.stop();
    expect(running.some(isAlive)).toBe(false);
    expect(readStack(home)?.status).toBe('stopped');
    expect(await isFree(stack.state.ports.postgres)).toBe(true);
    expect((await failure(stopStack(home))).code).toBe('not_running');
    await resetStack(home);
    expect(readStack(home)).toBeNull();
  });
});

describe('stack start', () => {
  test('caller killed - an attached stack stops with it', async () => {
    const home = freshHome();
    const control = join(import.meta.dirname, '../ops/stack/control.ts');
    const options = { home, detached: false, services: ['nats'], ports: ANY_PORTS };
    const program = `import { startStack } from ${JSON.stringify(control)};
      await startStack(${JSON.stringify(options)});
      setInterval(() => undefined, 1000);`;
    const caller = spawn(process.execPath, ['--input-type=module', '-e', program]);
    await waitForState(home, ({ status }) => status === 'running', 20_000);
    const left = marks(home);
    caller.kill('SIGKILL');
    await waitForState(home, ({ status }) => status === 'stopped', 15_000);
    expect(left.some(isAlive)).toBe(false);
  });

  test('stale lock - of a process that is gone is cleared', async () => {
    const home = freshHome();
    writeFileSync(homeAt(home).lock, JSON.stringify({ pid: process.pid, born: 'long ago' }));
    const stack = await startNats(home, ANY_PORTS);
    expect(stack.state.status).toBe('running');
    await stack.stop();
  });

  test('ports - a taken one is moved and remembered, a pinned one is refused', async () => {
    const home = freshHome();
    const other = await listen(0);
    const taken = portOf(other);
    writeFileSync(homeAt(home).ports, JSON.stringify({ nats: taken }));
    const others = { ...ANY_PORTS, nats: undefined };
    const blockers = (await isFree(4222)) ? [await listen(4222)] : [];
    const stack = await startNats(home, others);
    expect(stack.state.ports.nats).not.toBe(taken);
    expect(stack.state.ports.nats).not.toBe(4222);
    expect(stack.state.moved).toContain('nats');
    await stack.stop();
    for (const server of blockers) server.close();
    const again = await startNats(home, others);
    expect(again.state.ports.nats).toBe(stack.state.ports.nats);
    await again.stop();
    const error = await failure(startNats(home, { ...others, nats: taken }));
    other.close();
    expect(error.code).toBe('ports_taken');
    expect(error.message).toContain(String(taken));
  });

  test('disk - with too little space nothing is started', () => {
    const home = freshHome();
    expect(() => checkDiskSpace(home, Number.MAX_SAFE_INTEGER)).toThrow(/MB free/);
    expect(() => checkDiskSpace(home, 1)).not.toThrow();
  });

  test('old server - one on PATH that is too old is refused and says what to do', async () => {
    const folder = join(freshHome(), 'old');
    mkdirSync(folder);
    const program = join(folder, 'nats-server');
    const pretend = (version: string): void => {
      writeFileSync(program, `#!/bin/sh\necho "nats-server: v${version}"\n`);
      chmodSync(program, 0o755);
    };
    const look = async () => findNats({ path: folder, venv: null });
    pretend('2.9.10');
    const error = await failure(look());
    expect(error.code).toBe('old_server');
    expect(error.message).toContain('2.9.10');
    pretend('2.99.0');
    expect((await look()).version).toBe('2.99.0');
    const none = await failure((async () => findNats({ path: '/nowhere', venv: null }))());
    expect(none.code).toBe('missing_binary');
    expect(compareVersions('2.12.10', '2.12.6')).toBeGreaterThan(0);
  });

  test('failed start - says which service, its log and last words; leaves nothing', async () => {
    const home = freshHome();
    mkdirSync(join(home, 'nats'));
    writeFileSync(join(home, 'nats', 'jetstream'), 'a file where the server wants a folder');
    const error = await failure(startNats(home, ANY_PORTS));
    expect(error.code).toBe('start_failed');
    expect(error.message).toContain(join(home, 'logs/nats.log'));
    expect(marks(home)).toEqual([]);
    expect(readStack(home)?.status).toBe('failed');
  });
});

function startNats(home: string, ports: PinnedPorts): Promise<StackHandle> {
  return startStack({ home, detached: false, services: ['nats'], ports });
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

async function reconnected(connection: NatsConnection): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const answered = await connection.flush().then(
      () => true,
      () => false,
    );
    if (answered && connection.info?.jetstream) return;
    await pause(50);
  }
  throw new Error('the connection did not come back');
}
