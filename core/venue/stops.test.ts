import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amount, ZERO } from './decimals.ts';
import type { Side } from './matching.ts';
import { matchPassing, type Passed } from './stops.ts';

const steps = { tick: amount('0.01'), lot: amount('0.00001') };
const candle = { open: 100, high: 110, low: 90, available: amount(10) };

/** `terms`: quantity stop limit. */
function stop(orderId: number, side: Side, terms: string) {
  const [left = '', stopPrice = '', limitPrice = ''] = terms.split(' ').map(String);
  return {
    orderId,
    side,
    left: amount(left),
    stopPrice: amount(stopPrice),
    limitPrice: amount(limitPrice),
  };
}

const told = ({ triggered, makers, takers }: Passed) => ({
  triggered: [...triggered],
  makers: [...makers].map(
    ([id, { price, quantity }]) => `${id}: ${quantity.toFixed()} at ${price.toFixed()}`,
  ),
  takers: [...takers].map(
    ([id, { price, quantity }]) => `${id}: ${quantity.toFixed()} at ${price.toFixed()}`,
  ),
});

/** A failure here means a stop that sold at a price it was told not to, or slept through a fall. */
describe('stops', () => {
  const cases: readonly (readonly [string, Side, string, object])[] = [
    ['not reached', 'SELL', '1 89.99 89', { triggered: [], makers: [], takers: [] }],
    ['touched', 'SELL', '1 90 89', { triggered: [1], makers: [], takers: ['1: 1 at 90'] }],
    ['traded through', 'SELL', '1 95 94', { triggered: [1], makers: [], takers: ['1: 1 at 95'] }],
    ['gap', 'SELL', '1 101 99', { triggered: [1], makers: [], takers: ['1: 1 at 100'] }],
    ['gap to the limit', 'SELL', '1 105 100', { triggered: [1], takers: ['1: 1 at 100'] }],
    ['gap beyond the limit', 'SELL', '1 120 111', { triggered: [1], makers: [], takers: [] }],
    ['gap, then back', 'SELL', '1 120 105', { triggered: [1], makers: ['1: 1 at 105'] }],
    ['limit above its stop', 'SELL', '1 95 99', { triggered: [1], makers: [], takers: [] }],
    ['purchase, touched', 'BUY', '1 110 111', { triggered: [1], takers: ['1: 1 at 110'] }],
    ['purchase, not reached', 'BUY', '1 110.01 111', { triggered: [], takers: [] }],
    ['purchase, gap', 'BUY', '1 99 101', { triggered: [1], takers: ['1: 1 at 100'] }],
    ['purchase, gap beyond', 'BUY', '1 80 89', { triggered: [1], makers: [], takers: [] }],
  ];
  test.each(cases)('%s - %s %s', (_name, side, terms, expected) => {
    const orders = { resting: [], stops: [stop(1, side, terms)] };
    expect(told(matchPassing(orders, candle, steps))).toMatchObject(expected);
  });

  test('scarce volume - resting orders first, then stops in the order of the price', () => {
    const resting = [
      { orderId: 9, side: 'SELL' as const, limitPrice: amount(105), left: amount(4) },
    ];
    const stops = [
      stop(1, 'SELL', '4 92 90'),
      stop(2, 'SELL', '4 98 90'),
      stop(3, 'SELL', '4 96 90'),
    ];
    expect(told(matchPassing({ resting, stops }, candle, steps))).toEqual({
      triggered: [1, 2, 3],
      makers: ['9: 4 at 105'],
      takers: ['2: 4 at 98', '3: 2 at 96'],
    });
  });

  test('any stop and candle - within limit and candle, never more than there is', () => {
    const price = fc.integer({ min: 1, max: 20_000 }).map((ticks) => ticks / 100);
    const anyStop = fc.record({
      side: fc.constantFrom<Side>('BUY', 'SELL'),
      stopPrice: price.map((value) => amount(value)),
      limitPrice: price.map((value) => amount(value)),
      left: fc.integer({ min: 1, max: 500_000 }).map((lots) => steps.lot.times(lots)),
    });
    const inputs = fc.tuple(
      fc.array(anyStop, { maxLength: 12 }),
      fc.array(price, { minLength: 3 }),
    );
    fc.assert(
      fc.property(inputs, ([given, [open = 1, ...others]]) => {
        const low = Math.min(open, ...others);
        const high = Math.max(open, ...others);
        const stops = given.map((terms, orderId) => ({ orderId, ...terms }));
        const passing = { open, high, low, available: amount('2.5') };
        const { triggered, makers, takers } = matchPassing({ resting: [], stops }, passing, steps);
        const sums = { BUY: ZERO, SELL: ZERO };
        for (const order of stops) {
          const isSale = order.side === 'SELL';
          const reached = isSale ? order.stopPrice.gte(low) : order.stopPrice.lte(high);
          expect(triggered.includes(order.orderId)).toBe(reached);
          const match = makers.get(order.orderId) ?? takers.get(order.orderId);
          if (!match) continue;
          expect(reached).toBe(true);
          expect(
            isSale ? match.price.gte(order.limitPrice) : match.price.lte(order.limitPrice),
          ).toBe(true);
          expect(match.price.gte(low) && match.price.lte(high)).toBe(true);
          expect(match.quantity.lte(order.left)).toBe(true);
          sums[order.side] = sums[order.side].plus(match.quantity);
        }
        expect(sums.BUY.lte('2.5') && sums.SELL.lte('2.5')).toBe(true);
      }),
    );
  });
});
