import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Metrics } from './assessment.ts';
import { metricsOf } from './metrics.ts';
import { YEAR_MS } from './returns.ts';
import { DAY_MS, equityOf, fillOf, runOf, START_MS, tradeOf, walkOf } from './run.fixture.ts';

// Failure here looks like: a metric under a standard name with another formula, or a NaN in a
// report.

/** In millionths: what is below them is rounding. */
const swings = fc
  .array(fc.integer({ min: -200_000, max: 200_000 }), { minLength: 3, maxLength: 60 })
  .map((millionths) => millionths.map((value) => value / 1e6));

function finiteOrNull(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value === 'string') return true;
  return Object.values(value as object).every(finiteOrNull);
}

describe('metrics', () => {
  test('four returns - every figure as it is worked out by hand', () => {
    const metrics = metricsOf(runOf(equityOf([0.1, -0.1, 0.2, 0])));
    const years = (4 * DAY_MS) / YEAR_MS;
    const total = 1.1 * 0.9 * 1.2 - 1;
    const deviation = Math.sqrt((0.05 ** 2 + 0.15 ** 2 + 0.15 ** 2 + 0.05 ** 2) / 3);
    expect(metrics.years).toBeCloseTo(years, 12);
    expect(metrics.periodsPerYear).toBeCloseTo(365.25, 9);
    expect(metrics.totalReturn).toBeCloseTo(total, 12);
    expect((metrics.annualReturn ?? 0) / ((1 + total) ** (1 / years) - 1)).toBeCloseTo(1, 9);
    expect(metrics.annualGrowth).toBeCloseTo(Math.log(1 + total) / years, 9);
    expect(metrics.annualVolatility).toBeCloseTo(deviation * Math.sqrt(365.25), 9);
    expect(metrics.sharpe).toBeCloseTo((0.05 / deviation) * Math.sqrt(365.25), 9);
    expect(metrics.sortino).toBeCloseTo((0.05 / Math.sqrt(0.01 / 4)) * Math.sqrt(365.25), 9);
    expect(metrics.calmar).toBeCloseTo((metrics.annualReturn ?? 0) / 0.1, 3);
    expect(metrics.maxDrawdown.depth).toBeCloseTo(0.1, 12);
    expect(metrics.skewness).toBeCloseTo(0, 9);
  });

  test('a risk-free rate - is taken off every return, compounded', () => {
    const run = runOf(equityOf(walkOf('free', { count: 200, mean: 0.001 })));
    const { sharpe, annualVolatility, periodsPerYear } = metricsOf(run);
    const taken = metricsOf(run, { riskFree: 0.05 });
    const rate = 1.05 ** (1 / periodsPerYear) - 1;
    const expected = (sharpe ?? 0) - (rate * periodsPerYear) / (annualVolatility ?? 1);
    expect(taken.sharpe).toBeCloseTo(expected, 9);
    expect(() => metricsOf(run, { riskFree: -1 })).toThrow('riskFree must be above -1, was -1');
  });

  test('sessions - a year has as many closes as were seen', () => {
    // Five closes a week for a year of 52 whole weeks.
    const days = Array.from({ length: 364 }, (_, day) => day).filter((day) => day % 7 < 5);
    const base = runOf(days.map(() => 1_000));
    const timeMs = days.map((day) => START_MS + (day + 1) * DAY_MS - 1);
    const metrics = metricsOf({ ...base, curve: { ...base.curve, timeMs } });
    // From the first open to the last close: the last weekend has not been seen.
    expect(metrics.periodsPerYear).toBeCloseTo((260 / 362) * 365.25, 9);
  });

  test('equity that never moves - what would be 0 / 0 is null, drawdown is none', () => {
    const metrics = metricsOf(runOf([1_000, 1_000, 1_000]));
    expect(metrics).toMatchObject({ totalReturn: 0, annualReturn: 0, annualVolatility: 0 });
    expect(metrics).toMatchObject({ sharpe: null, sortino: null, calmar: null, skewness: null });
    expect(metrics.maxDrawdown).toEqual({
      ...{ depth: 0, longestMs: 0 },
      ...{ peakMs: null, troughMs: null, recoveredMs: null },
    });
  });

  test('the same gain at every close - no Sharpe ratio is made of rounding', () => {
    const metrics = metricsOf(runOf(equityOf(new Array(500).fill(0.0123))));
    expect(metrics).toMatchObject({ sharpe: null, sortino: null, skewness: null, kurtosis: null });
  });

  test('one close - nothing varies and nothing is invented', () => {
    const metrics = metricsOf(runOf([1_010]));
    expect(metrics).toMatchObject({ returns: 1, sharpe: null, annualVolatility: null });
    expect(finiteOrNull(metrics)).toBe(true);
  });

  test('any run - every figure is finite or null', () => {
    fc.assert(
      fc.property(swings, (returns) => {
        expect(finiteOrNull(metricsOf(runOf(equityOf(returns))))).toBe(true);
      }),
    );
  });

  test('capital and equity ten times as large - every ratio stays', () => {
    fc.assert(
      fc.property(swings, (returns) => {
        const equity = equityOf(returns);
        const small = metricsOf(runOf(equity));
        const large = metricsOf(
          runOf(
            equity.map((value) => value * 10),
            { capital: '10000' },
          ),
        );
        for (const name of ['sharpe', 'sortino', 'annualGrowth', 'annualVolatility'] as const) {
          expectClose(small[name], large[name]);
        }
        expect(large.maxDrawdown.depth).toBeCloseTo(small.maxDrawdown.depth, 9);
      }),
    );
  });

  test('returns twice as large - volatility doubles, the Sharpe ratio stays', () => {
    const returns = walkOf('scale', { count: 300, mean: 0.0005 });
    const one = metricsOf(runOf(equityOf(returns)));
    const two = metricsOf(runOf(equityOf(returns.map((value) => 2 * value))));
    expect((two.annualVolatility ?? 0) / (one.annualVolatility ?? 1)).toBeCloseTo(2, 9);
    expect(two.sharpe).toBeCloseTo(one.sharpe ?? Number.NaN, 9);
    expect(two.sortino).toBeCloseTo(one.sortino ?? Number.NaN, 9);
  });
});

function expectClose(one: number | null, other: number | null): void {
  if (one === null || other === null) expect(other).toBe(one);
  else expect(Math.abs(one - other)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(one)));
}

describe('drawdown', () => {
  function drawdown(equity: readonly number[]): Metrics['maxDrawdown'] {
    return metricsOf(runOf(equity)).maxDrawdown;
  }
  const closeOf = (at: number): number => START_MS + (at + 1) * DAY_MS - 1;

  test('two falls - the deeper is named, the longer is timed', () => {
    // Shallow and long (close 1 to 5), then deep and short (close 5 to 7).
    const found = drawdown([1_000, 1_100, 1_050, 1_060, 1_070, 1_100, 880, 1_100, 1_200]);
    expect(found.depth).toBeCloseTo(0.2, 12);
    expect(found).toMatchObject({ peakMs: closeOf(5), troughMs: closeOf(6) });
    expect(found).toMatchObject({ recoveredMs: closeOf(7), longestMs: 4 * DAY_MS });
  });

  test('never made good - runs to the end and has no recovery', () => {
    const found = drawdown([1_200, 900, 1_000, 1_100]);
    expect(found).toMatchObject({ depth: 0.25, recoveredMs: null, longestMs: 3 * DAY_MS });
  });

  test('a loss at the first close - the capital was the peak', () => {
    expect(drawdown([900, 950])).toMatchObject({ peakMs: START_MS, troughMs: closeOf(0) });
    expect(drawdown([900, 950]).depth).toBeCloseTo(0.1, 12);
  });
});

describe('trading figures', () => {
  test('closed trades - rates, factor and expectancy; an open one only counts as open', () => {
    const trades = [
      ...[tradeOf('30'), tradeOf('-10'), tradeOf('0'), tradeOf('20')],
      tradeOf('500', { closedAtMs: null, endedBy: 'open' }),
    ];
    const metrics = metricsOf(runOf([1_000, 1_040], { trades }));
    expect(metrics).toMatchObject({ trades: 4, openTrades: 1, winRate: 0.5, profitFactor: 5 });
    expect(metrics).toMatchObject({ expectancy: 10, expectancyReturn: 0.1 });
  });

  test('no loser, no trade - null, not infinity', () => {
    expect(metricsOf(runOf([1_000], { trades: [tradeOf('5')] })).profitFactor).toBeNull();
    const none = metricsOf(runOf([1_000]));
    expect(none).toMatchObject({ trades: 0, winRate: null, profitFactor: null, expectancy: null });
  });

  test('fees - summed exactly, those taken in what was bought at its price', () => {
    const fills = [
      fillOf({ fee: '0.1' }),
      fillOf({ fee: '0.2' }),
      fillOf({ fee: '0.001', feeAsset: 'BTC', price: '50000' }),
    ];
    expect(metricsOf(runOf([1_000], { fills })).feesPaid).toBe('50.3');
    const unknown = [...fills, fillOf({ fee: '0.01', feeAsset: 'BNB' })];
    expect(metricsOf(runOf([1_000], { fills: unknown })).feesPaid).toBeNull();
  });

  test('turnover and exposure - buys and sells over mean equity, a year', () => {
    const fills = [
      fillOf({ quantity: '2' }),
      fillOf({ quantity: '2', side: 'SELL', price: '110' }),
    ];
    const metrics = metricsOf(runOf([900, 1_100], { fills, exposure: [0, 0.4] }));
    expect(metrics.turnover).toBeCloseTo((420 / 1_000) * (365.25 / 2), 9);
    expect(metrics).toMatchObject({ exposure: 0.2, timeInMarket: 0.5, fills: 2 });
  });
});

describe('a curve that cannot be one', () => {
  test.each([
    ['no closes', () => runOf([]), 'at least one close, had none'],
    ['equity gone', () => runOf([1_000, 0]), 'must be positive and finite, was 0 at close 1'],
    ['equity NaN', () => runOf([Number.NaN]), 'must be positive and finite, was NaN at close 0'],
    ['no capital', () => runOf([1_000], { capital: '0' }), 'capital must be positive, was 0'],
    ['columns', () => runOf([1_000], { exposure: [] }), 'of one length, were 1, 1 and 0'],
    ['time', () => runOf([1_000, 1_001], { stepMs: 0 }), 'times of closes must rise, close 0'],
  ])('%s - is refused with its figures', (_, run, text) => {
    expect(() => metricsOf(run())).toThrow(text);
  });
});
