import { describe, expect, test } from 'vitest';
import { type HedgeFacts, hedgeOrder } from './hedge.ts';

const RULE = { instrument: 'BTCDOWN/USDT', fromDrawdownBps: 1_000, ratioBps: 2_500 };
const FACTS: HedgeFacts = {
  drawdownBps: 1_000,
  exposure: '40000',
  hedged: '0',
  price: '30',
  lotSize: '0.1',
};

describe('hedge', () => {
  test('opens - at the threshold, and not one basis point before', () => {
    // A quarter of 40,000 is 10,000, at 30: 333.33, floored to the lot.
    expect(hedgeOrder(FACTS, RULE)).toEqual({ side: 'BUY', quantity: '333.3' });
    expect(hedgeOrder({ ...FACTS, drawdownBps: 999 }, RULE)).toBeNull();
  });

  test('stays - one hedge is enough, however deep the fall', () => {
    for (const drawdownBps of [500, 999, 1_000, 5_000]) {
      expect(hedgeOrder({ ...FACTS, drawdownBps, hedged: '333.3' }, RULE)).toBeNull();
    }
  });

  test('closes - whole, once the fall is under half of the threshold', () => {
    const held = { ...FACTS, hedged: '333.25' };
    const closed = { side: 'SELL', quantity: '333.2' };
    expect(hedgeOrder({ ...held, drawdownBps: 499 }, RULE)).toEqual(closed);
    expect(hedgeOrder({ ...held, drawdownBps: 0 }, RULE)).toEqual(closed);
  });

  test('nothing - no exposure, less than a lot of it, or dust of an old hedge', () => {
    expect(hedgeOrder({ ...FACTS, exposure: '0' }, RULE)).toBeNull();
    expect(hedgeOrder({ ...FACTS, exposure: '11.9' }, RULE)).toBeNull();
    expect(hedgeOrder({ ...FACTS, hedged: '0.09' }, RULE)).toMatchObject({ side: 'BUY' });
    expect(hedgeOrder({ ...FACTS, hedged: '0.09', drawdownBps: 0 }, RULE)).toBeNull();
  });
});
