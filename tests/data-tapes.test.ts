/** The candle files people really have. Failure would look like: a hole, a repeat or a bad print of
 * a known file that nobody is told about, or a file that cannot be read at all. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readCandleFile, type Tape } from '../adapters/tape/tape.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import type { Indicators, Reading } from '../core/features/reading.ts';
import * as book from '../core/features/textbook.fixture.ts';
import type { Candle } from '../core/market/candle.ts';

const DATA = new URL('../../shared/data/', import.meta.url).pathname;
const HAVE = existsSync(DATA);
const WHY = HAVE ? '' : ' (skipped: no ../shared/data beside this checkout)';

function tape(name: string): Promise<Tape> {
  return readCandleFile(`${DATA}${name}`);
}

interface Expected {
  readonly symbol: string;
  readonly timeframe: string;
  readonly rows: number;
  readonly holes: number;
  readonly missing: number;
  readonly outOfOrder?: number;
}

const FILES: readonly [string, Expected][] = [
  ['binance-BTC-USDT-1m.csv', { ...of('BTC/USDT', '1m', 42_915), holes: 1, missing: 284 }],
  ['binance-BTC-USDT-5m.csv.gz', of('BTC/USDT', '5m', 71_769)],
  ['binance-BTC-USDT-1h.csv', of('BTC/USDT', '1h', 5_980)],
  ['binance-ETH-BTC-5m.csv', { ...of('ETH/BTC', '5m', 24_336), holes: 3, missing: 104 }],
  [
    'unittest-UNITTEST-BTC-1m.csv',
    { ...of('UNITTEST/BTC', '1m', 13_681), holes: 538, missing: 717 },
  ],
  ['coinbase-BTC-USD-1h.csv', { ...of('BTC/USD', '1h', 20_111), outOfOrder: 5 }],
  ['coinbase-BTC-USD-4h.csv', { ...of('BTC/USD', '4h', 20_695), holes: 3, missing: 5 }],
  ['us-SPY-USD-1h.csv', { ...of('SPY/USD', '1h', 40_832), holes: 5_848, missing: 162_910 }],
  ['us-AIG-USD-1d.csv', { ...of('AIG/USD', '1d', 5_849), holes: 1_267, missing: 2_641 }],
];

function of(symbol: string, timeframe: string, rows: number): Expected {
  return { symbol, timeframe, rows, holes: 0, missing: 0 };
}

describe.skipIf(!HAVE)(
  'real candle files (skipped: no ../shared/data beside this checkout)',
  () => {
    test.each(FILES)('%s - read whole, its irregularities counted', async (name, expected) => {
      const { symbol, timeframe, report } = await tape(name);
      expect({ symbol, timeframe, rows: report.rows }).toEqual({
        symbol: expected.symbol,
        timeframe: expected.timeframe,
        rows: expected.rows,
      });
      expect(report.candles).toBe(expected.rows);
      expect(report.holes).toMatchObject({ count: expected.holes, missing: expected.missing });
      expect(report.outOfOrder.count).toBe(expected.outOfOrder ?? 0);
      expect(report.repeats.count).toBe(0);
    });

    test.each([
      ['coinbase-BTC-USD-4h.csv', '2017-04-15T20', 'open 0.06 after a close of 1182.99'],
      ['coinbase-BTC-USD-4h.csv', '2018-04-03T20', 'close 5200 with the market at 7424.91'],
      ['us-AIG-USD-1d.csv', '2009-05-05T00', 'high 20.98 with the market at 1.76'],
      ['us-AIG-USD-1d.csv', '2009-07-01T00', 'open 19.7 after a close of 1.13'],
      ['us-SPY-USD-1h.csv', '2002-04-02T20', 'high 144.12 with the market at 114.01'],
      ['us-SPY-USD-1h.csv', '2002-06-06T14', 'high 124.67 with the market at 104.88'],
    ])('%s, %s - the print that cannot be meant is told: %s', async (name, at, text) => {
      const { absurd } = (await tape(name)).report;
      const told = absurd.listed.map((one) => [new Date(one.openTimeMs).toISOString(), one.text]);
      expect(told).toContainEqual([`${at}:00:00.000Z`, text]);
      expect(absurd.count).toBeLessThan(15);
    });

    test('the crashes of 2021 and 2024 - real ranges, not absurd', async () => {
      for (const name of ['binance-BTC-USDT-1m.csv', 'binance-BTC-USDT-5m.csv.gz']) {
        expect((await tape(name)).report.absurd.count).toBe(0);
      }
    });

    test('float noise - rounded to what it stands for, and counted', async () => {
      const { report, candles } = await tape('unittest-UNITTEST-BTC-1m.csv');
      expect(report.rounded).toBeGreaterThan(5_000);
      for (const { open, close } of candles) {
        expect(String(open).length).toBeLessThan(19);
        expect(String(close).length).toBeLessThan(19);
      }
    });
  },
);

function readings(candles: Iterable<Candle>, timeframe: Tape['timeframe']): Reading[] {
  const engine = new FeatureEngine({ timeframe });
  return Array.from(candles, (candle) => engine.push(candle));
}

/** What the textbook says after the last of `run`, by the reading's names. */
function textbook(run: readonly Candle[]): Partial<Indicators> {
  const { macd, signal } = book.macd(run);
  const { upper, lower } = book.bollinger(run, 20);
  const { adx, plusDi, minusDi } = book.adx(run, 14);
  return {
    rsi14: book.rsi(run, 14),
    macd,
    macdSignal: signal,
    bollingerUpper: upper,
    bollingerLower: lower,
    emaFast: book.ema(book.closes(run), 9),
    emaSlow: book.ema(book.closes(run), 21),
    sma20: book.sma(book.closes(run), 20),
    sma50: book.sma(book.closes(run), 50),
    stochasticK: book.stochasticK(run, 14),
    stochasticD: book.stochasticD(run, 14, 3),
    williamsR: book.williamsR(run, 14),
    cci20: book.cci(run, 20),
    adx14: adx,
    plusDi14: plusDi,
    minusDi14: minusDi,
    atr14: book.atr(run, 14),
    vwap: book.vwap(run),
    volatility20: book.volatility(run, 20),
  };
}

describe.skipIf(!HAVE)(`features on real candles${WHY}`, () => {
  test.each([
    ['binance-BTC-USDT-5m.csv.gz', Date.UTC(2024, 7, 4, 18)],
    ['binance-ETH-BTC-5m.csv', Date.UTC(2021, 4, 19)],
    ['us-SPY-USD-1d.csv', Date.UTC(2008, 8, 1)],
  ])('%s - every indicator is the textbook value', async (name, fromMs) => {
    const { candles, timeframe } = await tape(name);
    const run = [...candles.between(fromMs, Infinity)].slice(0, 240);
    const all = readings(run, timeframe);
    for (const end of [30, 50, 100, 170, 240]) {
      const ours = all[end - 1]?.indicators as Indicators;
      const scale = (run[end - 1] as Candle).close * 1e-3;
      for (const [key, wanted] of Object.entries(textbook(run.slice(0, end)))) {
        const value = ours[key as keyof Indicators];
        if (value === null || wanted === null) expect(value, `${key} at ${end}`).toBe(wanted);
        else {
          const size = Math.max(Math.abs(wanted), scale);
          expect(Math.abs(value - wanted) / size, `${key} at ${end}`).toBeLessThan(1e-9);
        }
      }
    }
  });

  test.each(['us-SPY-USD-1h.csv', 'unittest-UNITTEST-BTC-1m.csv', 'coinbase-BTC-USD-4h.csv'])(
    '%s - warm almost always, whatever its nights, holes and bad prints; never NaN',
    async (name) => {
      const { candles, timeframe } = await tape(name);
      const all = readings(candles, timeframe);
      const cold = all.filter(({ warm }) => !warm).length;
      expect(cold / all.length).toBeLessThan(0.02);
      const odd = all.flatMap(({ features }) =>
        features.filter((value) => value !== null && !Number.isFinite(value)),
      );
      expect(odd).toEqual([]);
    },
  );

  test('five lost hours in mid-day - everything starts again', async () => {
    const { candles, timeframe } = await tape('binance-BTC-USDT-1m.csv');
    const seen = readings(candles, timeframe).map(({ candlesSeen }) => candlesSeen);
    expect(seen.filter((count) => count === 1)).toHaveLength(2);
  });
});
