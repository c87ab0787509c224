import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parameterHash } from '../identity.ts';
import { basisPointsOf, decimal, isMultipleOf } from '../market/money.ts';
import { type OrderParameters, orderParameters } from '../orders/parameters.ts';
import { APPROVAL_WINDOW_MS, approve } from './approval.ts';
import type { RiskFacts, Side } from './facts.ts';
import { DEFAULT_LIMITS, type RiskLimits } from './limits.ts';
import { type Sized, sizeOrder } from './sizing.ts';

const BTC = {
  symbol: 'BTC/USDT',
  base: 'BTC',
  quote: 'USDT',
  tickSize: '0.01',
  lotSize: '0.00001',
  minNotional: '5',
};
const FACTS: RiskFacts = {
  instrument: BTC,
  referencePrice: '50000',
  equity: '100000',
  cash: '100000',
  quantity: '0',
  positionValue: '0',
  exposure: '0',
  dayStartEquity: '100000',
  peakEquity: '100000',
  volatilityBps: 50,
  correlatedExposure: '0',
  marketTimeMs: 1_000,
  lastCandle: { close: '50000', closeTimeMs: 1_000, intervalMs: 60_000 },
  cooldownUntilMs: null,
  ordersLastMinute: 0,
};

function size(facts: Partial<RiskFacts>, more: Partial<Parameters<typeof sizeOrder>[0]> = {}) {
  const side: Side = 'BUY';
  const request = { side, facts: { ...FACTS, ...facts }, limits: DEFAULT_LIMITS };
  return sizeOrder({ ...request, confidenceBp: 10_000, ...more });
}

function ask(
  side: Side,
  sized: Sized,
  { limits = DEFAULT_LIMITS, ...facts }: RiskFacts & { limits?: RiskLimits },
) {
  const parameters = orderParameters({
    venue: 'paper',
    account: 'someone',
    symbol: facts.instrument.symbol,
    side,
    type: 'LIMIT',
    timeInForce: 'IOC',
    stopPrice: null,
    ...sized,
  });
  const request = { legId: 'a'.repeat(64), serial: 1, parameters, facts, limits };
  return approve({ ...request, marketTimeMs: 1_000 });
}

describe('sizing', () => {
  test('entry - equity × risk / 8 σ at the limit price, floored to the lot', () => {
    // 100000 × 1 % / (8 × 0.5 %) = 25000, at 50000 + 0.5 % = 50250: 0.497512…
    expect(size({})).toEqual({ quantity: '0.49751', limitPrice: '50250' });
  });

  test('entry - twice the volatility buys half, half the confidence buys half', () => {
    expect(size({ volatilityBps: 100 })).toMatchObject({ quantity: '0.24875' });
    expect(size({}, { confidenceBp: 5_000 })).toMatchObject({ quantity: '0.24875' });
  });

  test('entry - unknown volatility is taken for the wildest that may be traded', () => {
    expect(size({ volatilityBps: null })).toEqual(size({ volatilityBps: 300 }));
  });

  test.each([
    ['volatility', { volatilityBps: 301 }],
    ['daily_loss', { dayStartEquity: '105264' }],
    ['drawdown', { peakEquity: '125000' }],
    ['no_equity', { equity: '0' }],
    ['no_cash', { cash: '0' }],
    ['position_full', { positionValue: '25000' }],
    ['exposure_full', { exposure: '60000' }],
    ['no_cash', { cash: '5.49' }],
    ['position_full', { positionValue: '24995' }],
  ] as const)('entry - refused by %s', (code, facts) => {
    expect(size(facts)).toMatchObject({ refused: code });
  });

  test('entry - what is too small to send is not sent', () => {
    expect(size({}, { confidenceBp: 0 })).toMatchObject({ refused: 'below_lot' });
    expect(size({}, { confidenceBp: 2 })).toMatchObject({ refused: 'below_minimum' });
    expect(size({ cash: '5.6' })).toMatchObject({ quantity: '0.00011' });
  });

  test('exit - sells all that is free, whatever forbids entries', () => {
    const hard = { volatilityBps: 9_999, dayStartEquity: '900000', peakEquity: '900000' };
    expect(size({ ...hard, quantity: '0.123456' }, { side: 'SELL', confidenceBp: 1 })).toEqual({
      quantity: '0.12345',
      limitPrice: '49750',
    });
    expect(size({}, { side: 'SELL' })).toMatchObject({ refused: 'nothing_to_sell' });
    expect(size({ quantity: '0.000009' }, { side: 'SELL' })).toMatchObject({
      refused: 'below_lot',
    });
  });

  test('request - a person can ask for less, not for more than the limits', () => {
    expect(size({}, { requestedQuantity: '0.1' })).toMatchObject({ quantity: '0.1' });
    expect(size({}, { requestedQuantity: '99' })).toMatchObject({ quantity: '0.49751' });
    const half = size({ quantity: '2' }, { side: 'SELL', requestedQuantity: '1' });
    expect(half).toMatchObject({ quantity: '1' });
  });
});

describe('approval', () => {
  test('leave - names the parameters, the limits and its end', () => {
    const sized = { quantity: '0.1', limitPrice: '50100' };
    const approval = ask('BUY', sized, FACTS);
    expect(approval).toMatchObject({ serial: 1, expiresAtMs: 1_000 + APPROVAL_WINDOW_MS });
    const same = ask('BUY', { quantity: '0.10', limitPrice: '50100.00' }, FACTS);
    expect(same).toEqual(approval);
    const other = ask('BUY', { ...sized, quantity: '0.10001' }, FACTS);
    expect('parameterHash' in other && 'parameterHash' in approval).toBe(true);
    expect(other).not.toMatchObject({ id: 'id' in approval ? approval.id : '' });
  });

  test.each([
    ['off_step', 'BUY', { quantity: '0.100001', limitPrice: '50000' }, {}],
    ['off_step', 'BUY', { quantity: '0.1', limitPrice: '50000.001' }, {}],
    ['slippage', 'BUY', { quantity: '0.1', limitPrice: '50250.01' }, {}],
    ['slippage', 'SELL', { quantity: '0.1', limitPrice: '49749.99' }, { quantity: '1' }],
    ['order_too_large', 'BUY', { quantity: '0.50001', limitPrice: '50000' }, {}],
    ['no_cash', 'BUY', { quantity: '0.1', limitPrice: '50000' }, { cash: '4999.99' }],
    ['position_full', 'BUY', { quantity: '0.1', limitPrice: '50000' }, { positionValue: '20001' }],
    ['exposure_full', 'BUY', { quantity: '0.1', limitPrice: '50000' }, { exposure: '55001' }],
    ['below_minimum', 'BUY', { quantity: '0.0001', limitPrice: '50000' }, {}],
    ['nothing_to_sell', 'SELL', { quantity: '0.1', limitPrice: '50000' }, { quantity: '0.09999' }],
    ['drawdown', 'BUY', { quantity: '0.1', limitPrice: '50000' }, { peakEquity: '125000' }],
  ] as const)('refused - %s of a %s', (code, side, sized, facts) => {
    expect(ask(side, sized, { ...FACTS, ...facts })).toMatchObject({ refused: code });
  });

  test('agreement - whatever sizing offers, the approval takes, on any book and limits', () => {
    const books = fc.record({
      equity: fc.integer({ min: 1, max: 1_000_000 }),
      cashBps: fc.integer({ min: 0, max: 10_000 }),
      heldBps: fc.integer({ min: 0, max: 10_000 }),
      volatilityBps: fc.option(fc.integer({ min: 0, max: 400 })),
      price: fc.integer({ min: 1, max: 90_000 }),
      confidenceBp: fc.integer({ min: 0, max: 10_000 }),
      side: fc.constantFrom<Side>('BUY', 'SELL'),
      maxPositionBps: fc.integer({ min: 1, max: 10_000 }),
      maxSlippageBps: fc.integer({ min: 0, max: 1_000 }),
    });
    let sizedOrders = 0;
    fc.assert(
      fc.property(books, (book) => {
        const share = (bps: number) => basisPointsOf(decimal(String(book.equity)), bps).toFixed();
        const facts: RiskFacts = {
          ...FACTS,
          referencePrice: String(book.price),
          equity: String(book.equity),
          cash: share(book.cashBps),
          quantity: String(book.heldBps),
          positionValue: share(book.heldBps),
          exposure: share(book.heldBps),
          dayStartEquity: String(book.equity),
          peakEquity: String(book.equity),
          volatilityBps: book.volatilityBps,
          correlatedExposure: share(book.heldBps),
          lastCandle: { close: String(book.price), closeTimeMs: 1_000, intervalMs: 60_000 },
        };
        const { maxPositionBps, maxSlippageBps, side, confidenceBp } = book;
        const limits = { ...DEFAULT_LIMITS, maxPositionBps, maxSlippageBps };
        const sized = sizeOrder({ side, facts, limits, confidenceBp });
        if ('refused' in sized) return;
        sizedOrders += 1;
        expect(isMultipleOf(decimal(sized.quantity), decimal('0.00001'))).toBe(true);
        expect(ask(side, sized, { ...facts, limits })).not.toHaveProperty('refused');
      }),
      { numRuns: 500, seed: 5 },
    );
    expect(sizedOrders).toBeGreaterThan(100);
  });
});

describe('order parameters', () => {
  const limit = {
    venue: 'paper',
    account: 'someone',
    symbol: 'BTC/USDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'IOC',
    quantity: '1',
    limitPrice: '2',
    stopPrice: null,
  } as const;

  test('hash - follows the value and not its spelling', () => {
    const hash = (parameters: OrderParameters) => parameterHash(orderParameters(parameters));
    expect(hash({ ...limit, quantity: '1.000', limitPrice: '2.0' })).toBe(hash(limit));
    expect(hash({ ...limit, side: 'SELL' })).not.toBe(hash(limit));
  });

  test('form - what could not be sent is refused', () => {
    expect(() => orderParameters({ ...limit, limitPrice: null })).toThrow('LIMIT order');
    expect(() => orderParameters({ ...limit, type: 'MARKET' })).toThrow('MARKET order');
    expect(() => orderParameters({ ...limit, quantity: '0' })).toThrow('must be positive');
    expect(() => orderParameters({ ...limit, symbol: 'BTCUSDT' })).toThrow('BASE/QUOTE');
  });
});
