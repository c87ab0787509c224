import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { publishMarket } from '../adapters/bus/market.ts';
import { ensureStreams } from '../adapters/bus/streams.ts';
import { venueClient } from '../adapters/venue/client.ts';
import { liveSource } from '../ops/ring/live-source.ts';
import type { Close } from '../ops/ring/source.ts';
import { decodeDeadLetter, encodeMarketEvent } from '../proto/codec.ts';
import { type Wire, wire } from '../proto/subjects.ts';
import { type Gateway, startVenueGateway } from '../workers/venue-gateway/gateway.ts';
import { type LiveExchange, openLiveExchange, SYMBOL } from './live-exchange.ts';
import { openTestDatabase, type TestDatabase, testNamespace } from './support/servers.ts';
import { silent } from './venue-floor.ts';

/** An exchange as a source of closes. A failure here is a session that goes deaf when the
 * gateway is restarted, that skips or repeats a candle, or that decides on a market it is hours
 * behind of. */
describe('live source', () => {
  const request = { exchange: 'binance', symbol: SYMBOL } as const;
  let database: TestDatabase;
  let exchange: LiveExchange;
  let bus: Bus;
  let names: Wire;
  let gateway: Gateway;
  let stop: AbortController;

  beforeAll(async () => {
    database = await openTestDatabase();
  });

  afterAll(() => database.drop());

  beforeEach(async () => {
    names = wire(testNamespace());
    bus = await connectBus({ url: inject('servers').natsUrl, name: 'live source test' });
    await ensureStreams(bus, names);
    exchange = await openLiveExchange({ span: 200, closed: 20 });
    gateway = start();
    stop = new AbortController();
  });

  afterEach(async () => {
    stop.abort();
    await gateway.close();
    for (const stream of Object.values(names.streams)) await bus.manager.streams.delete(stream);
    await bus.close();
    await exchange.end();
  });

  const start = (): Gateway =>
    startVenueGateway({
      venue: 'paper',
      paperUrl: exchange.url,
      paperSecret: 'nobody trades here',
      exchangeUrls: { binance: exchange.url },
      wire: names,
      db: database.db,
      log: silent,
      bus,
    });

  async function open(timeframe: '1m' | '5m' = '1m') {
    const venue = venueClient(bus, names, { venue: 'paper' });
    const { source, liveFromMs } = await liveSource(
      { bus, wire: names, venue, tellAgainMs: 300 },
      { ...request, timeframe },
    );
    const closes = source.closes(stop.signal)[Symbol.asyncIterator]();
    const take = async (count: number): Promise<readonly Close[]> => {
      const taken: Close[] = [];
      while (taken.length < count) {
        const next = await closes.next();
        if (next.done === true) throw new Error(`closes ended after ${taken.length}`);
        taken.push(next.value);
      }
      return taken;
    };
    return { source, liveFromMs, take, closes };
  }

  const minutes = (closes: readonly Close[]): readonly number[] =>
    closes.slice(1).map((close, at) => (close.timeMs - (closes[at]?.timeMs ?? 0)) / 60_000);

  test('warm-up, then each close - in order, each once', async () => {
    const { source, take } = await open();
    expect(source).toMatchObject({ clock: 'live', timeframe: '1m', total: null });
    const warm = await take(20);
    await exchange.close(3);
    const seen = [...warm, ...(await take(3))];
    expect(new Set(minutes(seen))).toEqual(new Set([1]));
    expect(seen.at(-1)?.candles).toMatchObject([{ symbol: SYMBOL, nextOpen: null }]);
  });

  test('a gateway that was restarted - is told again, and fills in what it missed', async () => {
    const { take } = await open();
    const warm = await take(20);
    await gateway.close();
    await exchange.close(2);
    gateway = start();
    const seen = [...warm, ...(await take(2))];
    expect(new Set(minutes(seen))).toEqual(new Set([1]));
  });

  test('a slower ring - has the minutes between its closes for the paper venue', async () => {
    await exchange.close(5);
    const { take, liveFromMs } = await open('5m');
    const warm = [...(await take(1))];
    while ((warm.at(-1)?.timeMs ?? 0) < liveFromMs) warm.push(...(await take(1)));
    expect(warm.every((close) => close.prices === undefined)).toBe(true);
    await exchange.close(12);
    const seen = await take(12);
    expect(new Set(minutes(seen))).toEqual(new Set([1]));
    for (const { timeMs, candles, prices } of seen) {
      const isFive = (timeMs + 1) % 300_000 === 0;
      expect(candles.map((one) => one.timeframe)).toEqual(isFive ? ['5m'] : []);
      expect(prices).toMatchObject([{ timeframe: '1m', candle: { closeTimeMs: timeMs } }]);
    }
  });

  test('what is no candle, or of another market - is left out and buried', async () => {
    const { take } = await open();
    await take(20);
    const subject = names.market('binance', SYMBOL, '1m');
    const graves = bus.connection.subscribe(names.deadLetter('market'), { max: 2 });
    bus.connection.publish(subject, new TextEncoder().encode('no candle'));
    const prices = { open: 1, high: 1, low: 1, close: 1, volume: 1 };
    const candle = { openTimeMs: 0, closeTimeMs: 59_999, ...prices };
    const event = { venue: 'binance', symbol: 'ETH/USDT', timeframe: '1m', candle } as const;
    bus.connection.publish(subject, encodeMarketEvent(event));
    await exchange.close(1);
    expect(await take(1)).toHaveLength(1);
    const letters: string[] = [];
    for await (const { data } of graves) {
      const { code, field, payload } = decodeDeadLetter(data);
      letters.push(`${code} ${field} ${payload.length}`);
    }
    expect(letters).toHaveLength(2);
    expect(letters).toContain('wire_mismatch symbol 0');
  });

  test('a hundred closes behind - it ends, and decides nothing on the past', async () => {
    const { take } = await open();
    const [last] = (await take(20)).slice(-1);
    const candle = last?.candles[0]?.candle;
    if (candle === undefined) throw new Error('the warm-up has candles');
    for (let at = 1; at <= 101; at += 1) {
      const openTimeMs = candle.openTimeMs + at * 60_000;
      const next = { ...candle, openTimeMs, closeTimeMs: openTimeMs + 59_999 };
      const event = { venue: 'binance', symbol: SYMBOL, timeframe: '1m', candle: next } as const;
      await publishMarket(bus, names, { event, deadlineMs: 5_000 });
    }
    await expect(take(101)).rejects.toThrow(/101 closes of BTC\/USDT behind binance/);
  });

  test('the session ends - so do the closes', async () => {
    const { take, closes } = await open();
    await take(20);
    const next = closes.next();
    stop.abort();
    expect(await next).toMatchObject({ done: true });
  });
});
