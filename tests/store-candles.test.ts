/** Failure here means: a candle file imported twice doubles its candles, or a late correction
 * rewrites what decisions were made on. */
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listSeries, readCandles, type Series, storeCandles } from '../adapters/store/candles.ts';
import {
  findInstrument,
  readInstruments,
  storeInstruments,
} from '../adapters/store/instruments.ts';
import type { Database } from '../adapters/store/schema.ts';
import type { Candle } from '../core/market/candle.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
});

afterAll(() => database.drop());

const START_MS = Date.UTC(2024, 7, 5);
const SERIES: Series = { venue: 'paper', symbol: 'BTC/USDT', timeframe: '1m' };

/** A walk with awkward decimals. */
function candles(count: number): Candle[] {
  return Array.from({ length: count }, (_, index) => {
    const openTimeMs = START_MS + index * 60_000;
    const open = 50_000 + (index % 97) / 7;
    const close = open * 1.0001;
    return {
      openTimeMs,
      closeTimeMs: openTimeMs + 59_999,
      open,
      high: close + 0.1,
      low: open - 0.3,
      close,
      volume: index / 1e6,
    };
  });
}

describe('candles - storing', () => {
  test('twelve thousand are stored and come back equal', async () => {
    const series = { ...SERIES, symbol: 'AAA/USDT' };
    const offered = candles(12_000);
    const stored = await storeCandles(db, { ...series, candles: offered });
    expect(stored).toEqual({ inserted: 12_000, known: 0, differing: 0, firstDifference: null });
    expect(await readCandles(db, series)).toEqual(offered);
  });

  test('storing again changes nothing', async () => {
    const batch = { ...SERIES, symbol: 'BBB/USDT', candles: candles(50) };
    await storeCandles(db, { ...batch, candles: batch.candles.slice(20) });
    expect(await storeCandles(db, batch)).toMatchObject({ inserted: 20, known: 30, differing: 0 });
    expect(await storeCandles(db, batch)).toMatchObject({ inserted: 0, known: 50, differing: 0 });
    expect(await readCandles(db, batch)).toEqual(batch.candles);
  });

  test('a late candle that differs is reported and does not overwrite', async () => {
    const batch = { ...SERIES, symbol: 'CCC/USDT', candles: candles(3) };
    const [, second] = batch.candles as [Candle, Candle, Candle];
    await storeCandles(db, batch);
    const corrected = { ...second, volume: second.volume + 1 };
    const late = { ...batch, candles: [corrected, ...candles(4).slice(2)] };
    expect(await storeCandles(db, late)).toEqual({
      inserted: 1,
      known: 1,
      differing: 1,
      firstDifference: { stored: second, offered: corrected },
    });
    expect((await readCandles(db, batch))[1]).toEqual(second);
  });

  test('two candles for one open time in a batch: the first stands, the other told', async () => {
    const [candle] = candles(1) as [Candle];
    const other = { ...candle, volume: 7 };
    const batch = { ...SERIES, symbol: 'DDD/USDT', candles: [candle, other, candle] };
    expect(await storeCandles(db, batch)).toMatchObject({ inserted: 1, known: 1, differing: 1 });
    expect(await readCandles(db, batch)).toEqual([candle]);
  });

  test('one bad candle at the end of a long file leaves nothing half-stored', async () => {
    const series = { ...SERIES, symbol: 'EEE/USDT' };
    const all = candles(6_000);
    const bad = { ...(all.at(-1) as Candle), high: 1 };
    const batch = { ...series, candles: [...all.slice(0, -1), bad] };
    await expect(storeCandles(db, batch)).rejects.toThrow('candles_check');
    expect(await readCandles(db, series)).toEqual([]);
  });

  test.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a negative', -1],
    ['zero', 0],
  ])('%s is no price', async (_name, close) => {
    const [candle] = candles(1) as [Candle];
    const batch = { ...SERIES, symbol: 'FFF/USDT', candles: [{ ...candle, close }] };
    await expect(storeCandles(db, batch)).rejects.toThrow('check');
  });

  test('an empty batch is nothing', async () => {
    expect(await storeCandles(db, { ...SERIES, candles: [] })).toMatchObject({ inserted: 0 });
  });
});

describe('candles - reading', () => {
  const series = { ...SERIES, symbol: 'GGG/USDT' };
  const all = candles(10);

  beforeAll(async () => {
    await storeCandles(db, { ...series, candles: all.toReversed() });
    await storeCandles(db, { ...series, venue: 'other', candles: candles(2) });
  });

  test('a range has the candles that opened and closed within it, oldest first', async () => {
    const range = { fromMs: START_MS + 60_000, toMs: START_MS + 5 * 60_000 };
    expect(await readCandles(db, { ...series, ...range })).toEqual(all.slice(1, 5));
  });

  test('a candle that has not closed yet at that time is not seen', async () => {
    const toMs = START_MS + 5 * 60_000 - 2;
    expect(await readCandles(db, { ...series, toMs })).toEqual(all.slice(0, 4));
  });

  test('the newest few up to a time, still oldest first', async () => {
    const toMs = (all[7] as Candle).closeTimeMs;
    expect(await readCandles(db, { ...series, toMs, newest: 3 })).toEqual(all.slice(5, 8));
  });

  test('every series is listed with its extent', async () => {
    const listed = (await listSeries(db)).filter(({ symbol }) => symbol === 'GGG/USDT');
    expect(listed).toEqual([
      {
        ...series,
        venue: 'other',
        candles: 2,
        firstOpenMs: START_MS,
        lastCloseMs: START_MS + 119_999,
      },
      { ...series, candles: 10, firstOpenMs: START_MS, lastCloseMs: START_MS + 599_999 },
    ]);
  });
});

describe('instruments', () => {
  const btc = {
    symbol: 'BTC/USDT',
    base: 'BTC',
    quote: 'USDT',
    tickSize: '0.01',
    lotSize: '0.00001',
    minNotional: '5.00',
  };

  test('instruments - steps come back digit by digit, and new steps replace old ones', async () => {
    await storeInstruments(db, 'paper', [btc, { ...btc, symbol: 'ETH/USDT', base: 'ETH' }]);
    await storeInstruments(db, 'paper', [{ ...btc, tickSize: '0.10' }]);
    expect(await findInstrument(db, { venue: 'paper', symbol: 'BTC/USDT' })).toEqual({
      ...btc,
      tickSize: '0.10',
    });
    expect((await readInstruments(db, 'paper')).map(({ symbol }) => symbol)).toEqual([
      'BTC/USDT',
      'ETH/USDT',
    ]);
  });

  test('instruments - an unknown symbol is answered with those there are', async () => {
    const asked = findInstrument(db, { venue: 'paper', symbol: 'XRP/USDT' });
    await expect(asked).rejects.toThrow(
      'unknown symbol at paper "XRP/USDT": there is BTC/USDT, ETH/USDT',
    );
  });
});
