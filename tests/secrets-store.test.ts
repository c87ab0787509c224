/** Failure here means: a sealed secret opens in the wrong place, is lost in a rotation, or cannot
 * be read while one goes on. Postgres and the files of the master keys are real. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Masters } from '../adapters/seal/masters.ts';
import { verifyChain } from '../adapters/store/audit.ts';
import type { Database } from '../adapters/store/schema.ts';
import {
  listSecrets,
  readSecret,
  removeSecret,
  rotateSecrets,
  setSecret,
} from '../adapters/store/secrets.ts';
import { ensureDefaults, findUser } from '../adapters/store/users.ts';
import { testHome } from './support/home.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;
let trader: string;
const homes: string[] = [];
let folder: string;
let masters: Masters;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  await ensureDefaults(db);
  trader = (await findUser(db, 'trader')).id;
});

afterAll(async () => {
  for (const made of homes) rmSync(made, { recursive: true, force: true });
  await database.drop();
});

beforeEach(async () => {
  folder = join(home(), 'secrets');
  masters = new Masters(folder);
  await db.deleteFrom('secrets').execute();
});

function home(): string {
  const made = testHome();
  homes.push(made);
  return made;
}

const KEYS = { name: 'venue-binance', userId: null };

/** Puts something of one row's into another row, as whoever holds the database could. */
async function rowOf(name: string) {
  return db.selectFrom('secrets').selectAll().where('name', '=', name).executeTakeFirstOrThrow();
}

async function overwrite(name: string, values: { envelope?: unknown; version?: number }) {
  const { envelope, version } = values;
  await db
    .updateTable('secrets')
    .set({
      ...(envelope === undefined ? {} : { envelope: JSON.stringify(envelope) }),
      ...(version === undefined ? {} : { version }),
    })
    .where('name', '=', name)
    .execute();
}

describe('secrets', () => {
  test('one that is sealed - is read again, and is nowhere in the row', async () => {
    expect(await readSecret(db, masters, KEYS)).toBeNull();
    await setSecret(db, masters, { ...KEYS, value: 'a canary of this test' });
    expect(await readSecret(db, masters, KEYS)).toBe('a canary of this test');
    expect(JSON.stringify(await rowOf(KEYS.name))).not.toContain('canary');
    expect(JSON.stringify(await listSecrets(db))).not.toContain('canary');
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
  });

  test('a new value - is a new version, and what it replaced is gone', async () => {
    await setSecret(db, masters, { ...KEYS, value: 'old' });
    expect(await setSecret(db, masters, { ...KEYS, value: 'new' })).toEqual({ version: 2 });
    expect(await readSecret(db, masters, KEYS)).toBe('new');
    expect(await listSecrets(db)).toMatchObject([{ name: KEYS.name, version: 2 }]);
  });

  test("a user's and the ring's of one name - are two", async () => {
    await setSecret(db, masters, { ...KEYS, value: "the ring's" });
    const own = { ...KEYS, userId: trader };
    expect(await readSecret(db, masters, own)).toBeNull();
    await setSecret(db, masters, { ...own, value: 'their own' });
    expect(await readSecret(db, masters, own)).toBe('their own');
    expect(await readSecret(db, masters, KEYS)).toBe("the ring's");
    await removeSecret(db, own);
    expect(await readSecret(db, masters, KEYS)).toBe("the ring's");
    await expect(removeSecret(db, own)).rejects.toThrow(/unknown secret "venue-binance"/);
  });

  test('an envelope moved to another row, or to another version - does not open', async () => {
    await setSecret(db, masters, { name: 'mine', userId: null, value: 'mine' });
    await setSecret(db, masters, { name: 'theirs', userId: null, value: 'theirs' });
    const mine = await rowOf('mine');
    const theirs = await rowOf('theirs');
    const read = (name: string) => readSecret(db, masters, { name, userId: null });
    await overwrite('mine', { envelope: theirs.envelope });
    await expect(read('mine')).rejects.toThrow(/does not open: it belongs to another row/);
    const { secret } = theirs.envelope as { secret: unknown };
    const half = { ...(mine.envelope as object), secret };
    await overwrite('mine', { envelope: half });
    await expect(read('mine')).rejects.toThrow(/the secret of row .* does not open/);
    await overwrite('mine', { envelope: mine.envelope, version: 7 });
    await expect(read('mine')).rejects.toThrow(/version 7 .*does not open/);
    await overwrite('mine', { version: mine.version });
    expect(await read('mine')).toBe('mine');
  });

  test('another home’s master key, or none - says which file is wanted', async () => {
    await setSecret(db, masters, { ...KEYS, value: 'mine' });
    const elsewhere = new Masters(join(home(), 'secrets'));
    const lost = readSecret(db, elsewhere, KEYS);
    await expect(lost).rejects.toThrow(/master key [0-9a-f]{16} must be in .*, is not there/);
  });

  test('rotation - every secret opens with the new key alone', async () => {
    for (const name of ['a', 'b', 'c']) {
      await setSecret(db, masters, { name, userId: null, value: `the value of ${name}` });
    }
    const before = masters.current().id;
    const { masterKey, rewrapped } = await rotateSecrets(db, masters);
    expect(rewrapped).toBe(3);
    expect(masterKey).not.toBe(before);
    expect(masters.list()).toEqual([masterKey]);
    for (const name of ['a', 'b', 'c']) {
      expect(await readSecret(db, masters, { name, userId: null })).toBe(`the value of ${name}`);
    }
    expect(readFileSync(join(folder, 'master'), 'utf8').trim()).toBe(masterKey);
  });

  test('a rotation that was cut short - leaves both keys, and the next one clears up', async () => {
    await setSecret(db, masters, { ...KEYS, value: 'kept' });
    masters.renew();
    masters.renew();
    expect(await readSecret(db, masters, KEYS)).toBe('kept');
    expect(masters.list()).toHaveLength(3);
    const { masterKey } = await rotateSecrets(db, masters);
    expect(masters.list()).toEqual([masterKey]);
    expect(await readSecret(db, masters, KEYS)).toBe('kept');
  });

  test('rotations and new values under load - no read fails, none sees another value', async () => {
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) {
      await setSecret(db, masters, { name, userId: null, value: `${name} 0` });
    }
    let over = false;
    let reads = 0;
    const reader = async (name: string): Promise<void> => {
      // A process of its own has its own view of the files.
      const own = new Masters(folder);
      while (!over) {
        expect(await readSecret(db, own, { name, userId: null })).toMatch(`${name} `);
        reads += 1;
      }
    };
    const readers = names.map(reader);
    for (let round = 1; round <= 20; round += 1) {
      const value = `a ${round}`;
      await Promise.all([
        rotateSecrets(db, masters),
        setSecret(db, masters, { name: 'a', userId: null, value }),
      ]);
      expect(await readSecret(db, masters, { name: 'a', userId: null })).toBe(value);
    }
    over = true;
    await Promise.all(readers);
    expect(reads).toBeGreaterThan(20);
    expect(masters.list()).toHaveLength(1);
  });

  test('every act - is audited, without a value', async () => {
    expect(await verifyChain(db, 'configuration')).toMatchObject({ intact: true });
    const rows = await db.selectFrom('audit').selectAll().execute();
    const acts = new Set(rows.map(({ act }) => act));
    for (const act of ['secret-set', 'secret-removed', 'secrets-rotated']) {
      expect(acts).toContain(act);
    }
    expect(JSON.stringify(rows)).not.toMatch(/canary|the value of|apiKey/);
  });
});
