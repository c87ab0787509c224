/** Failure here means: a flattening waits for an order that nobody knows the end of, while the
 * position it should sell has lost its stop. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bookFills } from '../adapters/store/fills.ts';
import { prepareOrder } from '../adapters/store/intents.ts';
import { beginSend, type OrderRow, recordOrderEvent } from '../adapters/store/orders.ts';
import { haltWork } from '../adapters/store/plan-books.ts';
import { decidedLeg, fundedTrader, prepareMarket, type Trader } from './orders-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

const SYMBOL = 'BTC/USDT';
const LIMITS = { maxOrderQuote: '1000' };
let database: TestDatabase;
let trader: Trader;

beforeAll(async () => {
  database = await openTestDatabase();
  await prepareMarket(database.db);
  trader = await fundedTrader(database.db, LIMITS);
});
afterAll(() => database.drop());

async function sent(action: 'BUY' | 'SELL'): Promise<OrderRow> {
  const { db } = database;
  const leg = await decidedLeg(db, trader, { action });
  const prepared = await prepareOrder(db, leg, 'test');
  if (prepared.kind === 'refused') throw new Error(prepared.refusal.text);
  const { clientOrderId } = prepared.order;
  return (await beginSend(db, { clientOrderId, holder: 'test' })).order;
}

function flattening() {
  const owner = { userId: trader.userId, venue: 'paper' };
  return haltWork(database.db, owner, { symbol: SYMBOL, flatten: true });
}

test('flatten - sold beside an unknown purchase, and not beside another sale', async () => {
  const { db } = database;
  const { clientOrderId, parameters, marketTimeMs } = await sent('BUY');
  const { quantity } = parameters;
  const news = { venueOrderId: '1', executedQuantity: quantity };
  await recordOrderEvent(db, clientOrderId, { event: 'report_filled', ...news });
  const trade = { tradeId: '1', venueOrderId: '1', symbol: SYMBOL, side: 'BUY', quantity } as const;
  const paid = { price: '50000', fee: '0', feeAsset: 'USDT', timeMs: marketTimeMs };
  await bookFills(db, clientOrderId, [{ ...trade, ...paid }]);

  const unknown = await sent('BUY');
  await recordOrderEvent(db, unknown.clientOrderId, { event: 'lose_answer' });
  const work = await flattening();
  expect(work).toMatchObject({ recalls: [], underWay: 1 });
  expect(work.sales).toMatchObject([{ symbol: SYMBOL, side: 'SELL', quantity }]);

  await sent('SELL');
  expect(await flattening()).toMatchObject({ recalls: [], underWay: 2, sales: [] });
});
