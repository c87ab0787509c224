/** Failure here means: two promotions at once both win, or a database that dies in the middle of
 * one leaves a market with two champions, with none, or with a half-changed one. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import { championOf, changesOf, listModels } from '../adapters/store/models.ts';
import {
  type PromotionRequest,
  promoteModel,
  rollbackChampion,
} from '../adapters/store/promotion.ts';
import type { Database } from '../adapters/store/schema.ts';
import { openStore, type Store } from '../adapters/store/store.ts';
import type { Market } from '../core/learning/contract.ts';
import { candidate } from './registry-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

const RIVALS = 20;

let database: TestDatabase;
let store: Store;
let db: Kysely<Database>;
let markets = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  // As many connections as rivals, or some would only wait for each other's.
  store = openStore({ url: database.url, poolSize: RIVALS });
  db = store.db;
});

afterAll(async () => {
  expect(await verifyChain(db, 'configuration')).toMatchObject({ intact: true });
  await store.close();
  await database.drop();
});

function freshMarket(): Market {
  markets += 1;
  return { venue: 'paper', symbol: `R${markets}/USDT`, timeframe: '5m' };
}

function requestOf(hash: string, expectedEpoch: number, by = 'ana'): PromotionRequest {
  return { hash, expectedEpoch, reason: 'a test', evidence: { trials: 1 }, by };
}

async function candidates(market: Market, count: number): Promise<readonly string[]> {
  return Promise.all(
    Array.from({ length: count }, (_, at) => candidate(db, `${market.symbol} ${at}`, { market })),
  );
}

/** Everything that a promotion changes. */
async function stateOf(market: Market) {
  const models = await listModels(db, market);
  const audits = await db
    .selectFrom('audit')
    .select(['act', 'reference'])
    .where('act', '=', 'champion-set')
    .where('reference', 'like', `paper ${market.symbol} 5m %`)
    .orderBy('seq')
    .execute();
  const changes = await Promise.all(models.map(({ hash }) => changesOf(db, hash)));
  return {
    champion: await championOf(db, market),
    champions: models.filter(({ state }) => state === 'champion').map(({ hash }) => hash),
    states: models.map(({ hash, state }) => `${hash} ${state}`).toSorted(),
    epochs: audits.map(({ reference }) => reference.split(' ').at(-1)),
    changes: changes.flat().length,
  };
}

describe('at once', () => {
  test.each([
    ['the first champion of a market', 0],
    ['a champion that stands', 1],
  ])('twenty promotions of %s - one wins, nineteen change nothing', async (_what, epoch) => {
    const market = freshMarket();
    const [standing = '', ...rivals] = await candidates(market, RIVALS + 1);
    if (epoch === 1) await promoteModel(db, requestOf(standing, 0));
    const before = await stateOf(market);
    const told = await Promise.all(rivals.map((hash) => promoteModel(db, requestOf(hash, epoch))));
    const won = told.filter(({ outcome }) => outcome === 'changed');
    expect(won).toHaveLength(1);
    const winner = won[0]?.hash ?? '';
    expect(won[0]).toEqual({
      ...{ outcome: 'changed', hash: winner, epoch: epoch + 1 },
      before: epoch === 1 ? standing : null,
    });
    const late = told.filter(({ outcome }) => outcome === 'stale');
    expect(late).toEqual(
      Array(RIVALS - 1).fill({ outcome: 'stale', hash: winner, epoch: epoch + 1, before: null }),
    );
    const after = await stateOf(market);
    expect(after).toMatchObject({
      champion: { hash: winner, epoch: epoch + 1 },
      champions: [winner],
      epochs: epoch === 1 ? ['1', '2'] : ['1'],
      changes: before.changes + epoch + 1,
    });
    const retired = after.states.filter((state) => state.endsWith('retired'));
    expect(retired).toEqual(epoch === 1 ? [`${standing} retired`] : []);
  });

  test('twenty people promote the same model - one of them did it', async () => {
    const market = freshMarket();
    const [hash = ''] = await candidates(market, 1);
    const people = Array.from({ length: RIVALS }, (_, at) => `person ${at}`);
    const told = await Promise.all(people.map((by) => promoteModel(db, requestOf(hash, 0, by))));
    expect(told.filter(({ outcome }) => outcome === 'changed')).toHaveLength(1);
    expect(await stateOf(market)).toMatchObject({ champions: [hash], epochs: ['1'], changes: 2 });
  });

  test('promotions and rollbacks together - as many changes as there were winners', async () => {
    const market = freshMarket();
    const [first = '', second = '', ...rivals] = await candidates(market, 12);
    await promoteModel(db, requestOf(first, 0));
    await promoteModel(db, requestOf(second, 1));
    const back = { market, expectedEpoch: 2, reason: 'a test' };
    const told = await Promise.all([
      ...rivals.map((hash) => promoteModel(db, requestOf(hash, 2))),
      ...rivals.map((_, at) => rollbackChampion(db, { ...back, by: `person ${at}` })),
    ]);
    const [won, ...more] = told.filter(({ outcome }) => outcome === 'changed');
    expect(more).toEqual([]);
    const after = await stateOf(market);
    expect(after.champion).toMatchObject({ hash: won?.hash, epoch: 3 });
    expect(after.champions).toEqual([won?.hash]);
    expect(after.epochs).toEqual(['1', '2', '3']);
  });

  test('an epoch that was never or is long over - stale, told what stands', async () => {
    const market = freshMarket();
    const [one = '', two = '', three = ''] = await candidates(market, 3);
    await promoteModel(db, requestOf(one, 0));
    await promoteModel(db, requestOf(two, 1));
    const before = await stateOf(market);
    for (const epoch of [0, 1, 3, 99]) {
      expect(await promoteModel(db, requestOf(three, epoch))).toEqual({
        ...{ outcome: 'stale', hash: two, epoch: 2, before: null },
      });
    }
    expect(await stateOf(market)).toEqual(before);
  });

  test('not even by hand - a second champion of a market', async () => {
    const market = freshMarket();
    const [one = '', two = ''] = await candidates(market, 2);
    await promoteModel(db, requestOf(one, 0));
    const second = db.updateTable('models').set({ state: 'champion' }).where('hash', '=', two);
    await expect(second.execute()).rejects.toThrow('models_one_champion');
  });
});

describe('a connection that dies', () => {
  const market = freshMarket();
  let standing = '';
  let next = '';

  beforeAll(async () => {
    [standing = '', next = ''] = await candidates(market, 2);
    await promoteModel(db, requestOf(standing, 0));
  });

  /** One connection, whose server process is ended just before its n-th statement from `begin`. */
  async function dyingBefore<T>(
    place: number,
    act: (dying: Kysely<Database>) => Promise<T>,
  ): Promise<{ readonly statements: readonly string[]; readonly error: unknown }> {
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    pool.on('error', () => undefined);
    const seen: string[] = [];
    pool.on('connect', (client) => {
      client.on('error', () => undefined);
      const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
      const watched = async (...args: readonly unknown[]): Promise<unknown> => {
        seen.push(String((args[0] as { text?: string }).text ?? args[0]));
        if (seen.indexOf('begin') >= 0 && seen.length - seen.indexOf('begin') === place) {
          const { processID } = client as unknown as { readonly processID: number };
          await ended(processID);
        }
        return query(...args);
      };
      Object.assign(client, { query: watched });
    });
    const dying = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
    const error = await act(dying).then(
      () => null,
      (reason: unknown) => reason,
    );
    await dying.destroy();
    const statements = seen.slice(seen.indexOf('begin'));
    return { statements: statements.filter((text) => text !== 'rollback'), error };
  }

  /** Ends a server process, and waits until it is gone. */
  async function ended(pid: number): Promise<void> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('select pg_terminate_backend($1, 60000)', [pid]);
    await client.end();
  }

  test('promotion - before each of its statements: the old champion stands, whole', async () => {
    const before = await stateOf(market);
    let statements = 0;
    for (let place = 1; statements === 0; place += 1) {
      const { statements: seen, error } = await dyingBefore(place, (dying) =>
        promoteModel(dying, requestOf(next, 1)),
      );
      if (error === null) {
        statements = seen.length;
        break;
      }
      expect(seen).toHaveLength(place);
      expect(await stateOf(market), seen.at(-1)).toEqual(before);
    }
    // It was tried before each of them, the commit among them.
    expect(statements).toBeGreaterThan(10);
    expect(await stateOf(market)).toMatchObject({
      champion: { hash: next, epoch: 2 },
      champions: [next],
      epochs: ['1', '2'],
      changes: before.changes + 2,
    });
  });

  test('promotion - its answer lost after the commit: asked again, it is done once', async () => {
    const before = await stateOf(market);
    expect(await promoteModel(db, requestOf(next, 1))).toEqual({
      ...{ outcome: 'changed', hash: next, epoch: 2, before: standing },
    });
    expect(await stateOf(market)).toEqual(before);
  });

  test('rollback - before each of its statements: the champion stands, whole', async () => {
    const before = await stateOf(market);
    const request = { market, expectedEpoch: 2, reason: 'it went wrong', by: 'ana' };
    for (let place = 1; ; place += 1) {
      const { statements: seen, error } = await dyingBefore(place, (dying) =>
        rollbackChampion(dying, request),
      );
      if (error === null) break;
      expect(await stateOf(market), seen.at(-1)).toEqual(before);
    }
    const after = await stateOf(market);
    expect(after).toMatchObject({ champion: { hash: standing, epoch: 3 }, champions: [standing] });
    expect(await rollbackChampion(db, request)).toEqual({
      ...{ outcome: 'changed', hash: standing, epoch: 3, before: next },
    });
    expect(await stateOf(market)).toEqual(after);
  });
});
