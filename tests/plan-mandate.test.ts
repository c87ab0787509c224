/** Failure here means: an order goes under the name of a plan that never asked for it, or asked for
 * less. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LegRequest, prepareOrder } from '../adapters/store/intents.ts';
import { recordPlan } from '../adapters/store/plans.ts';
import { transaction } from '../adapters/store/store.ts';
import { legId } from '../core/identity.ts';
import { decidedLeg, fundedTrader, prepareMarket } from './orders-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let planned: LegRequest;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await prepareMarket(db);
  const trader = await fundedTrader(db, {});
  const like = await decidedLeg(db, trader, { action: 'BUY' });
  const { userId, venue, symbol, closeTimeMs: marketTimeMs } = like;
  const { username } = trader;
  const legs = [{ symbol, side: 'BUY', quantity: '0.0004' }];
  const plan = { kind: 'rebalance', userId, username, venue, symbol: null } as const;
  const { id } = await transaction(db, (trx) =>
    recordPlan(trx, {
      ...plan,
      reference: 'a-week',
      body: { legs, timeframe: '1m' },
      marketTimeMs,
    }),
  );
  planned = {
    ...like,
    ...{ cause: { kind: 'rebalance', id }, purpose: 'rebalance', requestedQuantity: '0.0004' },
    legId: legId({ causeId: id, username, leg: 0 }),
  };
  const second = legId({ causeId: id, username, leg: 1 });
  changes = [
    ['more of it', { requestedQuantity: '0.00041' }],
    ['as much as the limits allow', { requestedQuantity: undefined }],
    ['the same once more', { leg: 1, legId: second }],
    ['the other way', { side: 'SELL' }],
  ];
});
afterAll(() => database.drop());

let changes: readonly (readonly [what: string, change: object])[];

test('leg of a plan - what it does not say is refused, what it says is made', async () => {
  for (const [what, change] of changes) {
    const asked = { ...planned, ...change } as LegRequest;
    const refused = { kind: 'refused', refusal: { refused: 'not_decided' } };
    expect([what, await prepareOrder(database.db, asked, 'test')]).toMatchObject([what, refused]);
  }
  const made = await prepareOrder(database.db, planned, 'test');
  expect(made).toMatchObject({ kind: 'order', order: { parameters: { quantity: '0.0004' } } });
});
