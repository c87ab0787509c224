import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../stack/home.ts';

// Failure here looks like: recorded histories that no longer replay ("type must be a Type"),
// because two of Temporal's packages hold the types of two copies of protobufjs, or of version 7.

const DEPENDENCIES = (
  JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  }
).dependencies;
const TEMPORAL = ['activity', 'client', 'common', 'worker', 'workflow'];

test('dependencies - all of Temporal has one protobufjs, the one that is pinned', () => {
  const pinned = createRequire(join(REPOSITORY, 'package.json'));
  const client = createRequire(pinned.resolve('@temporalio/client/package.json'));
  const places = [
    ...TEMPORAL.map((name) => pinned.resolve(`@temporalio/${name}/package.json`)),
    client.resolve('@temporalio/proto/package.json'),
  ];
  const found = new Set(places.map((place) => createRequire(place).resolve('protobufjs')));
  expect([...found]).toEqual([pinned.resolve('protobufjs')]);
  const { version } = pinned('protobufjs/package.json') as { readonly version: string };
  expect(version).toBe(DEPENDENCIES['protobufjs']);
});

test('dependencies - Temporal packages are all of one version', () => {
  const versions = Object.entries(DEPENDENCIES)
    .filter(([name]) => name.startsWith('@temporalio/'))
    .map(([, version]) => version);
  expect(new Set(versions).size).toBe(1);
  expect(versions).toHaveLength(TEMPORAL.length);
});
