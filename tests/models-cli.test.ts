/** Failure here means: a person cannot see who speaks for a market and why, puts a model in its
 * place that nobody looked at, or cannot take it back while everything runs. One real stack;
 * models are fitted on made-up candles and entered as the learning loop enters them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectBus } from '../adapters/bus/connect.ts';
import { openStore, type Store } from '../adapters/store/store.ts';
import type { Market } from '../core/learning/contract.ts';
import { readFeeds } from '../ops/cli/feed-reader.ts';
import type { ModelDifference } from '../ops/learning/model-difference.ts';
import type { ModelStory } from '../ops/learning/model-story.ts';
import { wire } from '../proto/subjects.ts';
import { superuser } from './audit-floor.ts';
import { Corro, until } from './e2e/corro.ts';
import { CRASH } from './e2e/tape.ts';
import { type MadeModel, madeUpSeries, makeModel, PYTHON_TIMEOUT_MS } from './models-maker.ts';
import { bytesOf, enterModel, variantOf } from './models-served.ts';

const MARKET: Market = { venue: 'paper', symbol: 'BTC/USDT', timeframe: '5m' };
const corro = new Corro();
let made: MadeModel;
let store: Store;
let first = '';
let second = '';
let third = '';

beforeAll(async () => {
  const series = madeUpSeries(1_200).map((one) => ({
    ...one,
    instrument: { ...one.instrument, symbol: MARKET.symbol, base: 'BTC' },
  }));
  made = await makeModel(series);
  await corro.ok('up');
}, PYTHON_TIMEOUT_MS);

afterAll(async () => {
  await store?.close();
  await corro.close();
  made?.remove();
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Two files whose hashes begin alike, and one whose hash begins otherwise. */
function threeFiles(): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const bytes = bytesOf(made);
  const letter = (one: Uint8Array): string | undefined => sha256(one)[0];
  const variants = Array.from({ length: 400 }, (_, at) => variantOf(bytes, `variant ${at}`));
  const alike = variants.find((one) => letter(one) === letter(bytes));
  const other = variants.find((one) => letter(one) !== letter(bytes));
  if (alike === undefined || other === undefined) throw new Error('no such variants');
  return [bytes, alike, other];
}

async function stateOf(hash: string): Promise<string> {
  return (await corro.json<ModelStory>('models', 'show', hash)).model.state;
}

test('no models yet - said so; nobody to show or to roll back, exit code 6', async () => {
  expect(await corro.ok('models')).toBe('no models yet: ./corro train makes one\n');
  expect(await corro.json('models', 'list')).toEqual([]);
  for (const words of [['show'], ['rollback', '--reason', 'why not', '--yes']]) {
    const { code, stderr } = await corro.run('models', ...words);
    expect({ code, stderr }).toEqual({
      code: 6,
      stderr: 'corro: no such model: no market has a champion\n',
    });
  }
});

test('entered - listed, found by the beginning and the end of its hash', async () => {
  store = openStore({ url: corro.state.addresses.postgresUrl, poolSize: 2 });
  const [one, alike, other] = threeFiles();
  first = await enterModel(store.db, { made, bytes: one, market: MARKET });
  second = await enterModel(store.db, { made, bytes: alike, market: MARKET });
  third = await enterModel(store.db, { made, bytes: other, market: MARKET });
  const all = await corro.json<{ hash: string; state: string }[]>('models');
  expect(all.map(({ hash, state }) => ({ hash, state }))).toEqual(
    [third, second, first].map((hash) => ({ hash, state: 'candidate' })),
  );
  expect(await corro.ok('models', '--symbol', 'BTC/USDT')).toContain(first.slice(0, 12));
  expect(await corro.json('models', '--symbol', 'ETH/USDT')).toEqual([]);
  expect(await corro.json('models', '--state', 'champion')).toEqual([]);
  expect(await stateOf(first.slice(0, 16))).toBe('candidate');
  expect(await stateOf(first.slice(-16))).toBe('candidate');
  const unclear = await corro.run('models', 'show', first.slice(0, 1));
  expect(unclear.code).toBe(2);
  expect(unclear.stderr).toContain('say more of it');
  const unknown = await corro.run('models', 'show', 'x'.repeat(64));
  expect(unknown.code).toBe(6);
  expect(unknown.stderr).toContain(`there is ${third.slice(0, 16)}`);
});

test('shadow - from the next candle on it is asked beside the champion', async () => {
  const said = await corro.ok('models', 'shadow', second, '--reason', 'let us see');
  expect(said).toContain('it answers beside the champion from the next candle on');
  const { changes } = await corro.json<ModelStory>('models', 'show', second);
  expect(changes.at(-1)).toMatchObject({ to: 'shadow', reason: 'let us see', by: 'cli' });
});

test('promote - nothing without an answer, nor against the gate without a reason', async () => {
  const unasked = await corro.run('models', 'promote', first);
  expect(unasked.code).toBe(2);
  expect(unasked.stdout).toContain('There is no recorded decision to replay');
  expect(unasked.stderr).toContain('without a terminal say --yes');
  const silent = await corro.run('models', 'promote', first, '--no-gate', '--yes');
  expect(silent.code).toBe(2);
  expect(silent.stderr).toContain('say why: --reason');
  expect(await stateOf(first)).toBe('candidate');
});

test('promote - the next candles of a running ring are foretold by it, and judged', async () => {
  await corro.ok('replay', CRASH, '--to', '2024-08-05T02:30Z', '--json');
  const said = await corro.ok('models', 'promote', first, '--yes', '--reason', 'it is the first');
  expect(said).toMatch(/\d+ recorded debates from .* decided again/);
  expect(said).toContain(
    `${first.slice(0, 12)} is the champion of BTC/USDT 5m at paper (epoch 1), from the next`,
  );
  await corro.ok('replay', CRASH, '--to', '2024-08-05T05:00Z', '--json');
  const story = await corro.json<ModelStory>('models', 'show');
  expect(story).toMatchObject({
    model: { hash: first, state: 'champion' },
    champion: { hash: first, epoch: 1, worthBp: 10_000 },
    trials: 3,
  });
  expect(story.spokeOn.champion).toBeGreaterThan(0);
  expect(story.changes.at(-1)?.evidence).toMatchObject({ epoch: 1, before: null });
  expect(story.changes.at(-1)?.evidence['gate']).toMatchObject({ passed: true });
  const page = await corro.ok('models', 'show', 'champion', '--symbol', 'BTC/USDT');
  expect(page).toContain(
    `champion (epoch 1, its vote counts whole), one of 3 trained for BTC/USDT`,
  );
  expect(page).toContain('it is the first');
  expect(page).toContain(`on ${story.spokeOn.champion} motions`);
  const sound = await corro.run('audit', '--json');
  expect(sound.code, sound.stdout).toBe(0);
}, 600_000);

test('diff - the shadow beside the champion: the same answers to the same motions', async () => {
  const difference = await corro.json<ModelDifference>('models', 'diff', second);
  expect(difference.models.map(({ hash }) => hash)).toEqual([second, first]);
  expect(difference.sameFeatures).toBe(true);
  expect(difference.agreement.motions).toBeGreaterThan(0);
  expect(difference.agreement).toMatchObject({ sameCall: 1, meanDifferenceBp: 0 });
  const page = await corro.ok('models', 'diff', second, 'champion');
  expect(page).toContain(`Of ${difference.agreement.motions} common motions they called the same`);
});

test('steps no model takes - refused with what is possible, exit code 1', async () => {
  for (const words of [
    ['shadow', first],
    ['reject', first, '--reason', 'no', '--yes'],
    ['promote', first, '--yes'],
  ]) {
    const { code, stderr } = await corro.run('models', ...words);
    expect(code).toBe(1);
    expect(stderr).toContain('the model cannot take this step');
    expect(stderr).toContain('a champion model may become retired when another takes its place');
  }
});

test('promote and roll back - the one before speaks again, without a restart', async () => {
  const pids = corro.state.services.map(({ pid }) => pid);
  const bus = await connectBus({ url: corro.state.addresses.natsUrl, name: 'news' });
  const news: unknown[] = [];
  readFeeds(bus, wire(corro.state.namespace), (one) => {
    if (one.feed === 'learning') news.push(one);
  });
  await bus.connection.flush();
  const told = await corro.json<{ promotion: unknown; gate: { passed: boolean } }>(
    ...['models', 'promote', second, '--yes'],
  );
  expect(told.promotion).toEqual({ outcome: 'changed', hash: second, epoch: 2, before: first });
  expect(told.gate.passed).toBe(true);
  const unasked = await corro.run('models', 'rollback', '--reason', 'it is worse');
  expect(unasked.code).toBe(2);
  const said = await corro.ok('models', 'rollback', '--reason', 'it is worse', '--yes');
  expect(said).toBe(
    `BTC/USDT 5m at paper is back with ${first.slice(0, 12)} (epoch 3), from the next candle on\n`,
  );
  const market = ['--symbol', 'BTC/USDT', '--timeframe', '5m'];
  const back = ['models', 'rollback', ...market, '--reason', 'no model at all', '--yes'];
  expect(await corro.json(...back)).toEqual({
    ...{ outcome: 'changed', hash: null, epoch: 4, before: first },
  });
  const none = await corro.run('models', 'show', 'champion', ...market);
  await until('the news', () => news.length === 3);
  const byCli = { feed: 'learning', by: 'cli', symbol: 'BTC/USDT', timeframe: '5m' };
  expect(news).toMatchObject([
    { ...byCli, news: 'promoted', model: second, modelBefore: first },
    { ...byCli, news: 'rolled_back', model: first, modelBefore: second },
    { ...byCli, news: 'rolled_back', model: null, modelBefore: first },
  ]);
  await bus.close();
  expect(none.code).toBe(6);
  expect(none.stderr).toContain('BTC/USDT 5m has no champion');
  expect(corro.state.services.map(({ pid }) => pid)).toEqual(pids);
});

test('bytes exchanged in the database - never promoted; seen by the checker', async () => {
  const { postgresUrl } = corro.state.addresses;
  await superuser(
    postgresUrl,
    `create table kept as select bytes from blobs where hash = '${third}';
     update blobs set bytes = 'another' where hash = '${third}'`,
  );
  try {
    for (const flags of [[], ['--no-gate', '--reason', 'I am sure']]) {
      const { code, stderr } = await corro.run('models', 'promote', third, '--yes', ...flags);
      expect(code).toBe(3);
      expect(stderr).toContain('they were exchanged');
    }
    const audit = await corro.run('audit', '--invariant', '18');
    expect(audit.code).toBe(8);
    expect(audit.stdout).toContain(`${third} its bytes have sha256`);
  } finally {
    await superuser(
      postgresUrl,
      `update blobs set bytes = (select bytes from kept) where hash = '${third}';
       drop table kept`,
    );
  }
  expect(await stateOf(third)).toBe('candidate');
});

test('reject - for good', async () => {
  const unasked = await corro.run('models', 'reject', third, '--reason', 'no use');
  expect(unasked.code).toBe(2);
  expect(await corro.ok('models', 'reject', third, '--reason', 'no use', '--yes')).toContain(
    'is rejected',
  );
  const again = await corro.run('models', 'promote', third, '--yes', '--reason', 'please');
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('a rejected model stays rejected');
});

test('export - the very file, never over another one unless told', async () => {
  const out = join(corro.home, 'exported.onnx');
  await corro.ok('models', 'export', first, '--out', out);
  expect(sha256(readFileSync(out))).toBe(first);
  const again = await corro.run('models', 'export', second, '--out', out);
  expect(again.code).toBe(2);
  expect(sha256(readFileSync(out))).toBe(first);
  await corro.ok('models', 'export', second, '--out', out, '--force');
  expect(sha256(readFileSync(out))).toBe(second);
});
