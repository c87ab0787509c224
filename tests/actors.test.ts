/** Failure here means: an assistant answers twice, forgets what it said, answers for somebody
 * else, or a bad mail takes the host down with it. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Speak } from '../actors/assistant.ts';
import { type Host, type HostOptions, startHost } from '../actors/host.ts';
import type { HostEvent } from '../actors/runtime/events.ts';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { publishMail } from '../adapters/bus/publish.ts';
import { gatherRound, type RoundResult } from '../adapters/bus/round.ts';
import { ensureStreams } from '../adapters/bus/streams.ts';
import { readUtterances } from '../adapters/store/utterances.ts';
import type { Mail } from '../core/assistants/mail.ts';
import type { Memory } from '../core/assistants/mind.ts';
import { ROLES, type Role } from '../core/assistants/role.ts';
import { speak } from '../core/assistants/speak.ts';
import type { Kind } from '../core/assistants/speech.ts';
import { hashOf } from '../core/hash.ts';
import { decodeDeadLetter, encodeMail } from '../proto/codec.ts';
import { partitionOf, type Wire, wire as wireOf } from '../proto/subjects.ts';
import { askAll, type Question, question, record, until } from './actors-ring.ts';
import { openTestDatabase, testNamespace } from './support/servers.ts';

type TestDatabase = Awaited<ReturnType<typeof openTestDatabase>>;

let database: TestDatabase;
let bus: Bus;
let wire: Wire;
const hosts: Host[] = [];
const PATIENCE = { deadlineMs: 5_000 };

beforeAll(async () => {
  database = await openTestDatabase();
  bus = await connectBus({ url: inject('servers').natsUrl, name: 'actors-test' });
  wire = wireOf(testNamespace());
  await ensureStreams(bus, wire, { storage: 'memory' });
});

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});

afterAll(async () => {
  for (const stream of Object.values(wire.streams)) await bus.manager.streams.delete(stream);
  await bus.close();
  await database.drop();
});

async function host(options: Partial<HostOptions> = {}): Promise<Host> {
  const started = await startHost({ busOf: () => bus, wire, db: database.db, ...options });
  hosts.push(started);
  return started;
}

/** A mind that keeps what it was asked. */
function listeningMind(): { speak: Speak; asks: Parameters<Speak>[0][] } {
  const asks: Parameters<Speak>[0][] = [];
  return {
    asks,
    speak: (ask) => {
      asks.push(ask);
      return speak(ask);
    },
  };
}

interface RoundOf {
  readonly round?: number;
  readonly kind?: Kind;
  readonly deadlineMs?: number;
}

async function hold(
  motions: readonly Question[],
  { round = 1, kind = 'opinion', deadlineMs = 60_000 }: RoundOf = {},
): Promise<RoundResult> {
  await record(database.db, motions);
  const asks = askAll(motions, { round, kind });
  return gatherRound({ bus, wire, motions, round, kind, asks, deadlineMs });
}

describe('actors round', () => {
  test('round - everybody who is asked answers once, on record and in the ring', async () => {
    const ring = await host();
    const motions = ['AA/USDT', 'AB/USDT', 'AC/USDT'].map((symbol) => question(symbol));
    const { said, missing } = await hold(motions);
    expect(missing).toEqual([]);
    expect(said).toHaveLength(21);
    const rows = await readUtterances(
      database.db,
      motions.map(({ eventId }) => eventId),
    );
    expect(rows).toEqual(said);
    await until(() => ring.facts().answered === 21);
    expect(ring.facts()).toMatchObject({ repeated: 0, deadLetters: 0, actors: 21 });
  });

  test('round - a whole debate: each kind hears what was said before', async () => {
    await host();
    const motion = question('AD/USDT');
    const { said: opinions } = await hold([motion]);
    let heard = opinions;
    for (const kind of ['challenge', 'rebuttal', 'revision'] as const) {
      const asks = askAll([motion], { round: 2, kind, heard });
      const options = { bus, wire, motions: [motion], round: 2, kind, asks };
      const { said, missing } = await gatherRound({ ...options, deadlineMs: 60_000 });
      expect(missing).toEqual([]);
      heard = [...heard, ...said];
    }
    expect(heard).toHaveLength(28);
  });
});

describe('actors repeats', () => {
  test('repeat - the mind is asked once; what NATS lost is said again', async () => {
    const mind = listeningMind();
    const ring = await host({ speak: mind.speak });
    const motion = question('BA/USDT');
    const { said } = await hold([motion]);
    expect(mind.asks).toHaveLength(7);
    await bus.manager.streams.purge(wire.streams.DEBATE);
    const asks = askAll([motion], { round: 1, kind: 'opinion' });
    for (const mail of asks) await publishMail(bus, wire, { mail, again: 1, ...PATIENCE });
    await until(() => ring.facts().repeated === 7);
    const { said: again } = await hold([motion]);
    expect(again).toEqual(said);
    expect(mind.asks).toHaveLength(7);
  });

  test('repeat - another question at the same address: the first answer stands', async () => {
    const ring = await host();
    const motion = question('BB/USDT');
    const { said } = await hold([motion]);
    const [mail] = askAll([motion], { round: 1, kind: 'opinion' }) as [Mail];
    const other = { ...mail, messageId: hashOf('another question') };
    await publishMail(bus, wire, { mail: other, ...PATIENCE });
    await until(() => ring.facts().deadLetters === 1);
    const rows = await readUtterances(database.db, [motion.eventId]);
    expect(rows).toEqual(said);
  });
});

describe('actors bad mail', () => {
  /** Puts bytes into a mailbox and returns the dead letter that must come of it. */
  async function deadLetterOf(to: { role: Role; symbol: string }, bytes: Uint8Array) {
    const graves = bus.connection.subscribe(wire.deadLetter(to.role), { max: 1 });
    await bus.jetstream.publish(wire.mail(to.role, to.symbol), bytes);
    for await (const message of graves) return decodeDeadLetter(message.data);
    throw new Error('no dead letter came');
  }

  test('mail - malformed, forged, oversized and tampered mail is buried', async () => {
    const ring = await host();
    const motion = question('CA/USDT');
    await record(database.db, [motion]);
    const [mail] = askAll([motion], { round: 1, kind: 'opinion' }) as [Mail];
    const box = { role: mail.to, symbol: mail.symbol };
    const unknown = { ...mail, eventId: hashOf('no such motion') };
    const stranger = { ...unknown, snapshot: { ...mail.snapshot, eventId: unknown.eventId } };
    const holdings = { ...mail.snapshot.holdings, equity: '999999' };
    const tampered = { ...mail, snapshot: { ...mail.snapshot, holdings } };
    const cases: [string, string, Uint8Array][] = [
      ['wire_malformed', '', randomBytes(300)],
      ['wire_too_large', '', randomBytes(300 * 1024)],
      ['wire_mismatch', 'to', encodeMail({ ...mail, to: 'auditor' })],
      ['wire_value', 'eventId', encodeMail(stranger)],
      ['wire_mismatch', 'snapshot', encodeMail(tampered)],
    ];
    for (const [code, field, bytes] of cases) {
      const letter = await deadLetterOf(box, bytes);
      expect(letter.code).toMatch(code === 'wire_malformed' ? /^wire_/ : code);
      if (field !== '') expect(letter.field).toBe(field);
      expect(letter).toMatchObject({ sizeBytes: bytes.byteLength, deliveries: 1 });
      expect(letter.payload).toHaveLength(0);
    }
    expect((await hold([motion])).missing).toEqual([]);
    expect(ring.facts().deadLetters).toBe(cases.length);
  });

  test('mail - for another symbol than its subject says is buried', async () => {
    await host();
    const [mail] = askAll([question('CB/USDT')], { round: 1, kind: 'opinion' }) as [Mail];
    const letter = await deadLetterOf({ role: mail.to, symbol: 'CC/USDT' }, encodeMail(mail));
    expect(letter).toMatchObject({ code: 'wire_mismatch', field: 'symbol' });
  });

  test('mail - poison is tried five times, buried, and silences nobody else', async () => {
    const events: HostEvent[] = [];
    const poisoned = await host({
      speak: (ask) => {
        if (ask.role === 'strategist') throw new RangeError('secret content of the mail');
        return speak(ask);
      },
    });
    poisoned.events.on((event) => events.push(event));
    const { missing } = await hold([question('CD/USDT')], { deadlineMs: 3_000 });
    expect(missing).toMatchObject([{ role: 'strategist', why: 'silent' }]);
    expect(poisoned.facts()).toMatchObject({ restarted: 4, deadLetters: 1, answered: 6 });
    const buried = events.filter(({ type }) => type === 'dead_letter');
    expect(buried).toMatchObject([{ role: 'strategist', code: 'failed', field: 'RangeError' }]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });
});

describe('actors memory', () => {
  /** What each role's mind was shown at the round-1 opinion on the last of `steps` motions. */
  async function memories(options: {
    symbol: string;
    steps: number;
    each: (step: number) => Promise<void>;
  }): Promise<Map<Role, Memory>> {
    const mind = listeningMind();
    await host({ speak: mind.speak, idleMs: 200 });
    for (let step = 0; step < options.steps; step += 1) {
      await options.each(step);
      if (hosts.length === 0) await host({ speak: mind.speak });
      const { missing } = await hold([question(options.symbol, step)]);
      expect(missing).toEqual([]);
    }
    const last = mind.asks.slice(-7);
    return new Map(last.map((ask) => [ask.role, ask.memory]));
  }

  test('memory - kept in mind, after sleep and on another host it is the same', async () => {
    const steps = 5;
    const kept = await memories({ symbol: 'DA/USDT', steps, each: async () => undefined });
    await Promise.all(hosts.splice(0).map((other) => other.stop()));
    const moved = await memories({
      symbol: 'DB/USDT',
      steps,
      each: () => Promise.all(hosts.splice(0).map((other) => other.stop())).then(() => undefined),
    });
    await Promise.all(hosts.splice(0).map((other) => other.stop()));
    const slept = await memories({
      symbol: 'DC/USDT',
      steps,
      each: async (step) => {
        if (step > 0) await until(() => hosts[0]?.facts().actors === 0);
      },
    });
    for (const role of ROLES) {
      expect(kept.get(role)?.calls).toHaveLength(steps - 1);
      // Symbols differ, so the shape and the times must agree, and each call must be on record.
      const times = (memory?: Memory) => memory?.calls.map(({ closeTimeMs }) => closeTimeMs);
      expect(times(moved.get(role))).toEqual(times(kept.get(role)));
      expect(times(slept.get(role))).toEqual(times(kept.get(role)));
    }
  });

  test('memory - what is kept equals what a new host reads, to the last digit', async () => {
    const kept = listeningMind();
    const first = await host({ speak: kept.speak });
    for (let step = 0; step < 4; step += 1) await hold([question('DD/USDT', step)]);
    await first.stop();
    hosts.length = 0;
    const read = listeningMind();
    await host({ speak: read.speak });
    // The same close again in round 2: its own opinion is not yet part of the past it may know.
    await hold([question('DD/USDT', 3)], { round: 2, kind: 'challenge' });
    const shown = (asks: Parameters<Speak>[0][]) =>
      new Map(asks.map((ask) => [ask.role, ask.memory]));
    expect(shown(read.asks)).toEqual(shown(kept.asks.slice(-7)));
    expect(read.asks[0]?.memory.calls).toHaveLength(3);
  });

  test('passivation - idle actors are put to sleep and come back when mail comes', async () => {
    const ring = await host({ idleMs: 200 });
    await hold([question('DE/USDT')]);
    expect(ring.facts().actors).toBe(7);
    await until(() => ring.facts().actors === 0);
    await hold([question('DE/USDT', 1)]);
    await until(() => ring.facts().answered === 14);
    expect(ring.facts().actors).toBe(7);
  });
});

describe('actors activation', () => {
  test('activation - of two hosts one alone answers, and the other takes over', async () => {
    const busOfSecond = await connectBus({ url: inject('servers').natsUrl, name: 'second' });
    const answers = new Map<Role, Set<string>>();
    const watch = (name: string, watched: Host): void => {
      watched.events.on((event) => {
        if (event.type !== 'answered') return;
        answers.set(event.role, (answers.get(event.role) ?? new Set()).add(name));
      });
    };
    const first = await host();
    const second = await host({ busOf: () => busOfSecond });
    watch('first', first);
    watch('second', second);
    for (let step = 0; step < 12; step += 1) await hold([question('EA/USDT', step)]);
    await until(() => first.facts().answered + second.facts().answered === 84);
    expect([...answers.values()].map((by) => by.size)).toEqual(ROLES.map(() => 1));
    const [busy, idle] = first.facts().answered > 0 ? [first, second] : [second, first];
    await busy.stop();
    const startedAt = performance.now();
    const { missing } = await hold([question('EA/USDT', 12)]);
    expect(missing).toEqual([]);
    // A host that stops in order hands over at once, without waiting for its pins to run out.
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(idle.facts().partitions).toBeGreaterThanOrEqual(7);
    hosts.length = 0;
    await idle.stop();
    await busOfSecond.close();
  });

  test('roles - a host of some roles leaves the others their mail', async () => {
    const some = await host({ roles: ['risk_manager', 'auditor'] });
    const motion = question('EB/USDT');
    const partial = hold([motion], { deadlineMs: 10_000 });
    await until(() => some.facts().answered === 2);
    expect(some.facts().roles).toEqual(['risk_manager', 'auditor']);
    const others = ROLES.filter((role) => !some.facts().roles.includes(role));
    await host({ roles: others });
    const startedAt = performance.now();
    expect((await partial).missing).toEqual([]);
    // Mail that waited for its host is taken at once, not when some earlier host's pin runs out.
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  test('micro - every assistant of a host is a NATS service that tells its work', async () => {
    await host();
    await hold([question('EC/USDT')]);
    const name = wire.assistantService('risk_manager');
    // The word is out before the mail is acknowledged and counted.
    const stats = async () => (await bus.connection.request(`$SRV.STATS.${name}`)).json();
    await expect.poll(stats).toMatchObject({
      name,
      endpoints: [{ name: 'status' }, { name: 'mail', num_requests: 1, num_errors: 0 }],
    });
    const status = await bus.connection.request(wire.assistant('risk_manager', 'status'));
    expect(status.json()).toMatchObject({
      role: 'risk_manager',
      partitions: [partitionOf('EC/USDT')],
      answered: 1,
    });
  });
});
