import { describe, expect, test } from 'vitest';
import { closesOf, type MarketSeries } from '../backtest/series.ts';
import type { Candle } from '../market/candle.ts';
import { holdRun } from './hold.ts';
import { metricsOf } from './metrics.ts';
import type { Run } from './returns.ts';
import { candlesOf, marketOf, runOf, START_MS } from './run.fixture.ts';

// Failure here looks like: a benchmark that pays nothing, buys at a price nobody could have had, or
// waits with money it should have spent.

/** A run on the clock of these markets that never traded. */
function idle(series: readonly MarketSeries[], capital = '1000'): Run {
  const timeMs = [...closesOf(series)].map(({ closeTimeMs }) => closeTimeMs);
  const base = runOf(
    timeMs.map(() => Number(capital)),
    { capital },
  );
  return { ...base, curve: { ...base.curve, timeMs } };
}

function flat(at: number, price: number): Candle {
  const openTimeMs = START_MS + at * 300_000;
  const prices = { open: price, high: price, low: price, close: price };
  return { openTimeMs, closeTimeMs: openTimeMs + 299_999, ...prices, volume: 1 };
}

describe('holding', () => {
  test('one market - bought whole at the second open, half spread and fee paid', () => {
    const series = [marketOf('BTC/USDT', [flat(0, 90), flat(1, 100), flat(2, 120)])];
    const held = holdRun(idle(series), series);
    // 100 × 1.0001, on the tick; 1000 / (100.01 × 1.001), on the lot.
    expect(held.fills).toEqual([
      {
        ...{ symbol: 'BTC/USDT', side: 'BUY', purpose: 'entry', timeMs: START_MS + 300_000 },
        ...{ quantity: '9.989', price: '100.01', fee: '0.99899989', feeAsset: 'USDT' },
      },
    ]);
    const cash = 1_000 - 9.989 * 100.01 * 1.001;
    expect(held.curve.equity[0]).toBe(1_000);
    expect(held.curve.equity[1]).toBeCloseTo(cash + 9.989 * 100, 9);
    expect(held.curve.equity[2]).toBeCloseTo(cash + 9.989 * 120, 9);
    expect(held.curve.exposure[0]).toBe(0);
    expect(held.curve.exposure[2]).toBeGreaterThan(0.999);
    expect(held.trades).toMatchObject([{ closedAtMs: null, endedBy: 'open', exitPrice: '120' }]);
    expect(metricsOf(held)).toMatchObject({ trades: 0, openTrades: 1, feesPaid: '0.99899989' });
  });

  test('two markets, one of them late - equal parts, each from its own second candle', () => {
    const early = marketOf('BTC/USDT', [flat(0, 100), flat(1, 100), flat(2, 100), flat(3, 100)]);
    const late = marketOf('SPY/USDT', [flat(2, 50), flat(3, 50)]);
    const held = holdRun(idle([early, late]), [early, late]);
    expect(held.fills.map(({ symbol, timeMs }) => [symbol, timeMs])).toEqual([
      ['BTC/USDT', START_MS + 300_000],
      ['SPY/USDT', START_MS + 900_000],
    ]);
    for (const { quantity, price } of held.fills) {
      expect(Number(quantity) * Number(price)).toBeGreaterThan(499);
      expect(Number(quantity) * Number(price)).toBeLessThan(500);
    }
    const [none, half, still, whole] = held.curve.exposure;
    expect([none, Math.round(100 * (half ?? 0))]).toEqual([0, 50]);
    expect(Math.round(100 * (still ?? 0))).toBe(50);
    expect(whole).toBeGreaterThan(0.99);
  });

  test('any market - equity is cash and worth, to the last digit that matters', () => {
    const series = [marketOf('BTC/USDT', candlesOf('hold', 500))];
    const held = holdRun(idle(series, '10000'), series);
    const fill = held.fills[0];
    const spent = Number(fill?.quantity) * Number(fill?.price) + Number(fill?.fee);
    for (const [at, candle] of [...(series[0] as MarketSeries).candles].entries()) {
      if (at === 0) continue;
      const expected = 10_000 - spent + Number(fill?.quantity) * candle.close;
      expect(Math.abs((held.curve.equity[at] as number) / expected - 1)).toBeLessThan(1e-12);
    }
  });

  test('one candle, or a part below the least the venue takes - stays cash', () => {
    const short = [marketOf('BTC/USDT', [flat(0, 100)])];
    expect(holdRun(idle(short), short)).toMatchObject({ fills: [], curve: { equity: [1_000] } });
    const poor = [marketOf('BTC/USDT', [flat(0, 100), flat(1, 100)])];
    expect(holdRun(idle(poor, '0.5'), poor).fills).toEqual([]);
  });

  test('another clock, or costs that are not known - is refused', () => {
    const series = [marketOf('BTC/USDT', candlesOf('clock', 10))];
    const run = idle(series);
    const shorter = [marketOf('BTC/USDT', candlesOf('clock', 9))];
    expect(() => holdRun(run, shorter)).toThrow('had 9 closes, the run 10');
    const shifted = [marketOf('BTC/USDT', candlesOf('clock', 11).slice(1))];
    expect(() => holdRun(run, shifted)).toThrow('series must close as the run does, close 0');
    const free = { ...run, account: { ...run.account, conditions: { halfSpreadBps: 1 } } };
    expect(() => holdRun(free, series)).toThrow('takerFeeBps must be known and not negative');
  });
});
