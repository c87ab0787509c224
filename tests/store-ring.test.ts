/** Failure here means: a motion is debated twice or never, an assistant is heard saying what it did
 * not say, or remembers what it could not have known. */
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listDebates, openDebate, showDebate } from '../adapters/store/debates.ts';
import { recordDecisions } from '../adapters/store/decisions.ts';
import {
  markStarted,
  motionsOfSeries,
  readMotions,
  recordMotions,
  unstartedMotions,
} from '../adapters/store/motions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { ensureDefaults } from '../adapters/store/users.ts';
import { insertUtterances, pastCalls, readUtterances } from '../adapters/store/utterances.ts';
import { ROLES } from '../core/assistants/role.ts';
import { FORECAST } from '../core/assistants/snapshot.fixture.ts';
import type { Utterance } from '../core/assistants/speech.ts';
import { hashOf } from '../core/hash.ts';
import {
  closeTimeOf,
  DETECTOR_VERSION,
  debateIdAt,
  decisionOn,
  motionAt,
  opinionOn,
} from './store-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  await ensureDefaults(db);
});

afterAll(() => database.drop());

describe('motions', () => {
  test('motions - a snapshot comes back equal to the last bit, hash and all', async () => {
    const motion = motionAt(40, 'AAA/USDT');
    const { eventId } = motion.snapshot;
    await recordMotions(db, [motion]);
    const [stored] = await readMotions(db, [hashOf('nobody'), eventId]);
    expect(stored).toEqual({
      ...motion,
      eventId,
      snapshotHash: hashOf(motion.snapshot),
      startedAt: null,
    });
    expect(hashOf(stored?.snapshot)).toBe(stored?.snapshotHash);
  });

  test('motions - with a forecast and without one, each comes back as it was frozen', async () => {
    const [heard, unheard] = [motionAt(41, 'AAA/USDT'), motionAt(42, 'AAA/USDT')];
    const snapshot = { ...heard.snapshot, forecast: FORECAST };
    await recordMotions(db, [{ ...heard, snapshot }, unheard]);
    const ids = [heard.snapshot.eventId, unheard.snapshot.eventId];
    const stored = await readMotions(db, ids);
    const of = (id: string | undefined) => stored.find(({ eventId }) => eventId === id)?.snapshot;
    expect(of(ids[0])).toEqual(snapshot);
    expect(hashOf(of(ids[0]))).toBe(hashOf(snapshot));
    expect(of(ids[1])).toEqual(unheard.snapshot);
    expect(of(ids[1])).not.toHaveProperty('forecast');
  });

  test('motions - again changes nothing; what is new is told from the known', async () => {
    const [first, second] = [motionAt(1, 'BBB/USDT'), motionAt(2, 'BBB/USDT')];
    const ids = [first.snapshot.eventId, second.snapshot.eventId];
    expect(await recordMotions(db, [first])).toMatchObject({ recorded: [ids[0]], known: [] });
    expect(await recordMotions(db, [first, second])).toEqual({
      recorded: [ids[1]],
      known: [ids[0]],
      superseded: [],
    });
  });

  test('motions - a late correction or another trigger reopens nothing', async () => {
    const motion = motionAt(3, 'CCC/USDT');
    await recordMotions(db, [motion]);
    const corrected = { ...motion, snapshot: { ...motion.snapshot, trigger: 'signal' as const } };
    const other = {
      ...corrected,
      snapshot: { ...corrected.snapshot, eventId: hashOf('another trigger') },
    };
    const { recorded, known, superseded } = await recordMotions(db, [corrected, other]);
    expect({ recorded, known }).toEqual({ recorded: [], known: [] });
    expect(superseded).toEqual([motion.snapshot.eventId, other.snapshot.eventId]);
    const [stored] = await readMotions(db, [motion.snapshot.eventId]);
    expect(stored?.snapshot).toEqual(motion.snapshot);
  });

  test('motions - what was not started is found, oldest first, until marked', async () => {
    const motions = [motionAt(6, 'EEE/USDT'), motionAt(5, 'FFF/USDT'), motionAt(5, 'DDD/USDT')];
    await recordMotions(db, motions);
    const mine = async (): Promise<readonly string[]> =>
      (await unstartedMotions(db))
        .map(({ snapshot }) => snapshot.symbol)
        .filter((symbol) => ['DDD/USDT', 'EEE/USDT', 'FFF/USDT'].includes(symbol));
    expect(await mine()).toEqual(['DDD/USDT', 'FFF/USDT', 'EEE/USDT']);
    await markStarted(db, [motionAt(5, 'FFF/USDT').snapshot.eventId]);
    expect(await mine()).toEqual(['DDD/USDT', 'EEE/USDT']);
  });
});

describe('utterances', () => {
  const motion = motionAt(7, 'TALK/USDT');
  const { eventId } = motion.snapshot;
  const opinions = ROLES.map((role) => opinionOn(motion, role));
  const silence: Utterance = {
    ...(opinions[0] as Utterance),
    round: 2,
    kind: 'challenge',
    messageId: hashOf('nothing to say'),
    content: null,
  };

  beforeAll(async () => {
    await recordMotions(db, [motion]);
  });

  test('utterances - a docket is stored at once, read by rounds and roles', async () => {
    const outcomes = await insertUtterances(db, [silence, ...opinions.toReversed()]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array(8).fill('inserted'));
    expect(await readUtterances(db, [eventId])).toEqual([...opinions, silence]);
  });

  test('utterances - what was said before is known, and returned with what is new', async () => {
    const ballot: Utterance = {
      ...(opinions[3] as Utterance),
      round: 3,
      kind: 'ballot',
      messageId: hashOf('ballot'),
      content: { choice: 'BUY', confidenceBp: 1, veto: null, strikes: [], reason: 'so' },
    };
    const outcomes = await insertUtterances(db, [opinions[3] as Utterance, ballot, ballot]);
    expect(outcomes).toEqual([
      { messageId: opinions[3]?.messageId, outcome: 'known', stored: opinions[3] },
      { messageId: ballot.messageId, outcome: 'inserted', stored: ballot },
      { messageId: ballot.messageId, outcome: 'known', stored: ballot },
    ]);
  });

  test('utterances - another word in one place is equivocation; the first stands', async () => {
    const first = opinions[1] as Utterance;
    const second = {
      ...opinionOn(motion, 'technical_analyst', 'SELL'),
      messageId: hashOf('a second mail'),
    };
    expect(await insertUtterances(db, [second])).toEqual([
      { messageId: second.messageId, outcome: 'equivocation', stored: first },
    ]);
    const sameMail = { ...second, messageId: first.messageId };
    expect(await insertUtterances(db, [sameMail])).toMatchObject([
      { outcome: 'equivocation', stored: { content: first.content } },
    ]);
    expect((await readUtterances(db, [eventId]))[1]).toEqual(first);
  });

  test('utterances - the same words in answer to another mail are no equivocation', async () => {
    const first = opinions[1] as Utterance;
    const again = { ...first, messageId: hashOf('the mail, sent anew') };
    expect(await insertUtterances(db, [again])).toEqual([
      { messageId: again.messageId, outcome: 'known', stored: first },
    ]);
  });

  test('utterances - a message id that was used elsewhere stores nothing', async () => {
    const elsewhere = { ...(opinions[0] as Utterance), round: 9 };
    expect(await insertUtterances(db, [elsewhere])).toEqual([
      { messageId: elsewhere.messageId, outcome: 'equivocation', stored: null },
    ]);
    expect((await readUtterances(db, [eventId])).some(({ round }) => round === 9)).toBe(false);
  });

  test('utterances - two stores at once: one inserts, both are told the same words', async () => {
    const other = motionAt(8, 'TALK/USDT');
    await recordMotions(db, [other]);
    const said = ROLES.map((role) => opinionOn(other, role));
    const reversed = said.toReversed();
    const [one, two] = await Promise.all([
      insertUtterances(db, said),
      insertUtterances(db, reversed),
    ]);
    const inserted = [...one, ...two].filter(({ outcome }) => outcome === 'inserted');
    expect(inserted).toHaveLength(7);
    expect(one.map(({ stored }) => stored)).toEqual(said);
    expect(two.map(({ stored }) => stored)).toEqual(reversed);
  });
});

describe('past calls', () => {
  const motions = [10, 11, 12].map((minute) => motionAt(minute, 'MEM/USDT'));

  beforeAll(async () => {
    const elsewhere = motionAt(11, 'OTHER/USDT');
    await recordMotions(db, [...motions.toReversed(), elsewhere]);
    const [buy, , hold] = motions as [
      (typeof motions)[0],
      (typeof motions)[0],
      (typeof motions)[0],
    ];
    const torn = opinionOn(hold, 'auditor');
    const stance = { buyBp: 4_000, sellBp: 4_000, holdBp: 2_000 };
    await insertUtterances(db, [
      { ...torn, content: { ...torn.content, stance } },
      ...motions.slice(0, 2).map((motion) => opinionOn(motion, 'auditor', 'SELL')),
      opinionOn(buy, 'executor', 'BUY'),
      opinionOn(elsewhere, 'auditor', 'BUY'),
    ]);
  });

  const ask = { role: 'auditor', symbol: 'MEM/USDT' } as const;

  test('past calls - oldest first, with their close; leaning nowhere is HOLD', async () => {
    expect(await pastCalls(db, { ...ask, beforeMs: closeTimeOf(60) })).toEqual(
      motions.map(({ snapshot }, index) => ({
        closeTimeMs: snapshot.closeTimeMs,
        action: index === 2 ? 'HOLD' : 'SELL',
        confidenceBp: 6_000,
        close: snapshot.candles.at(-1)?.close,
      })),
    );
  });

  test('past calls - an assistant does not remember the close it is asked about', async () => {
    const times = async (beforeMs: number): Promise<readonly number[]> =>
      (await pastCalls(db, { ...ask, beforeMs })).map(({ closeTimeMs }) => closeTimeMs);
    expect(await times(closeTimeOf(12))).toEqual([closeTimeOf(10), closeTimeOf(11)]);
    expect(await times(closeTimeOf(10))).toEqual([]);
  });

  test('past calls - the limit keeps the newest', async () => {
    const calls = await pastCalls(db, { ...ask, beforeMs: closeTimeOf(60), limit: 1 });
    expect(calls.map(({ closeTimeMs }) => closeTimeMs)).toEqual([closeTimeOf(12)]);
  });

  test('past calls - another market of the symbol can be left out', async () => {
    const market = { ...ask, beforeMs: closeTimeOf(60), venue: 'binance', timeframe: '1m' };
    expect(await pastCalls(db, market)).toEqual([]);
  });
});

describe('debates', () => {
  const motion = motionAt(20, 'SHOW/USDT');
  const debate = {
    id: debateIdAt(20),
    workflowId: 'corro:debate:1m-20',
    timeframe: '1m',
    closeTimeMs: closeTimeOf(20),
  } as const;

  beforeEach(async () => {
    await recordMotions(db, [motion]);
    await openDebate(db, debate);
  });

  test('debates - again changes nothing; another workflow cannot take its place', async () => {
    const again = await openDebate(db, debate);
    expect(again).toMatchObject({ ...debate, status: 'open', rounds: 0, decidedAt: null });
    await expect(openDebate(db, { ...debate, workflowId: 'forged' })).rejects.toThrow(
      'debate 1m-20 must be forged, was corro:debate:1m-20',
    );
  });

  test('debates - shown with all that was asked, said and decided', async () => {
    const said = opinionOn(motion, 'strategist');
    await insertUtterances(db, [said]);
    const decision = decisionOn(motion, 'trader', 'BUY');
    await recordDecisions(db, {
      debateId: debate.id,
      rounds: 2,
      contested: true,
      decisions: [decision],
    });
    const shown = await showDebate(db, debate.id);
    expect(shown).toMatchObject({ status: 'decided', rounds: 2, contested: true });
    expect(shown.symbols).toEqual(['SHOW/USDT']);
    expect(shown.motions.map(({ snapshot }) => snapshot)).toEqual([motion.snapshot]);
    expect(shown.transcript).toEqual([said]);
    expect(shown.decisions).toMatchObject([decision]);
    expect(shown.escalations).toEqual([]);
    expect(await motionsOfSeries(db, motion.snapshot)).toEqual([
      {
        eventId: motion.snapshot.eventId,
        debateId: motion.debateId,
        closeTimeMs: closeTimeOf(20),
        trigger: 'cadence',
        decided: true,
      },
    ]);
  });

  test('debates - listed by status, symbol and time, newest first', async () => {
    const later = { ...debate, id: 'later', workflowId: 'later', closeTimeMs: closeTimeOf(30) };
    await openDebate(db, later);
    const ids = async (filter: Parameters<typeof listDebates>[1]): Promise<readonly string[]> =>
      (await listDebates(db, filter)).map(({ id }) => id);
    expect(await ids({})).toEqual(['later', debate.id]);
    expect(await ids({ limit: 1 })).toEqual(['later']);
    expect(await ids({ status: 'open' })).toEqual(['later']);
    expect(await ids({ symbol: 'SHOW/USDT' })).toEqual([debate.id]);
    expect(await ids({ beforeMs: closeTimeOf(30) })).toEqual([debate.id]);
  });

  test('debates - an unknown one is answered with the newest there are', async () => {
    await expect(showDebate(db, 'nonsense')).rejects.toThrow(
      'unknown debate "nonsense": there is later, 1m-20',
    );
  });

  test('debates - the detector version is on the motion', async () => {
    const [stored] = await readMotions(db, [motion.snapshot.eventId]);
    expect(stored?.detectorVersion).toBe(DETECTOR_VERSION);
  });
});
