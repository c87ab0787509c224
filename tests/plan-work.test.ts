/** Failure here means: a halt that should sell leaves a position or an order behind, a plan trades
 * past a limit or twice, or a stop keeps back what a plan must sell. Every process is the product's
 * own: order worker, gateway and paper venue. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import { storeCandles } from '../adapters/store/candles.ts';
import { withRealised } from '../adapters/store/fills.ts';
import { activeHalts, liftHalt, placeHalt } from '../adapters/store/halts.ts';
import { booksPartition, ledgerBalances } from '../adapters/store/ledger.ts';
import { listPositions } from '../adapters/store/positions.ts';
import { setConfig } from '../adapters/store/users.ts';
import type { HaltLevel } from '../core/risk/halt.ts';
import { Upkeep } from '../ops/ring/rebalance.ts';
import type { PlanResult } from '../proto/plan.ts';
import { flat, GuardFloor } from './guard-floor.ts';

const floor = new GuardFloor();
const BTC = 'BTC/USDT';
const ETH = 'ETH/USDT';
/** Stops that rest and never trail: these tests move no prices. */
const LIMITS = { maxOrderQuote: '40000', maxPositionBps: 5_000, targetAtrPct: 0, trailAtrPct: 0 };
const WAIT_MS = 120_000;

beforeAll(() => floor.open());
afterAll(() => floor.close());

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + WAIT_MS;
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`${what} must come true within ${WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function held(): Promise<Readonly<Record<string, number>>> {
  const positions = await listPositions(floor.db, { userId: floor.trader.userId });
  return Object.fromEntries(positions.map(({ symbol, quantity }) => [symbol, Number(quantity)]));
}

const openOrders = async () => (await floor.orders()).filter(({ state }) => state === 'open');

function halt(name: string, level: HaltLevel) {
  const { userId } = floor.trader;
  const words = { reason: 'a test', liftsWhen: 'the test is over', placedBy: 'test' };
  return placeHalt(floor.db, { name, level, userId, automatic: false, ...words });
}

const lift = (name: string) => liftHalt(floor.db, { name, by: 'test', reason: 'it is over' });

/** How often plans of this kind of the trader have ended, newest last. */
async function ended(): Promise<readonly PlanResult[]> {
  const rows = await floor.db
    .selectFrom('audit')
    .select('body')
    .where('partition', '=', booksPartition(floor.trader.userId))
    .where('act', '=', 'plan-ended')
    .orderBy('seq')
    .execute();
  return rows.map(({ body }) => body as unknown as PlanResult);
}

/** Both markets close at these prices, in the venue and in the books. */
async function close(
  minute: number,
  prices: Readonly<Record<string, number>>,
  volume = 100_000,
): Promise<number> {
  const candles = Object.entries(prices).map(([symbol, price]) => {
    return { symbol, candle: floor.candle(minute, flat(price), volume), price };
  });
  const first = (candles[0] as (typeof candles)[number]).candle;
  await floor.control.tape({
    timeMs: first.closeTimeMs,
    candles: candles.map(({ symbol, candle, price: nextOpen }) => {
      return { symbol, timeframe: '1m' as const, candle, nextOpen };
    }),
  });
  for (const { symbol, candle } of candles) {
    const series = { venue: 'paper', symbol, timeframe: '1m' as const };
    await storeCandles(floor.db, { ...series, candles: [candle] });
  }
  return first.closeTimeMs;
}

async function booksBalance(): Promise<void> {
  const { userId } = floor.trader;
  const balances = await ledgerBalances(floor.db, { userId, venue: 'paper' });
  const orders = await openOrders();
  if (orders.length === 0) expect(balances.filter(({ reserved }) => reserved !== '0')).toEqual([]);
  expect(await verifyChain(floor.db, booksPartition(userId))).toMatchObject({ intact: true });
}

describe('halts that ask for work', () => {
  beforeAll(async () => {
    await floor.meet({ ...LIMITS, maxOrderQuote: '1000' });
    await floor.minute(flat(50_000));
    expect((await floor.trade('BUY', 50_000)).state).toBe('filled');
  });

  test('cancel - the protective stop stays where it is', async () => {
    const [stop] = await openOrders();
    expect(stop).toMatchObject({ purpose: 'stop' });
    await halt('cancel-all', 'cancel');
    await until('the plan', async () => (await ended()).length === 1);
    expect((await openOrders()).map(({ clientOrderId }) => clientOrderId)).toEqual([
      stop?.clientOrderId,
    ]);
    expect((await ended()).at(-1)).toMatchObject({ finished: true, recalled: 0, legs: [] });
    await lift('cancel-all');
  });

  test('flatten - the stop is taken back and everything sold, whoever dies', async () => {
    await halt('sell-all', 'flatten');
    await floor.killWorker();
    await until('the plan', async () => (await ended()).length === 2);
    expect((await held())[BTC]).toBeLessThan(0.00001);
    expect(await openOrders()).toEqual([]);
    const result = (await ended()).at(-1);
    expect(result).toMatchObject({ finished: true, reason: 'nothing is left to do' });
    const sold = (await floor.fills()).filter(({ side }) => side === 'SELL');
    expect(sold.length).toBeGreaterThan(0);
    await booksBalance();
  });

  test('lifted - by its name, and then what was forbidden goes again', async () => {
    expect((await floor.trade('BUY', 50_000)).reason).toContain('a halt forbids it: sell-all');
    await lift('sell-all');
    expect(await activeHalts(floor.db)).toEqual([]);
  });
});

describe('rules of users', () => {
  test('rebalancing - once a week, sales before purchases, through the order path', async () => {
    await floor.meet({ ...LIMITS, cooldownMinutes: 0 });
    const start = await close(100, { [BTC]: 50_000, [ETH]: 2_000 });
    await floor.trade('BUY', 50_000);
    const before = (await held())[BTC] ?? 0;
    expect(before).toBeGreaterThan(0.3);
    // The sector may have 30 %, and its symbols ask for twice that: each gets half.
    const rebalance = {
      targets: { [BTC]: 2_000, [ETH]: 4_000 },
      sectors: { [BTC]: 'coins', [ETH]: 'coins' },
      sectorTargets: { coins: 3_000 },
      bandBps: 100,
    };
    const { username } = floor.trader;
    await setConfig(floor.db, { username, riskLimits: { ...LIMITS, rebalance } });
    const upkeep = upkeepOf();
    const plans = await upkeep.asked(start, async () => undefined);
    expect(plans.map(({ kind }) => kind)).toEqual(['rebalance']);
    const [result] = await upkeep.carryOut(plans);
    expect(result).toMatchObject({ finished: true });
    expect(result?.legs.map(({ state, reason }) => `${state}: ${reason.slice(0, 4)}`)).toEqual([
      'filled: SELL',
      'filled: BUY ',
    ]);
    const after = await held();
    expect(after[BTC]).toBeCloseTo(0.2, 2);
    expect(after[ETH]).toBeCloseTo(10, 0);
    const orders = (await floor.orders()).filter(({ purpose }) => purpose === 'rebalance');
    expect(orders.map(({ parameters }) => parameters.side)).toEqual(['SELL', 'BUY']);
    expect(orders.filter(({ estimatedPrice }) => estimatedPrice === null)).toEqual([]);
    // What is held is guarded again, each by one stop over what is left.
    const stops = (await openOrders()).map(({ parameters }) => parameters.symbol);
    expect(stops.toSorted()).toEqual([BTC, ETH]);
    await booksBalance();
  });

  test('rebalancing - asked again, after a restart too, it is over', async () => {
    const minute = 60_000;
    const now = floor.candle(100, flat(1)).closeTimeMs;
    const store = async () => undefined;
    expect(await upkeepOf().asked(now, store)).toEqual([]);
    expect(await upkeepOf().asked(now + 3 * 60 * minute, store)).toEqual([]);
    const next = await upkeepOf().asked(now + 7 * 24 * 60 * minute, store);
    expect(next.map(({ kind }) => kind)).toEqual(['rebalance']);
    // The next test has another user, and must not follow this one's rule.
    await setConfig(floor.db, { username: floor.trader.username, riskLimits: LIMITS });
  });

  test('rebalancing into a thin book - no more than it takes, at what it promised', async () => {
    await floor.meet({ ...LIMITS, rebalance: { targets: { [ETH]: 2_000 }, bandBps: 100 } });
    const now = await close(110, { [BTC]: 50_000, [ETH]: 2_000 }, 1);
    const upkeep = upkeepOf();
    await upkeep.carryOut(await upkeep.asked(now, async () => undefined));
    const [order] = (await floor.orders()).filter(({ purpose }) => purpose === 'rebalance');
    expect(order).toMatchObject({ state: 'filled', parameters: { side: 'BUY' } });
    expect(Number(order?.parameters.quantity)).toBeGreaterThan(0);
    expect(Number(order?.parameters.quantity)).toBeLessThan(9);
    expect(await withRealised(floor.db, order ? [order] : [])).toMatchObject([
      { slippageBps: '0' },
    ]);
    await setConfig(floor.db, { username: floor.trader.username, riskLimits: LIMITS });
  });

  test('hedge - bought at the threshold, kept, sold when half is made good', async () => {
    const hedge = { instrument: ETH, fromDrawdownBps: 500, ratioBps: 5_000 };
    // Nothing is known of how the two move together, so they would count as one risk.
    await floor.meet({ ...LIMITS, maxCorrelatedBps: 10_000, hedge });
    await close(120, { [BTC]: 50_000, [ETH]: 2_000 });
    expect((await floor.trade('BUY', 50_000)).state).toBe('filled');
    const steps = async (peak: string) => {
      await floor.db
        .updateTable('portfolio')
        .set({ peak_balance: peak })
        .where('user_id', '=', floor.trader.userId)
        .execute();
      const upkeep = upkeepOf();
      const now = floor.candle(120, flat(1)).closeTimeMs;
      const plans = await upkeep.asked(now, async () => undefined);
      await upkeep.carryOut(plans);
      return plans.map(({ reference }) => reference.split('-')[0]);
    };
    expect(await steps('104000')).toEqual([]);
    expect(await steps('106000')).toEqual(['buy']);
    const { [BTC]: btc = 0, [ETH]: eth = 0 } = await held();
    expect((eth * 2_000) / (btc * 50_000)).toBeCloseTo(0.5, 1);
    expect(await steps('120000')).toEqual([]);
    expect(await steps('100000')).toEqual(['sell']);
    expect((await held())[ETH]).toBeLessThan(0.00001);
    await booksBalance();
  });
});

function upkeepOf(): Upkeep {
  const { db, client, names: wire } = floor;
  return new Upkeep({ db, client, wire, venue: 'paper', timeframe: '1m' });
}
