import { describe, expect, test } from 'vitest';
import type { Timeframe } from '../../core/market/candle.ts';
import { orderTapes } from './order.ts';
import type { Tape } from './tape.ts';

function tape(symbol: string, timeframe: Timeframe, path = `${symbol} ${timeframe}`): Tape {
  // Nothing else of a tape is looked at.
  return { path, symbol, timeframe } as Tape;
}

describe('tapes in order', () => {
  const tapes = [tape('ETH/USDT', '1m'), tape('BTC/USDT', '5m'), tape('BTC/USDT', '1m')];

  test('tapes in any order - by symbol, then by timeframe, shortest first', () => {
    const ordered = ['BTC/USDT 1m', 'BTC/USDT 5m', 'ETH/USDT 1m'];
    expect(orderTapes(tapes).map(({ path }) => path)).toEqual(ordered);
    expect(orderTapes([...tapes].reverse()).map(({ path }) => path)).toEqual(ordered);
  });

  test('the same symbol and timeframe twice - refused, and both are named', () => {
    const twice = [...tapes, tape('ETH/USDT', '1m', 'other.csv')];
    const said = 'ETH/USDT 1m is also in ETH/USDT 1m';
    expect(() => orderTapes(twice)).toThrow(said);
  });
});
