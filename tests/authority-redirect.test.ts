/** JetStream sends what it answers, and what it has stored, wherever a client asks, with the
 * server's own rights. Nobody must take that for the word of whoever may speak there. */
import { headers } from '@nats-io/transport-node';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../adapters/bus/delivery.ts';
import { startMicroService } from '../adapters/bus/micro.ts';
import { PinnedPull } from '../adapters/bus/pinned.ts';
import { type Heard, listen, readSaid } from '../adapters/bus/transcript.ts';
import { openStore } from '../adapters/store/store.ts';
import { venueClient } from '../adapters/venue/client.ts';
import { startWitness } from '../workers/order-worker/witness.ts';
import { until } from './actors-ring.ts';
import { startAuthority, WIRE } from './authority-floor.ts';

const as = startAuthority();

describe('authority borrowed from the server', () => {
  const address = { debateId: 'sent', symbol: 'BTC/USDT', round: 1, kind: 'ballot' } as const;
  const own = WIRE.debate({ ...address, role: 'auditor' });
  const other = WIRE.debate({ ...address, role: 'strategist' });
  const api = `$JS.API.DIRECT.GET.${WIRE.streams.DEBATE}.${own}`;

  test('redirect - a word sent through the server is not heard as another’s', async () => {
    const [auditor, decision, operator] = await Promise.all([
      as('actor-auditor'),
      as('decision'),
      as('operator'),
    ]);
    try {
      const heard: Heard[] = [];
      const filter = WIRE.debateFilter({ debateId: address.debateId });
      const deafen = listen(decision, filter, (one) => void heard.push(one));
      await decision.connection.flush();
      await auditor.jetstream.publish(own, 'a false word');
      auditor.connection.publish(api, '', { reply: other });
      const stored = async (): Promise<boolean> => {
        const { streams } = operator.manager;
        return (await streams.getMessage(WIRE.streams.DEBATE, { last_by_subj: other })) !== null;
      };
      // The server did as it was asked: the false word stands at the other's address.
      await until(stored);
      await decision.connection.flush();
      deafen();
      expect(heard.map(({ subject }) => subject)).toEqual([own]);
      const said = await readSaid(decision, WIRE, { filters: [filter] });
      expect(said.map(({ subject }) => subject)).toEqual([own]);
    } finally {
      await Promise.all([auditor.close(), decision.close(), operator.close()]);
    }
  });

  test('headers - a word names nobody else’s address and ends no reading', async () => {
    const [auditor, strategist, decision] = await Promise.all([
      as('actor-auditor'),
      as('actor-strategist'),
      as('decision'),
    ]);
    const speech = { ...address, debateId: 'named', round: 9 };
    const said = WIRE.debate({ ...speech, role: 'strategist' });
    const poisoned = (round: number): string => WIRE.debate({ ...speech, round, role: 'auditor' });
    try {
      const named = headers();
      const executors = WIRE.debate({ ...speech, role: 'executor' });
      named.set('Nats-Subject', executors);
      const unreadable = headers();
      (unreadable as unknown as { headers: Map<string, string[]> }).headers.set('n o', ['x']);
      const marks = [headers(204, 'EOB'), headers(404, 'none'), headers(500, 'no'), unreadable];
      for (const [at, mark] of [named, ...marks].entries()) {
        await auditor.jetstream.publish(poisoned(at + 1), 'a false word', { headers: mark });
      }
      await strategist.jetstream.publish(said, 'a word');
      const filters = [WIRE.debateFilter({ debateId: speech.debateId })];
      const heard = await readSaid(decision, WIRE, { filters, timeoutMs: 60_000 });
      const subjects = heard.map(({ subject }) => subject);
      expect(subjects).toContain(said);
      expect(subjects).not.toContain(executors);
      expect(subjects).not.toContain(poisoned(1));
      expect(subjects.filter((subject) => subject.endsWith('.strategist'))).toEqual([said]);
    } finally {
      await Promise.all([auditor.close(), strategist.close(), decision.close()]);
    }
  });

  test('redirect - mail that comes from the server is marked as nobody’s', async () => {
    const [auditor, strategist, decision] = await Promise.all([
      as('actor-auditor'),
      as('actor-strategist'),
      as('decision'),
    ]);
    const mailbox = WIRE.mail('strategist', address.symbol);
    const partition = WIRE.partitionOf(address.symbol);
    const arrived: Delivery[] = [];
    const pull = new PinnedPull({
      bus: strategist,
      stream: WIRE.streams.MAIL,
      consumer: WIRE.mailConsumer('strategist', partition),
      filter: WIRE.mailFilter('strategist', partition),
      capacity: 10,
      receive: (delivery) => {
        delivery.ack();
        arrived.push(delivery);
      },
      pinChanged: () => undefined,
      fault: () => undefined,
    });
    try {
      const from = WIRE.debate({ ...address, debateId: 'mailed', role: 'auditor' });
      await auditor.jetstream.publish(from, 'false mail');
      const get = `$JS.API.DIRECT.GET.${WIRE.streams.DEBATE}.${from}`;
      auditor.connection.publish(get, '', { reply: mailbox });
      await pull.start();
      await until(() => arrived.length === 1);
      await decision.jetstream.publish(mailbox, 'mail');
      await until(() => arrived.length === 2);
      expect(arrived.map(({ sentByServer }) => sentByServer)).toEqual([true, false]);
    } finally {
      await pull.leave();
      await Promise.all([auditor.close(), strategist.close(), decision.close()]);
    }
  });

  test('redirect - an execution that comes from the server is not heard', async () => {
    const [auditor, order, venue] = await Promise.all([
      as('actor-auditor'),
      as('order'),
      as('venue'),
    ]);
    const store = openStore({ url: 'postgres://127.0.0.1:1/none', applicationName: 'no test' });
    const subject = WIRE.executions('paper', address.symbol);
    const witness = startWitness(
      { bus: order, wire: WIRE },
      {
        db: store.db,
        venue: () => venueClient(order, WIRE, { venue: 'paper' }),
        feed: () => undefined,
        log: pino({ level: 'silent' }),
        holder: 'test',
      },
      { sweepEveryMs: 3_600_000 },
    );
    try {
      const raw: string[] = [];
      order.connection.subscribe(subject, {
        callback: (_error, message) => void raw.push(message.string()),
      });
      await order.connection.flush();
      const from = WIRE.debate({ ...address, debateId: 'executed', role: 'auditor' });
      await auditor.jetstream.publish(from, 'a false fill');
      const get = `$JS.API.DIRECT.GET.${WIRE.streams.DEBATE}.${from}`;
      auditor.connection.publish(get, '', { reply: subject });
      await until(() => raw.length === 1);
      venue.connection.publish(subject, 'no execution');
      await until(() => raw.length === 2);
      expect(witness.facts()).toMatchObject({ heard: 1, malformed: 1 });
    } finally {
      await witness.stop();
      await store.close();
      await Promise.all([auditor.close(), order.close(), venue.close()]);
    }
  });

  test('redirect - an order that comes from the server reaches no gateway', async () => {
    const [auditor, order, venue] = await Promise.all([
      as('actor-auditor'),
      as('order'),
      as('venue'),
    ]);
    const asked: string[] = [];
    const subject = WIRE.venue('paper', 'order-new');
    const service = startMicroService(venue, {
      name: WIRE.venueService('paper'),
      version: '1.0.0',
      description: 'counts what it is asked',
      endpoints: [
        {
          name: 'order-new',
          subject,
          handle: (request) => {
            asked.push(request.string());
            return new Uint8Array();
          },
        },
      ],
    });
    try {
      await venue.connection.flush();
      const raw: string[] = [];
      venue.connection.subscribe(subject, {
        callback: (_error, message) => void raw.push(message.string()),
      });
      await venue.connection.flush();
      const from = WIRE.debate({ ...address, debateId: 'ordered', role: 'auditor' });
      await auditor.jetstream.publish(from, 'a false word');
      const get = `$JS.API.DIRECT.GET.${WIRE.streams.DEBATE}.${from}`;
      auditor.connection.publish(get, '', { reply: subject });
      await until(() => raw.length === 1);
      await order.connection.request(subject, 'an order', { timeout: 60_000 });
      expect(raw).toEqual(['a false word', 'an order']);
      expect(asked).toEqual(['an order']);
    } finally {
      service.stop();
      await Promise.all([auditor.close(), order.close(), venue.close()]);
    }
  });
});
