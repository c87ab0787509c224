/** Failure here means: somebody who makes a key may end up with none that signs. Postgres and the
 * files of the home are real. */
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKeys, keyIdOf } from '../adapters/seal/signature.ts';
import type { Database } from '../adapters/store/schema.ts';
import { addUserKey, listUserKeys } from '../adapters/store/user-keys.ts';
import { ensureDefaults } from '../adapters/store/users.ts';
import { Keyring } from '../ops/cli/keyring.ts';
import { testHome } from './support/home.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

const home = testHome();
const keyring = new Keyring(home);
const path = keyring.pathOf('trader');
let database: TestDatabase;
let db: Kysely<Database>;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  await ensureDefaults(db);
});

afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await database.drop();
});

async function standing(): Promise<readonly string[]> {
  const keys = await listUserKeys(db, { username: 'trader' });
  return keys.flatMap(({ id, revokedAt }) => (revokedAt === null ? [id] : []));
}

describe('keyring', () => {
  test('a new key - is the only one that stands, and its owner’s alone', async () => {
    await keyring.make(db, 'trader');
    const { id } = await keyring.make(db, 'trader');
    expect(await standing()).toEqual([id]);
    expect(keyring.keyId('trader')).toBe(id);
    expect(readdirSync(dirname(path))).toEqual(['trader.pem']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('killed after the books took the new key - the next command finishes it', async () => {
    const before = await keyring.make(db, 'trader');
    const { privatePem, publicKey } = generateKeys();
    writeFileSync(`${path}.new`, privatePem, { mode: 0o600 });
    const key = { username: 'trader', publicKey, label: 'of a killed command' };
    await addUserKey(db, { ...key, replaces: before.id });
    expect(await keyring.makeMissing(db)).toEqual([]);
    expect(keyring.keyId('trader')).toBe(keyIdOf(publicKey));
    expect(await standing()).toEqual([keyIdOf(publicKey)]);
    expect(readdirSync(dirname(path))).toEqual(['trader.pem']);
  });

  test('killed before the books took the new key - the old one signs on', async () => {
    const before = await keyring.make(db, 'trader');
    writeFileSync(`${path}.new`, generateKeys().privatePem, { mode: 0o600 });
    expect(await keyring.makeMissing(db)).toEqual([]);
    expect(keyring.keyId('trader')).toBe(before.id);
    const { id } = await keyring.make(db, 'trader');
    expect(await standing()).toEqual([id]);
    expect(readdirSync(dirname(path))).toEqual(['trader.pem']);
  });
});
