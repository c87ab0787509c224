/** Failure here means: the record of what was done has a gap, a fork, or a change nobody notices,
 * or the same decisions do not give the same chain. */
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendAudit, appendAudits, auditHead, verifyChain } from '../adapters/store/audit.ts';
import { openDebate } from '../adapters/store/debates.ts';
import {
  chainHead,
  type DecidedDebate,
  readDecisions,
  recordDecisions,
  verifyDecisionChain,
} from '../adapters/store/decisions.ts';
import { recordMotions } from '../adapters/store/motions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { transaction } from '../adapters/store/store.ts';
import { addUser, ensureDefaults } from '../adapters/store/users.ts';
import { CHAIN_GENESIS, chainHash } from '../core/hash.ts';
import { decisionId } from '../core/identity.ts';
import { closeTimeOf, debateIdAt, decisionOn, motionAt } from './store-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;

beforeEach(async () => {
  database = await openTestDatabase();
  db = database.db;
});

afterEach(() => database.drop());

/** What a superuser can do and the chain must show. */
async function tamper(statement: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx);
    await sql.raw(statement).execute(trx);
  });
}

describe('audit chain', () => {
  const act = (index: number) => ({
    act: 'order-sent',
    reference: `order ${index}`,
    body: { quantity: '0.10', attempt: index, absent: undefined, nested: [{ b: 1, a: null }] },
  });

  async function append(count: number): Promise<void> {
    const acts = Array.from({ length: count }, (_, index) => act(index));
    await transaction(db, (trx) => appendAudits(trx, 'orders', acts));
  }

  test('audit - links follow one another from the genesis, and the head is the last', async () => {
    expect(await auditHead(db, 'orders')).toEqual({ length: 0, hash: CHAIN_GENESIS });
    const link = await transaction(db, (trx) =>
      appendAudit(trx, { partition: 'orders', ...act(1) }),
    );
    const { act: name, reference, body } = act(1);
    const hash = chainHash(CHAIN_GENESIS, { act: name, reference, body });
    expect(link).toEqual({ seq: 1, prevHash: CHAIN_GENESIS, hash });
    expect(await auditHead(db, 'orders')).toEqual({ length: 1, hash });
    expect(await verifyChain(db, 'orders')).toEqual({ intact: true, length: 1, hash });
  });

  test('audit - thirty writers at once leave a chain without gap or fork', async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        transaction(db, (trx) => appendAudits(trx, 'orders', [act(index), act(index + 100)])),
      ),
    );
    expect(await verifyChain(db, 'orders')).toMatchObject({ intact: true, length: 60 });
  });

  test('audit - an act that is rolled back leaves no gap', async () => {
    await append(1);
    const failing = transaction(db, async (trx) => {
      await appendAudit(trx, { partition: 'orders', ...act(2) });
      throw new Error('the act failed');
    });
    await expect(failing).rejects.toThrow('the act failed');
    await append(1);
    expect(await verifyChain(db, 'orders')).toMatchObject({ intact: true, length: 2 });
  });

  test('audit - a fraction that is no string is refused, nothing is appended', async () => {
    const price = transaction(db, (trx) =>
      appendAudit(trx, { partition: 'orders', ...act(1), body: { price: 0.1 } }),
    );
    await expect(price).rejects.toThrow('price must be a whole number or a string, was 0.1');
    expect(await auditHead(db, 'orders')).toMatchObject({ length: 0 });
  });

  test.each([
    ['a changed body', `update audit set body = '{}' where seq = 3`, 3, 'changed'],
    ['a changed act', `update audit set act = 'order-seen' where seq = 2`, 2, 'changed'],
    ['a record taken out', 'delete from audit where seq = 2', 2, 'missing'],
    ['a record moved', `update audit set prev_hash = repeat('a', 64) where seq = 4`, 4, 'relinked'],
    ['the newest record cut off', 'delete from audit where seq = 5', 4, 'head'],
  ] as const)('audit - %s is found', async (_name, statement, seq, fault) => {
    await append(5);
    await tamper(statement);
    expect(await verifyChain(db, 'orders')).toMatchObject({ intact: false, seq, fault });
  });

  test('audit - a chain longer than a page is verified to its end', async () => {
    await append(4_500);
    expect(await verifyChain(db, 'orders')).toMatchObject({ intact: true, length: 4_500 });
    await tamper(`update audit set reference = 'x' where seq = 4321`);
    expect(await verifyChain(db, 'orders')).toMatchObject({ seq: 4_321, fault: 'changed' });
  });
});

describe('decision chain', () => {
  const motions = [motionAt(30, 'AAA/USDT'), motionAt(30, 'BBB/USDT')];

  /** A ring with two users and one open debate of two motions. */
  async function ring(target: Kysely<Database>): Promise<void> {
    await ensureDefaults(target);
    await addUser(target, { username: 'ana', email: 'ana@localhost' });
    await recordMotions(target, motions);
    await open(target, 30);
  }

  async function open(target: Kysely<Database>, minute: number): Promise<void> {
    const id = debateIdAt(minute);
    const closeTimeMs = closeTimeOf(minute);
    await openDebate(target, { id, workflowId: `w${minute}`, timeframe: '1m', closeTimeMs });
  }

  function debate(): DecidedDebate {
    return {
      debateId: debateIdAt(30),
      rounds: 2,
      contested: false,
      decisions: motions.flatMap((motion) => [
        decisionOn(motion, 'ana', 'BUY'),
        decisionOn(motion, 'trader', 'HOLD'),
      ]),
    };
  }

  beforeEach(() => ring(db));

  test('decisions - recorded in the order given, each a link of the chain', async () => {
    const recorded = await recordDecisions(db, debate());
    expect(recorded.map(({ outcome }) => outcome)).toEqual(Array(4).fill('recorded'));
    const decisions = recorded.map(({ decision }) => decision);
    expect(decisions).toMatchObject(debate().decisions.map((one) => ({ ...one })));
    expect(decisions.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(decisions.map(({ prevHash }) => prevHash)).toEqual([
      CHAIN_GENESIS,
      ...decisions.slice(0, 3).map(({ hash }) => hash),
    ]);
    expect(await chainHead(db)).toEqual({ length: 4, hash: decisions[3]?.hash });
    expect(await readDecisions(db)).toEqual(decisions);
    expect(await verifyDecisionChain(db)).toMatchObject({ intact: true, length: 4 });
  });

  test('decisions - a repeated call records nothing and returns what is stored', async () => {
    const first = await recordDecisions(db, debate());
    const again = await recordDecisions(db, debate());
    expect(again.map(({ outcome }) => outcome)).toEqual(Array(4).fill('known'));
    expect(again.map(({ decision }) => decision)).toEqual(first.map(({ decision }) => decision));
    expect(await chainHead(db)).toMatchObject({ length: 4 });
  });

  test('decisions - another one for the same event and user is told, and falls', async () => {
    await recordDecisions(db, debate());
    const [motion] = motions as [(typeof motions)[0]];
    const changed = { ...debate(), decisions: [decisionOn(motion, 'ana', 'SELL')] };
    const [outcome] = await recordDecisions(db, changed);
    expect(outcome).toMatchObject({ outcome: 'different', decision: { action: 'BUY' } });
    expect(await chainHead(db)).toMatchObject({ length: 4 });
  });

  test('decisions - eight recorders of one debate at once record each once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => recordDecisions(db, debate())));
    expect(all.flat().filter(({ outcome }) => outcome === 'recorded')).toHaveLength(4);
    expect(await verifyDecisionChain(db)).toMatchObject({ intact: true, length: 4 });
  });

  test('decisions - eight recorders of a user added after the verdict record one', async () => {
    await recordDecisions(db, debate());
    await addUser(db, { username: 'zoe', email: 'zoe@localhost' });
    const more = { ...debate(), decisions: motions.map((motion) => decisionOn(motion, 'zoe')) };
    const all = await Promise.all(Array.from({ length: 8 }, () => recordDecisions(db, more)));
    expect(all.flat().filter(({ outcome }) => outcome === 'recorded')).toHaveLength(2);
    expect(await verifyDecisionChain(db)).toMatchObject({ intact: true, length: 6 });
  });

  test('decisions - debates that end at once share one chain without a fork', async () => {
    const minutes = Array.from({ length: 12 }, (_, index) => 40 + index);
    const many = minutes.map((minute) => motionAt(minute, 'CCC/USDT'));
    await recordMotions(db, many);
    for (const minute of minutes) await open(db, minute);
    await Promise.all(
      many.map((motion) =>
        recordDecisions(db, {
          debateId: motion.debateId,
          rounds: 1,
          contested: false,
          decisions: [decisionOn(motion, 'ana'), decisionOn(motion, 'trader')],
        }),
      ),
    );
    expect(await verifyDecisionChain(db)).toMatchObject({ intact: true, length: 24 });
  });

  test('decisions - the same decisions give the same chain head in another database', async () => {
    const other = await openTestDatabase();
    try {
      await ring(other.db);
      await recordDecisions(db, debate());
      await recordDecisions(other.db, debate());
      expect(await chainHead(other.db)).toEqual(await chainHead(db));
      const users = await Promise.all([db, other.db].map((one) => readDecisions(one)));
      expect(users[0]?.[0]?.userId).not.toBe(users[1]?.[0]?.userId);
    } finally {
      await other.drop();
    }
  });

  test('decisions - an unknown user or debate records nothing at all', async () => {
    const [motion] = motions as [(typeof motions)[0]];
    const nobody = [...debate().decisions, decisionOn(motion, 'nobody')];
    await expect(recordDecisions(db, { ...debate(), decisions: nobody })).rejects.toThrow(
      'unknown user "nobody": there is ana, trader',
    );
    await expect(recordDecisions(db, { ...debate(), debateId: 'none' })).rejects.toThrow(
      'unknown debate "none": there is 1m-30',
    );
    expect(await readDecisions(db)).toEqual([]);
    expect(await chainHead(db)).toMatchObject({ length: 0 });
  });

  test.each([
    ['a changed action', `update decisions set action = 'SELL' where seq = 2`, 2],
    ['a changed vote', `update decisions set votes = '[]' where seq = 3`, 3],
    ['a decision taken out', 'delete from decisions where seq = 4', 4],
    [
      'a decision given to another user',
      'update decisions set user_id = (select user_id from decisions where seq = 2) where seq = 1',
      1,
    ],
  ])('decisions - %s is found', async (_name, statement, seq) => {
    await recordDecisions(db, debate());
    await tamper('alter table decisions drop constraint decisions_event_id_user_id_key');
    await tamper(statement);
    expect(await verifyDecisionChain(db)).toMatchObject({ intact: false, seq, fault: 'changed' });
  });

  test('decisions - read by id, event, debate, symbol, user, and the newest few', async () => {
    await recordDecisions(db, debate());
    const seqs = async (filter: Parameters<typeof readDecisions>[1]): Promise<readonly number[]> =>
      (await readDecisions(db, filter)).map(({ seq }) => seq);
    const [, second] = debate().decisions as [unknown, { eventId: string; username: string }];
    expect(await seqs({ ids: [decisionId(second)] })).toEqual([2]);
    expect(await seqs({ eventIds: [second.eventId] })).toEqual([1, 2]);
    expect(await seqs({ debateId: 'none' })).toEqual([]);
    expect(await seqs({ symbol: 'BBB/USDT' })).toEqual([3, 4]);
    expect(await seqs({ username: 'trader' })).toEqual([2, 4]);
    expect(await seqs({ newest: 2 })).toEqual([3, 4]);
  });
});
