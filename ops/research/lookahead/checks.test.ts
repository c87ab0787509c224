/** The look for what knows the future. Failure would look like: a strategy that peeks and is called
 * clean, one that needs more past than it says and is believed, an honest one that is accused. */
import { describe, expect, test } from 'vitest';
import type { MarketSeries } from '../../../core/backtest/series.ts';
import { makeStrategy } from '../../../core/backtest/strategies/list.ts';
import { ruleStrategy } from '../../../core/backtest/strategies/rule.ts';
import type { Strategy } from '../../../core/backtest/strategy.ts';
import { candleFault, TIMEFRAMES } from '../../../core/market/candle.ts';
import { CandleSeries } from '../../../core/market/candle-series.ts';
import { simulatedCloses } from '../../../core/market/simulated.ts';
import { changeFuture, keepNextOpens, WAYS } from './changed-future.ts';
import { closeTimesOf, futureMoves, type Maker, type Moved, marksOf } from './future-check.ts';
import { historyMatters } from './history-check.ts';
import { momentsOf } from './lookahead.ts';

const CANDLES = 420;
/** Against hanging on a busy machine, not against slowness. */
const PATIENT_MS = 240_000;

function market(symbol: string, seed: number): MarketSeries {
  const closes = simulatedCloses({
    seed,
    timeframe: '5m',
    startMs: Date.UTC(2024, 0, 1),
    symbols: [{ symbol, price: 100, decimals: 2 }],
  });
  const numbers: number[] = [];
  for (const [one] of closes) {
    const { openTimeMs, open, high, low, close, volume } = (one as NonNullable<typeof one>).candle;
    numbers.push(openTimeMs, open, high, low, close, volume);
    if (numbers.length === CANDLES * 6) break;
  }
  const [base = '', quote = ''] = symbol.split('/');
  return {
    instrument: { symbol, base, quote, tickSize: '0.01', lotSize: '0.001', minNotional: '5' },
    timeframe: '5m',
    candles: new CandleSeries(TIMEFRAMES['5m'], Float64Array.from(numbers)),
  };
}

const SERIES = [market('SIMA/USDT', 3), market('SIMB/USDT', 4)];
const TIMES = closeTimesOf(SERIES);
const AT_MS = TIMES[110] as number;

const THRESHOLDS = { enter: 0.5, leave: -0.5 };
const SAYS = { BUY: 'up', SELL: 'down' };

/** Honest: the last candle alone. */
const momentum: Maker = () =>
  ruleStrategy({
    ...{ name: 'momentum', version: 1, warmup: 60, parameters: {} },
    ...{ thresholds: THRESHOLDS, says: SAYS },
    sight: ({ candle }) => ({ lean: candle.close > candle.open ? 1 : -1 }),
  });

/** Planted: it looks up the close `ahead` candles later in the candles it was made from. */
function peeking(ahead: number): Maker {
  return (series) =>
    ruleStrategy({
      ...{ name: 'peeking', version: 1, warmup: 60, parameters: {} },
      ...{ thresholds: THRESHOLDS, says: SAYS },
      sight: ({ instrument, index, candle }) => {
        const own = series.find((one) => one.instrument.symbol === instrument.symbol);
        const later = own?.candles.at(index + ahead)?.close ?? candle.close;
        return { lean: later > candle.close ? 1 : -1 };
      },
    });
}

/** Planted: it compares with the mean of all it was made from, past and future. */
const normalising: Maker = (series) => {
  const means = new Map(
    series.map(({ instrument, candles }) => {
      const sum = [...candles].reduce((total, { close }) => total + close, 0);
      return [instrument.symbol, sum / candles.length];
    }),
  );
  return ruleStrategy({
    ...{ name: 'normalising', version: 1, warmup: 60, parameters: {} },
    ...{ thresholds: THRESHOLDS, says: SAYS },
    sight: ({ instrument: { symbol }, candle }) => ({
      lean: candle.close < (means.get(symbol) ?? 0) ? 1 : -1,
    }),
  });
};

/** The first hours of both: a run is made five times. */
const SHORT = SERIES.map((one) => ({ ...one, candles: one.candles.between(0, TIMES[170] ?? 0) }));

async function movesOf(make: Maker): Promise<readonly (Moved | null)[]> {
  const check = { series: SHORT, make, account: {} };
  const marks = await marksOf(check);
  expect(marks.filter(({ timeMs }) => timeMs <= AT_MS).length).toBeGreaterThan(2);
  return Promise.all(
    WAYS.map((way, seed) => futureMoves(check, { atMs: AT_MS, way, seed }, marks)),
  );
}

describe('another future', () => {
  test.each(WAYS)('%s: the past stays, what comes after is another and sound', (way) => {
    for (const [at, changed] of changeFuture(SHORT, { atMs: AT_MS, way, seed: 5 }).entries()) {
      const real = SHORT[at] as MarketSeries;
      const past = real.candles.between(0, AT_MS).length;
      expect([...changed.candles].slice(0, past)).toEqual([...real.candles].slice(0, past));
      const after = [...changed.candles].slice(past);
      expect(after.length).toBe(way === 'cut' ? 0 : real.candles.length - past);
      expect(after).not.toEqual([...real.candles].slice(past));
      for (const candle of after) expect(candleFault(candle, '5m')).toBeNull();
    }
  });

  test.each(WAYS)('%s: the account meets the very next open as it was, and no more', (way) => {
    const changed = changeFuture(SHORT, { atMs: AT_MS, way, seed: 5 });
    for (const [at, kept] of keepNextOpens(changed, SHORT, AT_MS).entries()) {
      const [real, other] = [SHORT[at] as MarketSeries, changed[at] as MarketSeries];
      const next = real.candles.between(0, AT_MS).length;
      expect(kept.candles.at(next)?.open).toBe(real.candles.at(next)?.open);
      expect([...kept.candles].slice(0, next)).toEqual([...real.candles].slice(0, next));
      expect([...kept.candles].slice(next + 1)).toEqual([...other.candles].slice(next + 1));
      for (const candle of kept.candles) expect(candleFault(candle, '5m')).toBeNull();
      expect(kept.candles.at(next)).not.toEqual(real.candles.at(next));
    }
  });

  test(
    'an honest strategy, the council and its best member: nothing moves',
    async () => {
      const named = ['council', 'best-single'].map(
        (name): Maker =>
          () =>
            makeStrategy(name, {}, { gear: 'lean' }),
      );
      for (const make of [momentum, ...named]) {
        expect(await movesOf(make)).toEqual(WAYS.map(() => null));
      }
    },
    PATIENT_MS,
  );

  test.each([1, 7])(
    'a strategy that peeks %i candles ahead - caught, by its close',
    async (ahead) => {
      const moved = (await movesOf(peeking(ahead))).filter((one) => one !== null);
      expect(moved.length).toBeGreaterThan(0);
      for (const { timeMs, kind, before, after } of moved) {
        expect(kind).toBe('decision');
        expect(timeMs).toBeLessThanOrEqual(AT_MS);
        expect(timeMs).toBeGreaterThan(AT_MS - (ahead + 1) * TIMEFRAMES['5m']);
        expect(before).not.toBe(after);
      }
    },
  );

  test(
    'a strategy that knows the mean of all that is to come - caught',
    async () => {
      const moved = (await movesOf(normalising)).filter((one) => one !== null);
      expect(moved.length).toBeGreaterThan(0);
    },
    PATIENT_MS,
  );
});

describe('after which closes the future is changed', () => {
  const mark = (kind: 'decision' | 'fill', timeMs: number) => {
    return { kind, timeMs, symbol: 'SIMA/USDT', says: '', whole: '' };
  };
  const times = [10, 20, 30, 40, 50];

  test('at decisions, each once, and anywhere from the first of them; never after the last', () => {
    const marks = [mark('decision', 20), mark('fill', 30), mark('decision', 20)];
    const found = momentsOf([...marks, mark('decision', 50)], times);
    expect(found).toEqual({ decided: [20], any: [20, 30, 40] });
  });

  test('decided at the last close alone - anywhere that leaves a candle to change', () => {
    expect(momentsOf([mark('decision', 50)], times)).toEqual({ decided: [40], any: [40] });
  });

  test('a strategy that seldom decides and peeks one candle ahead - caught', async () => {
    // Once in 60 closes: whoever changes the future anywhere misses it.
    const seldom: Maker = (series) => {
      const peek = peeking(1)(series) as Strategy;
      return {
        ...peek,
        decide: (closed, books) => ((closed[0]?.index ?? 0) % 60 ? [] : peek.decide(closed, books)),
      };
    };
    const check = { series: SHORT, make: seldom, account: {} };
    const marks = await marksOf(check);
    const { decided } = momentsOf(marks, closeTimesOf(SHORT));
    expect(decided.length).toBeGreaterThan(0);
    const moved = await Promise.all(
      decided.flatMap((atMs) =>
        WAYS.map((way, seed) => futureMoves(check, { atMs, way, seed }, marks)),
      ),
    );
    expect(moved.some((one) => one !== null)).toBe(true);
  });
});

/** Above or below the mean of the last `candles` closes, of which it keeps the sum itself. */
function meanOf(candles: number, warmup: number): Maker {
  return (): Strategy => {
    const closes = new Map<string, number[]>();
    return ruleStrategy({
      ...{ name: 'mean', version: 1, warmup, parameters: {} },
      ...{ thresholds: THRESHOLDS, says: SAYS },
      sight: ({ instrument: { symbol }, candle }) => {
        const seen = closes.get(symbol) ?? [];
        closes.set(symbol, seen);
        seen.push(candle.close);
        if (seen.length > candles) seen.shift();
        const mean = seen.reduce((sum, close) => sum + close, 0) / seen.length;
        return { lean: candle.close > mean ? 1 : -1 };
      },
    });
  };
}

describe('less past', () => {
  const span = { fromMs: TIMES[320] as number, toMs: TIMES[400] as number };

  test('a declared warm-up that is enough - equal decisions', async () => {
    const check = { series: SERIES, make: meanOf(40, 100), everyClose: true };
    for (const stand of ['flat', 'holding'] as const) {
      const finding = await historyMatters(check, { ...span, stand });
      expect(finding).toMatchObject({ differing: 0, first: null });
      expect(finding.compared).toBeGreaterThan(8);
    }
  });

  test('one that needs 200 candles and says 60 - caught, with the close', async () => {
    const check = { series: SERIES, make: meanOf(200, 60), everyClose: true };
    const finding = await historyMatters(check, { ...span, stand: 'flat' });
    expect(finding.differing / finding.compared).toBeGreaterThan(0.05);
    expect(finding.first?.timeMs).toBeGreaterThanOrEqual(span.fromMs);
    expect(finding.first?.whole).not.toBe(finding.first?.short);
  });

  test('readings that feed on themselves - their drift is told', async () => {
    const short = { series: SERIES, make: meanOf(40, 60), everyClose: true };
    const long = { series: SERIES, make: meanOf(40, 300), everyClose: true };
    const [after60, after300] = await Promise.all(
      [short, long].map((check) => historyMatters(check, { ...span, stand: 'flat' })),
    );
    expect(after60?.drift?.size).toBeGreaterThan(after300?.drift?.size ?? 1);
  });
});
