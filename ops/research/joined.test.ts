/** Test windows joined to one account. Failure would look like: a profit that was never taken
 * handed on from window to window, or a window counted twice. */
import { describe, expect, test } from 'vitest';
import type { BacktestResult } from '../../core/backtest/result.ts';
import { joinResults, leftAfterClosing } from './joined.ts';

const DAY_MS = 86_400_000;

function result(day: number, equity: readonly number[], exposure: number): BacktestResult {
  const timeMs = equity.map((_, at) => (day + at + 1) * DAY_MS - 1);
  return {
    version: 1,
    strategy: { name: 'trend-following', version: 1, parameters: { enter: day } },
    gear: 'lean',
    data: {
      timeframe: '1d',
      fromMs: day * DAY_MS,
      toMs: (day + equity.length) * DAY_MS - 1,
      series: [{ symbol: 'AAA/USD', candles: equity.length, holes: 1, hash: `h${day}` }],
    },
    account: {
      quote: 'USD',
      capital: '100',
      conditions: { takerFeeBps: 90, halfSpreadBps: 10 },
      settings: {},
    },
    curve: { timeMs, equity, exposure: equity.map(() => exposure) },
    decisions: [],
    orders: [],
    fills: [],
    trades: [],
    counts: {
      candles: equity.length,
      closes: equity.length,
      decisions: 1,
      whyNoTrade: { flat: 1, [`only${day}`]: 1 },
      verdicts: {},
      contested: 0,
      questionedPrints: 0,
    },
  };
}

describe('joined windows', () => {
  test('what is left after closing: fee and half spread on what was held, never rounded up', () => {
    expect(leftAfterClosing(result(0, [100, 120], 0))).toBe('120');
    expect(leftAfterClosing(result(0, [100, 120], 0.5))).toBe('119.4');
    expect(leftAfterClosing(result(0, [100, 1 / 3], 0))).toBe('0.33333333');
    expect(() => leftAfterClosing(result(0, [100, 0], 0))).toThrow('left nothing to go on with');
  });

  test('one curve, one clock, sums of everything; the costs of closing are in the curve', () => {
    const joined = joinResults([result(0, [100, 120], 0.5), result(2, [119, 130, 140], 1)], {
      capital: '100',
    });
    expect(joined.curve.equity).toEqual([100, 119.4, 119, 130, 140]);
    expect(joined.curve.timeMs.map((timeMs) => (timeMs + 1) / DAY_MS)).toEqual([1, 2, 3, 4, 5]);
    expect(joined.data).toMatchObject({ fromMs: 0, toMs: 5 * DAY_MS - 1 });
    expect(joined.data.series).toMatchObject([{ symbol: 'AAA/USD', candles: 5, holes: 2 }]);
    expect(joined.counts).toMatchObject({
      candles: 5,
      decisions: 2,
      whyNoTrade: { flat: 2, only0: 1, only2: 1 },
    });
    expect(joined.strategy.parameters).toEqual({ walkForward: [{ enter: 0 }, { enter: 2 }] });
    expect(joined.strategy.name).toBe('walk-forward:trend-following');
  });
});
