/** Failure here means: the database lets in what must never be stored: money that is no number,
 * books that do not balance, two live orders of one leg, or a changed record of the past. */
import type { Insertable, Kysely } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database, Orders } from '../adapters/store/schema.ts';
import { addUser, ensureDefaults } from '../adapters/store/users.ts';
import { hashOf } from '../core/hash.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;
let userId: string;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  await ensureDefaults(db);
  userId = (await addUser(db, { username: 'ana', email: 'ana@localhost' })).id;
});

afterAll(() => database.drop());

describe('store - an amount', () => {
  const refused = [
    ['NaN', 'NaN'],
    ['infinity', 'Infinity'],
    ['minus infinity', '-Infinity'],
    ['a nineteenth decimal', '0.1234567890123456789'],
    ['a nineteenth decimal that is zero', '1.0000000000000000000'],
    ['a value beyond all money', '100000000000000000000'],
  ] as const;

  test.each(refused)('%s is refused', async (_name, text) => {
    await expect(sql`select ${text}::amount`.execute(db)).rejects.toThrow('amount_check');
    await expect(sql`select ${text}::positive_amount`.execute(db)).rejects.toThrow('amount_check');
  });

  test.each(['0', '-1', '-0.000000000000000001'])('%s is no positive amount', async (text) => {
    await expect(sql`select ${text}::positive_amount`.execute(db)).rejects.toThrow(
      'positive_amount_check',
    );
  });

  test('eighteen decimals come back digit by digit', async () => {
    const text = '-99999999999999999999.123456789012345678';
    const { rows } = await sql<{ value: string }>`select ${text}::amount as value`.execute(db);
    expect(rows[0]?.value).toBe(text);
  });
});

describe('store - a ledger transaction', () => {
  type Line = readonly [account: string, asset: string, amount: string];

  async function book(reference: string, lines: readonly Line[]): Promise<void> {
    const id = hashOf(reference);
    await db.transaction().execute(async (trx) => {
      await trx
        .insertInto('ledger_transactions')
        .values({
          id,
          user_id: userId,
          venue: 'paper',
          kind: 'adjustment',
          reference,
          market_time: new Date(0),
        })
        .execute();
      for (const [account, asset, amount] of lines) {
        await trx
          .insertInto('ledger_entries')
          .values({ transaction_id: id, account, asset, amount })
          .execute();
      }
    });
  }

  test('that sums to zero is booked, whatever the order of its lines', async () => {
    await book('balanced', [
      ['external', 'USDT', '-0.3'],
      ['available', 'USDT', '0.1'],
      ['reserved', 'USDT', '0.2'],
    ]);
    const entries = await db.selectFrom('ledger_entries').select('amount').execute();
    expect(entries).toHaveLength(3);
  });

  test('that is off by the last digit is refused as a whole', async () => {
    const lines: Line[] = [
      ['external', 'USDT', '-1'],
      ['available', 'USDT', '0.999999999999999999'],
    ];
    await expect(book('unbalanced', lines)).rejects.toThrow('does not sum to zero');
    const there = await db
      .selectFrom('ledger_transactions')
      .select('id')
      .where('reference', '=', 'unbalanced')
      .execute();
    expect(there).toEqual([]);
  });

  test('that balances only across assets is refused', async () => {
    const lines: Line[] = [
      ['external', 'USDT', '-1'],
      ['available', 'BTC', '1'],
    ];
    await expect(book('two assets', lines)).rejects.toThrow('does not sum to zero');
  });
});

describe('store - one live order a leg', () => {
  const leg = hashOf('leg');

  beforeAll(async () => {
    await decision();
    await intent(leg);
  });

  function order(attempt: number, state: string): Insertable<Orders> {
    return {
      client_order_id: `c${attempt}`,
      leg_id: leg,
      attempt,
      venue: 'paper',
      symbol: 'BTC/USDT',
      state,
      epoch: 1,
    };
  }

  test.each(['prepared', 'sent', 'unknown', 'open'])(
    'a second order is refused while the first is %s',
    async (state) => {
      await db.deleteFrom('orders').execute();
      await db.insertInto('orders').values(order(1, state)).execute();
      const second = db.insertInto('orders').values(order(2, 'prepared')).execute();
      await expect(second).rejects.toThrow('orders_one_live');
    },
  );

  test.each(['filled', 'cancelled', 'rejected', 'expired', 'never_arrived'])(
    'another attempt may follow one that is %s',
    async (state) => {
      await db.deleteFrom('orders').execute();
      await db
        .insertInto('orders')
        .values([order(1, state), order(2, 'prepared')])
        .execute();
      expect(await db.selectFrom('orders').select('attempt').execute()).toHaveLength(2);
    },
  );
});

describe('store - the past', () => {
  const append = ['audit', 'weights', 'user_config', 'ledger_entries', 'decisions'] as const;

  test.each(append)('rows of %s cannot be deleted', async (table) => {
    await expect(db.deleteFrom(table).execute()).rejects.toThrow(`${table} is append-only`);
  });

  test('an audit record cannot be changed, nor its table emptied', async () => {
    const change = db.updateTable('audit').set({ act: 'nothing' }).execute();
    await expect(change).rejects.toThrow('audit is append-only: update refused');
    await expect(sql`truncate audit`.execute(db)).rejects.toThrow('truncate refused');
  });
});

const EVENT = hashOf('event');
const DECISION = hashOf('decision');

async function decision(): Promise<void> {
  const closeTime = new Date(1_722_816_299_999);
  await db
    .insertInto('debates')
    .values({ id: 'd', workflow_id: 'w', timeframe: '5m', close_time: closeTime, status: 'open' })
    .execute();
  await db
    .insertInto('motions')
    .values({
      event_id: EVENT,
      debate_id: 'd',
      venue: 'paper',
      symbol: 'BTC/USDT',
      timeframe: '5m',
      close_time: closeTime,
      trigger: 'cadence',
      detector_version: 1,
      snapshot_hash: hashOf({}),
      snapshot: '{}',
    })
    .execute();
  await db
    .insertInto('decisions')
    .values({
      id: DECISION,
      debate_id: 'd',
      event_id: EVENT,
      user_id: userId,
      symbol: 'BTC/USDT',
      close_time: closeTime,
      action: 'BUY',
      verdict: 'consensus',
      confidence_bp: 7_000,
      consensus_reached: true,
      reasoning: '[]',
      votes: '[]',
      arms: '{}',
      weights_version: 1,
      config_version: 1,
      rules_version: 1,
      silent: '[]',
      snapshot_hash: hashOf({}),
      prev_hash: hashOf('before'),
      hash: hashOf('after'),
    })
    .execute();
}

async function intent(legId: string): Promise<void> {
  await db
    .insertInto('intents')
    .values({
      leg_id: legId,
      decision_id: DECISION,
      user_id: userId,
      leg: 0,
      purpose: 'entry',
      venue: 'paper',
      symbol: 'BTC/USDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.5',
      reference_price: '50000',
      parameter_hash: hashOf('parameters'),
      market_time: new Date(1_722_816_299_999),
    })
    .execute();
}
