import { describe, expect, test } from 'vitest';
import { SIMULATED_SYMBOLS } from '../../core/market/simulated.ts';
import { simulatedSource } from './simulated-source.ts';
import type { Close } from './source.ts';

const MARKET = {
  seed: 3,
  timeframe: '5m',
  startMs: Date.UTC(2030, 0, 1),
  symbols: SIMULATED_SYMBOLS,
} as const;

async function released(closes: number | null, count: number): Promise<Close[]> {
  const list: Close[] = [];
  for await (const close of simulatedSource(MARKET, closes).closes(new AbortController().signal)) {
    list.push(close);
    if (list.length === count) break;
  }
  return list;
}

describe('simulated source', () => {
  test('closes - one after another, each telling the venue where the next one opens', async () => {
    const list = await released(null, 50);
    for (const [at, close] of list.slice(1).entries()) {
      const before = list[at] as Close;
      expect(close.timeMs).toBe(before.timeMs + 300_000);
      expect(before.candles.map(({ nextOpen }) => nextOpen)).toEqual(
        close.candles.map(({ candle }) => candle.open),
      );
    }
  });

  test('end - a bounded one ends, and nobody knows what comes after', async () => {
    const list = await released(10, 100);
    expect(list).toHaveLength(10);
    expect(list.at(-1)?.candles.every(({ nextOpen }) => nextOpen === null)).toBe(true);
    expect(simulatedSource(MARKET, 10).total).toBe(30);
  });

  test('repeat - a second run releases the same', async () => {
    expect(await released(null, 200)).toEqual(await released(null, 200));
  });

  test('interrupted - it stops at once', async () => {
    const closes = simulatedSource(MARKET, null).closes(AbortSignal.abort());
    await expect(closes[Symbol.asyncIterator]().next()).rejects.toThrow(/abort/i);
  });
});
