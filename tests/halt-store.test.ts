/** Failure here means: a halt that a person believes in stops nothing, stops too much, cannot be
 * found again, or is lifted by nobody. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import { automaticHaltName } from '../adapters/store/automatic-halts.ts';
import {
  activeHalts,
  haltAgainst,
  liftHalt,
  type NewHalt,
  placeHalt,
  SAFETY_PARTITION,
} from '../adapters/store/halts.ts';
import { type LegRequest, prepareOrder } from '../adapters/store/intents.ts';
import { type Lease, legLease } from '../adapters/store/leases.ts';
import { transaction } from '../adapters/store/store.ts';
import type { Side } from '../core/risk/facts.ts';
import { HALT_LEVELS } from '../core/risk/halt.ts';
import { plansOf } from '../workers/order-worker/halt-keeper.ts';
import { fence } from '../workers/venue-gateway/fence.ts';
import { decidedLeg, fundedTrader, prepareMarket, type Trader } from './orders-samples.ts';
import { openTestDatabase } from './support/servers.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
let ana: Trader;
let ben: Trader;

beforeAll(async () => {
  database = await openTestDatabase();
  await prepareMarket(database.db);
  ana = await fundedTrader(database.db);
  ben = await fundedTrader(database.db);
});

afterAll(() => database.drop());

function halt(more: Partial<NewHalt> = {}): NewHalt {
  return {
    name: 'test',
    level: 'pause',
    reason: 'a test',
    automatic: false,
    liftsWhen: 'the test is over',
    placedBy: 'test',
    ...more,
  };
}

const lift = (name = 'test') => liftHalt(database.db, { name, by: 'test', reason: 'it is over' });
const place = (more?: Partial<NewHalt>) => placeHalt(database.db, halt(more));

async function prepare(leg: LegRequest) {
  const prepared = await prepareOrder(database.db, leg, 'test');
  return prepared.kind === 'order' ? 'order' : prepared.refusal.refused;
}

describe('halt', () => {
  test('place - once by its name, however many place it at once', async () => {
    const placed = await Promise.all(Array.from({ length: 8 }, () => place()));
    expect(new Set(placed.map(({ id }) => id)).size).toBe(1);
    expect(await activeHalts(database.db)).toEqual([placed[0]]);
    // Another wish under the same name changes nothing, and says what holds.
    expect(await place({ level: 'flatten', reason: 'another' })).toEqual(placed[0]);
    expect(placed[0]).toMatchObject({ level: 'pause', userId: null, symbol: null });
  });

  test('lift - only by name; placed again it is another halt', async () => {
    await expect(lift('tests')).rejects.toThrow('unknown halt "tests": there is test');
    const lifted = await lift();
    expect(await activeHalts(database.db)).toEqual([]);
    await expect(lift()).rejects.toThrow('unknown halt "test": there is none yet');
    const again = await place();
    expect(again.id).not.toBe(lifted.id);
    await lift();
  });

  test('audit - every placing and lifting, with who and why, in one chain', async () => {
    const rows = await database.db
      .selectFrom('audit')
      .select(['act', 'body'])
      .where('partition', '=', SAFETY_PARTITION)
      .orderBy('seq')
      .execute();
    expect(rows.map(({ act }) => act)).toEqual([
      'halt-placed',
      'halt-lifted',
      'halt-placed',
      'halt-lifted',
    ]);
    expect(rows[0]?.body).toMatchObject({ level: 'pause', reason: 'a test', placedBy: 'test' });
    expect(rows[1]?.body).toEqual({ name: 'test', by: 'test', reason: 'it is over' });
    expect(await verifyChain(database.db, SAFETY_PARTITION)).toMatchObject({ intact: true });
  });

  test('transaction - one that is undone has placed nothing', async () => {
    const undone = transaction(database.db, async (trx) => {
      await placeHalt(trx, halt());
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await activeHalts(database.db)).toEqual([]);
  });

  test.each(['No Name', '', '-x', 'a'.repeat(81)])('name - "%s" is none', async (name) => {
    await expect(place({ name })).rejects.toThrow('halts_name_check');
  });
});

describe('halt against an order', () => {
  const BTC = 'BTC/USDT';
  const scopes = [
    { what: 'everybody', userId: undefined, symbol: undefined, hits: 'ana BTC,ana ETH,ben BTC' },
    { what: 'a user', userId: 'ana', symbol: undefined, hits: 'ana BTC,ana ETH' },
    { what: 'a symbol', userId: undefined, symbol: BTC, hits: 'ana BTC,ben BTC' },
    { what: 'both', userId: 'ana', symbol: BTC, hits: 'ana BTC' },
  ] as const;

  test.each(scopes)(
    'scope - of $what, asked by the order worker and by the gateway',
    async ({ hits, ...scope }) => {
      const userId = scope.userId && ana.userId;
      const orders: { name: string; leg: LegRequest; lease: Lease }[] = [];
      for (const [name, trader, symbol] of [
        ['ana BTC', ana, BTC],
        ['ana ETH', ana, 'ETH/USDT'],
        ['ben BTC', ben, BTC],
      ] as const) {
        const leg = await decidedLeg(database.db, trader, { action: 'BUY', symbol });
        const small = { ...leg, requestedQuantity: '0.0002' };
        const prepared = await prepareOrder(database.db, small, 'test');
        if (prepared.kind === 'refused') throw new Error(prepared.refusal.text);
        const lease = { name: legLease(leg.legId), epoch: prepared.order.epoch };
        orders.push({ name, leg, lease });
      }
      for (const level of HALT_LEVELS) {
        const placed = await place({ level, userId, symbol: scope.symbol });
        const hit: string[] = [];
        for (const { name, leg, lease } of orders) {
          const forbids = async (side: Side) => {
            const found = await haltAgainst(database.db, { ...leg, side });
            const asked = { lease, account: leg.userId, symbol: leg.symbol, side };
            const fenced = await fence(database.db, asked);
            // Two judges, who must agree: the order worker's and the gateway's.
            expect(fenced).toBe(found && `halted by ${found.name} (${found.level})`);
            if (found) expect(found).toEqual(placed);
            return found !== null;
          };
          const forbidden = await forbids('BUY');
          if (forbidden) hit.push(name);
          expect(await forbids('SELL')).toBe(forbidden && level === 'pause');
        }
        expect(hit.join(',')).toBe(hits);
        await lift();
      }
    },
  );

  test('order - prepared before the halt and after it is lifted, and not in between', async () => {
    const leg = (action: 'BUY' | 'SELL') => decidedLeg(database.db, ana, { action });
    await place({ level: 'close-only', userId: ana.userId });
    expect(await prepare(await leg('BUY'))).toBe('halted');
    // Nothing is held: what it is refused for is not the halt.
    expect(await prepare(await leg('SELL'))).toBe('nothing_to_sell');
    expect(await prepare(await decidedLeg(database.db, ben, { action: 'BUY' }))).toBe('order');
    await lift();
    await place();
    expect(await prepare(await leg('SELL'))).toBe('halted');
    await lift();
    expect(await prepare(await leg('BUY'))).toBe('order');
  });

  test('keeper - what cancels or flattens asks for work, a plan for each account', async () => {
    for (const level of ['pause', 'close-only'] as const) {
      await place({ level });
      expect(await plansOf(database.db, 'corro')).toEqual([]);
      await lift();
    }
    await place({ level: 'flatten' });
    const plans = await plansOf(database.db, 'corro');
    expect(plans.map(({ userId }) => userId).toSorted()).toEqual(
      [ana.userId, ben.userId].toSorted(),
    );
    expect(await plansOf(database.db, 'corro')).toEqual(plans);
    await lift();
    expect(await plansOf(database.db, 'corro')).toEqual([]);
  });
});

describe('automatic halt', () => {
  test('fuse - one purchase too many in a minute stops purchases, and sales go on', async () => {
    const trader = await fundedTrader(database.db, { maxOrdersPerMinute: 3 });
    const legs: LegRequest[] = [];
    for (let order = 1; order <= 5; order += 1) {
      legs.push(await decidedLeg(database.db, trader, { action: 'BUY' }));
    }
    const last = legs.at(-1) as LegRequest;
    const at = (leg: LegRequest | undefined, agoMs = 0) => ({
      ...(leg as LegRequest),
      closeTimeMs: last.closeTimeMs - agoMs,
      requestedQuantity: '0.0002',
    });
    // A full minute before the others: not counted with them.
    expect(await prepare(at(legs[0], 60_000))).toBe('order');
    expect(await prepare(at(legs[1], 59_999))).toBe('order');
    expect(await prepare(at(legs[2]))).toBe('order');
    expect(await prepare(at(legs[3]))).toBe('order');
    expect(await activeHalts(database.db)).toEqual([]);
    expect(await prepare(at(legs[4]))).toBe('fuse');
    const [placed, ...more] = await activeHalts(database.db);
    expect(more).toEqual([]);
    expect(placed).toMatchObject({
      name: automaticHaltName('fuse', trader),
      level: 'close-only',
      userId: trader.userId,
      automatic: true,
      reason: 'more orders in one minute than allowed: 3 before it, allowed 3',
    });
    expect(placed?.liftsWhen).toContain('a person lifts it by name');
    expect(await prepare(at(legs[4], 0))).toBe('halted');
    const asked = { userId: trader.userId, symbol: 'BTC/USDT', side: 'SELL' } as const;
    expect(await haltAgainst(database.db, asked)).toBeNull();
    await lift(placed?.name);
  });

  test('drawdown - entries stop until a person lifts it, exits go on', async () => {
    const trader = await fundedTrader(database.db, {
      maxDrawdownBps: 1_000,
      maxOrderQuote: '1000',
    });
    const peak = (amount: string) =>
      database.db
        .updateTable('portfolio')
        .set({ peak_balance: amount })
        .where('user_id', '=', trader.userId)
        .execute();
    const buy = async () => prepare(await decidedLeg(database.db, trader, { action: 'BUY' }));
    await peak('111111');
    expect(await buy()).toBe('order');
    await peak('111112');
    expect(await buy()).toBe('drawdown');
    const [placed] = await activeHalts(database.db);
    expect(placed).toMatchObject({ level: 'close-only', userId: trader.userId, automatic: true });
    expect(placed?.reason).toContain('the fall from the peak is at its limit');
    await peak('100000');
    expect(await buy()).toBe('halted');
    const sale = await decidedLeg(database.db, trader, { action: 'SELL' });
    expect(await prepare(sale)).toBe('nothing_to_sell');
    await lift(placed?.name);
    expect(await buy()).toBe('order');
  });

  test('name - two users never share one', () => {
    const [a, b] = ['a_b', 'a-b'].map((username, index) => ({ username, userId: `id-${index}` }));
    expect(automaticHaltName('fuse', a as Trader)).toBe('fuse-id-0');
    expect(automaticHaltName('fuse', b as Trader)).toBe('fuse-a-b');
  });
});
