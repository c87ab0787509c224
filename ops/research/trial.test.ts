/** Windows of a market, and what lies before them. Failure would look like: a judge who sees
 * other closes than the run had, history judged with the window, or a run that cannot be judged. */
import { describe, expect, test } from 'vitest';
import { holdRun } from '../../core/judgement/hold.ts';
import { judged } from './judged.ts';
import { type SharedMarkets, type Window } from './market-data.ts';
import { runTrial, seriesOfWindow, seriesOfWindows } from './trial.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2024, 0, 1);
const CANDLES = 400;

function market(): SharedMarkets {
  const numbers = new Float64Array(CANDLES * 6);
  for (let at = 0; at < CANDLES; at += 1) {
    const open = 100 + 10 * Math.sin(at / 25) + Math.sin(at);
    const close = 100 + 10 * Math.sin((at + 1) / 25) + Math.sin(at + 1);
    const [high, low] = [Math.max(open, close) + 0.2, Math.min(open, close) - 0.2];
    numbers.set([START_MS + at * HOUR_MS, open, high, low, close, 5_000], at * 6);
  }
  const instrument = {
    ...{ symbol: 'AAA/USD', base: 'AAA', quote: 'USD' },
    ...{ tickSize: '0.01', lotSize: '0.001', minNotional: '5' },
  };
  return { timeframe: '1h', quote: 'USD', markets: [{ instrument, numbers, hash: 'one' }] };
}

function hours(from: number, to: number): Window {
  return { fromMs: START_MS + from * HOUR_MS, toMs: START_MS + to * HOUR_MS };
}

async function runIn(markets: SharedMarkets, window: Window) {
  const strategy = { name: 'trend-following', parameters: {} };
  const task = { kind: 'trial', strategy, account: {}, gear: 'lean', keep: 'result' } as const;
  const { result } = await runTrial({ ...task, window }, markets);
  if (result === null) throw new Error('a result was asked for');
  return result;
}

describe('a window of a market', () => {
  test('the run has the closes its judge sees', async () => {
    const markets = market();
    const window = hours(200, 300);
    const result = await runIn(markets, window);
    expect(result.curve.timeMs).toHaveLength(100);
    const series = seriesOfWindow(markets, window);
    expect(holdRun(result, series).curve.equity).toHaveLength(100);
  });

  test('the judge of a window knows what came before it, and judges the window alone', async () => {
    const markets = market();
    const window = hours(200, 300);
    const result = await runIn(markets, window);
    const terms = { result, arms: [], trials: { count: 1, sharpes: [] }, model: null, words: [] };
    const warm = judged({ ...terms, series: seriesOfWindows(markets, [window]) });
    const cold = judged({ ...terms, series: seriesOfWindow(markets, window) });
    expect(warm.assessment.metrics).toEqual(cold.assessment.metrics);
    expect(warm.hold).toEqual(cold.hold);
    expect(warm.markets.map(({ candles }) => candles.length)).toEqual([100]);
    expect(warm.assessment.regimes).not.toEqual(cold.assessment.regimes);
  });

  test('windows with time left out between them - history once, and no candle of the gap', () => {
    const [series] = seriesOfWindows(market(), [hours(100, 150), hours(200, 250)]);
    expect(series?.candles.length).toBe(200);
    expect(series?.candles.at(0)?.openTimeMs).toBe(START_MS);
    expect(series?.candles.at(150)?.openTimeMs).toBe(START_MS + 200 * HOUR_MS);
  });
});
