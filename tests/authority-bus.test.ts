/** Failure here means: a process can do on the bus what is another's to do. Every user tries every
 * subject there is on a real server with the configuration of the stack; what it may do is checked
 * by the ring's own tests, which run with these users (tests/e2e-ring.test.ts). */
import { rmSync } from 'node:fs';
import { headers, PermissionViolationError } from '@nats-io/transport-node';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import type { Delivery } from '../adapters/bus/delivery.ts';
import { startMicroService } from '../adapters/bus/micro.ts';
import { PinnedPull } from '../adapters/bus/pinned.ts';
import { type Heard, listen, readSaid } from '../adapters/bus/transcript.ts';
import { openStore } from '../adapters/store/store.ts';
import { venueClient } from '../adapters/venue/client.ts';
import { ROLES } from '../core/assistants/role.ts';
import { type StackHandle, startStack } from '../ops/stack/control.ts';
import { homeAt } from '../ops/stack/home.ts';
import { natsUrl } from '../ops/stack/nats.ts';
import {
  ASSISTANT_USERS,
  assistantUser,
  BUS_USERS,
  type BusUser,
  inboxPrefix,
  permissionsOf,
  subjectFamilies,
} from '../proto/permissions.ts';
import { PARTITIONS, PREDICT_VERB, VENUE_VERBS, wire as wireOf } from '../proto/subjects.ts';
import { startWitness } from '../workers/order-worker/witness.ts';
import { until } from './actors-ring.ts';
import { testHome } from './support/home.ts';

const WIRE = wireOf('ring');
const OTHER = wireOf('other');
const PREDICT_ASKERS: BusUser[] = ['operator', 'decision', 'learning'];
const home = testHome();
let stack: StackHandle;

beforeAll(async () => {
  const ports = { nats: 0, natsMonitor: 0, postgres: 0, temporal: 0 };
  const web = { temporalUi: 0, temporalHttp: 0, paper: 0 };
  stack = await startStack({
    home,
    detached: false,
    services: ['nats'],
    namespace: WIRE.namespace,
    ports: { ...ports, ...web },
    durable: false,
  });
});

afterAll(async () => {
  await stack.stop();
  rmSync(home, { recursive: true, force: true });
});

async function as(user: BusUser): Promise<Bus> {
  const { nats } = stack.state.ports;
  const anonymous = stack.state.addresses.natsFeedUrl;
  const url = user === 'feed' ? anonymous : natsUrl(homeAt(home), nats, user);
  return connectBus({ url, name: `authority of ${user}` });
}

type Operation = 'publish' | 'subscription';

/** Which of `subjects` the server refuses to this user. */
async function refusedOf(
  user: BusUser,
  operation: Operation,
  subjects: readonly string[],
): Promise<ReadonlySet<string>> {
  const { connection } = await as(user);
  const refused = new Set<string>();
  const watching = (async () => {
    for await (const status of connection.status()) {
      if (status.type !== 'error') continue;
      const { error } = status;
      if (!(error instanceof PermissionViolationError)) throw error;
      expect(error.operation).toBe(operation);
      refused.add(error.subject);
    }
  })();
  for (const subject of subjects) {
    if (operation === 'publish') connection.publish(subject);
    else connection.subscribe(subject, { callback: () => undefined });
  }
  await connection.flush();
  await connection.close();
  await watching;
  return refused;
}

/** NATS's rule: `*` is one token, `>` is one or more at the end. */
function covers(pattern: string, subject: string): boolean {
  const [want, have] = [pattern.split('.'), subject.split('.')];
  const rest = want.at(-1) === '>';
  if (rest ? have.length < want.length : have.length !== want.length) return false;
  const fixed = rest ? want.slice(0, -1) : want;
  return fixed.every((token, at) => (token === '*' ? have[at] !== '>' : token === have[at]));
}

function sample(pattern: string): string {
  return pattern.replaceAll('*', 'x').replace('>', 'x.y');
}

const STREAM_VERBS = ['CREATE', 'UPDATE', 'INFO', 'DELETE', 'PURGE', 'MSG.GET', 'MSG.DELETE'];
const SERVER = ['$SYS.REQ.SERVER.PING', '$JS.API.ACCOUNT.PURGE.x', '$JS.API.STREAM.RESTORE.x'];

/** Every subject of the ring, of JetStream behind it, of all inboxes and of another ring. */
const EVERYTHING: readonly string[] = [
  ...new Set([
    ...[WIRE, OTHER].flatMap((wire) => subjectFamilies(wire).flatMap((one) => one.subjects)),
    ...[WIRE, OTHER].flatMap((wire) => BUS_USERS.flatMap((user) => granted(wire, user))),
    ...BUS_USERS.map((user) => `${inboxPrefix(user)}.>`),
    '_INBOX.>',
    ...Object.values(WIRE.streams).flatMap((stream) => [
      ...STREAM_VERBS.map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
      `$JS.API.CONSUMER.CREATE.${stream}.mine`,
      `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.mine`,
      `$JS.API.CONSUMER.DELETE.${stream}.mine`,
      `$JS.ACK.${stream}.mine.1.1.1.1.0`,
    ]),
    ...SERVER,
  ]),
];

function granted(wire: typeof WIRE, user: BusUser): readonly string[] {
  const { publish, subscribe } = permissionsOf(wire, user);
  return [...publish, ...subscribe];
}

describe('authority on the bus', () => {
  test.each(BUS_USERS)('%s - is refused every subject that no line grants it', async (user) => {
    const { publish, subscribe } = permissionsOf(WIRE, user);
    const said = [...new Set(EVERYTHING.map(sample))];
    const mayNotSay = said.filter((subject) => !publish.some((one) => covers(one, subject)));
    expect([...(await refusedOf(user, 'publish', said))].toSorted()).toEqual(mayNotSay.toSorted());
    const heard = [...EVERYTHING, '>', `${WIRE.namespace}.>`, '$JS.>', '$SRV.>'];
    const mayNotHear = heard.filter((subject) => !subscribe.some((one) => covers(one, subject)));
    const refused = await refusedOf(user, 'subscription', heard);
    expect([...refused].toSorted()).toEqual(mayNotHear.toSorted());
    expect(mayNotSay.length).toBeGreaterThan(100);
    expect(mayNotHear.length).toBeGreaterThan(100);
  });

  test.each([
    ['send an order', WIRE.venue('paper', 'order-new'), ['order']],
    ['recall an order', WIRE.venue('paper', 'order-cancel'), ['order']],
    ['tell an execution', WIRE.executions('paper', 'BTC/USDT'), ['venue']],
    ['anchor a chain', WIRE.anchor('safety'), ['checker']],
    ['ask an assistant', WIRE.mail('auditor', 'BTC/USDT'), ['decision']],
    [
      'answer the decision worker for the models',
      '_INBOX_decision.predict.a',
      ['venue', assistantUser('strategist')],
    ],
    ['answer the decision worker for the venue', '_INBOX_decision.a.b', ['venue']],
    ['ask the models', WIRE.assistant('strategist', PREDICT_VERB), PREDICT_ASKERS],
    ['ask for a halt', WIRE.haltRequest, ['operator', 'venue', 'checker']],
    ['purge what was said', `$JS.API.STREAM.PURGE.${WIRE.streams.DEBATE}`, []],
    ['delete a stream', `$JS.API.STREAM.DELETE.${WIRE.streams.DEBATE}`, []],
    ['have mail sent elsewhere', `$JS.API.CONSUMER.CREATE.${WIRE.streams.MAIL}.mine`, []],
    ...ROLES.map((role): [string, string, BusUser[]] => [
      `speak as the ${role}`,
      WIRE.debate({ debateId: 'd', symbol: 'BTC/USDT', round: 1, kind: 'ballot', role }),
      [assistantUser(role)],
    ]),
  ] satisfies [string, string, BusUser[]][])('%s - only they', async (_what, subject, only) => {
    const refused = await Promise.all(
      BUS_USERS.map(async (user) => (await refusedOf(user, 'publish', [subject])).size),
    );
    expect(BUS_USERS.filter((_, at) => refused[at] === 0)).toEqual(only);
  });

  test.each([
    ...VENUE_VERBS.map((verb): [string, string, BusUser[]] => [
      `answer ${verb}`,
      WIRE.venue('paper', verb),
      ['venue'],
    ]),
    ['hear executions', WIRE.executionsFilter('paper'), ['order']],
    ['hear requests for a halt', WIRE.haltRequest, ['order']],
    ['hear the ring', WIRE.debateFilter({}), ['operator', 'decision']],
    ['hear mail', WIRE.mailFilter('auditor', 0), []],
    ['hear the venue', `${WIRE.namespace}.venue.>`, []],
    ['hear the feeds', WIRE.feedTree, ['operator', 'feed']],
  ] satisfies [string, string, BusUser[]][])('%s - only they', async (_what, subject, only) => {
    const refused = await Promise.all(
      BUS_USERS.map(async (user) => (await refusedOf(user, 'subscription', [subject])).size),
    );
    expect(BUS_USERS.filter((_, at) => refused[at] === 0)).toEqual(only);
  });

  test('mail - an assistant reaches its own mailboxes and no other', async () => {
    const { MAIL } = WIRE.streams;
    const boxes = ROLES.flatMap((role) =>
      Array.from({ length: PARTITIONS }, (_, partition) => WIRE.mailConsumer(role, partition)),
    );
    const asked = boxes.map((box) => `$JS.API.CONSUMER.MSG.NEXT.${MAIL}.${box}`);
    for (const user of ASSISTANT_USERS) {
      const own = asked.filter((subject) => subject.includes(`.${user.slice('actor-'.length)}-`));
      const refused = await refusedOf(user, 'publish', asked);
      expect(own).toHaveLength(PARTITIONS);
      expect(asked.filter((subject) => !refused.has(subject))).toEqual(own);
    }
  });
});

/** JetStream sends what it answers, and what it has stored, wherever a client asks, with the
 * server's own rights. Nobody must take that for the word of whoever may speak there. */
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
