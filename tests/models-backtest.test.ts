import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../adapters/models/load.ts';
import { predictSeries } from '../adapters/models/predict-series.ts';
import type { BacktestResult } from '../core/backtest/result.ts';
import type { MarketSeries } from '../core/backtest/series.ts';
import { simulate } from '../core/backtest/simulate.ts';
import { makeStrategy } from '../core/backtest/strategies/list.ts';
import type { Decision } from '../core/backtest/strategy.ts';
import { TIMEFRAMES } from '../core/market/candle.ts';
import { CandleSeries } from '../core/market/candle-series.ts';
import type { Predictions } from '../core/models/contract.ts';
import { armsBeside } from '../ops/research/arms.ts';
import { WAYS } from '../ops/research/lookahead/changed-future.ts';
import { futureMoves, type Maker, marksOf } from '../ops/research/lookahead/future-check.ts';
import { describeStrategy, strategyFor } from '../ops/research/strategy-of.ts';
import { type MadeModel, madeUpSeries, makeModel, PYTHON_TIMEOUT_MS } from './models-maker.ts';

// Failure here looks like: a backtest of a model that does not follow the model, differs from run
// to run, or decides with what came later.

const CANDLES = 1_500;
const CUT = 900;

describe('models in a backtest', () => {
  let made: MadeModel;
  let series: readonly MarketSeries[];
  let predictions: Predictions;
  let result: BacktestResult;

  async function answersOver(candles: readonly MarketSeries[]): Promise<Predictions> {
    return predictSeries(await loadModel(made.model), candles);
  }

  function backtest(candles: readonly MarketSeries[], answers: Predictions): BacktestResult {
    const strategy = makeStrategy('ml', {}, { gear: 'lean', predictions: answers });
    return simulate({ series: candles, strategy, gear: 'lean' });
  }

  beforeAll(async () => {
    // Fitted on one made-up market and traded on another: nothing of the second is known to it.
    made = await makeModel(madeUpSeries(3_000, { seed: 99, markets: 2 }));
    series = madeUpSeries(CANDLES, { seed: 1, markets: 2 });
    predictions = await answersOver(series);
    result = backtest(series, predictions);
  }, PYTHON_TIMEOUT_MS);
  afterAll(() => made.remove());

  test('decisions - are what the model foretold at that close, and are traded', () => {
    expect(result.decisions.length).toBeGreaterThan(20);
    expect(result.trades.length).toBeGreaterThan(5);
    const [{ candles, timeframe }] = series as [MarketSeries];
    const startMs = candles.at(0)!.openTimeMs;
    for (const { symbol, closeTimeMs, action, stance } of result.decisions) {
      const index = (closeTimeMs + 1 - startMs) / TIMEFRAMES[timeframe] - 1;
      const { buy, sell, hold } = predictions.at(symbol, index)!;
      expect(Math.abs(stance!.buyBp / 10_000 - buy)).toBeLessThan(2e-4);
      expect(Math.abs(stance!.sellBp / 10_000 - sell)).toBeLessThan(2e-4);
      expect(Math.abs(stance!.holdBp / 10_000 - hold)).toBeLessThan(2e-4);
      if (action === 'BUY') expect(buy).toBeGreaterThan(sell);
      if (action === 'SELL') expect(buy).toBeLessThanOrEqual(sell);
    }
  });

  test('result - names the very file, and is the same when it is run again', async () => {
    const { hash } = await loadModel(made.model);
    expect(result.strategy).toMatchObject({ name: 'ml', parameters: { model: hash } });
    const again = backtest(series, await answersOver(series));
    expect(JSON.stringify(again)).toBe(JSON.stringify(result));
  });

  test('another future - moves no earlier decision, order or fill', async () => {
    const other = series.map((one) => {
      const numbers = one.candles.numbers.slice();
      for (let at = CUT * 6; at < numbers.length; at += 6) {
        for (let column = 1; column <= 4; column += 1) numbers[at + column]! *= 0.8;
      }
      return { ...one, candles: new CandleSeries(TIMEFRAMES[one.timeframe], numbers) };
    });
    const changed = backtest(other, await answersOver(other));
    // A fill at the close before the cut already meets the changed open.
    const lastMs = series[0]!.candles.at(CUT - 2)!.closeTimeMs;
    const early = (one: BacktestResult) => ({
      decisions: one.decisions.filter(({ closeTimeMs }) => closeTimeMs <= lastMs),
      fills: one.fills.filter(({ timeMs }) => timeMs <= lastMs),
      orders: one.orders.filter(({ decidedAtMs }) => decidedAtMs <= lastMs),
    });
    expect(early(result).decisions.length).toBeGreaterThan(20);
    expect(early(result).fills.length).toBeGreaterThan(10);
    expect(early(changed)).toEqual(early(result));
    expect(JSON.stringify(changed)).not.toBe(JSON.stringify(result));
  });

  describe('heard by the ring', () => {
    const council = () => ({ name: 'council', parameters: {}, model: made.model });
    const make: Maker = (shown) => strategyFor(council(), shown, { gear: 'lean', account: {} });
    const bare = ({ council: _, ...decision }: Decision) => decision;

    test('the council - names the file, and decides the same in both gears', async () => {
      const strategy = await make(series);
      const lean = simulate({ series, strategy, gear: 'lean' });
      const whole = await strategyFor(council(), series, { gear: 'full', account: {} });
      const full = simulate({ series, strategy: whole, gear: 'full' });
      expect(full.decisions.map(bare)).toEqual(lean.decisions.map(bare));
      const { hash } = predictions.model;
      expect(lean.strategy.parameters).toMatchObject({ model: hash });
      const described = await describeStrategy(council(), {});
      expect(described).toMatchObject({ parameters: lean.strategy.parameters });
      const spoke = lean.decisions.filter(
        ({ council: record }) => record?.arms.model?.hash === hash,
      );
      expect(spoke.length).toBeGreaterThan(20);
      const deaf = makeStrategy('council', {}, { gear: 'lean' });
      const without = simulate({ series, strategy: deaf, gear: 'lean' });
      expect(without.decisions.map(bare)).not.toEqual(lean.decisions.map(bare));
      expect(deaf.parameters).not.toHaveProperty('model');
    });

    test('another future - moves nothing the council decided with a model', async () => {
      const check = { series, make, account: {} };
      const marks = await marksOf(check);
      const times = marks.map(({ timeMs }) => timeMs);
      expect(times.length).toBeGreaterThan(40);
      for (const [at, way] of WAYS.entries()) {
        const atMs = times[Math.floor((times.length * (at + 1)) / 5)] as number;
        expect(await futureMoves(check, { atMs, way, seed: at }, marks)).toBeNull();
      }
    });

    test('arms - every one that asks a model is given it, and no other', () => {
      const arms = armsBeside({ name: 'council', parameters: {} }, made.model);
      const given = arms.filter(({ model }) => model === made.model).map(({ name }) => name);
      expect(given).toEqual(['vote', 'assistant:strategist', 'best-single', 'ensemble', 'ml']);
      const without = armsBeside({ name: 'council', parameters: {} }, undefined);
      expect(without.map(({ name }) => name)).not.toContain('ml');
      expect(without.every(({ model }) => model === undefined)).toBe(true);
    });
  });
});
