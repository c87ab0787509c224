/** Failure here means: a process that finds something wrong cannot stop trading, or one that was
 * taken over can do more than that. */
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { activeHalts, liftHalt } from '../adapters/store/halts.ts';
import {
  type HaltReply,
  type HaltRequest,
  readHaltReply,
  writeHaltRequest,
} from '../proto/halt.ts';
import { wire } from '../proto/subjects.ts';
import { type HaltDoor, startHaltDoor } from '../workers/order-worker/halt-door.ts';
import { fundedTrader, prepareMarket } from './orders-samples.ts';
import { openTestDatabase, testNamespace } from './support/servers.ts';

const names = wire(testNamespace());
let database: Awaited<ReturnType<typeof openTestDatabase>>;
let bus: Bus;
let door: HaltDoor;

const REQUEST: HaltRequest = {
  name: 'violation-ledger',
  level: 'pause',
  reason: 'the ledger does not sum to zero',
  liftsWhen: 'the checker finds nothing more, and a person lifts it by name',
  placedBy: 'checker',
};

beforeAll(async () => {
  database = await openTestDatabase();
  await prepareMarket(database.db);
  bus = await connectBus({ url: inject('servers').natsUrl, name: 'halt door' });
  door = startHaltDoor(bus, names, { db: database.db, log: pino({ level: 'silent' }) });
});

afterAll(async () => {
  door?.stop();
  await bus?.close();
  await database?.drop();
});

async function ask(bytes: Uint8Array): Promise<HaltReply> {
  const reply = await bus.connection.request(names.haltRequest, bytes, { timeout: 60_000 });
  return readHaltReply(reply.data);
}

const askFor = (request: object) => ask(writeHaltRequest(request as HaltRequest));
const active = () => activeHalts(database.db);

describe('halt door', () => {
  test('placed - once, however often it is asked for, and as an automatic one', async () => {
    const [first, ...rest] = await Promise.all(Array.from({ length: 10 }, () => askFor(REQUEST)));
    expect(first).toMatchObject({ placed: { name: 'violation-ledger' } });
    for (const reply of rest) expect(reply).toEqual(first);
    expect(await active()).toMatchObject([{ ...REQUEST, automatic: true, userId: null }]);
    await liftHalt(database.db, { name: REQUEST.name, by: 'test', reason: 'over' });
  });

  test('one user, one symbol - and a user who does not exist', async () => {
    const { userId } = await fundedTrader(database.db);
    const scoped = { ...REQUEST, level: 'close-only', userId, symbol: 'BTC/USDT' };
    expect(await askFor(scoped)).toHaveProperty('placed');
    expect(await active()).toMatchObject([{ userId, symbol: 'BTC/USDT', level: 'close-only' }]);
    await liftHalt(database.db, { name: REQUEST.name, by: 'test', reason: 'over' });
    const nobody = { ...REQUEST, userId: '00000000-0000-4000-8000-000000000000' };
    expect(await askFor(nobody)).toEqual({ refused: 'there is no such user' });
  });

  test.each(['cancel', 'flatten', 'lift', 'PAUSE', ''])('level %j - is refused', async (level) => {
    expect(await askFor({ ...REQUEST, level })).toHaveProperty('refused');
    expect(await active()).toEqual([]);
  });

  test('hostile bytes - none accepted, all answered, and the door stays open', async () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 6_000 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc
        .record({ key: fc.string(), value: fc.jsonValue() })
        .filter(({ key, value }) => !Object.hasOwn(REQUEST, key) || typeof value !== 'string')
        .filter(({ key }) => key !== 'userId' && key !== 'symbol')
        .map(({ key, value }) => {
          const text = JSON.stringify({ ...REQUEST, [key]: value });
          return new TextEncoder().encode(text);
        }),
    );
    const samples = fc.sample(hostile, { numRuns: 2_000, seed: 11 });
    const before = door.facts().refused;
    for (let start = 0; start < samples.length; start += 20) {
      const replies = await Promise.all(samples.slice(start, start + 20).map(ask));
      for (const reply of replies) expect(reply).toHaveProperty('refused');
    }
    expect(door.facts().refused - before).toBe(samples.length);
    expect(await active()).toEqual([]);
    expect(await askFor(REQUEST)).toHaveProperty('placed');
  });
});
