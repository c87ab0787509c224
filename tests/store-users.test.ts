/** Failure here means: a decision is judged by a configuration nobody set, or a change of it leaves
 * no trace. */
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import type { Database } from '../adapters/store/schema.ts';
import {
  activeUsersWithConfig,
  addUser,
  configOf,
  ensureDefaults,
  findUser,
  listUsers,
  setConfig,
} from '../adapters/store/users.ts';
import { currentWeights, weightsOf } from '../adapters/store/weights.ts';
import { DEFAULT_USER_CONFIG } from '../core/debate/user-config.ts';
import { EQUAL_REGIME_WEIGHTS } from '../core/debate/weights.ts';
import { DEFAULT_LIMITS } from '../core/risk/limits.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  await Promise.all(Array.from({ length: 5 }, () => ensureDefaults(db)));
});

afterAll(() => database.drop());

test('users - five processes that make the defaults at once make them once', async () => {
  await ensureDefaults(db);
  expect(await activeUsersWithConfig(db)).toMatchObject([
    { username: 'trader', active: true, config: DEFAULT_USER_CONFIG, limits: DEFAULT_LIMITS },
  ]);
  expect(await currentWeights(db)).toEqual({ version: 1, weights: EQUAL_REGIME_WEIGHTS });
  const acts = await db.selectFrom('audit').select(['act', 'reference']).orderBy('seq').execute();
  expect(acts).toEqual([
    { act: 'user-added', reference: 'trader' },
    { act: 'config-set', reference: 'trader:1' },
  ]);
});

describe('users - configuration', () => {
  beforeAll(async () => {
    const config = { assistantWeights: { strategist: 1.5 }, customRules: { alwaysAsk: true } };
    await addUser(db, { username: 'ana', email: 'ana@localhost', config });
  });

  test('a change is a new version; the rest stays; old versions stay readable', async () => {
    const changed = await setConfig(db, {
      username: 'ana',
      riskLimits: { maxOrderQuote: '100.50' },
      customRules: undefined,
    });
    expect(changed.config).toMatchObject({
      version: 2,
      weights: { strategist: 15_000 },
      rules: { alwaysAsk: true },
    });
    expect(changed.limits.maxOrderQuote).toBe('100.50');
    const first = await configOf(db, { username: 'ana', version: 1 });
    expect(first.config.version).toBe(1);
    expect(first.limits).toEqual(DEFAULT_LIMITS);
    const [ana] = await activeUsersWithConfig(db);
    expect(ana).toEqual(changed);
  });

  test('an audit names each changed field, with what it was and what it is', async () => {
    await addUser(db, { username: 'bea', email: 'bea@localhost' });
    const hedge = { instrument: 'BTCDOWN/USDT', fromDrawdownBps: 800, ratioBps: 2_500 };
    const riskLimits = { maxOrderQuote: '100.50', hedge };
    await setConfig(db, { username: 'bea', riskLimits, assistantWeights: { strategist: 1.5 } });
    await setConfig(db, { username: 'bea', riskLimits: { maxOrderQuote: '7' } });
    const rows = await db
      .selectFrom('audit')
      .select('body')
      .where('act', '=', 'config-set')
      .where('reference', 'in', ['bea:1', 'bea:2', 'bea:3'])
      .orderBy('seq')
      .execute();
    const hedgeText = '{"fromDrawdownBps":800,"instrument":"BTCDOWN/USDT","ratioBps":2500}';
    expect(rows.map(({ body }) => (body as { changes: unknown }).changes)).toEqual([
      [],
      [
        { field: 'assistantWeights.strategist', from: null, to: '1.5' },
        { field: 'riskLimits.hedge', from: 'null', to: hedgeText },
        { field: 'riskLimits.maxOrderQuote', from: '"25000"', to: '"100.50"' },
      ],
      [
        { field: 'riskLimits.hedge', from: hedgeText, to: 'null' },
        { field: 'riskLimits.maxOrderQuote', from: '"100.50"', to: '"7"' },
      ],
    ]);
    await db.updateTable('users').set({ is_active: false }).where('username', '=', 'bea').execute();
  });

  test('text that cannot be used changes nothing', async () => {
    const before = await activeUsersWithConfig(db);
    const rules = setConfig(db, { username: 'ana', customRules: { quorum: 1 } });
    await expect(rules).rejects.toThrow('rules.quorum must be');
    const limits = setConfig(db, { username: 'ana', riskLimits: { maxOrderQuote: 100 } });
    await expect(limits).rejects.toThrow('maxOrderQuote: expected');
    const email = 'eve@localhost';
    const added = addUser(db, { username: 'eve', email, config: { assistantWeights: 7 } });
    await expect(added).rejects.toThrow('weights must be an object');
    expect(await activeUsersWithConfig(db)).toEqual(before);
    expect((await listUsers(db)).map(({ username }) => username)).toEqual(['ana', 'bea', 'trader']);
  });

  test('ten changes at once are ten versions, each audited', async () => {
    const { config } = (await activeUsersWithConfig(db))[0] as { config: { version: number } };
    const changes = Array.from({ length: 10 }, () =>
      setConfig(db, { username: 'ana', customRules: { alwaysAsk: false } }),
    );
    const versions = (await Promise.all(changes)).map((user) => user.config.version);
    expect(versions.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, index) => config.version + 1 + index),
    );
    expect(await verifyChain(db, 'configuration')).toMatchObject({ intact: true });
    const last = config.version + 10;
    const audited = await db
      .selectFrom('audit')
      .select('reference')
      .where('act', '=', 'config-set')
      .where('reference', 'like', 'ana:%')
      .execute();
    expect(audited).toHaveLength(last);
  });

  test('an inactive user is not decided for', async () => {
    await addUser(db, { username: 'gone', email: 'gone@localhost' });
    await db
      .updateTable('users')
      .set({ is_active: false })
      .where('username', '=', 'gone')
      .execute();
    const active = await activeUsersWithConfig(db);
    expect(active.map(({ username }) => username)).toEqual(['ana', 'trader']);
    expect((await findUser(db, 'gone')).active).toBe(false);
  });
});

test.each([
  [() => findUser(db, 'nobody'), 'unknown user "nobody": there is ana, '],
  [() => setConfig(db, { username: 'nobody' }), 'unknown user "nobody"'],
  [
    () => configOf(db, { username: 'trader', version: 9 }),
    'unknown configuration of trader "9": there is 1',
  ],
  [() => weightsOf(db, 9), 'unknown weights version "9": there is 1'],
])('users - what is unknown is answered with what exists (%#)', async (ask, message) => {
  await expect(ask()).rejects.toThrow(message);
});

test('users - a name that is taken or is no name is refused', async () => {
  await expect(addUser(db, { username: 'trader', email: 'x@localhost' })).rejects.toThrow(
    'users_username_key',
  );
  await expect(addUser(db, { username: 'No Name', email: 'y@localhost' })).rejects.toThrow(
    'users_username_check',
  );
});
