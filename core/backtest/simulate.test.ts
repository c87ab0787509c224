import { describe, expect, test } from 'vitest';
import { RunStopped } from './loop.ts';
import { marketOf } from './market.fixture.ts';
import type { BacktestResult } from './result.ts';
import type { MarketSeries } from './series.ts';
import { simulate } from './simulate.ts';
import { makeStrategy } from './strategies/list.ts';
import type { Decision, Gear, Strategy } from './strategy.ts';
import { StrategyFault } from './strategy-fault.ts';

// Failure here looks like: two runs of the same that differ, a gear that decides otherwise, a
// market that another one's holes put out of step, or a broken strategy that trades on.

function run(series: readonly MarketSeries[], name: string, gear: Gear = 'lean'): BacktestResult {
  return simulate({ series, gear, strategy: makeStrategy(name, {}, { gear }) });
}

/** A strategy that answers as it is told at every close. */
function saying(decide: Strategy['decide']): Strategy {
  return { name: 'planted', version: 1, warmup: 0, parameters: {}, decide };
}

function withoutWords({ decisions, ...result }: BacktestResult) {
  const bare = decisions.map(({ council, ...decision }) => {
    return { ...decision, council: { ...council, transcript: null, judgement: null } };
  });
  return { ...result, gear: null, decisions: bare };
}

describe('a backtest', () => {
  const btc = marketOf('one');

  test('council, twice - the same result, byte for byte, and it trades', () => {
    const [once, again] = [run([btc], 'council'), run([btc], 'council')];
    expect(JSON.stringify(again)).toBe(JSON.stringify(once));
    expect(once.counts).toMatchObject({ candles: 1_500, closes: 1_500 });
    expect(once.curve.timeMs).toHaveLength(1_500);
    expect(once.counts.decisions).toBeGreaterThan(80);
    expect(once.fills.length).toBeGreaterThan(10);
  });

  test('lean and full - equal decisions, orders, fills and curve; only full has words', () => {
    const [lean, full] = [run([btc], 'council', 'lean'), run([btc], 'council', 'full')];
    expect(withoutWords(lean)).toEqual(withoutWords(full));
    expect(lean.decisions.some(({ council }) => council?.transcript !== undefined)).toBe(false);
    expect(full.decisions.every(({ council }) => (council?.transcript ?? []).length >= 14)).toBe(
      true,
    );
  });

  test('decisions and orders not kept - are counted and carried out all the same', () => {
    const strategy = makeStrategy('council', {}, { gear: 'lean' });
    const bare = simulate({ series: [btc], strategy, gear: 'lean', keeps: 'figures' });
    expect(bare).toEqual({ ...run([btc], 'council'), decisions: [], orders: [] });
  });

  test('decisions - are filled no earlier than the next open', () => {
    const { decisions, fills } = run([btc], 'council');
    const first = decisions.find(({ followUp }) => followUp.kind === 'order');
    expect(fills[0]?.timeMs).toBeGreaterThanOrEqual(first?.closeTimeMs ?? Number.NaN);
    expect(fills.every(({ side }) => side === 'BUY' || side === 'SELL')).toBe(true);
  });

  test('nothing traded - the curve is the capital, whatever the market did', () => {
    const strategy = saying(() => []);
    const account = { capital: { USDT: '2500' } };
    const { curve, fills } = simulate({ series: [btc], strategy, gear: 'lean', account });
    expect(fills).toEqual([]);
    expect(new Set(curve.equity)).toEqual(new Set([2_500]));
  });
});

describe('a portfolio', () => {
  // A market of weekdays' days beside one that never closes, and one with an outage.
  const daily = (place: number) => place % 288 >= 100 && place % 288 < 178;
  const outage = (place: number) => place < 400 || place > 460;
  const all = [
    marketOf('a', { symbol: 'BTC/USDT', open: outage }),
    marketOf('b', { symbol: 'SPY/USDT', candles: 500, open: daily }),
  ];

  test('holes and sessions of their own - every close once, all candles, by symbol', () => {
    const seen: string[] = [];
    const strategy = saying((closed) => {
      seen.push(closed.map(({ instrument, index }) => `${instrument.symbol} ${index}`).join(' '));
      return [];
    });
    const { counts, curve, data } = simulate({
      series: [...all].reverse(),
      strategy,
      gear: 'lean',
    });
    expect(counts.candles).toBe(2_000);
    expect(counts.closes).toBe(seen.length);
    expect([...curve.timeMs].sort((a, b) => a - b)).toEqual(curve.timeMs);
    expect(new Set(curve.timeMs).size).toBe(curve.timeMs.length);
    expect(seen.some((line) => /^BTC\/USDT \d+ SPY\/USDT \d+$/.test(line))).toBe(true);
    expect(data.series.map(({ symbol, holes }) => [symbol, holes > 0])).toEqual([
      ['BTC/USDT', true],
      ['SPY/USDT', true],
    ]);
  });

  test('in any order - the same result; each market is judged as it is alone', () => {
    const together = run(all, 'council');
    expect(JSON.stringify(run([...all].reverse(), 'council'))).toBe(JSON.stringify(together));
    expect(new Set(together.fills.map(({ symbol }) => symbol))).toEqual(
      new Set(['BTC/USDT', 'SPY/USDT']),
    );
    // A strategy that looks at nothing but its market decides the same beside another.
    const spoke = ({ decisions }: BacktestResult) =>
      decisions.filter(({ symbol }) => symbol === 'SPY/USDT').map(({ closeTimeMs }) => closeTimeMs);
    const alone = run(all.slice(1), 'mean-reversion');
    expect(spoke(run(all, 'mean-reversion'))[0]).toBe(spoke(alone)[0]);
  });

  test.each([
    ['no market', [], 'series must hold at least one market'],
    ['an empty one', [marketOf('c', { candles: 0 })], 'BTC/USDT must have candles, had none'],
    ['one twice', [all[0], all[0]], 'BTC/USDT must be there once, was there twice'],
    [
      'two timeframes',
      [all[0], marketOf('d', { symbol: 'ETH/USDT', timeframe: '1h', candles: 5 })],
      'series must have one timeframe, had 5m, 1h',
    ],
  ])('%s - refused', (_, series, said) => {
    const strategy = saying(() => []);
    const given = series as readonly MarketSeries[];
    expect(() => simulate({ series: given, strategy, gear: 'lean' })).toThrow(said);
  });
});

describe('a strategy that may not go on', () => {
  const btc = marketOf('faults', { candles: 30 });
  const closed = btc.candles.at(4)?.closeTimeMs ?? 0;
  const decision: Decision = {
    symbol: 'BTC/USDT',
    closeTimeMs: closed,
    action: 'BUY',
    confidenceBp: 5_000,
    followUp: { kind: 'order', side: 'BUY' },
    why: 'planted',
    stance: null,
  };
  const at5 = (change: Partial<Decision>) =>
    saying((views) => (views[0]?.index === 4 ? [{ ...decision, ...change }] : []));

  test.each([
    ['NaN', { confidenceBp: Number.NaN }, 'confidenceBp must be a whole number from 0 to 10000'],
    ['too sure', { confidenceBp: 10_001 }, 'was 10001'],
    ['a strange action', { action: 'SHORT' as 'BUY' }, 'action must be BUY, SELL or HOLD'],
    ['another time', { closeTimeMs: closed + 1 }, `closeTimeMs must be ${closed}`],
    ['another market', { symbol: 'ETH/USDT' }, 'did not close now'],
    ['half a stance', { stance: { buyBp: 1, sellBp: 1, holdBp: 1 } }, 'stance must be'],
  ] as const)('%s - is refused with strategy, symbol and candle named', (_, change, said) => {
    const fault = faultOf(at5(change));
    expect(fault.message).toContain(said);
    expect(fault.message).toContain('strategy planted');
    expect(fault).toMatchObject({ strategy: 'planted', closeTimeMs: closed });
    expect(fault.symbols).toEqual(['symbol' in change ? change.symbol : 'BTC/USDT']);
  });

  test('a throw - is named the same way, with its cause', () => {
    const cause = new Error('lost my way');
    const fault = faultOf(
      saying((views) => {
        if (views[0]?.index === 4) throw cause;
        return [];
      }),
    );
    expect(fault).toMatchObject({ fault: 'threw: lost my way', cause, closeTimeMs: closed });
    expect(fault.symbols).toEqual(['BTC/USDT']);
  });

  test('told to stop - ends, and says where', () => {
    const strategy = saying(() => []);
    const onClose = (done: number, total: number) => done < 7 && total === 30;
    const stopped = thrownBy(() => simulate({ series: [btc], strategy, gear: 'lean', onClose }));
    expect(stopped).toBeInstanceOf(RunStopped);
    expect(stopped).toMatchObject({ done: 7, total: 30 });
  });

  test('candles of a close that is over - can no longer be asked for', () => {
    const kept: { readonly candles: readonly unknown[] }[] = [];
    const strategy = saying((views) => {
      kept.push(...views);
      return [];
    });
    simulate({ series: [btc], strategy, gear: 'lean' });
    expect(() => kept[3]?.candles).toThrow('candles must be read at their own close');
    expect(kept.at(-1)?.candles).toHaveLength(30);
  });

  function faultOf(strategy: Strategy): StrategyFault {
    const thrown = thrownBy(() => simulate({ series: [btc], strategy, gear: 'lean' }));
    if (thrown instanceof StrategyFault) return thrown;
    throw new Error(`not a StrategyFault: ${String(thrown)}`);
  }
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
