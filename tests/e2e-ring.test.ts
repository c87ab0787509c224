import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DebateListed, DebateShown } from '../adapters/store/debates.ts';
import type { Decision } from '../adapters/store/decisions.ts';
import type { Escalation } from '../adapters/store/escalations.ts';
import type { Summary } from '../ops/ring/summary.ts';
import type { VerifyReport } from '../ops/ring/verify.ts';
import { readFeed } from '../proto/feed.ts';
import type { Feed } from '../proto/feed-schemas.ts';
import { FEED_KINDS } from '../proto/subjects.ts';
import { expectSoundBooks } from './e2e/books.ts';
import { Corro } from './e2e/corro.ts';
import { CRASH, CRASH_START_MS, crashLines, writeMadeUpTape } from './e2e/tape.ts';

/** One ring with two symbols and two users, as an outsider, an auditor and a clumsy typist meet it.
 * A failure here means that two motions of one close are debated apart, that one user's rules
 * touch another, that a stranger hears less or may do more than the documents say, that a changed
 * record passes for a true one, or that bad input leaves something behind. The tests build on each
 * other. */

const corro = new Corro();
const ether = join(corro.home, 'made-ETH-USDT-5m.csv');
const heard: Feed[] = [];
let summary: Summary;

beforeAll(async () => {
  await corro.ok('up');
  writeMadeUpTape({ path: ether, seed: 7, startMs: CRASH_START_MS, candles: 60, price: 2900 });
  const rules = '{"alwaysAsk": true, "allowedSymbols": ["BTC/USDT"]}';
  const weights = '{"technical_analyst": 0, "strategist": 2}';
  await corro.ok('users', 'add', 'ada', '--weights', weights, '--rules', rules);
  const outsider = await connect({ servers: corro.state.addresses.natsFeedUrl });
  try {
    outsider.subscribe('corro.feed.>', {
      callback: (error, message) => {
        const kind = FEED_KINDS.find((one) => message.subject.split('.')[2] === one);
        if (error || kind === undefined) throw new Error(`unexpected ${message.subject}`);
        heard.push(readFeed(kind, message.data));
      },
    });
    await outsider.flush();
    const two = ['replay', CRASH, ether, '--to', '2024-08-04T20:45Z', '--decisions', '50'];
    summary = await corro.json<Summary>(...two);
    await outsider.flush();
  } finally {
    await outsider.close();
  }
}, 900_000);

afterAll(() => corro.close());

test('ring - two symbols on one clock share the debate of a close', async () => {
  expect(summary).toMatchObject({ ended: 'tape', candles: 57 + 57, ledgerEqualsVenue: true });
  expect(summary.debates).toBeLessThan(summary.motions);
  const debates = await corro.json<DebateListed[]>('debates');
  expect(debates).toHaveLength(summary.debates);
  const shared = debates.find((debate) => debate.symbols.length === 2) as DebateListed;
  expect(shared.symbols).toEqual(['BTC/USDT', 'ETH/USDT']);
  const shown = JSON.parse(await corro.ok('debates', 'show', shared.id, '--json')) as DebateShown;
  expect(shown.motions).toHaveLength(2);
  expect(shown.decisions).toHaveLength(4);
}, 600_000);

test('ring - one debate, a decision for each user by their own weights and rules', async () => {
  const decisions = await corro.json<Decision[]>('decisions');
  expect(decisions).toHaveLength(summary.motions * 2);
  const votesOf = (username: string) =>
    decisions
      .filter((decision) => decision.username === username)
      .map(({ votes }) => votes as readonly { role: string; shareBp: number }[]);
  for (const votes of votesOf('ada')) {
    expect(votes.find((vote) => vote.role === 'technical_analyst')?.shareBp).toBe(0);
  }
  const counted = votesOf('trader').map(
    (votes) => votes.find((vote) => vote.role === 'technical_analyst')?.shareBp,
  );
  expect(counted.some((shareBp) => shareBp !== undefined && shareBp > 0)).toBe(true);

  const sent = await corro.sql<{ username: string; side: string; symbol: string }>(
    `select username, side, intents.symbol from orders join intents using (leg_id)
     join users on users.id = intents.user_id`,
  );
  expect(sent).toContainEqual({ username: 'trader', side: 'BUY', symbol: 'BTC/USDT' });
  expect(sent.filter((order) => order.username === 'ada')).toEqual([]);
  const asked = await corro.json<Escalation[]>('escalations');
  expect(asked.some((one) => one.username === 'ada' && one.symbol === 'BTC/USDT')).toBe(true);
  expect(asked.some((one) => one.username === 'ada' && one.symbol === 'ETH/USDT')).toBe(false);
  expect(summary.books.map((books) => books.username).toSorted()).toEqual(['ada', 'trader']);
}, 600_000);

test('ring - a stranger on NATS hears every feed in its documented form', async () => {
  const count = (kind: string): number => heard.filter((feed) => feed.feed === kind).length;
  expect(count('candle')).toBe(summary.candles);
  expect(count('motion')).toBe(summary.motions);
  expect(count('verdict')).toBe(summary.motions * 2);
  expect(count('fill')).toBe(summary.fills);
  const [spoken] = await corro.sql<{ n: string }>('select count(*) as n from utterances');
  expect(count('utterance')).toBe(Number(spoken?.n));
  expect(count('escalation')).toBeGreaterThan(0);
}, 600_000);

test('ring - a stranger on NATS can neither speak nor listen anywhere else', async () => {
  const { natsFeedUrl, natsUrl } = corro.state.addresses;
  const { host, username, password } = new URL(natsUrl);
  const owner = await connect({ servers: host, user: username, pass: password });
  const stranger = await connect({ servers: natsFeedUrl });
  try {
    const arrived: string[] = [];
    for (const subject of ['corro.feed.>', 'corro.debate.*.*.*.*.*']) {
      owner.subscribe(subject, {
        callback: (_error, message) => void arrived.push(message.subject),
      });
    }
    await owner.flush();
    const refused: string[] = [];
    for (const subject of ['corro.mail.>', 'corro.debate.>', 'corro.venue.>', '>', '$JS.API.>']) {
      stranger.subscribe(subject, { callback: (error) => void refused.push(String(error)) });
    }
    const unsaid: string[] = [];
    const watching = (async () => {
      for await (const status of stranger.status()) {
        if (status.type === 'error') unsaid.push(status.error.message);
      }
    })();
    for (const subject of FORBIDDEN) stranger.publish(subject, '{}');
    await stranger.flush();
    // A message of the owner's own, behind all of the stranger's.
    owner.publish('corro.feed.candle.LAST-WORD');
    await owner.flush();
    expect(arrived).toEqual(['corro.feed.candle.LAST-WORD']);
    expect(refused).toHaveLength(5);
    expect(refused.every((error) => /permission/i.test(error))).toBe(true);
    await stranger.close();
    await watching;
    for (const subject of FORBIDDEN) {
      expect(unsaid.some((said) => said.includes(`Publish to "${subject}"`))).toBe(true);
    }
  } finally {
    await Promise.all([owner.close(), stranger.close()]);
  }
}, 600_000);

const FORBIDDEN = [
  'corro.mail.auditor.0.BTC-USDT',
  'corro.debate.x.BTC-USDT.1.opinion.auditor',
  'corro.venue.paper.order-new',
  'corro.feed.verdict.BTC-USDT',
  '$JS.API.STREAM.LIST',
];

test('ring - the books are sound, and what is not there is named with what is', async () => {
  await expectSoundBooks(corro, summary);
  const [debate] = await corro.json<DebateListed[]>('debates');
  const [decision] = await corro.json<Decision[]>('decisions', '--last', '1');
  const [escalation] = await corro.json<Escalation[]>('escalations', '--open');
  const missing: readonly [readonly string[], string][] = [
    [['debates', 'show', 'nope'], debate?.id ?? '?'],
    [['verify', 'nope'], decision?.id ?? '?'],
    [['escalations', 'answer', 'nope', 'approve'], escalation?.escalationId ?? '?'],
    [['escalations', 'show', 'nope'], escalation?.escalationId ?? '?'],
    [['users', 'set', 'nobody', '--rules', '{}'], 'ada'],
  ];
  for (const [words, named] of missing) {
    const { code, stderr } = await corro.run(...words);
    expect({ words, code }).toEqual({ words, code: 6 });
    expect(stderr).toContain(named);
  }
  const told = await corro.run('debates', 'show', 'nope', '--json');
  expect(JSON.parse(told.stdout)).toMatchObject({ error: { code: 'unknown_debate' } });
  const second = await corro.run('up');
  expect(second.code).toBe(5);
  expect(second.stderr).toContain(String(corro.state.supervisorPid));
}, 600_000);

test('ring - a bad candle file says where, and leaves nothing behind', async () => {
  const before = await candlesStored();
  const header = 'timestamp,open,high,low,close,volume';
  const good = crashLines(30);
  const cases: readonly [string, string, RegExp][] = [
    [
      'nan',
      [...good, '1722796200000,1,NaN,1,1,1,1722796499999,0,0,0,0,0'].join('\n'),
      /line 31.*high/s,
    ],
    ['low', `${header}\n1722787200000,5,4,6,5,1\n`, /line 2.*high/s],
    ['missing', 'timestamp,open,high,low,close\n1722787200000,1,1,1,1\n', /volume/],
    ['empty', '', /empty|no candles|nothing/i],
    ['text', `${header}\n1722787200000,5,6,4,cheap,1\n`, /line 2.*close.*cheap/s],
  ];
  for (const [name, text, where] of cases) {
    const path = join(corro.home, `bad${name}-LTC-USDT-5m.csv`);
    writeFileSync(path, text);
    const verb = name === 'nan' ? 'replay' : 'import';
    const { code, stderr, stdout } = await corro.run(verb, path, '--json');
    expect({ name, code }, stderr).toEqual({ name, code: 3 });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'bad_candle_file' } });
    expect(stderr).toMatch(where);
  }
  expect(await candlesStored()).toBe(before);
}, 600_000);

test('ring - import knows what it has, survives holes, and tells of both', async () => {
  const path = join(corro.home, 'binance-XRP-USDT-5m.csv');
  writeFileSync(
    path,
    crashLines(40)
      .filter((_line, at) => at < 10 || at >= 15)
      .join('\n'),
  );
  const first = await corro.json<Imported[]>('import', path);
  expect(first).toMatchObject([{ inserted: 35, known: 0, differing: 0 }]);
  expect(first).toMatchObject([{ report: { holes: { count: 1, missing: 5 } } }]);
  const again = await corro.json<Imported[]>('import', path);
  expect(again).toMatchObject([{ inserted: 0, known: 35, differing: 0 }]);
}, 600_000);

test('ring - a market that has moved on is not taken back in time', async () => {
  const path = join(corro.home, 'made-SOL-USDT-5m.csv');
  const startMs = CRASH_START_MS - 86_400_000;
  writeMadeUpTape({ path, seed: 3, startMs, candles: 60, price: 140 });
  const before = await candlesStored();
  const { code, stderr } = await corro.run('replay', path, '--json');
  expect(code).toBe(3);
  expect(stderr).toMatch(/has reached 2024-08-04T20:4.*--from.*reset/s);
  expect(await candlesStored()).toBe(before);
}, 600_000);

test('ring - a record changed behind its back is found and named', async () => {
  const [victim] = await corro.json<Decision[]>('decisions', '--symbol', 'BTC/USDT', '--last', '1');
  const { id, eventId } = victim as Decision;
  for (const [table, change] of TAMPERINGS) {
    const where = {
      decisions: `id = '${id}'`,
      motions: `event_id = '${eventId}'`,
      utterances: `event_id = '${eventId}' and kind = 'ballot'
        and content ->> 'choice' <> 'ABSTAIN'`,
    }[table];
    const undo = await tamper(table, `${change} where ${where}`);
    const { code, stdout } = await corro.run('verify', '--json');
    expect({ table, change, code }).toEqual({ table, change, code: 8 });
    const report = JSON.parse(stdout) as VerifyReport;
    expect(report.equal).toBe(false);
    expect(report.faults.map((fault) => fault.id)).toContain(id);
    await undo();
  }
  expect((await corro.run('verify')).code).toBe(0);
}, 600_000);

const TAMPERINGS = [
  ['decisions', `set action = case action when 'SELL' then 'BUY' else 'SELL' end`],
  ['decisions', `set reasoning = '{}'`],
  ['utterances', `set content = jsonb_set(content, '{choice}', '"ABSTAIN"')`],
  ['motions', `set snapshot = jsonb_set(snapshot, '{venue}', '"elsewhere"')`],
] as const;

/** Changes rows as only a superuser can, and returns how to put them back. */
async function tamper(table: string, change: string): Promise<() => Promise<void>> {
  await corro.sql(`create table kept as select * from ${table}`);
  const key = { decisions: 'id', utterances: 'message_id', motions: 'event_id' }[table];
  const columns = await corro.sql<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped`,
  );
  const assignments = columns.map(({ name }) => `${name} = kept.${name}`).join(', ');
  await corro.sql(`alter table ${table} disable trigger user`);
  await corro.sql(`update ${table} ${change}`);
  return async () => {
    await corro.sql(
      `update ${table} set ${assignments} from kept where kept.${key} = ${table}.${key}`,
    );
    await corro.sql(`alter table ${table} enable trigger user`);
    await corro.sql('drop table kept');
  };
}

interface Imported {
  readonly inserted: number;
  readonly known: number;
  readonly differing: number;
}

async function candlesStored(): Promise<number> {
  const [row] = await corro.sql<{ n: string }>('select count(*) as n from candles');
  return Number(row?.n);
}
