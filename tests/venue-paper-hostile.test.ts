import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { paperKeys } from '../adapters/venue/paper-keys.ts';
import { ACCOUNT, closeOf, type Floor, flat, openFloor, SECRET, until } from './venue-floor.ts';

/** What a careless or hostile client may send. Each answer is Binance's own code, and the venue
 * goes on: after every one of them it still tells the time and has the same money. */
describe('paper venue against bad input', () => {
  let floor: Floor;
  const keys = paperKeys(SECRET, ACCOUNT);

  beforeAll(async () => {
    floor = await openFloor();
  });

  afterAll(() => floor.close());

  type Fields = Readonly<Record<string, string>>;
  const signed = (fields: Fields): string => {
    const query = new URLSearchParams({
      ...fields,
      timestamp: fields['timestamp'] ?? String(Date.now()),
    });
    const signature = createHmac('sha256', keys.secret).update(query.toString()).digest('hex');
    return `${query.toString()}&signature=${signature}`;
  };
  /** `line`: method and path. */
  const request = async (line: string, query: string, apiKey = keys.apiKey) => {
    const [method = '', path = ''] = line.split(' ');
    const response = await fetch(`${floor.server.url}${path}?${query}`, {
      method,
      headers: { 'x-mbx-apikey': apiKey },
    });
    return (await response.json()) as { readonly code?: number; readonly msg?: string };
  };
  const order = (change: Fields) => request('POST /api/v3/order', signed({ ...ORDER, ...change }));
  const ORDER = {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.001',
    price: '40000',
  };

  test.each<[string, Fields, number, RegExp]>([
    ['price off its tick', { price: '40000.001' }, -1013, /PRICE_FILTER/],
    ['price of zero', { price: '0' }, -1013, /PRICE_FILTER/],
    ['price beyond the greatest', { price: '1000000000000.01' }, -1013, /PRICE_FILTER/],
    ['price with nine decimals', { price: '40000.000000001' }, -1111, /precision/],
    ['quantity off its lot', { quantity: '0.000015' }, -1013, /LOT_SIZE/],
    ['quantity of zero', { quantity: '0.000' }, -1013, /LOT_SIZE/],
    ['quantity with nine decimals', { quantity: '0.001000001' }, -1111, /precision/],
    ['worth less than the least', { quantity: '0.0001' }, -1013, /NOTIONAL/],
    ['NaN', { quantity: 'NaN' }, -1100, /quantity/],
    ['infinity', { price: 'Infinity' }, -1100, /price/],
    ['exponent', { quantity: '1e-3' }, -1100, /quantity/],
    ['negative', { quantity: '-0.001' }, -1100, /quantity/],
    ['forty digits', { quantity: '1'.repeat(40) }, -1100, /quantity/],
    ['unknown symbol', { symbol: 'XYZUSDT' }, -1121, /Invalid symbol/],
    ['symbol with a path', { symbol: '../../etc' }, -1100, /symbol/],
    ['a name every object has', { symbol: 'CONSTRUCTOR' }, -1121, /Invalid symbol/],
    ['unknown side', { side: 'STEAL' }, -1117, /side/],
    ['unknown type', { type: 'ICEBERG' }, -1116, /orderType/],
    ['unknown time in force', { timeInForce: 'GTX' }, -1115, /timeInForce/],
    ['client id with a space', { newClientOrderId: 'a b' }, -1100, /newClientOrderId/],
    ['client id too long', { newClientOrderId: 'x'.repeat(37) }, -1100, /newClientOrderId/],
    ['parameter nobody knows', { stopPrize: '1' }, -1104, /Not all sent parameters/],
    ['more than there is', { quantity: '100' }, -2010, /insufficient balance/],
    ['signed too long ago', { timestamp: `${Date.now() - 60_000}` }, -1021, /recvWindow/],
    ['signed in the future', { timestamp: `${Date.now() + 60_000}` }, -1021, /ahead/],
    ['timestamp as text', { timestamp: 'yesterday' }, -1100, /timestamp/],
    ['window too wide', { recvWindow: '60001' }, -1131, /recvWindow/],
  ])('order: %s - its own code', async (_name, change, code, text) => {
    const answer = await order(change);
    expect(answer.code).toBe(code);
    expect(answer.msg).toMatch(text);
  });

  /** Nothing of it is a value that any parameter takes. */
  const nonsense = fc
    .oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('NaN', 'Infinity', '1e-3', '-0.001', '0x10', '٣', '1,5', '0.', '', '\u0000'),
      fc.integer({ min: 21, max: 60 }).map((digits) => '9'.repeat(digits)),
      fc.constantFrom('<html>', '{"a":1}', '../../etc/passwd', "' or 1=1 --", 'x'.repeat(4_000)),
    )
    .filter((text) => !/^[0-9]{1,20}(\.[0-9]{1,20})?$/.test(text));
  const fields = [...Object.keys(ORDER), 'timestamp', 'recvWindow', 'stopPrice', '__proto__'];

  test('order: any parameters - a refusal by a code, and nothing is placed', async () => {
    const change = fc.dictionary(fc.constantFrom(...fields), nonsense, { minKeys: 1, maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(change, async (wrong) => {
        expect((await order(wrong)).code).toBeLessThan(0);
      }),
      { numRuns: 500 },
    );
  });

  test('control: any body - taken or refused with a reason, and the venue goes on', async () => {
    const doors = ['instruments', 'accounts', 'tape', 'conditions', 'faults'];
    const body = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 1_000, max: 20_000 }).map((depth) => '['.repeat(depth)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...doors), body, async (door, text) => {
        const { status } = await fetch(`${floor.server.url}/control/${door}`, {
          method: 'POST',
          headers: { 'x-corro-control': SECRET },
          body: text,
        });
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
    expect(await request('GET /api/v3/time', '')).toHaveProperty('serverTime');
  });

  test('market order - price and time in force are not its', async () => {
    const { symbol, side, quantity } = ORDER;
    const rest = { symbol, side, quantity };
    const send = (change: Fields) => request('POST /api/v3/order', signed({ ...rest, ...change }));
    expect((await send({ type: 'MARKET', price: '1' })).code).toBe(-1106);
    expect((await send({ type: 'MARKET', timeInForce: 'IOC' })).code).toBe(-1106);
    expect((await send({ type: 'MARKET', quoteOrderQty: '10' })).code).toBe(-1128);
    expect((await send({ type: 'MARKET', quantity: '0.00001' })).code).toBe(-1013);
  });

  test('missing parameters - named', async () => {
    const answer = await request('POST /api/v3/order', signed({ symbol: 'BTCUSDT', side: 'BUY' }));
    expect([answer.code, answer.msg]).toEqual([-1102, expect.stringContaining("'type'")]);
  });

  test('signature and key - wrong, missing, of somebody else', async () => {
    const query = signed(ORDER);
    const broken = query.replace(/signature=.{4}/, 'signature=0000');
    expect((await request('POST /api/v3/order', broken)).code).toBe(-1022);
    expect((await request('POST /api/v3/order', query.replace('0.001', '0.002'))).code).toBe(-1022);
    expect((await request('POST /api/v3/order', query.split('&signature')[0] ?? '')).code).toBe(
      -1102,
    );
    expect((await request('GET /api/v3/account', signed({}), 'nonsense')).code).toBe(-2014);
    expect((await request('GET /api/v3/account', signed({}), 'paper-nobody')).code).toBe(-2015);
  });

  test('cancel and query of what is not there - two codes', async () => {
    const key = { symbol: 'BTCUSDT', origClientOrderId: 'nothing' };
    expect((await request('DELETE /api/v3/order', signed(key))).code).toBe(-2011);
    expect((await request('GET /api/v3/order', signed(key))).code).toBe(-2013);
  });

  test('order that only tests - checked like an order, and nothing happens', async () => {
    const before = await request('GET /api/v3/openOrders', signed({}));
    expect(await request('POST /api/v3/order/test', signed(ORDER))).toEqual({});
    const faulty = signed({ ...ORDER, quantity: '100' });
    expect((await request('POST /api/v3/order/test', faulty)).code).toBe(-2010);
    expect(await request('GET /api/v3/openOrders', signed({}))).toEqual(before);
  });

  test("another account's order - not to be seen or cancelled", async () => {
    await floor.control.deposit({ depositId: 'eve', account: 'eve', deposits: { USDT: '1' } });
    const placed = (await order({ newClientOrderId: 'mine' })) as { readonly orderId: number };
    const eve = paperKeys(SECRET, 'eve');
    for (const method of ['GET', 'DELETE']) {
      const query = `symbol=BTCUSDT&orderId=${placed.orderId}&timestamp=${Date.now()}`;
      const signature = createHmac('sha256', eve.secret).update(query).digest('hex');
      const answer = await request(
        `${method} /api/v3/order`,
        `${query}&signature=${signature}`,
        eve.apiKey,
      );
      expect(answer.code).toBe(method === 'GET' ? -2013 : -2011);
    }
    const cancelled = await request(
      'DELETE /api/v3/order',
      signed({ symbol: 'BTCUSDT', origClientOrderId: 'mine' }),
    );
    expect(cancelled).toMatchObject({ status: 'CANCELED' });
  });

  test('listen key - one that is not known is refused', async () => {
    const issued = (await request('POST /api/v3/userDataStream', '')) as { listenKey?: string };
    const good = `listenKey=${issued.listenKey}`;
    expect(await request('PUT /api/v3/userDataStream', good)).toEqual({});
    expect(await request('DELETE /api/v3/userDataStream', good)).toEqual({});
    expect((await request('PUT /api/v3/userDataStream', good)).code).toBe(-1125);
  });

  test('body too large - refused unread', async () => {
    const head = 'POST /api/v3/order HTTP/1.1\r\nHost: venue\r\nContent-Length: 1000000\r\n\r\n';
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(floor.server.port, '127.0.0.1', () => socket.write(head));
      socket.once('data', (data) => resolve(data.toString()));
      socket.once('error', reject);
      setTimeout(() => reject(new Error('no answer')), 5_000).unref();
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413/);
    expect(answer).toContain('"code":-1101');
  });

  test('no HTTP at all - the connection ends, the venue does not', async () => {
    for (const bytes of [
      '\u0000\u0001\u0002\r\n\r\n',
      `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(floor.server.port, '127.0.0.1', () => socket.write(bytes));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
    expect(await request('GET /api/v3/ping', '')).toEqual({});
  });

  test('WebSocket nonsense - answered or cut off, never a crash', async () => {
    const url = floor.server.url.replace('http', 'ws');
    for (const path of ['/ws', '/ws-api/v3', '/stream?streams=btcusdt@depth/__proto__']) {
      const socket = new WebSocket(`${url}${path}`);
      const answers: string[] = [];
      socket.on('message', (data) => answers.push((data as Buffer).toString('utf8')));
      await new Promise((resolve) => socket.once('open', resolve));
      for (const text of [
        '{',
        '[]',
        'null',
        '{"method":"DROP"}',
        '{"method":"SUBSCRIBE","params":["x"]}',
      ]) {
        socket.send(text);
      }
      await until(() => answers.length === 5);
      for (const answer of answers) expect(JSON.parse(answer)).toHaveProperty('error');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => undefined);
      socket.send('x'.repeat(100_000));
      await closed;
    }
    expect(await request('GET /api/v3/ping', '')).toEqual({});
  });

  test('user stream - a false signature gets none', async () => {
    const socket = new WebSocket(`${floor.server.url.replace('http', 'ws')}/ws-api/v3`);
    await new Promise((resolve) => socket.once('open', resolve));
    const params = { apiKey: keys.apiKey, timestamp: Date.now(), signature: 'ab'.repeat(32) };
    const answer = new Promise((resolve) =>
      socket.once('message', (data) => resolve((data as Buffer).toString('utf8'))),
    );
    socket.send(JSON.stringify({ id: 1, method: 'userDataStream.subscribe.signature', params }));
    expect(JSON.parse(String(await answer))).toMatchObject({ id: 1, error: { code: -1022 } });
    socket.close();
  });

  test('control - without the secret nothing moves', async () => {
    const response = await fetch(`${floor.server.url}/control/tape`, {
      method: 'POST',
      headers: { 'x-corro-control': 'guess' },
      body: '{}',
    });
    expect(response.status).toBe(401);
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['backward', () => floor.control.tape(closeOf(-1, flat(1))), /backward|must open after/],
    ['same close, other prices', () => floor.control.tape(closeOf(0, flat(2))), /must open after/],
    ['negative price', () => floor.control.tape(closeOf(5, flat(-1))), /open/],
    ['NaN', () => floor.control.tape(closeOf(5, flat(Number.NaN))), /open/],
    [
      'high below low',
      () => floor.control.tape(closeOf(5, { open: 5, high: 4, low: 6, close: 5 })),
      /between low and high/,
    ],
  ])('tape: %s - refused with the reason', async (_name, act, text) => {
    await expect(act()).rejects.toThrow(text);
  });

  test('deposit id used again - once credited, and never with other amounts', async () => {
    const deposit = { depositId: 'twice', account: 'dana', deposits: { USDT: '7' } };
    expect(await floor.control.deposit(deposit)).toBe(true);
    expect(await floor.control.deposit(deposit)).toBe(false);
    await expect(floor.control.deposit({ ...deposit, deposits: { USDT: '8' } })).rejects.toThrow(
      /other amounts/,
    );
  });

  test('after all of it - the money is what it was', async () => {
    const { balances } = (await request('GET /api/v3/account', signed({}))) as unknown as {
      balances: readonly { asset: string; free: string; locked: string }[];
    };
    expect(balances).toEqual([
      { asset: 'USDT', free: '100000.00000000', locked: '0.00000000' },
      { asset: 'BTC', free: '10.00000000', locked: '0.00000000' },
    ]);
  });
});
