import { describe, expect, test } from 'vitest';
import { paperControl } from '../adapters/venue/paper-control.ts';
import { paperKeys, paperLogSecret } from '../adapters/venue/paper-keys.ts';
import type { NewOrder } from '../adapters/venue/port.ts';
import { startPaperVenue } from '../workers/paper-venue/server.ts';
import { key, like, order, withDesk } from './venue-desk.ts';
import { ACCOUNT, closeOf, flat, type Prices, SECRET, SYMBOL, silent } from './venue-floor.ts';

/** Stop orders through the gateway and ccxt, resting at the paper venue. A failure here means a
 * position whose stop is not where its guard believes it to be. */
describe('venue stops', () => {
  const desk = withDesk();

  const stop = (change: Partial<NewOrder> = {}): NewOrder =>
    order({
      side: 'SELL',
      type: 'STOP_LOSS_LIMIT',
      timeInForce: 'GTC',
      quantity: '0.5',
      stopPrice: '49000',
      limitPrice: '48900',
      ...change,
    });
  const pass = (number: number, prices: Prices) => desk.floor.control.tape(closeOf(number, prices));
  const money = async (asset: string) => {
    const { balances } = await desk.port.account(ACCOUNT);
    const found = balances.find((balance) => balance.asset === asset);
    return [found?.free, found?.locked];
  };
  const trades = async () =>
    (await desk.port.trades({ account: ACCOUNT, symbol: SYMBOL })).map(
      ({ side, quantity, price, fee }) => `${side} ${quantity} at ${price}, fee ${fee}`,
    );

  test('rests - locked at once, open until reached, cancelled once', async () => {
    expect(await desk.port.newOrder(stop())).toMatchObject({ state: 'accepted', status: 'open' });
    expect(await money('BTC')).toEqual(['9.5', '0.5']);
    expect(await desk.port.openOrders(ACCOUNT, SYMBOL)).toEqual([
      {
        ...key,
        account: undefined,
        venueOrderId: '1',
        side: 'SELL',
        type: 'STOP_LOSS_LIMIT',
        status: 'open',
        quantity: '0.5',
        executedQuantity: '0',
        limitPrice: '48900',
        stopPrice: '49000',
      },
    ]);
    await pass(1, { open: 50_000, high: 50_500, low: 49_000.01, close: 49_500 });
    expect(await desk.port.queryOrder(key)).toMatchObject({ status: 'open' });
    expect(await desk.port.cancelOrder(key)).toMatchObject({ state: 'cancelled' });
    expect(await desk.port.cancelOrder(key)).toEqual({ state: 'not_open' });
    expect(await money('BTC')).toEqual(['10', '0']);
    await pass(2, { open: 49_500, high: 49_500, low: 40_000, close: 40_000 });
    expect(await trades()).toEqual([]);
  });

  test('reached inside a candle - sold at the stop, as a taker', async () => {
    await desk.port.newOrder(stop());
    await pass(1, { open: 50_000, high: 50_500, low: 48_000, close: 48_500 });
    expect(await trades()).toEqual(['SELL 0.5 at 49000, fee 24.5']);
    expect(await desk.port.queryOrder(key)).toMatchObject({ status: 'filled' });
    expect(await money('BTC')).toEqual(['9.5', '0']);
    expect(await money('USDT')).toEqual(['124475.5', '0']);
  });

  test('gap within the limit - sold at the open, once its candle has passed', async () => {
    await desk.port.newOrder(stop());
    await pass(1, { ...flat(50_000), nextOpen: 48_950 });
    expect(await trades()).toEqual([]);
    await pass(2, flat(48_950));
    expect(await trades()).toEqual(['SELL 0.5 at 48950, fee 24.475']);
  });

  test('gap beyond the limit - rests as a limit order, sold when the price is back', async () => {
    await desk.port.newOrder(stop());
    await pass(1, { ...flat(50_000), nextOpen: 48_000 });
    expect(await trades()).toEqual([]);
    expect(await desk.port.queryOrder(key)).toMatchObject({ status: 'open' });
    await pass(2, { open: 48_000, high: 48_900, low: 47_000, close: 48_000 });
    expect(await trades()).toEqual([]);
    await pass(3, { open: 48_000, high: 49_500, low: 48_000, close: 49_500 });
    expect(await trades()).toEqual(['SELL 0.5 at 48900, fee 24.45']);
  });

  test('purchase - locks the quote, and what the limit did not need comes back', async () => {
    const buy = { side: 'BUY', stopPrice: '51000', limitPrice: '51100', quantity: '1' } as const;
    await desk.port.newOrder(stop(buy));
    expect(await money('USDT')).toEqual(['48900', '51100']);
    await pass(1, { open: 50_000, high: 51_000, low: 49_000, close: 50_500 });
    expect(await trades()).toEqual(['BUY 1 at 51000, fee 0.001']);
    expect(await money('USDT')).toEqual(['49000', '0']);
  });

  test('thin candle - sold in part, the rest of it a limit order', async () => {
    await desk.port.newOrder(stop());
    await pass(1, { open: 50_000, high: 50_000, low: 48_950, close: 48_950, volume: 4 });
    expect(await trades()).toEqual(['SELL 0.2 at 49000, fee 9.8']);
    // The next candle opens above the limit: what rests is sold there, as far as its volume goes.
    await pass(2, { ...flat(48_950), volume: 4 });
    expect(await desk.port.queryOrder(key)).toMatchObject({
      status: 'partially_filled',
      executedQuantity: '0.4',
    });
    expect((await trades())[1]).toBe('SELL 0.2 at 48950, fee 9.79');
  });

  test.each<[string, Partial<NewOrder>, object]>([
    ['reached already', { stopPrice: '50000' }, { code: '-2010', text: like(/immediately/) }],
    ['above the market', { stopPrice: '50001' }, { code: '-2010' }],
    ['more than there is', { quantity: '10.1' }, { code: '-2010', text: like(/balance/) }],
    ['other than GTC', { timeInForce: 'IOC' }, { code: '-1115' }],
    ['worth too little', { quantity: '0.0001', limitPrice: '40000' }, { code: '-1013' }],
  ])('%s - rejected with its code', async (_name, change, expected) => {
    const outcome = await desk.port.newOrder(stop(change));
    expect(outcome).toMatchObject({ state: 'rejected', ...expected });
    expect(await money('BTC')).toEqual(['10', '0']);
  });

  test('stop price off its tick - refused before a byte leaves', async () => {
    expect(await desk.port.newOrder(stop({ stopPrice: '49000.005' }))).toMatchObject({
      state: 'refused',
      why: like(/stop price must be a multiple of the tick/),
    });
  });

  test('venue restarted - one stop still waits, the other is still a limit order', async () => {
    const { server, control, directory } = desk.floor;
    const waits = { clientOrderId: 'waits', stopPrice: '40000', limitPrice: '39000' };
    await desk.port.newOrder(stop(waits));
    await desk.port.newOrder(stop({ clientOrderId: 'reached' }));
    await control.tape(closeOf(1, { ...flat(50_000), nextOpen: 48_000 }));
    const before = await desk.port.openOrders(ACCOUNT, SYMBOL);
    expect(before).toHaveLength(2);
    await server.close();
    const options = { directory, port: server.port, secret: SECRET, log: silent };
    const back = await startPaperVenue(options);
    expect(await desk.port.openOrders(ACCOUNT, SYMBOL)).toEqual(before);
    // Only the one that was reached is a limit order: a candle above both limits fills it alone.
    await pass(2, { open: 48_000, high: 49_000, low: 47_000, close: 48_500 });
    expect((await desk.port.openOrders(ACCOUNT, SYMBOL)).map((open) => open.clientOrderId)).toEqual(
      ['waits'],
    );
    await back.close();
  });

  describe('log', () => {
    const logSecret = paperLogSecret(SECRET);
    const get = (path: string, secret: string, method = 'GET') =>
      fetch(new URL(path, desk.floor.server.url), {
        method,
        headers: { 'x-corro-control': secret },
      });

    test('from a line on - the same lines as the whole log, each with its wall clock', async () => {
      await desk.port.newOrder(stop());
      await pass(1, { open: 50_000, high: 50_000, low: 48_000, close: 48_000 });
      const whole = (await (await get('/control/log', SECRET)).text()).trimEnd().split('\n');
      for (const from of [1, 2, whole.length, whole.length + 1, 10_000]) {
        const text = await (await get(`/control/log?from=${from}`, logSecret)).text();
        expect(text.split('\n').filter(Boolean)).toEqual(whole.slice(from - 1));
      }
      const lines = whole.map((line) => JSON.parse(line) as { wallMs: number });
      for (const { wallMs } of lines) expect(Math.abs(Date.now() - wallMs)).toBeLessThan(600_000);
      expect(lines.at(-2)).toMatchObject({ type: 'order', order: { stopPrice: '49000' } });
      expect(lines.at(-1)).toMatchObject({ type: 'tape', triggered: [1] });
    });

    test("log's secret - opens the log and nothing else", async () => {
      expect((await get('/control/log', logSecret)).status).toBe(200);
      expect((await get('/control/log', 'guess')).status).toBe(401);
      for (const act of ['accounts', 'tape', 'conditions', 'instruments', 'faults']) {
        expect((await get(`/control/${act}`, logSecret, 'POST')).status).toBe(401);
      }
      expect((await get('/control/log', logSecret, 'POST')).status).toBe(401);
      for (const from of ['0', '-1', 'x', '1e3', '']) {
        expect((await get(`/control/log?from=${from}`, logSecret)).status).toBe(400);
      }
      expect(() => paperKeys(SECRET, 'log')).toThrow(/not log/);
    });

    test('long log - any line is found from its mark', async () => {
      const reader = paperControl({ url: desk.floor.server.url, secret: logSecret });
      for (let number = 1; number <= 1_100; number += 1) await pass(number, flat(50_000));
      for (const from of [1_023, 1_024, 1_025, 1_026, 1_100]) {
        const { value } = (await reader.log(from).next()) as { readonly value: { n: number } };
        expect(value.n).toBe(from);
      }
    });
  });
});
