import { connect, type NatsConnection } from '@nats-io/transport-node';
import { describe, expect, inject, test } from 'vitest';
import { decodeMarketEvent } from '../proto/codec.ts';
import { EXECUTION_CODEC } from '../proto/venue.ts';
import type { Execution } from '../proto/venue-messages.ts';
import { startPaperVenue } from '../workers/paper-venue/server.ts';
import { like, order, withDesk } from './venue-desk.ts';
import {
  ACCOUNT,
  closeOf,
  FIRST_OPEN_MS,
  flat,
  SECRET,
  SYMBOL,
  silent,
  until,
} from './venue-floor.ts';

/** What else the gateway does: market data, candles as they close, the user stream, and bytes that
 * are no request. A failure here means a hole in the candles, or a gateway that one client can
 * stop. */
describe('venue gateway', () => {
  const desk = withDesk();

  describe('market', () => {
    test('instruments, depth, candles, time', async () => {
      const [instrument] = await desk.port.instruments();
      expect(instrument).toEqual({
        symbol: SYMBOL,
        base: 'BTC',
        quote: 'USDT',
        tickSize: '0.01',
        lotSize: '0.00001',
        minNotional: '5',
      });
      const { bids, asks } = await desk.port.depth(SYMBOL, 2);
      expect(asks).toEqual([
        { price: '50005', quantity: '0.4' },
        { price: '50010', quantity: '0.4' },
      ]);
      expect(bids).toHaveLength(2);
      const [candle] = await desk.port.klines({ symbol: SYMBOL, timeframe: '5m' });
      expect(candle).toEqual(closeOf(0, flat(50_000)).candles[0]?.candle);
      expect(Math.abs((await desk.port.time()).venueTimeMs - Date.now())).toBeLessThan(2_000);
    });

    test('unknown symbol - an error that says so', async () => {
      await expect(desk.port.depth('XYZ/USDT')).rejects.toMatchObject({
        code: 'invalid',
        message: like(/XYZ\/USDT/),
      });
    });

    test('unknown exchange - an error that says so', async () => {
      await expect(desk.port.instruments('nosuchexchange')).rejects.toMatchObject({
        code: 'invalid',
      });
      await expect(desk.port.instruments('constructor')).rejects.toMatchObject({ code: 'invalid' });
    });

    test('closed network - a clear error, not a hang', async () => {
      const startedAt = performance.now();
      const request = { exchange: 'kraken', symbol: SYMBOL, timeframe: '5m' } as const;
      await expect(desk.port.watch(request)).rejects.toMatchObject({
        code: like(/unreachable|timeout/),
      });
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    });
  });

  describe('watch', () => {
    const request = { exchange: 'binance', symbol: SYMBOL, timeframe: '5m' } as const;

    async function published(): Promise<number[]> {
      const { MARKET } = desk.names.streams;
      const subject = desk.names.market('binance', SYMBOL, '5m');
      const { state } = await desk.bus.manager.streams.info(MARKET);
      const opens: number[] = [];
      for (let seq = state.first_seq; seq > 0 && seq <= state.last_seq; seq += 1) {
        const message = await desk.bus.manager.streams.getMessage(MARKET, { seq });
        if (message?.subject !== subject) continue;
        opens.push(decodeMarketEvent(message.data).candle.openTimeMs);
      }
      return opens;
    }

    const opens = (...numbers: number[]) => numbers.map((n) => FIRST_OPEN_MS + n * 300_000);

    test('closed candles - published in order as the tape moves, each once', async () => {
      expect(await desk.port.watch(request)).toEqual({
        subject: desk.names.market('binance', SYMBOL, '5m'),
        started: true,
      });
      expect(await desk.port.watch(request)).toMatchObject({ started: false });
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const number of [1, 2, 3]) {
        await desk.floor.control.tape(closeOf(number, flat(50_000 + number)));
        await until(async () => (await published()).length === number);
      }
      expect(await published()).toEqual(opens(1, 2, 3));
    });

    test('exchange away for a while - the hole is filled when it is back', async () => {
      await desk.port.watch(request);
      await desk.floor.control.tape(closeOf(1, flat(50_000)));
      await until(async () => (await published()).length === 1);
      const { port: same } = desk.floor.server;
      await desk.floor.server.close();
      await new Promise((resolve) => setTimeout(resolve, 300));
      const back = await startPaperVenue({
        directory: desk.floor.directory,
        port: same,
        secret: SECRET,
        log: silent,
      });
      for (const number of [2, 3]) await desk.floor.control.tape(closeOf(number, flat(50_000)));
      await until(async () => (await published()).length === 3);
      expect(await published()).toEqual(opens(1, 2, 3));
      await back.close();
    });

    test('from an earlier time - what closed before is filled in first', async () => {
      for (const number of [1, 2]) await desk.floor.control.tape(closeOf(number, flat(50_000)));
      await desk.port.watch({ ...request, sinceMs: FIRST_OPEN_MS });
      await until(async () => (await published()).length === 3);
      expect(await published()).toEqual(opens(0, 1, 2));
    });
  });

  describe('witnesses', () => {
    test('executions - the user stream tells every change on NATS', async () => {
      const seen: Execution[] = [];
      const outside: NatsConnection = await connect({ servers: inject('servers').natsUrl });
      outside.subscribe(desk.names.executionsFilter('paper'), {
        callback: (_error, message) => {
          seen.push(EXECUTION_CODEC.decode(message.data));
        },
      });
      await outside.flush();
      await desk.port.newOrder(order({ clientOrderId: 'first' }));
      await until(async () => Number((await desk.floor.server.facts())['connections']) === 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await desk.port.newOrder(order());
      await until(() => seen.some(({ trade }) => trade !== null));
      const told = seen.filter(({ clientOrderId }) => clientOrderId === 'c-1');
      expect(told.map(({ status }) => status)).toEqual(['open', 'filled']);
      const [trade] = await desk.port.trades({
        account: ACCOUNT,
        symbol: SYMBOL,
        venueOrderId: '2',
      });
      expect(told.at(-1)?.trade).toEqual({ ...trade, clientOrderId: 'c-1' });
      await outside.close();
    });

    test('nats micro - the service shows its verbs', async () => {
      const subject = `$SRV.INFO.${desk.names.venueService('paper')}`;
      const reply = await desk.bus.connection.request(subject, '', { timeout: 2_000 });
      const info = reply.json<{ endpoints: { name: string }[] }>();
      expect(info.endpoints.map(({ name }) => name)).toContain('order-new');
    });
  });

  describe('bad input', () => {
    test('bytes that are no request - answered, buried, and the gateway goes on', async () => {
      for (const bytes of ['', 'garbage', '\u0000'.repeat(1_000), '\u00ff'.repeat(300_000)]) {
        const subject = desk.names.venue('paper', 'order-new');
        const reply = await desk.bus.connection.request(subject, bytes, { timeout: 2_000 });
        expect(reply.headers?.get('Nats-Service-Error')).toBeTruthy();
      }
      expect(desk.gateway.facts()['malformed']).toBe(4);
      await until(async () => {
        const { state } = await desk.bus.manager.streams.info(desk.names.streams.DEAD);
        return state.messages === 4;
      });
      expect((await desk.port.time()).venueTimeMs).toBeGreaterThan(0);
    });

    test('an order that cannot be written - refused before it is sent', async () => {
      const outcome = await desk.port.newOrder(order({ quantity: 'NaN' }));
      expect(outcome).toMatchObject({ state: 'refused', why: like(/quantity/) });
    });
  });
});
