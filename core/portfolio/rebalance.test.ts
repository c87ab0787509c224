import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../market/money.ts';
import { parseRiskLimits, type RebalanceRule } from '../risk/limits.ts';
import { rebalanceLegs, rebalancePeriod, targetWeights, type Weighed } from './rebalance.ts';

function ruleOf(rebalance: unknown): RebalanceRule {
  const rule = parseRiskLimits({ rebalance }).rebalance;
  if (rule === null) throw new Error('a rule was given');
  return rule;
}

const RULE = ruleOf({ targets: { 'BTC/USDT': 3_000, 'ETH/USDT': 2_000 }, bandBps: 100 });
const STEPS = { lotSize: '0.001', minNotional: '5' };
const held = (symbol: string, quantity: string, price: string): Weighed => ({
  ...STEPS,
  symbol,
  quantity,
  price,
});
const legs = (symbols: readonly Weighed[], rule = RULE, maxLegs = 10) =>
  rebalanceLegs({ equity: '100000', symbols, maxLegs }, rule);

describe('rebalance', () => {
  test('trades - down to the target and up to it, sales first', () => {
    // 45,000 of BTC against 30,000; 10,000 of ETH against 20,000.
    expect(legs([held('ETH/USDT', '5', '2000'), held('BTC/USDT', '0.9', '50000')])).toEqual([
      { symbol: 'BTC/USDT', side: 'SELL', quantity: '0.3' },
      { symbol: 'ETH/USDT', side: 'BUY', quantity: '5' },
    ]);
  });

  test('band - at its edge nothing, one lot beyond it everything', () => {
    const eth = held('ETH/USDT', '10', '2000');
    expect(legs([eth, held('BTC/USDT', '0.62', '50000')])).toEqual([]);
    expect(legs([eth, held('BTC/USDT', '0.58', '50000')])).toEqual([]);
    expect(legs([eth, held('BTC/USDT', '0.621', '50000')])).toEqual([
      { symbol: 'BTC/USDT', side: 'SELL', quantity: '0.021' },
    ]);
  });

  test('left alone - no target, too small for the venue, no equity', () => {
    expect(legs([held('DOGE/USDT', '9999999', '0.1')])).toEqual([]);
    const narrow = ruleOf({ targets: { 'BTC/USDT': 1 }, bandBps: 1 });
    const tiny = held('BTC/USDT', '0', '50000');
    expect(rebalanceLegs({ equity: '40000', symbols: [tiny], maxLegs: 9 }, narrow)).toEqual([]);
    expect(rebalanceLegs({ equity: '0', symbols: [tiny], maxLegs: 9 }, RULE)).toEqual([]);
  });

  test('most legs - the largest drifts are taken', () => {
    const both = [held('ETH/USDT', '5', '2000'), held('BTC/USDT', '0', '50000')];
    expect(legs(both, RULE, 1)).toEqual([{ symbol: 'BTC/USDT', side: 'BUY', quantity: '0.6' }]);
  });

  test('sectors - their symbols share what the sector may have', () => {
    const rule = ruleOf({
      targets: { 'BTC/USDT': 3_000, 'ETH/USDT': 1_000, 'PAXG/USDT': 500 },
      sectors: { 'BTC/USDT': 'coins', 'ETH/USDT': 'coins', 'PAXG/USDT': 'gold' },
      sectorTargets: { coins: 2_000 },
      bandBps: 50,
    });
    expect(Object.fromEntries(targetWeights(rule))).toEqual({
      'BTC/USDT': 1_500,
      'ETH/USDT': 500,
      'PAXG/USDT': 500,
    });
  });

  test('after it every weight is within a lot of its target, whatever was held', () => {
    const books = fc.record({ btc: fc.nat(2_000), eth: fc.nat(50_000), price: fc.nat(90_000) });
    fc.assert(
      fc.property(books, ({ btc, eth, price }) => {
        const symbols = [
          held('BTC/USDT', `${btc / 1_000}`, String(price + 1)),
          held('ETH/USDT', `${eth / 1_000}`, '2000'),
        ];
        for (const leg of legs(symbols)) {
          const one = symbols.find(({ symbol }) => symbol === leg.symbol) as Weighed;
          const moved = Decimal.of(leg.quantity).times(leg.side === 'BUY' ? 1 : -1);
          const after = moved.plus(one.quantity);
          const target = leg.symbol === 'BTC/USDT' ? 30_000 : 20_000;
          expect(after.gte(0)).toBe(true);
          const off = after.times(one.price).minus(target).abs();
          expect(off.lte(Decimal.of(one.price).times('0.001'))).toBe(true);
        }
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  test('period - a week begins on Monday, and each is another one', () => {
    const monday = Date.UTC(2024, 7, 5);
    const week = rebalancePeriod(monday, 7);
    expect(rebalancePeriod(monday - 1, 7)).toBe(week - 1);
    expect(rebalancePeriod(monday + 7 * 86_400_000 - 1, 7)).toBe(week);
    expect(rebalancePeriod(monday + 7 * 86_400_000, 7)).toBe(week + 1);
  });
});
