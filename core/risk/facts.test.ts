import { describe, expect, test } from 'vitest';
import { orderParameters } from '../orders/parameters.ts';
import { approve } from './approval.ts';
import { entryBarrier, type RiskFacts, type Side } from './facts.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { sizeOrder } from './sizing.ts';

/** A failure here means that a limit bites one step too early, or one step too late. */

const MINUTE_MS = 60_000;
const NOW_MS = 1_000 * MINUTE_MS;
const FACTS: RiskFacts = {
  instrument: {
    symbol: 'BTC/USDT',
    base: 'BTC',
    quote: 'USDT',
    tickSize: '0.01',
    lotSize: '0.00001',
    minNotional: '5',
  },
  referencePrice: '50000',
  equity: '100000',
  cash: '100000',
  quantity: '1',
  positionValue: '0',
  exposure: '0',
  dayStartEquity: '100000',
  peakEquity: '100000',
  volatilityBps: 50,
  correlatedExposure: '0',
  marketTimeMs: NOW_MS,
  lastCandle: { close: '50000', closeTimeMs: NOW_MS, intervalMs: MINUTE_MS },
  cooldownUntilMs: null,
  ordersLastMinute: 0,
};

const candle = (change: Partial<NonNullable<RiskFacts['lastCandle']>>) => ({
  lastCandle: { close: '50000', closeTimeMs: NOW_MS, intervalMs: MINUTE_MS, ...change },
});

/** What is allowed to the last unit, and the first that is not. */
const EDGES = [
  ['volatility', { volatilityBps: 300 }, { volatilityBps: 301 }],
  ['daily_loss', { dayStartEquity: '105263.15' }, { dayStartEquity: '105263.16' }],
  ['drawdown', { peakEquity: '124999.99' }, { peakEquity: '125000' }],
  ['price_band', { referencePrice: '52500' }, { referencePrice: '52500.01' }],
  ['price_band', { referencePrice: '47500' }, { referencePrice: '47499.99' }],
  [
    'stale_data',
    candle({ closeTimeMs: NOW_MS - 2 * MINUTE_MS }),
    candle({ closeTimeMs: NOW_MS - 2 * MINUTE_MS - 1 }),
  ],
  [
    'stale_data',
    candle({ closeTimeMs: NOW_MS + 2 * MINUTE_MS }),
    candle({ closeTimeMs: NOW_MS + 2 * MINUTE_MS + 1 }),
  ],
  ['stale_data', candle({}), { lastCandle: null }],
  ['cooldown', { cooldownUntilMs: NOW_MS }, { cooldownUntilMs: NOW_MS + 1 }],
] as const;

describe('entry barrier', () => {
  test.each(EDGES)('%s - the last step is allowed, the next is not', (code, allowed, beyond) => {
    expect(entryBarrier({ ...FACTS, ...allowed }, DEFAULT_LIMITS)).toBeNull();
    expect(entryBarrier({ ...FACTS, ...beyond }, DEFAULT_LIMITS)).toMatchObject({ refused: code });
  });

  test.each(EDGES)('%s - never forbids an exit', (_code, _allowed, beyond) => {
    const facts = { ...FACTS, ...beyond };
    const sized = sizeOrder({ side: 'SELL', facts, limits: DEFAULT_LIMITS, confidenceBp: 1 });
    expect(sized).not.toHaveProperty('refused');
    expect(judged('SELL', facts, sized)).not.toHaveProperty('refused');
  });

  test.each(EDGES)('%s - the approval judges it again', (code, allowed, beyond) => {
    const sized = { quantity: '0.001', limitPrice: '50000' };
    const fair = { ...FACTS, ...allowed };
    const limitPrice = fair.referencePrice;
    expect(judged('BUY', fair, { ...sized, limitPrice })).not.toHaveProperty('refused');
    const unfair = { ...FACTS, ...beyond };
    const asked = { ...sized, limitPrice: unfair.referencePrice };
    expect(judged('BUY', unfair, asked)).toMatchObject({ refused: code });
  });
});

describe('fuse', () => {
  const blown = { ...FACTS, ordersLastMinute: 20 };
  const request = { facts: blown, limits: DEFAULT_LIMITS, confidenceBp: 10_000 };
  const sized = { quantity: '0.001', limitPrice: '50000' };

  test('the twentieth purchase of a minute goes, the next does not', () => {
    expect(entryBarrier({ ...FACTS, ordersLastMinute: 19 }, DEFAULT_LIMITS)).toBeNull();
    expect(sizeOrder({ ...request, side: 'BUY' })).toMatchObject({ refused: 'fuse' });
    expect(judged('BUY', blown, sized)).toMatchObject({ refused: 'fuse' });
  });

  test('no sale is ever kept back', () => {
    expect(sizeOrder({ ...request, side: 'SELL' })).not.toHaveProperty('refused');
    expect(judged('SELL', blown, sized)).not.toHaveProperty('refused');
  });
});

describe('correlated exposure', () => {
  test('an entry takes what is left, and nothing where less than the minimum is left', () => {
    const size = (correlatedExposure: string) => {
      const facts = { ...FACTS, correlatedExposure };
      return sizeOrder({ side: 'BUY', facts, limits: DEFAULT_LIMITS, confidenceBp: 10_000 });
    };
    // 50 % of 100,000 less 49,000: 1,000 at 50,250.
    expect(size('49000')).toMatchObject({ quantity: '0.0199' });
    expect(size('49994')).toMatchObject({ quantity: '0.00011' });
    expect(size('49994.51')).toMatchObject({ refused: 'correlated_full' });
  });

  test('the approval - to the last cent', () => {
    const sized = { quantity: '0.02', limitPrice: '50000' };
    const at = (correlatedExposure: string) =>
      judged('BUY', { ...FACTS, correlatedExposure }, sized);
    expect(at('49000')).not.toHaveProperty('refused');
    expect(at('49000.01')).toMatchObject({ refused: 'correlated_full' });
  });
});

describe('stop at the venue', () => {
  const stop = { stopPrice: '48000.007' };

  test('its limit price follows from the price at which it triggers', () => {
    const request = {
      side: 'SELL',
      facts: FACTS,
      limits: DEFAULT_LIMITS,
      confidenceBp: 1,
    } as const;
    const sized = sizeOrder({ ...request, ...stop });
    expect(sized).toEqual({ quantity: '1', stopPrice: '48000', limitPrice: '47520' });
    expect(judged('SELL', FACTS, sized)).not.toHaveProperty('refused');
  });

  test('a stop above the price, or one that buys, is refused', () => {
    const sized = { quantity: '0.02', limitPrice: '50000', stopPrice: '50000.01' };
    expect(judged('SELL', FACTS, sized)).toMatchObject({ refused: 'stop_misplaced' });
    const bought = { ...sized, stopPrice: '49000', limitPrice: '49000' };
    expect(judged('BUY', FACTS, bought)).toMatchObject({ refused: 'stop_misplaced' });
  });
});

function judged(side: Side, facts: RiskFacts, sized: object) {
  const given = sized as { quantity: string; limitPrice: string; stopPrice?: string };
  const stopPrice = given.stopPrice ?? null;
  const parameters = orderParameters({
    venue: 'paper',
    account: 'someone',
    symbol: 'BTC/USDT',
    side,
    type: stopPrice === null ? 'LIMIT' : 'STOP_LOSS_LIMIT',
    timeInForce: stopPrice === null ? 'IOC' : 'GTC',
    quantity: given.quantity,
    limitPrice: given.limitPrice,
    stopPrice,
  });
  const request = { legId: 'a'.repeat(64), serial: 1, parameters, facts };
  return approve({ ...request, limits: DEFAULT_LIMITS, marketTimeMs: NOW_MS });
}
