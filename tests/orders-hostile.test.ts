/** Failure here means: an order with a number nobody meant, or one that was changed after it was
 * approved, is written down or sent. */
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LegRequest, prepareOrder } from '../adapters/store/intents.ts';
import { ledgerBalances } from '../adapters/store/ledger.ts';
import { beginSend } from '../adapters/store/orders.ts';
import { AmountError } from '../core/market/money.ts';
import { MalformedLeg } from '../core/orders/leg-check.ts';
import { type OrderParameters, orderParameters } from '../core/orders/parameters.ts';
import { approve } from '../core/risk/approval.ts';
import type { RiskFacts } from '../core/risk/facts.ts';
import { DEFAULT_LIMITS } from '../core/risk/limits.ts';
import {
  decidedLeg,
  FUNDS,
  fundedTrader,
  INSTRUMENTS,
  prepareMarket,
  type Trader,
} from './orders-samples.ts';
import { openTestDatabase } from './support/servers.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
let trader: Trader;
let leg: LegRequest;

beforeAll(async () => {
  database = await openTestDatabase();
  await prepareMarket(database.db);
  trader = await fundedTrader(database.db);
  leg = await decidedLeg(database.db, trader, { action: 'BUY' });
});

afterAll(() => database.drop());

/** Text and values that are no positive amount of at most 20 digits and 18 decimals. */
const notAmounts = fc.oneof(
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '', ' ', '.', '-', '+1', '1.', '.5', '0x10'),
  fc.constantFrom('1e5', '1E-9', '1e400', '0', '0.0', '-0', '00.1', '01', '1,5', '1_000', '١'),
  fc.constantFrom('1 ', ' 1', '1\n', '1\u0000', '9'.repeat(40), `0.${'1'.repeat(40)}`, '٣.٤'),
  fc.integer({ min: 1 }).map((value) => `-${value}`),
  fc.bigInt({ min: 10n ** 20n, max: 10n ** 60n }).map(String),
  fc.double(),
  fc.constantFrom(null, true, [], {}, ['1'], { valueOf: '1' }),
);

const amountFields = [
  'referencePrice',
  'requestedQuantity',
  'stopPrice',
  'estimatedPrice',
] as const;

/** One wrong field of a leg. */
const wrongs = fc.oneof(
  fc.tuple(fc.constantFrom(...amountFields), notAmounts),
  fc.tuple(
    fc.constant('confidenceBp' as const),
    fc.oneof(fc.constantFrom(-1, 10_001, 0.5, Number.NaN, '5', null), fc.double({ min: 10_001 })),
  ),
  fc.tuple(
    fc.constantFrom('leg' as const, 'closeTimeMs' as const),
    fc.constantFrom(-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '0', null, 2 ** 60),
  ),
  fc.tuple(
    fc.constant('symbol' as const),
    fc.constantFrom('BTC', 'btc/usdt', 'BTC/USDT ', "BTC/USDT'--", 'DOGE/USDT', '', null, 7),
  ),
  fc.tuple(fc.constant('side' as const), fc.constantFrom('HOLD', 'buy', '', null, 1)),
  fc.tuple(fc.constant('purpose' as const), fc.constantFrom('gift', '', null)),
  fc.tuple(fc.constant('venue' as const), fc.constantFrom('', 'Paper', 'a.b', '../x', null)),
  fc.tuple(fc.constant('userId' as const), fc.constantFrom('', '1', "' or 1=1", null)),
  fc.tuple(fc.constant('legId' as const), fc.constantFrom('', 'f'.repeat(64), 'x', null, 5)),
);

async function written(): Promise<unknown> {
  const count = async (table: 'intents' | 'orders' | 'approvals' | 'leases') => {
    const query = database.db.selectFrom(table).select((eb) => eb.fn.countAll<string>().as('rows'));
    return (await query.executeTakeFirstOrThrow()).rows;
  };
  return {
    intents: await count('intents'),
    orders: await count('orders'),
    approvals: await count('approvals'),
    leases: await count('leases'),
    balances: await ledgerBalances(database.db, { userId: trader.userId, venue: 'paper' }),
  };
}

const NOTHING = {
  ...{ intents: '0', orders: '0', approvals: '0', leases: '0' },
  balances: [{ asset: 'USDT', available: FUNDS, reserved: '0' }],
};

describe('hostile leg', () => {
  test('any wrong field - is named, and nothing is written', async () => {
    await fc.assert(
      fc.asyncProperty(wrongs, async ([field, value]) => {
        const given = { ...leg, [field]: value } as LegRequest;
        const error = await prepareOrder(database.db, given, 'test').then(
          () => null,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(MalformedLeg);
        expect((error as MalformedLeg).field).toBe(field);
        expect((error as MalformedLeg).message).toContain(`${field} must be `);
      }),
      { numRuns: 400 },
    );
    expect(await written()).toEqual(NOTHING);
  });

  test('wrong cause - is named, and nothing is written', async () => {
    for (const cause of [undefined, null, {}, { kind: 'wish', id: leg.cause.id }, { id: 'x' }]) {
      const given = { ...leg, cause } as LegRequest;
      await expect(prepareOrder(database.db, given, 'test')).rejects.toThrow(/^cause\./);
    }
    const given = { ...leg, cause: { kind: 'decision', id: "' or ''='" } } as LegRequest;
    await expect(prepareOrder(database.db, given, 'test')).rejects.toThrow(/^cause\.id must be/);
    expect(await written()).toEqual(NOTHING);
  });
});

describe('hostile parameters', () => {
  const good: OrderParameters = {
    venue: 'paper',
    account: crypto.randomUUID(),
    symbol: 'BTC/USDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'IOC',
    quantity: '0.1',
    limitPrice: '50000',
    stopPrice: null,
  };

  const texts = notAmounts.filter((value) => typeof value === 'string');

  test('numbers - none that is not a positive plain decimal gets through', () => {
    fc.assert(
      fc.property(fc.constantFrom('quantity', 'limitPrice'), texts, (field, value) => {
        const given = { ...good, [field]: value };
        expect(() => orderParameters(given)).toThrow(AmountError);
        expect(() => orderParameters(given)).toThrow(`${field} must be`);
      }),
    );
  });

  test('one form - whatever zeros it is written with, it is the same order', () => {
    const padded = { ...good, quantity: '0.1000', limitPrice: '50000.00' };
    expect(orderParameters(padded)).toEqual(orderParameters(good));
  });

  test('steps - a quantity off the lot or a price off the tick is never approved', () => {
    const [instrument] = INSTRUMENTS;
    if (instrument === undefined) throw new Error('there is an instrument');
    const facts: RiskFacts = {
      instrument,
      referencePrice: '50000',
      equity: '100000',
      cash: '100000',
      quantity: '1',
      positionValue: '0',
      exposure: '0',
      dayStartEquity: '100000',
      peakEquity: '100000',
      volatilityBps: 10,
      correlatedExposure: '0',
      marketTimeMs: 60_000,
      lastCandle: { close: '50000', closeTimeMs: 60_000, intervalMs: 60_000 },
      cooldownUntilMs: null,
      ordersLastMinute: 0,
    };
    const request = { legId: 'a'.repeat(64), serial: 1, facts, limits: DEFAULT_LIMITS };
    const judge = (change: Partial<OrderParameters>) =>
      approve({ ...request, parameters: { ...good, ...change }, marketTimeMs: 60_000 });
    expect(judge({})).toMatchObject({ serial: 1 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), (thousandths) => {
        const tail = String(thousandths).padStart(3, '0');
        expect(judge({ quantity: `0.10000${tail}` })).toMatchObject({ refused: 'off_step' });
        expect(judge({ limitPrice: `50000.00${tail}` })).toMatchObject({ refused: 'off_step' });
      }),
    );
  });
});

describe('approval', () => {
  async function prepared() {
    const given = await decidedLeg(database.db, await fundedTrader(database.db), { action: 'BUY' });
    const preparation = await prepareOrder(database.db, given, 'test');
    if (preparation.kind === 'refused') throw new Error(preparation.refusal.text);
    return preparation.order;
  }

  /** What only a superuser could do. */
  async function rewrite(statement: string): Promise<void> {
    await database.db.connection().execute(async (one) => {
      await sql.raw('set session_replication_role = replica').execute(one);
      await sql.raw(statement).execute(one);
      await sql.raw('reset session_replication_role').execute(one);
    });
  }

  test.each([
    ['quantity one satoshi more', 'quantity = quantity + 0.00000001'],
    ['price one cent more', 'limit_price = limit_price + 0.01'],
    ['other side', "side = 'SELL'"],
    ['other symbol', "symbol = 'ETH/USDT'"],
  ])('%s after the approval - it is not sent', async (_name, change) => {
    const { clientOrderId, legId } = await prepared();
    await rewrite(`update intents set ${change} where leg_id = '${legId}'`);
    const begun = await beginSend(database.db, { clientOrderId, holder: 'test' });
    expect(begun.lease).toBeNull();
    expect(begun.order.state).toBe('never_arrived');
  });

  test('expired by one millisecond - it is not sent', async () => {
    const { clientOrderId, legId, marketTimeMs } = await prepared();
    const before = new Date(marketTimeMs - 1).toISOString();
    await rewrite(`update approvals set expires_at = '${before}' where leg_id = '${legId}'`);
    const begun = await beginSend(database.db, { clientOrderId, holder: 'test' });
    expect(begun).toMatchObject({ lease: null, order: { state: 'never_arrived' } });
  });

  test('used before - it is not sent', async () => {
    const { clientOrderId, legId } = await prepared();
    await rewrite(`update approvals set used_at = now() where leg_id = '${legId}'`);
    const begun = await beginSend(database.db, { clientOrderId, holder: 'test' });
    expect(begun.lease).toBeNull();
  });
});
