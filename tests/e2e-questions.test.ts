import { execFile } from 'node:child_process';
import { readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signAnswer } from '../adapters/seal/answer.ts';
import type { Escalation } from '../adapters/store/escalations.ts';
import type { Halt } from '../adapters/store/halts.ts';
import type { Summary } from '../ops/ring/summary.ts';
import { findTemporal } from '../ops/stack/binaries.ts';
import type { AnswerReceipt, EscalationInput, SignedAnswer } from '../proto/escalation.ts';
import { Corro, type Ended, until } from './e2e/corro.ts';
import { CRASH } from './e2e/tape.ts';

/** Questions to a person, through the doors a person has: the command line, and Temporal's own. A
 * failure here means that a yes is lost or acted on twice, that an old yes buys at a new price,
 * that a late answer changes what was settled, or that silence trades. One user whose rules ask
 * before every trade goes through the first hours of the crash; the tests follow the tape and
 * build on each other. */

const corro = new Corro();
/** Stops so far away that only a person's answers trade. */
const FAR =
  '{"stopAtrPct": 5000, "targetAtrPct": 0, "trailAtrPct": 0, "trailBps": 0, "cooldownMinutes": 0}';

beforeAll(async () => {
  await corro.ok('up');
  await replayTo('2024-08-04T20:15Z');
  await corro.ok('users', 'set', 'trader', '--rules', '{"alwaysAsk": true}', '--limits', FAR);
}, 600_000);

afterAll(() => corro.close());

test('questions - a yes while the tape is held becomes one filled order', async () => {
  const replay = corro.start(
    'replay',
    CRASH,
    '--to',
    '2024-08-04T20:45Z',
    '--ask',
    '600',
    '--json',
  );
  const asked = await until('a question', questionOfNow, 300_000);
  expect(asked.question).toMatchObject({ side: 'BUY', referencePrice: '58922' });
  const receipt = await corro.json<AnswerReceipt>(
    'escalations',
    'answer',
    shortId(asked),
    'approve',
  );
  expect(receipt).toMatchObject({ outcome: 'accepted', order: { state: 'filled' } });
  const { code, stdout, stderr } = await replay.ended;
  expect(code, stderr).toBe(0);
  const summary = JSON.parse(stdout) as Summary;
  // The tape went on at once: nobody waited for the ten minutes.
  expect(summary.seconds).toBeLessThan(300);
  expect(summary).toMatchObject({ orders: { filled: 1 }, escalations: { approved: 1 } });

  const second = await answer(asked, 'reject');
  expect(second.code).toBe(1);
  expect(second.stderr).toContain('has its answer already: approved');
  expect((await orders()).length).toBe(1);
}, 600_000);

test('questions - without an answer HOLD stands once the tape passes the deadline', async () => {
  await replayTo('2024-08-05T00:45Z');
  const asked = await openQuestion();
  expect(asked.question).toMatchObject({ side: 'SELL' });
  // Fifteen minutes of the market's time, and not a candle earlier.
  await replayTo('2024-08-05T00:50Z');
  expect((await find(asked)).status).toBe('open');
  await replayTo('2024-08-05T00:55Z');
  expect((await find(asked)).status).toBe('expired');
  const late = await answer(asked, 'approve');
  expect(late.code).toBe(1);
  expect(late.stderr).toContain('expired');
  expect((await orders()).length).toBe(1);
}, 600_000);

test('questions - a yes to a price that is gone is asked again, then modified', async () => {
  await replayTo('2024-08-05T01:10Z');
  const asked = await openQuestion();
  expect(asked.question).toMatchObject({ side: 'SELL', referencePrice: '55855.98' });
  const stale = await answer(asked, 'approve');
  expect(stale.code).toBe(1);
  expect(JSON.parse(stale.stdout)).toMatchObject({ outcome: 'asked_again', order: null });
  expect(stale.stdout).toContain('the price moved from 55855.98 to 54783.17');
  expect((await find(asked)).status).toBe('open');
  expect((await orders()).length).toBe(1);

  const refused = await answer(asked, 'modify', '--quantity', '-1');
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.stdout)).toMatchObject({ outcome: 'refused' });

  const receipt = await corro.json<AnswerReceipt>(
    'escalations',
    'answer',
    asked.escalationId,
    'modify',
    '--quantity',
    '0.005',
  );
  expect(receipt.order).toMatchObject({ state: 'filled', executedQuantity: '0.005' });
  expect((await find(asked)).status).toBe('modified');
}, 600_000);

test('questions - without the key nobody can answer, another key answers for nobody', async () => {
  await replayTo('2024-08-05T01:30Z');
  const asked = await openQuestion();
  const pem = join(corro.home, 'secrets/keys/trader.pem');
  expect(statSync(pem).mode & 0o777).toBe(0o600);
  const [first] = await corro.json<{ id: string; here: boolean }[]>('keys');
  expect(first).toMatchObject({ username: 'trader', here: true, revokedAt: null });
  renameSync(pem, `${pem}.away`);
  const missing = await answer(asked, 'approve');
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain(pem);
  expect(missing.stderr).toContain('./corro keys new trader');

  // A thief's answer, signed by a key that was revoked meanwhile.
  renameSync(`${pem}.away`, pem);
  const words = ['escalations', 'answer', shortId(asked), 'approve', '--sign-only'];
  const stolen = await corro.ok(...words);
  await corro.ok('keys', 'new', 'trader');
  const keys = await corro.json<{ id: string; revokedAt: string | null }[]>('keys', 'list');
  expect(keys.map(({ revokedAt }) => revokedAt === null)).toEqual([false, true]);
  await signal(asked, stolen);
  // A key of another user's is refused too.
  await corro.ok('users', 'add', 'eve');
  const eve = JSON.parse(await corro.ok(...words)) as SignedAnswer;
  const signedByEve = signAnswer(
    readFileSync(join(corro.home, 'secrets/keys/eve.pem'), 'utf8'),
    asked.question as unknown as EscalationInput,
    { verb: 'approve' },
  );
  expect(signedByEve.keyId).not.toBe(eve.keyId);
  await signal(asked, JSON.stringify(signedByEve));
  const refused = await until(
    'both to be refused',
    async () => {
      const { answers } = JSON.parse(await corro.ok('escalations', 'show', shortId(asked))) as {
        answers: { outcome: string; reason: string }[];
      };
      return answers.length === 2 && answers;
    },
    300_000,
  );
  expect(refused.map(({ reason }) => reason.split(':')[0])).toEqual([
    'revoked_key',
    'other_users_key',
  ]);
  await corro.ok('keys', 'revoke', eve.keyId.slice(0, 12));
  const ended = await answer(asked, 'approve');
  expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: 'refused', code: 'revoked_key' });
  await corro.ok('keys', 'new', 'trader');
  expect((await orders()).length).toBe(2);
}, 600_000);

test('questions - a no sends nothing', async () => {
  await replayTo('2024-08-05T01:30Z');
  const asked = await openQuestion();
  const receipt = await corro.json<AnswerReceipt>(
    'escalations',
    'answer',
    shortId(asked),
    'reject',
  );
  expect(receipt).toMatchObject({ outcome: 'accepted', order: null });
  expect((await find(asked)).status).toBe('rejected');
  expect((await orders()).length).toBe(2);
}, 600_000);

test("questions - Temporal's own command line answers, and only valid answers count", async () => {
  await replayTo('2024-08-05T02:05Z');
  const asked = await openQuestion();
  await signal(asked, '{"verb": "perhaps"}');
  await signal(asked, '{"verb": "approve"}');
  const signed = await corro.ok('escalations', 'answer', shortId(asked), 'approve', '--sign-only');
  await signal(asked, signed.replace('"approve"', '"reject"'));
  await signal(asked, signed);
  const closed = async () => (await find(asked)).status === 'approved';
  await until('the question to close', closed, 300_000);
  const sold = (await orders()).map((order) => `${order.side} ${order.state}`);
  expect(sold.toSorted()).toEqual(['BUY filled', 'SELL filled', 'SELL filled']);
  const { answers } = JSON.parse(await corro.ok('escalations', 'show', shortId(asked))) as {
    answers: { verb: string; outcome: string; reason: string }[];
  };
  expect(answers.map((one) => `${one.verb} ${one.outcome} ${one.reason.split(':')[0]}`)).toEqual([
    'approve refused unsigned',
    'reject refused forged',
    'approve accepted approved',
  ]);
}, 600_000);

test('halt - is placed without words, told everywhere, and lifted by name alone', async () => {
  const list = () => corro.json<Halt[]>('halt', 'list');
  expect(await list()).toEqual([]);
  await corro.ok('halt', 'close-only', '--user', 'trader', '--symbol', 'BTC/USDT');
  const name = 'close-only-trader-btc-usdt';
  const about = { level: 'close-only', symbol: 'BTC/USDT', automatic: false, placedBy: 'cli' };
  expect(await list()).toMatchObject([{ name, ...about, reason: 'no reason was given' }]);
  expect(await corro.ok('status')).toContain(`HALT close-only (${name})`);
  // Said twice it is one; under a name that is taken it is none.
  await corro.ok('halt', 'close-only', '--user', 'trader', '--symbol', 'BTC/USDT');
  const taken = await corro.run('halt', 'pause', '--name', name);
  expect(taken.code).not.toBe(0);
  expect(taken.stderr).toContain('say another --name');
  const wordless = await corro.run('halt', 'lift', name);
  expect(wordless.code).toBe(2);
  const unknown = await corro.run('halt', 'lift', 'pause', '--reason', 'no such halt');
  expect(unknown.stderr).toContain(`there is ${name}`);
  expect(await list()).toHaveLength(1);
  await corro.ok('halt', 'lift', name, '--reason', 'looked at it');
  expect(await list()).toEqual([]);
});

test('questions - the books are sound after all of it', async () => {
  const summary = await replayTo('2024-08-05T02:05Z');
  expect(summary.ledgerEqualsVenue, JSON.stringify(summary.books)).toBe(true);
  expect(summary.escalations).toEqual({ approved: 2, expired: 2, modified: 1, rejected: 1 });
  const all = await corro.json<Escalation[]>('escalations');
  expect(all.map((one) => `${clockOf(one)} ${sideOf(one)} ${one.status}`)).toEqual([
    '20:40 BUY approved',
    '00:15 SELL expired',
    '00:40 SELL expired',
    '01:05 SELL modified',
    '01:25 SELL rejected',
    '02:05 SELL approved',
  ]);
  expect(await corro.json('verify')).toMatchObject({ equal: true });
}, 600_000);

/** Replays the crash until candles that open at this time. */
function replayTo(time: string): Promise<Summary> {
  return corro.json<Summary>('replay', CRASH, '--to', time);
}

/** The one question that waits for an answer. */
async function openQuestion(): Promise<Escalation> {
  const asked = await questionOfNow();
  if (asked === undefined) throw new Error('no question waits for an answer');
  return asked;
}

async function questionOfNow(): Promise<Escalation | undefined> {
  return (await corro.json<Escalation[]>('escalations', '--open')).at(0);
}

/** When it was asked, by the tape: the close of a candle lies one millisecond before. */
function clockOf({ askedAtMs }: Escalation): string {
  return new Date(askedAtMs + 1).toISOString().slice(11, 16);
}

function sideOf({ question }: Escalation): string {
  return (question as unknown as EscalationInput).side;
}

async function find({ escalationId }: Escalation): Promise<Escalation> {
  const all = await corro.json<Escalation[]>('escalations');
  return all.find((one) => one.escalationId === escalationId) as Escalation;
}

function answer(asked: Escalation, ...words: readonly string[]): Promise<Ended> {
  return corro.run('escalations', 'answer', shortId(asked), ...words, '--json');
}

function shortId({ escalationId }: Escalation): string {
  return escalationId.slice(0, 12);
}

function orders(): Promise<{ side: string; state: string }[]> {
  return corro.sql(
    `select side, state from orders join intents using (leg_id)
    where purpose in ('entry', 'exit')`,
  );
}

/** As docs/escalations.md has it. */
async function signal({ workflowId }: Escalation, input: string): Promise<void> {
  await promisify(execFile)(findTemporal().path, [
    'workflow',
    'signal',
    '--address',
    corro.state.addresses.temporalAddress,
    '--workflow-id',
    workflowId,
    '--name',
    'answer',
    '--input',
    input,
  ]);
}
