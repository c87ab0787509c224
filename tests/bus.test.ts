/** Failure here means: the ring listens to a server it must not trust, a word once said can be
 * overwritten, or a round believes what nobody was asked. */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { buryRefused } from '../activities/refused.ts';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { type MicroService, startMicroService } from '../adapters/bus/micro.ts';
import { publishMail, publishUtterance } from '../adapters/bus/publish.ts';
import { gatherRound } from '../adapters/bus/round.ts';
import { ensureStreams } from '../adapters/bus/streams.ts';
import { readSaid } from '../adapters/bus/transcript.ts';
import type { Mail } from '../core/assistants/mail.ts';
import { EMPTY_MEMORY } from '../core/assistants/mind.ts';
import { speak } from '../core/assistants/speak.ts';
import type { Utterance } from '../core/assistants/speech.ts';
import { hashOf } from '../core/hash.ts';
import { decodeDeadLetter, encodeUtterance } from '../proto/codec.ts';
import type { DeadLetter } from '../proto/messages.ts';
import { type Wire, wire as wireOf } from '../proto/subjects.ts';
import { askAll, question } from './actors-ring.ts';
import { testNamespace } from './support/servers.ts';

let bus: Bus;
let wire: Wire;
const PATIENCE = { deadlineMs: 5_000 };

beforeAll(async () => {
  bus = await connectBus({ url: inject('servers').natsUrl, name: 'bus-test' });
  wire = wireOf(testNamespace());
  await ensureStreams(bus, wire, { storage: 'memory' });
});

afterAll(async () => {
  for (const stream of Object.values(wire.streams)) await bus.manager.streams.delete(stream);
  await bus.close();
});

/** What the mind answers to a mail, as its assistant would say it. */
function answerTo(mail: Mail): Utterance {
  const { to: role, kind, round, snapshot, heard } = mail;
  const { debateId, eventId, symbol, messageId } = mail;
  const content = speak({ role, kind, round, snapshot, heard, memory: EMPTY_MEMORY });
  return { debateId, eventId, symbol, round, kind, role, messageId, content } as Utterance;
}

/** What one act logs, and the dead letters it leaves: four of them. */
async function buried(act: () => string[]): Promise<{ text: string; letters: DeadLetter[] }> {
  const letters: DeadLetter[] = [];
  const subscription = bus.connection.subscribe(wire.deadLetter('debate'), { max: 4 });
  const lines = act();
  for await (const message of subscription) letters.push(decodeDeadLetter(message.data));
  return { text: lines.join(''), letters };
}

const say = (utterance: Utterance) => publishUtterance(bus, wire, { utterance, ...PATIENCE });

describe('bus streams', () => {
  test('streams - making them again with another retention changes them in place', async () => {
    await ensureStreams(bus, wire, { storage: 'memory', debateMaxAgeMs: 3_600_000 });
    const info = await bus.manager.streams.info(wire.streams.DEBATE);
    expect(info.config.max_age).toBe(3_600_000 * 1e6);
    await ensureStreams(bus, wire, { storage: 'memory' });
  });

  test('streams - mail nobody takes cannot fill the disk', async () => {
    const { config } = await bus.manager.streams.info(wire.streams.MAIL);
    expect(config.max_bytes).toBeGreaterThan(0);
    expect(config.discard).toBe('old');
  });

  test('connect - where nothing answers, the error has the address in it', async () => {
    const attempt = connectBus({ url: 'nats://127.0.0.1:1', name: 'none', connectTimeoutMs: 300 });
    await expect(attempt).rejects.toThrow(/server does not answer: NATS at nats:\/\/127.0.0.1:1/);
  });
});

describe('bus mail', () => {
  test('mail - sent twice it is in the mailbox once, unless that is asked for', async () => {
    const [mail] = askAll([question('AA/USDT')], { round: 1, kind: 'opinion' }) as [Mail];
    const first = await publishMail(bus, wire, { mail, ...PATIENCE });
    const second = await publishMail(bus, wire, { mail, ...PATIENCE });
    expect([first.duplicate, second.duplicate]).toEqual([false, true]);
    const passed = await publishMail(bus, wire, { mail, again: 1, ...PATIENCE });
    expect(passed.duplicate).toBe(false);
  });
});

describe('bus transcript', () => {
  const [mail] = askAll([question('BB/USDT')], { round: 1, kind: 'opinion' }) as [Mail];
  const utterance = answerTo(mail);

  test('utterance - said twice is said once; another word there is equivocation', async () => {
    expect(await say(utterance)).toBe('said');
    expect(await say(utterance)).toBe('said');
    const other = { ...utterance, messageId: hashOf('another mail') };
    expect(await say(other)).toBe('equivocation');
    const filters = [wire.debateFilter({ debateId: mail.debateId, symbol: mail.symbol })];
    const said = await readSaid(bus, wire, { filters });
    expect(said).toHaveLength(1);
    expect(Buffer.from(said[0]?.bytes ?? [])).toEqual(Buffer.from(encodeUtterance(utterance)));
  });

  test('utterance - publishing without asking for an empty place is refused too', async () => {
    const subject = wire.debate(utterance);
    const forged = bus.jetstream.publish(subject, new TextEncoder().encode('forged'));
    await expect(forged).rejects.toThrow(/maximum messages per subject/);
  });

  test('transcript - nothing said is an empty answer, at once', async () => {
    const started = performance.now();
    expect(await readSaid(bus, wire, { filters: [wire.debateFilter({ round: 98 })] })).toEqual([]);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('bus round', () => {
  test('round - forged, malformed and unasked words change nothing and are buried', async () => {
    const motion = question('CC/USDT');
    const asks = askAll([motion], { round: 1, kind: 'opinion' });
    const [first, second, third, ...rest] = asks as [Mail, Mail, Mail, ...Mail[]];
    const publish = (subject: string, bytes: Uint8Array): void =>
      bus.connection.publish(subject, bytes);
    const gathered = gatherRound({
      bus,
      wire,
      motions: [motion],
      round: 1,
      kind: 'opinion',
      asks: [first, second, ...rest],
      deadlineMs: 1_500,
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    publish(wire.debate({ ...first, role: first.to }), new TextEncoder().encode('no utterance'));
    // The second assistant's word under the first one's name, and an answer to a mail never sent.
    publish(wire.debate({ ...first, role: first.to }), encodeUtterance(answerTo(second)));
    const unsent = { ...answerTo(second), messageId: hashOf('never sent') };
    publish(wire.debate({ ...second, role: second.to }), encodeUtterance(unsent));
    publish(wire.debate({ ...third, role: third.to }), encodeUtterance(answerTo(third)));
    for (const mail of rest) await say(answerTo(mail));
    const result = await gathered;
    const { said, missing, refused } = result;
    expect(refused).toEqual({ malformed: 1, forged: 2, unasked: 1, equivocation: 0 });
    expect(said.map(({ role }) => role)).toEqual(rest.map(({ to }) => to));
    expect(missing.map(({ role, why }) => [role, why])).toEqual([
      [first.to, 'silent'],
      [second.to, 'silent'],
    ]);
    const { text, letters } = await buried(() => {
      const lines: string[] = [];
      const log = pino({}, { write: (line: string) => void lines.push(line) });
      buryRefused({ bus, wire, log }, { ...motion, round: 1, kind: 'opinion', result });
      return lines;
    });
    expect(letters.map(({ code, field }) => `${code} ${field}`).toSorted()).toEqual([
      'wire_malformed malformed',
      'wire_mismatch forged',
      'wire_mismatch forged',
      'wire_mismatch unasked',
    ]);
    expect(letters.every(({ payload }) => payload.length === 0)).toBe(true);
    expect(text).toContain('"forged":2');
    expect(text).not.toContain('no utterance');
  });

  test('round - two different words of one assistant void it', async () => {
    const motion = question('DD/USDT');
    const asks = askAll([motion], { round: 1, kind: 'opinion' });
    const [liar, last, ...rest] = asks as [Mail, Mail, ...Mail[]];
    const options = { bus, wire, motions: [motion], round: 1, kind: 'opinion', asks } as const;
    const gathered = gatherRound({ ...options, deadlineMs: 5_000 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const truth = answerTo(liar);
    const lie = { ...truth, content: answerTo(rest[0] as Mail).content } as Utterance;
    expect(encodeUtterance(lie)).not.toEqual(encodeUtterance(truth));
    expect(await say(truth)).toBe('said');
    expect(await say(lie)).toBe('equivocation');
    for (const mail of [...rest, last]) await say(answerTo(mail));
    const { said, missing, refused } = await gathered;
    expect(said).toHaveLength(6);
    expect(missing).toMatchObject([{ role: liar.to, why: 'equivocation' }]);
    expect(refused.equivocation).toBe(1);
  });

  test('round - what was said before is found, in the order of the asks', async () => {
    const motions = [question('EE/USDT'), question('FF/USDT'), question('GG/USDT')];
    const asks = askAll(motions, { round: 1, kind: 'opinion' });
    for (const mail of asks.toReversed()) await say(answerTo(mail));
    const options = { bus, wire, motions, round: 1, kind: 'opinion', asks } as const;
    const { said, missing } = await gatherRound({ ...options, deadlineMs: 5_000 });
    expect(said).toEqual(asks.map(answerTo));
    expect(missing).toEqual([]);
    const mailed = await bus.manager.streams.info(wire.streams.MAIL, { subjects_filter: '>' });
    const subjects = Object.keys(mailed.state.subjects ?? {});
    expect(subjects.filter((subject) => /\.(EE|FF|GG)-USDT$/.test(subject))).toEqual([]);
  });

  test('round - nobody answers: all are silent at the deadline, after heartbeats', async () => {
    const motion = question('HH/USDT');
    const asks = askAll([motion], { round: 1, kind: 'opinion' });
    let beats = 0;
    const options = { bus, wire, motions: [motion], round: 1, kind: 'opinion', asks } as const;
    const result = await gatherRound({
      ...options,
      deadlineMs: 1_200,
      askAgainMs: 400,
      heartbeat: () => {
        beats += 1;
      },
    });
    expect(result.missing).toHaveLength(7);
    expect(result.askedAgain).toBeGreaterThanOrEqual(7);
    expect(beats).toBeGreaterThanOrEqual(1);
  });

  test('round - a caller that is cancelled gets its own reason', async () => {
    const motion = question('JJ/USDT');
    const asks = askAll([motion], { round: 1, kind: 'opinion' });
    const cancelled = new AbortController();
    const options = { bus, wire, motions: [motion], round: 1, kind: 'opinion', asks } as const;
    const gathered = gatherRound({ ...options, deadlineMs: 10_000, signal: cancelled.signal });
    setTimeout(() => cancelled.abort(new Error('worker shuts down')), 50);
    await expect(gathered).rejects.toThrow('worker shuts down');
  });
});

describe('bus micro', () => {
  let service: MicroService;
  const ask = async (subject: string) => {
    const reply = await bus.connection.request(subject, '', { timeout: 20_000 });
    return { headers: reply.headers, json: reply.data.length > 0 ? reply.json<unknown>() : null };
  };

  test('micro - ping, info, stats and errors speak the protocol of nats micro', async () => {
    const name = `${wire.namespace}-echo`;
    service = startMicroService(bus, {
      name,
      version: '1.2.3',
      description: 'says it again',
      endpoints: [
        { name: 'echo', subject: `${wire.namespace}.echo`, handle: ({ data }) => data },
        {
          name: 'fail',
          subject: `${wire.namespace}.fail`,
          handle: () => Promise.reject(new Error('not\r\ntoday')),
        },
      ],
    });
    const { id } = service;
    expect((await ask(`$SRV.PING.${name}`)).json).toEqual({
      type: 'io.nats.micro.v1.ping_response',
      name,
      id,
      version: '1.2.3',
      metadata: {},
    });
    await bus.connection.request(`${wire.namespace}.echo`, '"hello"');
    const failed = await ask(`${wire.namespace}.fail`);
    expect(failed.headers?.get('Nats-Service-Error')).toBe('not today');
    expect(failed.headers?.get('Nats-Service-Error-Code')).toBe('500');
    const { json: info } = await ask(`$SRV.INFO.${name}.${id}`);
    expect(info).toMatchObject({ description: 'says it again', endpoints: [{ name: 'echo' }, {}] });
    const { json: stats } = await ask(`$SRV.STATS.${name}`);
    expect(stats).toMatchObject({
      type: 'io.nats.micro.v1.stats_response',
      endpoints: [
        { name: 'echo', num_requests: 1, num_errors: 0, queue_group: 'q' },
        { name: 'fail', num_requests: 1, num_errors: 1, last_error: 'not\r\ntoday' },
      ],
    });
    service.stop();
    await expect(ask(`$SRV.PING.${name}`)).rejects.toThrow(/no responders/);
  });
});
