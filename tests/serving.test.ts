/** Failure here means: a model that nobody promoted speaks in the ring, one that was promoted or
 * rolled back does not, a broken one takes its neighbours or its host with it, or a motion waits
 * for ever because a model cannot answer. */
import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Host, startHost } from '../actors/host.ts';
import type { HostEvent } from '../actors/runtime/events.ts';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { type Forecaster, forecaster } from '../adapters/bus/forecaster.ts';
import { ensureStreams } from '../adapters/bus/streams.ts';
import { foretell, recordForetold, withForecast } from '../adapters/models/foretell.ts';
import { loadModelBytes } from '../adapters/models/load.ts';
import { changeModel } from '../adapters/store/model-changes.ts';
import { predictionsOf } from '../adapters/store/predictions.ts';
import { setWorth } from '../adapters/store/promotion.ts';
import type { Database } from '../adapters/store/schema.ts';
import { type Facts, freezeSnapshot } from '../core/assistants/freeze.ts';
import { speak } from '../core/assistants/speak.ts';
import { FEATURE_HASH } from '../core/features/vector.ts';
import { hashOf } from '../core/hash.ts';
import type { Market } from '../core/learning/contract.ts';
import { type Forecast, forecastOf } from '../core/models/forecast.ts';
import { predictReply, predictRequest } from '../proto/predict.ts';
import { PREDICT_VERB, type Wire, wire as wireOf } from '../proto/subjects.ts';
import { question, record, spawnHost, until } from './actors-ring.ts';
import { superuser } from './audit-floor.ts';
import { type MadeModel, madeUpSeries, makeModel, PYTHON_TIMEOUT_MS } from './models-maker.ts';
import {
  bytesOf,
  enterModel,
  promote,
  readingAfter,
  rollback,
  variantOf,
} from './models-served.ts';
import { openTestDatabase, type TestDatabase, testNamespace } from './support/servers.ts';

const SYMBOL = 'SIMA/USDT';
const PATIENT = { limitMs: 60_000 };
const market: Market = { venue: 'paper', symbol: SYMBOL, timeframe: '5m' };
const reading = readingAfter(400);
const close = { venue: 'paper', timeframe: '5m', questions: [{ symbol: SYMBOL, reading }] };

let database: TestDatabase;
let db: Kysely<Database>;
let bus: Bus;
let wire: Wire;
let ask: Forecaster;
const made: MadeModel[] = [];
const hosts: Host[] = [];
const events: HostEvent[] = [];
let count = 0;

beforeAll(async () => {
  bus = await connectBus({ url: inject('servers').natsUrl, name: 'serving-test' });
  made.push(
    await makeModel(madeUpSeries(1_500)),
    await makeModel(madeUpSeries(1_500, { seed: 2 })),
  );
}, PYTHON_TIMEOUT_MS);

beforeAll(async () => {
  await fresh();
});

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  await end();
  await fresh();
});

afterAll(async () => {
  await end();
  await bus.close();
  for (const one of made) one.remove();
});

/** A registry and a ring of each test's own. */
async function fresh(): Promise<void> {
  database = await openTestDatabase();
  db = database.db;
  wire = wireOf(testNamespace());
  await ensureStreams(bus, wire, { storage: 'memory' });
  ask = forecaster(bus, wire);
  events.length = 0;
}

async function end(): Promise<void> {
  for (const stream of Object.values(wire.streams)) await bus.manager.streams.delete(stream);
  await database.drop();
}

async function host(): Promise<Host> {
  const started = await startHost({ busOf: () => bus, wire, db, roles: ['strategist'] });
  started.events.on((event) => events.push(event));
  hosts.push(started);
  return started;
}

/** Another file of one of the two fitted models, entered for a market. */
async function entered(which: 0 | 1, at: Market = market): Promise<string> {
  count += 1;
  const one = made[which] as MadeModel;
  const bytes = variantOf(bytesOf(one), `${count}`);
  return enterModel(db, { made: one, bytes, market: at });
}

/** What a model answers offline, as the ring writes it. */
async function offline(which: 0 | 1, hash: string, worthBp = 10_000): Promise<Forecast> {
  const model = await loadModelBytes(bytesOf(made[which] as MadeModel), { name: 'offline' });
  const prediction = await model.answerOne(reading.features);
  await model.release();
  return forecastOf(prediction, hash, worthBp);
}

async function foretold(limitMs = PATIENT.limitMs) {
  const told = await foretell({ db, forecast: ask, patience: { limitMs } }, close);
  const one = told.get(SYMBOL);
  return { told, champion: one?.champion ?? null, challengers: one?.challengers, ...one };
}

/** A motion on this reading, as the driver and the scan freeze it. */
function snapshotOf(told: Awaited<ReturnType<typeof foretold>>['told']) {
  const { snapshot } = question(SYMBOL);
  const facts: Facts = { ...snapshot, timeframe: '5m', reading };
  return freezeSnapshot(withForecast(facts, told));
}

describe('champion', () => {
  test('its answer is a fact of the snapshot, as offline; the strategist goes by it', async () => {
    await host();
    const hash = await entered(0);
    await promote(db, hash, market);
    await setWorth(db, { market, hash, worthBp: 9_000, reason: 'a test', by: 'ana' });
    const { told, champion, refused } = await foretold();
    expect(champion).toEqual(await offline(0, hash, 9_000));
    expect(refused).toEqual([]);
    const snapshot = snapshotOf(told);
    expect(snapshot.forecast).toEqual(champion);
    const ask = { role: 'strategist', kind: 'opinion', round: 1, heard: [] } as const;
    const said = (of: typeof snapshot) => speak({ ...ask, snapshot: of, memory: { calls: [] } });
    expect(JSON.stringify(said(snapshot))).toContain(`model ${hash.slice(0, 8)}`);
    expect(JSON.stringify(said(snapshotOf(new Map())))).not.toContain('model ');
    expect(hashOf(snapshot)).not.toBe(hashOf(snapshotOf(new Map())));
  });

  test('none in service - nobody is asked, and no answer is waited for', async () => {
    await entered(0);
    const never: Forecaster = () => expect.unreachable('there is nobody to ask');
    const told = await foretell({ db, forecast: never, patience: PATIENT }, close);
    expect(told.size).toBe(0);
    expect(snapshotOf(told)).not.toHaveProperty('forecast');
  });

  test('a reading that is not warm - is asked of nobody', async () => {
    await promote(db, await entered(0), market);
    const never: Forecaster = () => expect.unreachable('it must not be asked');
    const cold = { ...close, questions: [{ symbol: SYMBOL, reading: readingAfter(10) }] };
    expect((await foretell({ db, forecast: never, patience: PATIENT }, cold)).size).toBe(0);
  });

  test('promotion and rollback - count from the next close on, without a restart', async () => {
    await host();
    const [first, second] = [await entered(0), await entered(1)];
    expect((await foretold()).champion).toBeNull();
    const answers = [await offline(0, first), await offline(1, second)];
    expect(answers[0]).not.toEqual({ ...answers[1], model: first });
    await promote(db, first, market);
    expect((await foretold()).champion).toEqual(answers[0]);
    await promote(db, second, market);
    expect((await foretold()).champion).toEqual(answers[1]);
    await rollback(db, market);
    expect((await foretold()).champion).toEqual(answers[0]);
    await rollback(db, market);
    expect((await foretold()).champion).toBeNull();
  });

  test('promoted between two closes - it is loaded before it is asked', async () => {
    const running = await host();
    await promote(db, await entered(0), market);
    await until(() => running.facts().models === 1);
    expect(events.filter(({ type }) => type === 'model_loaded')).toHaveLength(1);
    await foretold();
    expect(events.filter(({ type }) => type === 'model_loaded')).toHaveLength(1);
  });
});

describe('challengers', () => {
  test('are recorded, and are no fact of any snapshot', async () => {
    await host();
    const [champion, challenger] = [await entered(0), await entered(1)];
    await promote(db, champion, market);
    const change = { to: 'shadow', reason: 'a test', evidence: {}, by: 'ana' } as const;
    await changeModel(db, { hash: challenger, ...change });
    const { told, challengers } = await foretold();
    expect(challengers).toEqual([await offline(1, challenger)]);
    const snapshot = snapshotOf(told);
    expect(JSON.stringify(snapshot)).not.toContain(challenger);
    await record(db, [{ ...question(SYMBOL), snapshot }]);
    await recordForetold(db, [snapshot], told);
    await recordForetold(db, [snapshot], told);
    expect(await predictionsOf(db, champion)).toMatchObject([
      { part: 'champion', answer: snapshot.forecast, eventId: snapshot.eventId },
    ]);
    expect(await predictionsOf(db, challenger)).toMatchObject([
      { part: 'challenger', answer: challengers?.[0] },
    ]);
  });

  test('asked about other facts than those on record - are not recorded', async () => {
    await host();
    const challenger = await entered(0);
    const change = { to: 'shadow', reason: 'a test', evidence: {}, by: 'ana' } as const;
    await changeModel(db, { hash: challenger, ...change });
    const { told, champion } = await foretold();
    expect(champion).toBeNull();
    const stored = question(SYMBOL);
    await record(db, [stored]);
    await recordForetold(db, [stored.snapshot], told);
    expect(await predictionsOf(db, challenger)).toEqual([]);
  });
});

describe('models that cannot serve', () => {
  test('bytes exchanged in the database - refused and told; the others answer', async () => {
    const [broken, challenger] = [await entered(0), await entered(1)];
    await promote(db, broken, market);
    const change = { to: 'shadow', reason: 'a test', evidence: {}, by: 'ana' } as const;
    await changeModel(db, { hash: challenger, ...change });
    const exchange = `update blobs set bytes = '\\x0801' where hash = '${broken}'`;
    await superuser(database.url, exchange);
    await host();
    const { told, champion, challengers, refused } = await foretold();
    expect(champion).toBeNull();
    expect(challengers).toEqual([await offline(1, challenger)]);
    expect(refused).toMatchObject([{ model: broken, code: 'bad_model', symbol: SYMBOL }]);
    expect(refused?.[0]?.why).toContain('exchanged');
    expect(events).toContainEqual(expect.objectContaining({ type: 'model_refused', hash: broken }));
    const snapshot = snapshotOf(told);
    expect(snapshot).not.toHaveProperty('forecast');
    const ask = { role: 'strategist', kind: 'opinion', round: 1, heard: [] } as const;
    expect(speak({ ...ask, snapshot, memory: { calls: [] } })).not.toBeNull();
  });

  test('loaded before its bytes were exchanged - goes on as what it was', async () => {
    await host();
    const hash = await entered(0);
    await promote(db, hash, market);
    const { champion } = await foretold();
    await superuser(database.url, `update blobs set bytes = 'x' where hash = '${hash}'`);
    expect((await foretold()).champion).toEqual(champion);
  });

  test('unknown hashes and other features - each refused by its name', async () => {
    await host();
    const hash = await entered(0);
    const subject = wire.assistant('strategist', PREDICT_VERB);
    const { features } = reading;
    const unknown = '0'.repeat(64);
    const request = async (featureHash: string) => {
      const rows = [{ symbol: SYMBOL, features, models: [hash, unknown] }];
      const bytes = predictRequest.encode({ featureHash, rows });
      const reply = await bus.connection.request(subject, bytes, { timeout: 30_000 });
      return predictReply.decode(reply.data);
    };
    const [row] = await request(FEATURE_HASH);
    expect(row?.answers).toMatchObject([{ ok: true }, { ok: false, code: 'unknown_model' }]);
    const [other] = await request(unknown);
    expect(other?.answers.map((answer) => answer.ok || answer.code)).toEqual([
      'other_features',
      'other_features',
    ]);
  });

  test('bytes that are no request - are answered with an error, and harm nobody', async () => {
    await host();
    const hash = await entered(0);
    await promote(db, hash, market);
    const subject = wire.assistant('strategist', PREDICT_VERB);
    const rows = [{ symbol: SYMBOL, features: reading.features, models: [hash] }];
    const good = predictRequest.encode({ featureHash: FEATURE_HASH, rows });
    const broken = [new Uint8Array(), good.subarray(0, 40), Buffer.concat([good, good])];
    for (const bytes of broken) {
      const reply = await bus.connection.request(subject, bytes, { timeout: 30_000 });
      expect(reply.headers?.get('Nats-Service-Error')).toMatch(/^the message /);
    }
    expect((await foretold()).champion).toEqual(await offline(0, hash));
  });
});

describe('hosts', () => {
  test('none - a live close goes without after its time; a tape waits for one', async () => {
    const hash = await entered(0);
    await promote(db, hash, market);
    await expect(foretold(300)).rejects.toThrow('no host of the strategist answered in 300 ms');
    let waited = 0;
    const patience = { limitMs: 60_000, onWait: () => void (waited += 1) };
    const asked = foretell({ db, forecast: ask, patience }, close);
    await until(() => waited === 1);
    await host();
    expect((await asked).get(SYMBOL)?.champion).toEqual(await offline(0, hash));
    expect(waited).toBe(1);
  });

  test('told to stop waiting - it stops', async () => {
    await promote(db, await entered(0), market);
    const stop = new AbortController();
    const patience = { limitMs: 60_000, signal: stop.signal, onWait: () => stop.abort() };
    await expect(foretell({ db, forecast: ask, patience }, close)).rejects.toThrow(/abort/i);
  });

  test('one killed while champions change - the other answers, none wrong, none lost', async () => {
    const { natsUrl } = inject('servers');
    const place = { namespace: wire.namespace, natsUrl, postgresUrl: database.url };
    const roles = 'strategist';
    const [victim, other] = await Promise.all([
      spawnHost({ ...place, roles }),
      spawnHost({ ...place, roles }),
    ]);
    try {
      const hashes = [await entered(0), await entered(1)] as const;
      const right = new Map([
        [hashes[0], await offline(0, hashes[0])],
        [hashes[1], await offline(1, hashes[1])],
      ]);
      await promote(db, hashes[0], market);
      const seen = new Set<string>();
      let asking = true;
      const askers = Array.from({ length: 3 }, async () => {
        while (asking) {
          const { champion } = await foretold();
          expect(champion).toEqual(right.get(champion?.model ?? ''));
          seen.add(champion?.model ?? '');
        }
      });
      await foretold();
      const killing = victim.kill('SIGKILL');
      await promote(db, hashes[1], market);
      await killing;
      await until(() => seen.size === 2);
      await rollback(db, market);
      expect((await foretold()).champion).toEqual(right.get(hashes[0]));
      asking = false;
      await Promise.all(askers);
      expect(await other.facts()).toMatchObject({ models: 2 });
    } finally {
      await Promise.all([victim.kill('SIGKILL'), other.kill('SIGKILL')]);
    }
  });
});

describe('load', () => {
  test('champions change under thousands of questions - every one is answered', async () => {
    await host();
    const hashes: string[] = [];
    for (let at = 0; at < 8; at += 1) hashes.push(await entered((at % 2) as 0 | 1));
    const right = [await offline(0, ''), await offline(1, '')];
    const rows = hashes.map((hash) => ({ hash, worthBp: 10_000 }));
    let now = 0;
    let asking = true;
    let answered = 0;
    const askers = Array.from({ length: 4 }, async () => {
      while (asking) {
        const champion = rows[now] ?? null;
        const asks = [{ symbol: SYMBOL, features: reading.features, champion, challengers: [] }];
        const told = (await ask(asks, PATIENT)).get(SYMBOL);
        expect(told?.refused).toEqual([]);
        const which = hashes.indexOf(champion?.hash ?? '') % 2;
        expect(told?.champion).toEqual({ ...right[which], model: champion?.hash });
        answered += 1;
      }
    });
    for (const at of hashes.keys()) {
      now = at;
      const goal = answered + 250;
      await until(() => answered >= goal);
    }
    asking = false;
    await Promise.all(askers);
    expect(answered).toBeGreaterThanOrEqual(2_000);
    expect(events.filter(({ type }) => type === 'model_loaded')).toHaveLength(hashes.length);
  });
});
