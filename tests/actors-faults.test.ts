/** Failure here means: a process that dies in the middle of a round loses an answer, or has
 * somebody answer twice. Hosts are processes of their own and NATS is the test's own, because
 * both are killed with -9, in the middle. */
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { gatherRound, type RoundResult } from '../adapters/bus/round.ts';
import { ensureStreams } from '../adapters/bus/streams.ts';
import { listen } from '../adapters/bus/transcript.ts';
import { readUtterances } from '../adapters/store/utterances.ts';
import { type Wire, wire as wireOf } from '../proto/subjects.ts';
import {
  askAll,
  type HostProcess,
  type OwnNats,
  ownNats,
  type Question,
  question,
  record,
  spawnHost,
  until,
} from './actors-ring.ts';
import { openTestDatabase, testNamespace } from './support/servers.ts';

type TestDatabase = Awaited<ReturnType<typeof openTestDatabase>>;

let database: TestDatabase;
let nats: OwnNats;
let bus: Bus;
let wire: Wire;
let hosts: HostProcess[] = [];

beforeEach(async () => {
  database = await openTestDatabase();
  nats = await ownNats();
  bus = await connectBus({ url: nats.url, name: 'faults-test' });
  wire = wireOf(testNamespace());
  await ensureStreams(bus, wire);
});

afterEach(async () => {
  await Promise.all(hosts.map((host) => host.kill('SIGKILL')));
  hosts = [];
  await bus.close();
  await nats.remove();
  await database.drop();
});

async function addHost(): Promise<HostProcess> {
  const host = await spawnHost({
    namespace: wire.namespace,
    natsUrl: nats.url,
    postgresUrl: database.url,
  });
  hosts.push(host);
  return host;
}

/** So many that the first answers are heard while the last questions are still on their way. */
const SYMBOLS = Array.from({ length: 80 }, (_, index) => {
  const letters = 'ABCDEFGHIJ';
  return `${letters[Math.floor(index / 10)]}${letters[index % 10]}/USDT`;
});
const ASKED = SYMBOLS.length * 7;
/** A round that is whole ends before its deadline, however slow the machine. */
const ROUND_MS = 90_000;

function docket(step: number): readonly Question[] {
  return SYMBOLS.map((symbol) => question(symbol, step));
}

/** Holds round 1 of a docket, and does `harm` once `after` words were heard. */
async function holdAndHarm(
  motions: readonly Question[],
  { after, harm }: { after: number; harm: () => Promise<void> },
): Promise<RoundResult> {
  await record(database.db, motions);
  const asks = askAll(motions, { round: 1, kind: 'opinion' });
  let heard = 0;
  const harms: Promise<void>[] = [];
  const deafen = listen(bus, wire.debateFilter({ round: 1 }), () => {
    heard += 1;
    if (heard >= after && harms.length === 0) harms.push(harm());
  });
  const options = { bus, wire, motions, round: 1, kind: 'opinion', asks } as const;
  const result = await gatherRound({ ...options, deadlineMs: ROUND_MS });
  deafen();
  expect(harms).toHaveLength(1);
  await Promise.all(harms);
  return result;
}

async function expectOnceEach(motions: readonly Question[], result: RoundResult): Promise<void> {
  expect(result.missing).toEqual([]);
  expect(result.refused).toEqual({ malformed: 0, forged: 0, unasked: 0, equivocation: 0 });
  const eventIds = motions.map(({ eventId }) => eventId);
  expect(await readUtterances(database.db, eventIds)).toEqual(result.said);
  const { state } = await bus.manager.streams.info(wire.streams.DEBATE);
  expect(state.messages).toBe(ASKED);
}

describe('actors faults', () => {
  test('kill - a host dies mid-round: another takes over, nobody answers twice', async () => {
    const doomed = await addHost();
    await holdWhole();
    await addHost();
    const motions = docket(1);
    const result = await holdAndHarm(motions, { after: 1, harm: () => doomed.kill('SIGKILL') });
    await expectOnceEach(motions, result);
    const { state } = await bus.manager.streams.info(wire.streams.MAIL);
    expect(state.messages).toBe(ASKED);
    const survivor = await hosts[1]?.facts();
    expect(survivor?.['answered']).toBeGreaterThan(0);
  });

  test('kill - the only host dies mid-round: the round ends once another is started', async () => {
    const doomed = await addHost();
    const motions = docket(2);
    const result = await holdAndHarm(motions, {
      after: 1,
      harm: async () => {
        await doomed.kill('SIGKILL');
        await addHost();
      },
    });
    await expectOnceEach(motions, result);
    expect(result.said).toHaveLength(ASKED);
  });

  test('kill - NATS dies mid-round and comes back: the round ends, words stand', async () => {
    const host = await addHost();
    const motions = docket(3);
    const result = await holdAndHarm(motions, {
      after: 1,
      harm: async () => {
        await nats.kill();
        await new Promise((resolve) => setTimeout(resolve, 500));
        await nats.start();
      },
    });
    await until(() => bus.link.up);
    await expectOnceEach(motions, result);
    expect(await host.facts()).toMatchObject({ natsUp: true, deadLetters: 0 });
  });

  test('kill - Postgres drops every connection for a second: nothing is lost', async () => {
    const host = await addHost();
    const motions = docket(5);
    let dropped = 0;
    const result = await holdAndHarm(motions, {
      after: 1,
      harm: async () => {
        const until = performance.now() + 1_000;
        while (performance.now() < until) dropped += await dropConnections();
      },
    });
    await expectOnceEach(motions, result);
    expect(dropped).toBeGreaterThan(0);
    expect(await host.facts()).toMatchObject({ restarted: 0, deadLetters: 0 });
  });

  test('stop - a host that is told to stop ends in order and gives its mail back', async () => {
    const stopping = await addHost();
    await addHost();
    const motions = docket(4);
    const result = await holdAndHarm(motions, { after: 1, harm: () => stopping.kill('SIGTERM') });
    await expectOnceEach(motions, result);
  });

  async function dropConnections(): Promise<number> {
    const { rows } = await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'corro-actor-host'`.execute(
      database.db,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    return rows.length;
  }

  /** A whole docket answered by the one host there is, so that every mailbox is its; then
   * forgotten, so that counts start at nothing. */
  async function holdWhole(): Promise<void> {
    const motions = docket(0);
    await record(database.db, motions);
    const asks = askAll(motions, { round: 1, kind: 'opinion' });
    const options = { bus, wire, motions, round: 1, kind: 'opinion', asks } as const;
    expect((await gatherRound({ ...options, deadlineMs: ROUND_MS })).missing).toEqual([]);
    await until(async () => (await hosts[0]?.facts())?.['answered'] === ASKED);
    for (const stream of [wire.streams.MAIL, wire.streams.DEBATE]) {
      await bus.manager.streams.purge(stream);
    }
  }
});
