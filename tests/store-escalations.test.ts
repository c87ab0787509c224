/** Failure here means: a person is asked twice at once, an answer counts twice, or a closed
 * question is opened again. */
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import { openDebate } from '../adapters/store/debates.ts';
import { recordDecisions } from '../adapters/store/decisions.ts';
import {
  askAgain,
  CLOSED_STATUSES,
  closeEscalation,
  findEscalation,
  type NewEscalation,
  openEscalation,
  readAnswers,
  readEscalations,
  recordAnswer,
} from '../adapters/store/escalations.ts';
import { recordMotions } from '../adapters/store/motions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { ensureDefaults } from '../adapters/store/users.ts';
import { hashOf } from '../core/hash.ts';
import { escalationId } from '../core/identity.ts';
import { closeTimeOf, debateIdAt, decisionOn, motionAt } from './store-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  await ensureDefaults(db);
});

afterAll(() => database.drop());

let minute = 0;

/** The question about a fresh decision on a symbol. */
async function question(symbol: string): Promise<NewEscalation> {
  minute += 1;
  const motion = motionAt(minute, symbol);
  const debateId = debateIdAt(minute);
  const closeTimeMs = closeTimeOf(minute);
  await recordMotions(db, [motion]);
  await openDebate(db, { id: debateId, workflowId: debateId, timeframe: '1m', closeTimeMs });
  const [recorded] = await recordDecisions(db, {
    debateId,
    rounds: 1,
    contested: true,
    decisions: [decisionOn(motion, 'trader')],
  });
  const decision = recorded?.decision as { id: string; userId: string };
  return {
    decisionId: decision.id,
    userId: decision.userId,
    symbol,
    workflowId: `corro:escalation:${decision.id}`,
    question: { text: 'buy?', referencePrice: '50000.10' },
    askedAtMs: closeTimeMs,
    deadlineMs: closeTimeMs + 900_000,
    nonce: hashOf(['nonce', decision.id]),
    parameterHash: hashOf(['parameters', decision.id]),
  };
}

describe('escalations - opening', () => {
  test('the first is opened, again is known, another of the symbol finds it open', async () => {
    const first = await question('AAA/USDT');
    const opened = await openEscalation(db, first);
    const id = escalationId(first);
    expect(opened).toMatchObject({
      outcome: 'opened',
      escalation: { ...first, escalationId: id, username: 'trader', status: 'open', asks: 1 },
    });
    expect(await openEscalation(db, first)).toEqual({ ...opened, outcome: 'known' });
    const second = await openEscalation(db, await question('AAA/USDT'));
    expect(second).toEqual({ outcome: 'already_open', escalation: opened.escalation });
    expect(await openEscalation(db, await question('BBB/USDT'))).toMatchObject({
      outcome: 'opened',
    });
  });

  test('of two questions about one symbol at once one is opened', async () => {
    const both = [await question('CCC/USDT'), await question('CCC/USDT')];
    const outcomes = await Promise.all(both.map((one) => openEscalation(db, one)));
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['already_open', 'opened']);
    expect(new Set(outcomes.map(({ escalation }) => escalation.escalationId)).size).toBe(1);
  });

  test('after the first is closed the next may be opened', async () => {
    const { escalation } = await openEscalation(db, await question('DDD/USDT'));
    const id = escalation.escalationId;
    await closeEscalation(db, { id, status: 'expired', reason: 'no answer' });
    expect(await openEscalation(db, await question('DDD/USDT'))).toMatchObject({
      outcome: 'opened',
    });
  });
});

describe('escalations - answering', () => {
  let id: string;
  let asked: NewEscalation;

  beforeEach(async () => {
    asked = await question(`E${minute}/USDT`);
    id = (await openEscalation(db, asked)).escalation.escalationId;
  });

  test('a double click is one answer', async () => {
    const answer = {
      escalationId: id,
      ask: 1,
      verb: 'modify',
      parameters: { quantity: '0.10' },
      outcome: 'accepted',
      reason: 'within tolerance',
    } as const;
    const clicks = await Promise.all([recordAnswer(db, answer), recordAnswer(db, answer)]);
    expect(clicks.filter(({ recorded }) => recorded)).toHaveLength(1);
    const other = { ...answer, parameters: { quantity: '0.2' }, outcome: 'late' } as const;
    expect(await recordAnswer(db, other)).toMatchObject({ recorded: true });
    expect(await readAnswers(db, id)).toMatchObject([answer, other]);
  });

  test('asked again with another price; a repeated call asks no third time', async () => {
    const signed = { nonce: hashOf('second'), parameterHash: hashOf('lower') };
    const next = { id, question: { referencePrice: '49000' }, asks: 2, ...signed };
    const now = { asks: 2, question: next.question, ...signed };
    expect(await askAgain(db, next)).toMatchObject(now);
    await askAgain(db, next);
    const stale = { ...next, question: { referencePrice: '1' } };
    expect(await askAgain(db, stale)).toMatchObject({ asks: 2, question: next.question });
  });

  test.each(CLOSED_STATUSES)('once %s it stays so', async (status) => {
    const closed = await closeEscalation(db, { id, status, reason: 'first' });
    expect(closed).toMatchObject({ closed: true, escalation: { status } });
    for (const later of CLOSED_STATUSES) {
      const again = await closeEscalation(db, { id, status: later, reason: 'second' });
      expect(again).toEqual({ ...closed, closed: false });
    }
    const more = { id, question: {}, asks: 9, nonce: hashOf(9), parameterHash: hashOf(9) };
    expect(await askAgain(db, more)).toMatchObject({ status, asks: 1 });
    expect(await openEscalation(db, asked)).toMatchObject({
      outcome: 'known',
      escalation: { status },
    });
  });
});

test('escalations - open ones are listed in the order they were asked', async () => {
  const open = await readEscalations(db, { status: 'open' });
  expect(open.length).toBeGreaterThan(1);
  expect(open.every(({ status }) => status === 'open')).toBe(true);
  expect(open.map(({ askedAtMs }) => askedAtMs)).toEqual(
    open.map(({ askedAtMs }) => askedAtMs).toSorted((a, b) => a - b),
  );
  const [newest] = await readEscalations(db, { username: 'trader', newest: 1 });
  expect((await readEscalations(db)).at(-1)).toEqual(newest);
  expect(await readEscalations(db, { username: 'nobody' })).toEqual([]);
});

test('escalations - an unknown one is answered with those that are open', async () => {
  const { escalation } = await openEscalation(db, await question('ZZZ/USDT'));
  const asked = findEscalation(db, 'nonsense');
  await expect(asked).rejects.toThrow(/unknown escalation "nonsense": there is /);
  await expect(asked).rejects.toThrow(escalation.escalationId);
});

test('escalations - every act was audited', async () => {
  expect(await verifyChain(db, 'escalations')).toMatchObject({ intact: true });
  const acts = await db
    .selectFrom('audit')
    .select(['act', ({ fn }) => fn.countAll<string>().as('count')])
    .where('partition', '=', 'escalations')
    .groupBy('act')
    .execute();
  const counted = new Map(acts.map(({ act, count }) => [act, Number(count)]));
  const escalations = await readEscalations(db);
  const closed = escalations.filter(({ status }) => status !== 'open');
  expect(counted.get('asked')).toBe(escalations.length);
  expect(counted.get('closed')).toBe(closed.length);
  expect(counted.get('answered')).toBe(2);
  expect(counted.get('asked-again')).toBe(1);
});
