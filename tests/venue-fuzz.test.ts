import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CcxtVenue } from '../adapters/venue/ccxt.ts';
import { VenueError } from '../adapters/venue/port.ts';
import { isRefusal } from '../adapters/venue/refusals.ts';
import { key, order } from './venue-desk.ts';
import { type Floor, openFloor, SYMBOL, trader } from './venue-floor.ts';

/** The real ccxt before a venue whose replies somebody has tampered with at random. A failure here
 * means a crash, or an outcome that the reply does not prove. */
describe('replies tampered with', () => {
  let floor: Floor;
  let between: Server;
  let venue: CcxtVenue;
  let tamper: ((body: string) => Reply) | null = null;
  let last: Reply = { status: 200, body: '' };

  interface Reply {
    readonly status: number;
    readonly body: string;
  }

  beforeAll(async () => {
    floor = await openFloor();
    between = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        const answer = await fetch(new URL(request.url ?? '/', floor.server.url), {
          method: request.method ?? 'GET',
          headers: {
            'x-mbx-apikey': String(request.headers['x-mbx-apikey'] ?? ''),
            'content-type': 'application/x-www-form-urlencoded',
          },
          ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
        });
        const truth = { status: answer.status, body: await answer.text() };
        last = tamper && request.url?.includes('/order') ? tamper(truth.body) : truth;
        response.writeHead(last.status, { 'content-type': 'application/json' }).end(last.body);
      })();
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    const { port } = between.address() as AddressInfo;
    venue = new CcxtVenue(await trader(`http://127.0.0.1:${port}`));
  });

  afterAll(async () => {
    await venue.exchange.close();
    between.closeAllConnections();
    between.close();
    await floor.close();
  });

  const FIELDS = ['symbol', 'orderId', 'clientOrderId', 'side', 'status', 'type'];
  const MONEY = ['origQty', 'executedQty', 'price', 'cummulativeQuoteQty', 'fills'];
  const field = fc.constantFrom(...FIELDS, ...MONEY, 'code', 'msg', '__proto__', 'constructor');
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom('NaN', '-1', '1e5', '0x10', 'FILLED', 'REJECTED', -2013, -1013, '-2010', 1e30),
  );
  const change = fc.oneof(
    fc.record({ way: fc.constant('set' as const), field, value }),
    fc.record({ way: fc.constant('drop' as const), field }),
    fc.record({ way: fc.constant('double' as const), field, value }),
    fc.record({ way: fc.constant('cut' as const), at: fc.nat(600) }),
    fc.record({ way: fc.constant('splice' as const), at: fc.nat(600), text: fc.string() }),
    fc.record({ way: fc.constant('whole' as const), value: fc.json() }),
  );
  const status = fc.constantFrom(200, 200, 200, 201, 400, 401, 404, 409, 429, 418, 500, 503);
  const tampering = fc.record({ status, changes: fc.array(change, { maxLength: 4 }) });

  type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

  function changed(body: string, one: Change): string {
    if (one.way === 'cut') return body.slice(0, one.at);
    if (one.way === 'splice') return body.slice(0, one.at) + one.text + body.slice(one.at + 1);
    if (one.way === 'whole') return one.value;
    if (one.way === 'double') {
      return body.replace(/\}$/, `,${JSON.stringify(one.field)}:${JSON.stringify(one.value)}}`);
    }
    const parsed = parse(body);
    if (parsed === null) return body;
    const rest = Object.entries(parsed).filter(([name]) => name !== one.field);
    const more = one.way === 'set' ? [[one.field, one.value] as const] : [];
    return JSON.stringify(Object.fromEntries([...rest, ...more]));
  }

  function parse(body: string): Record<string, unknown> | null {
    try {
      const parsed: unknown = JSON.parse(body);
      const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
      return isObject ? (parsed as Record<string, unknown>) : null;
    } catch {
      return null;
    }
  }

  const runs = Number(process.env['CORRO_FUZZ_RUNS'] ?? 200);

  test('new order - accepted or rejected only when a reply proves it', async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(tampering, async ({ status: given, changes }) => {
        number += 1;
        const clientOrderId = `fuzz-${number}`;
        tamper = (body) => ({ status: given, body: changes.reduce(changed, body) });
        const sent = order({ clientOrderId, quantity: '0.00012', limitPrice: '50010' });
        const outcome = await venue.newOrder(sent, async () => null);
        const said = parse(last.body);
        if (outcome.state === 'accepted') {
          const wanted = { symbol: 'BTCUSDT', clientOrderId, side: 'BUY', origQty: '0.00012000' };
          expect(said).toMatchObject(wanted);
          expect(last.status).toBeLessThan(400);
          expect(Number(outcome.executedQuantity)).toBe(Number(said?.['executedQty']));
          expect(outcome.venueOrderId).toBe(String(said?.['orderId']));
        } else if (outcome.state === 'rejected') {
          const { code, text } = outcome;
          expect(isRefusal('binance', { status: last.status, code, text })).toBe(true);
          expect(String(said?.['code'])).toBe(code);
        } else expect(outcome.state).toBe('unknown');
      }),
      { numRuns: runs },
    );
  });

  test('query and cancel - found, not there, cancelled only when a reply proves it', async () => {
    tamper = null;
    await venue.newOrder(order({ limitPrice: '40000', timeInForce: 'GTC' }), async () => null);
    await fc.assert(
      fc.asyncProperty(tampering, async ({ status: given, changes }) => {
        tamper = (body) => ({ status: given, body: changes.reduce(changed, body) });
        const cancelled = await venue.cancelOrder(key);
        const heard = parse(last.body);
        if (cancelled.state === 'cancelled') expect(heard?.['origClientOrderId']).toBe('c-1');
        if (cancelled.state === 'not_open') expect(String(heard?.['code'])).toMatch(/^-201[13]$/);
        const report = await venue.queryOrder(key).catch((error: unknown) => error);
        if (report instanceof VenueError) return;
        const said = parse(last.body);
        const isFound = (report as { readonly found: boolean }).found;
        if (isFound) expect(said).toMatchObject({ symbol: 'BTCUSDT', clientOrderId: 'c-1' });
        else expect(String(said?.['code'])).toMatch(/^-201[13]$/);
      }),
      { numRuns: runs },
    );
  });

  test('afterwards - the truth is heard as ever', async () => {
    tamper = null;
    expect(await venue.queryOrder(key)).toMatchObject({ found: true });
    expect((await venue.depth(SYMBOL, 1)).asks).toHaveLength(1);
  });
});
