/** A trailing stop on a day that broke many: 19 May 2021. Failure here means that a position stands
 * unguarded after everything was killed, or is sold at another candle than the market's own prices
 * say, or twice. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCandleFile } from '../adapters/tape/tape.ts';
import type { Candle } from '../core/market/candle.ts';
import { type Fired, GuardStack, straightReading } from './guard-stack.ts';

const FILE = new URL('../../shared/data/binance-BTC-USDT-1m.csv', import.meta.url).pathname;
const HAVE = existsSync(FILE);
const WHY = HAVE ? '' : ' (skipped: no ../shared/data beside this checkout)';

const DAY_MS = Date.UTC(2021, 4, 19);
/** 07:10 UTC: three hours of rise before the fall. */
const ENTRY = 430;
const MULTIPLE = 10;
const LIMITS = {
  ...{ maxOrderQuote: '1000', maxVolatilityBps: 10_000 },
  ...{ stopAtrPct: MULTIPLE * 100, targetAtrPct: 0, trailAtrPct: MULTIPLE * 100 },
};

describe.skipIf(!HAVE)(`trailing stop on a real day${WHY}`, () => {
  const stack = new GuardStack();
  let day: readonly Candle[] = [];

  beforeAll(async () => {
    const { candles } = await readCandleFile(FILE);
    day = [...candles.between(DAY_MS, DAY_MS + 86_400_000)];
    await stack.open(LIMITS);
  });
  afterAll(() => stack.close());

  test('everything killed in the middle - fires once, where a straight reading says', async () => {
    expect(day).toHaveLength(1_440);
    const released = (at: number) => day[at] as Candle;
    const release = (at: number) => stack.release(released(at), day[at + 1]?.open ?? null);
    await release(ENTRY);
    const bought = await stack.buy(day.slice(0, ENTRY + 1));
    const expected = straightReading(day, { at: ENTRY, ...bought }, MULTIPLE) as Fired;
    // Worth reading: the stop moved often, and there is a middle to kill everything in.
    expect(expected.moves).toBeGreaterThan(10);
    const middle = Math.floor((ENTRY + expected.at) / 2);
    for (let at = ENTRY + 1; at <= middle; at += 1) await release(at);
    const before = await stack.guard();
    expect(await stack.powerCut()).toBe(6);
    expect((await stack.guard())?.state).toEqual(before?.state);

    // A driver that was killed tells the last closes again.
    for (let at = middle - 5; at < expected.at; at += 1) await release(at);
    expect(await stack.sold()).toEqual([]);
    expect((await stack.guard())?.status).toBe('watching');
    await release(expected.at);

    const guard = await stack.guard();
    expect(guard?.status).toBe('closed');
    expect(Number(guard?.state.stopPrice)).toBeCloseTo(expected.stop, 1);
    const sold = await stack.sold();
    expect(sold.length).toBeGreaterThan(0);
    for (const fill of sold) {
      // The open of a candle is the instant at which the one before it closed.
      const opened = released(expected.at).open <= expected.stop;
      const at = opened ? expected.at - 1 : expected.at;
      expect(fill.marketTimeMs).toBe(released(at).closeTimeMs);
    }
    const orders = await stack.orders();
    expect(orders.filter(({ state }) => state === 'open')).toEqual([]);
    const filled = orders.filter(({ parameters, executedQuantity }) => {
      return parameters.side === 'SELL' && executedQuantity !== '0';
    });
    expect(filled).toHaveLength(1);
    for (let at = expected.at + 1; at < expected.at + 30; at += 1) await release(at);
    expect(await stack.sold()).toEqual(sold);
  }, 600_000);
});
