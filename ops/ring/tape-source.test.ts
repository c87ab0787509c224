import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCandleFile, type Tape } from '../../adapters/tape/tape.ts';
import type { Close } from './source.ts';
import { type Speed, tapeSource } from './tape-source.ts';

const FIRST_MS = Date.UTC(2024, 7, 5);
const MINUTE_MS = 60_000;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapes-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of one-price candles that open in these minutes (of the timeframe). */
async function tapeOf(name: string, opens: readonly number[], stepMs = MINUTE_MS): Promise<Tape> {
  const path = join(folder, name);
  const rows = opens.map((open) => {
    const price = 100 + open;
    return [FIRST_MS + open * stepMs, price, price, price, price, 1].join(',');
  });
  writeFileSync(path, ['timestamp,open,high,low,close,volume', ...rows, ''].join('\n'));
  return readCandleFile(path);
}

async function played(tapes: readonly Tape[], speed: Speed = 'max', signal?: AbortSignal) {
  const closes: Close[] = [];
  const source = tapeSource(tapes, speed);
  for await (const close of source.closes(signal ?? new AbortController().signal))
    closes.push(close);
  return closes;
}

const minuteOf = ({ timeMs }: Close): number => (timeMs + 1 - FIRST_MS) / MINUTE_MS;

describe('tapeSource', () => {
  test('two tapes - one clock, both candles of a close at once, in symbol order', async () => {
    const eth = await tapeOf('binance-ETH-USDT-1m.csv', [1, 2]);
    const btc = await tapeOf('binance-BTC-USDT-1m.csv', [0, 1, 3]);
    const closes = await played([eth, btc]);
    const seen = closes.map((close) => [
      minuteOf(close),
      ...close.candles.map(({ symbol }) => symbol),
    ]);
    expect(seen).toEqual([
      [1, 'BTC/USDT'],
      [2, 'BTC/USDT', 'ETH/USDT'],
      [3, 'ETH/USDT'],
      [4, 'BTC/USDT'],
    ]);
    expect(closes.map(({ candles }) => candles[0]?.nextOpen)).toEqual([101, 103, null, null]);
    expect(await played([btc, eth])).toEqual(closes);
  });

  test('pace - changes when candles come, not which', async () => {
    const tape = await tapeOf('binance-BTC-USDT-1m.csv', [0, 1, 2]);
    const startedAt = performance.now();
    const paced = await played([tape], 600);
    // Two minutes of market time at 600 times the wall's.
    expect(performance.now() - startedAt).toBeGreaterThan(180);
    expect(paced).toEqual(await played([tape]));
  });

  test('an interruption - ends the wait for the next candle', async () => {
    const tape = await tapeOf('binance-BTC-USDT-1m.csv', [0, 1]);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const startedAt = performance.now();
    await expect(played([tape], 1, stop.signal)).rejects.toThrow(/abort/);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('several timeframes - refused, naming them', async () => {
    const minutes = await tapeOf('binance-BTC-USDT-1m.csv', [0, 1]);
    const hours = await tapeOf('binance-ETH-USDT-1h.csv', [0, 1], 60 * MINUTE_MS);
    expect(() => tapeSource([minutes, hours], 'max')).toThrow('found 1m, 1h');
  });

  test('instruments and total - of every tape', async () => {
    const tape = await tapeOf('binance-BTC-USDT-1m.csv', [0, 1, 2]);
    const { instruments, total, clock, timeframe } = tapeSource([tape], 'max');
    expect({ total, clock, timeframe }).toEqual({ total: 3, clock: 'tape', timeframe: '1m' });
    expect(instruments).toMatchObject([{ symbol: 'BTC/USDT', base: 'BTC', quote: 'USDT' }]);
  });
});
