/** Failure here means: a process can do on the bus what is another's to do. Every user tries every
 * subject there is on a real server with the configuration of the stack; what it may do is checked
 * by the ring's own tests, which run with these users (tests/e2e-ring.test.ts). */
import { PermissionViolationError } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { ROLES } from '../core/assistants/role.ts';
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
import { startAuthority, WIRE } from './authority-floor.ts';

const OTHER = wireOf('other');
const PREDICT_ASKERS: BusUser[] = ['operator', 'decision', 'learning'];
const as = startAuthority();

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
