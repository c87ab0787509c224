import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../market/money.ts';
import { type DepthReport, route, slippageAgainst } from './routing.ts';

const book = (levels: readonly (readonly [string, string])[], best = '99.99'): DepthReport => ({
  asks: levels.map(([price, quantity]) => ({ price, quantity })),
  bids: [{ price: best, quantity: '1' }],
});
const wish = { side: 'BUY', lotSize: '0.01', maxExpectedSlippageBps: 30 } as const;

describe('route', () => {
  test('deep book - all of it, at the average price of what it takes', () => {
    const depth = book([
      ['100.01', '1'],
      ['100.02', '5'],
    ]);
    expect(route({ ...wish, depth, quantity: '4' })).toEqual({
      quantity: '4',
      rest: '0',
      expectedPrice: '100.0175',
    });
  });

  test('thin book - what stays within the slippage, the rest told', () => {
    const depth = book([
      ['100.01', '1'],
      ['101', '5'],
    ]);
    const found = route({ ...wish, depth, quantity: '4' });
    // (100.01 + 101 q) / (1 + q) = 100.30: q = 0.4142…
    expect(found).toMatchObject({ quantity: '1.41', rest: '2.59' });
    expect(Number(found?.expectedPrice)).toBeLessThanOrEqual(100.3);
  });

  test('wide spread - nothing; an empty side - no word at all', () => {
    const depth = book([['101', '5']], '99');
    expect(route({ ...wish, depth, quantity: '1' })).toMatchObject({ quantity: '0', rest: '1' });
    expect(route({ ...wish, depth: book([]), quantity: '1' })).toBeNull();
  });

  test('sale - takes from the bids, downwards', () => {
    const depth = { asks: [], bids: [{ price: '100', quantity: '2' }] };
    expect(route({ ...wish, side: 'SELL', depth, quantity: '3' })).toEqual({
      quantity: '2',
      rest: '1',
      expectedPrice: '100',
    });
  });

  test('any book - never more than wanted, offered, or allowed', () => {
    const level = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 500 }));
    fc.assert(
      fc.property(
        fc.array(level, { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: 0, max: 200 }),
        (steps, lots, maxExpectedSlippageBps) => {
          let cents = 10_000;
          const asks = steps.map(([step, quantity]) => {
            cents += step;
            const price = Decimal.of(cents).div(100).toFixed();
            return { price, quantity: Decimal.of(quantity).div(100).toFixed() };
          });
          const depth = { asks, bids: [{ price: '99.99', quantity: '1' }] };
          const quantity = Decimal.of(lots).div(100).toFixed();
          const found = route({ ...wish, depth, quantity, maxExpectedSlippageBps });
          if (found === null) throw new Error('a side with levels says something');
          const offered = asks.reduce((sum, one) => sum.plus(one.quantity), Decimal.of(0));
          expect(offered.gte(found.quantity)).toBe(true);
          expect(Decimal.of(found.quantity).plus(found.rest).eq(quantity)).toBe(true);
          expect(Number(found.rest)).toBeGreaterThanOrEqual(0);
          const middle = Decimal.of(asks[0]?.price ?? '')
            .plus('99.99')
            .times('0.5');
          const worst = middle.times(1 + maxExpectedSlippageBps / 10_000);
          // Averages are rounded at the eighteenth decimal.
          expect(worst.plus('1e-17').gte(found.expectedPrice ?? '0')).toBe(true);
        },
      ),
    );
  });

  test('slippage - is positive when it cost more, whichever side', () => {
    const prices = { estimatedPrice: '100', realisedPrice: '100.5' };
    expect(slippageAgainst('BUY', prices)).toBe('50');
    expect(slippageAgainst('SELL', prices)).toBe('-50');
  });
});
