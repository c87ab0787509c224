import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { PaperFaultRule } from '../adapters/venue/paper-control.ts';
import { EXECUTION_CODEC } from '../proto/venue.ts';
import type { Execution } from '../proto/venue-messages.ts';
import { key, logged, openGateway, order, withDesk } from './venue-desk.ts';
import { ACCOUNT, SYMBOL, until } from './venue-floor.ts';

/** The user stream through faults: reports are a second witness, so they may be lost, doubled and
 * out of order. A failure here means a stream that does not come back, or a report that says
 * what was not so. */
describe('venue user stream', () => {
  const desk = withDesk();
  let outside: NatsConnection;
  let seen: Execution[];

  beforeEach(async () => {
    seen = [];
    outside = await connect({ servers: inject('servers').natsUrl });
    outside.subscribe(desk.names.executionsFilter('paper'), {
      callback: (_error, message) => {
        seen.push(EXECUTION_CODEC.decode(message.data));
      },
    });
    await outside.flush();
    await desk.port.newOrder(order({ clientOrderId: 'first', quantity: '0.001' }));
    await heard('probe');
  });

  afterEach(() => outside.close());

  const told = (id: string) => seen.filter(({ clientOrderId }) => clientOrderId === id);
  const lie = (...rules: PaperFaultRule[]) => desk.floor.control.setFaults({ seed: 3, rules });

  let probes = 0;
  /** Sends small orders until one of them is heard of: the stream stands. */
  async function heard(name: string): Promise<void> {
    await until(async () => {
      probes += 1;
      const id = `${name}-${probes}`;
      await desk.port.newOrder(order({ clientOrderId: id, quantity: '0.001' }));
      for (let looks = 0; looks < 30 && told(id).length === 0; looks += 1) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return told(id).length > 0;
    });
  }

  test('doubled and out of order - each report as it came, with the same trade in it', async () => {
    await lie(
      { fault: 'report-duplicated', on: 'stream', everyNth: 2 },
      { fault: 'report-reordered', on: 'stream', atNth: 1 },
    );
    await desk.port.newOrder(order({ quantity: '0.6' }));
    await until(() => told('c-1').length === 4);
    const trades = told('c-1').map(({ trade }) => trade?.tradeId ?? null);
    expect(trades.filter((id) => id === null)).toHaveLength(1);
    expect(new Set(trades).size).toBe(3);
    expect(trades[0]).not.toBeNull();
    expect((await logged(desk, 'fault')).map(({ fault }) => fault)).toContain('report-reordered');
  });

  test('lost and late - the queries say what the stream did not', async () => {
    await lie(
      { fault: 'report-lost', on: 'stream', atNth: 2 },
      { fault: 'report-late', on: 'stream', atNth: 3, parameters: { delayMs: 300 } },
    );
    await desk.port.newOrder(order({ quantity: '0.6' }));
    await until(() => told('c-1').length === 2);
    expect(told('c-1').map(({ status }) => status)).toEqual(['open', 'filled']);
    expect(await desk.port.queryOrder(key)).toMatchObject({ executedQuantity: '0.6' });
  });

  test('sockets cut again and again - the stream comes back each time', async () => {
    for (let cut = 1; cut <= 3; cut += 1) {
      await lie({ fault: 'socket-drop', on: 'stream', count: 1 });
      await desk.port.newOrder(order({ clientOrderId: `cut-${cut}`, quantity: '0.001' }));
      await until(async () => (await logged(desk, 'fault')).length === cut);
      await heard(`after-${cut}`);
    }
    expect(await logged(desk, 'fault')).toHaveLength(3);
  });

  test('silent socket - what it does not say is lost, and orders go on', async () => {
    await lie({ fault: 'socket-silent', on: 'stream', count: 1, parameters: { forMs: 1_000 } });
    expect(await desk.port.newOrder(order())).toMatchObject({ state: 'accepted' });
    expect(await desk.port.queryOrder(key)).toMatchObject({ status: 'filled' });
    expect(told('c-1')).toEqual([]);
    await heard('later');
  });

  test('gateway restarted - the first question brings the stream back', async () => {
    await desk.gateway.close();
    desk.gateway = openGateway(desk);
    expect(desk.gateway.facts()).toMatchObject({ userStreams: 0 });
    await desk.port.openOrders(ACCOUNT, SYMBOL);
    expect(desk.gateway.facts()).toMatchObject({ userStreams: 1 });
    await heard('again');
  });
});
