/** Failure here means: an assistant is scored by what came of another question, by words nobody
 * heard in time, or twice; or a question is forgotten. */
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDebate } from '../adapters/store/debates.ts';
import { recordDecisions } from '../adapters/store/decisions.ts';
import { recordMotions } from '../adapters/store/motions.ts';
import {
  countHindsight,
  countOutcomes,
  readSettledMotions,
  recordOutcomes,
  type SettledOutcome,
  settledMotions,
  unsettledMotions,
  waitingMotions,
} from '../adapters/store/outcomes.ts';
import { recordPredictions } from '../adapters/store/predictions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { sqlState } from '../adapters/store/store.ts';
import { addUser, ensureDefaults } from '../adapters/store/users.ts';
import { insertUtterances } from '../adapters/store/utterances.ts';
import { ROLES } from '../core/assistants/role.ts';
import type { Utterance } from '../core/assistants/speech.ts';
import type { Vote } from '../core/debate/judge.ts';
import { hashOf } from '../core/hash.ts';
import type { Outcome } from '../core/judgement/outcome.ts';
import { DEFAULT_TERMS } from '../core/learning/label.ts';
import { assistantsPage } from '../ops/cli/assistants-page.ts';
import { viewRing } from '../ops/learning/ring-view.ts';
import { candidate } from './registry-samples.ts';
import { closeTimeOf, debateIdAt, decisionOn, motionAt, opinionOn } from './store-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

let database: TestDatabase;
let db: Kysely<Database>;

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
  await ensureDefaults(db);
});

afterAll(() => database.drop());

const MINUTE_MS = 60_000;

function outcomeAt(closeTimeMs: number, parts: Partial<Outcome> = {}): Outcome {
  const [entryPrice, exitPrice] = [50_000.1, 50_500.3];
  return {
    ...{ label: 'BUY', reached: 'target', ambiguous: false },
    settledAtMs: closeTimeMs + 3 * MINUTE_MS,
    ...{ entryPrice, exitPrice, candles: 3, move: exitPrice / entryPrice - 1 },
    ...parts,
  };
}

function settled(motion: ReturnType<typeof motionAt>, parts?: Partial<Outcome>): SettledOutcome {
  const { eventId, closeTimeMs, venue, symbol, timeframe } = motion.snapshot;
  const outcome = outcomeAt(closeTimeMs, parts);
  return {
    eventId,
    closeTimeMs,
    market: { venue, symbol, timeframe },
    outcome,
    terms: DEFAULT_TERMS,
  };
}

function marketOf(symbol: string) {
  return { venue: 'paper', symbol, timeframe: '1m' };
}

describe('unsettled motions', () => {
  const market = marketOf('OPEN/USDT');
  const minutes = [5, 20, 21, 22, 23];

  beforeAll(() =>
    recordMotions(
      db,
      minutes.toReversed().map((minute) => motionAt(minute, 'OPEN/USDT')),
    ),
  );

  test('oldest first, a page at a time, with the range their snapshots have', async () => {
    const all = await unsettledMotions(db, market);
    expect(all.map(({ closeTimeMs }) => closeTimeMs)).toEqual(minutes.map(closeTimeOf));
    const { atr14 } = motionAt(21, 'OPEN/USDT').snapshot.reading.indicators;
    // Fourteen candles make a range: at the sixth there was none.
    expect(all.map(({ atr }) => atr === null)).toEqual([true, false, false, false, false]);
    expect(all[2]?.atr).toBe(atr14);
    const first = await unsettledMotions(db, { ...market, limit: 2 });
    const [, after] = first;
    if (after === undefined) throw new Error('a page of two has two');
    expect([...first, ...(await unsettledMotions(db, { ...market, after }))]).toEqual(all);
    expect(await unsettledMotions(db, marketOf('NONE/USDT'))).toEqual([]);
  });

  test('what waits is counted apart from what waits for ever', async () => {
    const [waits] = await waitingMotions(db, { symbol: 'OPEN/USDT' });
    expect(waits).toEqual({ ...market, waiting: 4, never: 1, oldestMs: closeTimeOf(20) });
    await recordOutcomes(db, [settled(motionAt(20, 'OPEN/USDT'))]);
    const [then] = await waitingMotions(db, { symbol: 'OPEN/USDT', timeframe: '1m' });
    expect(then).toMatchObject({ waiting: 3, never: 1, oldestMs: closeTimeOf(21) });
    expect((await unsettledMotions(db, market)).length).toBe(4);
    expect(await waitingMotions(db, { symbol: 'OPEN/USDT', timeframe: '1h' })).toEqual([]);
  });
});

describe('outcomes', () => {
  const motions = [30, 31, 32, 33].map((minute) => motionAt(minute, 'ONCE/USDT'));
  const rows = motions.map((motion) => settled(motion));
  const market = marketOf('ONCE/USDT');

  beforeAll(() => recordMotions(db, motions));

  test('once each: two processes at once, a repeat, another opinion of what came', async () => {
    const both = await Promise.all([
      recordOutcomes(db, rows),
      recordOutcomes(db, rows.toReversed()),
    ]);
    expect(both.reduce((sum, one) => sum + one, 0)).toBe(rows.length);
    expect(await recordOutcomes(db, rows)).toBe(0);
    const [first] = motions;
    const other = first && settled(first, { label: 'SELL', reached: 'stop', ambiguous: true });
    expect(await recordOutcomes(db, other ? [other] : [])).toBe(0);
    const stored = await readSettledMotions(db, { market });
    expect(stored.map(({ outcome }) => outcome)).toEqual(rows.map(({ outcome }) => outcome));
    const count = await countOutcomes(db, { market });
    expect(count).toEqual({ outcomes: 4, settledToMs: closeTimeOf(33) + 3 * MINUTE_MS });
  });

  test('of another market or close, or of no motion - refused, nothing recorded', async () => {
    const [row] = rows;
    if (row === undefined) throw new Error('there are rows');
    const fresh = motionAt(34, 'ONCE/USDT');
    await recordMotions(db, [fresh]);
    const right = settled(fresh);
    const wrong = [
      { ...right, market: { ...market, timeframe: '5m' } },
      { ...right, closeTimeMs: right.closeTimeMs + 1 },
      { ...right, eventId: hashOf('nobody asked') },
    ];
    for (const one of wrong) {
      await expect(recordOutcomes(db, [right, one])).rejects.toThrow(/outcome of .* must be of/);
    }
    expect((await countOutcomes(db, { market })).outcomes).toBe(4);
  });

  test('is never changed nor taken away', async () => {
    const change = sql`update outcomes set label = 'HOLD'`.execute(db);
    expect(sqlState(await change.catch((error: unknown) => error))).toBe('23001');
    const removal = sql`delete from outcomes`.execute(db);
    expect(sqlState(await removal.catch((error: unknown) => error))).toBe('23001');
  });

  test('prices of a millionth of a cent - fit, to eighteen decimals', async () => {
    const motion = motionAt(40, 'TINY/USDT');
    await recordMotions(db, [motion]);
    const [entryPrice, exitPrice] = [1.2345678e-8, 1.2345678901234567e-8];
    const row = settled(motion, { entryPrice, exitPrice });
    await recordOutcomes(db, [row]);
    const [stored] = await readSettledMotions(db, { market: marketOf('TINY/USDT') });
    expect(stored?.outcome.entryPrice).toBe(entryPrice);
    expect(stored?.outcome.exitPrice).toBeCloseTo(exitPrice, 17);
  });
});

describe('settled motions', () => {
  const motion = motionAt(50, 'TOLD/USDT');
  const { eventId } = motion.snapshot;
  const [monitor, technical, fundamental, risk] = ROLES;

  beforeAll(async () => {
    await recordMotions(db, [motion]);
    await addUser(db, { username: 'aaron', email: 'aaron@localhost' });
    const model = await candidate(db, 'challenger of outcomes');
    await insertUtterances(db, spoken());
    await openDebate(db, {
      ...{ id: debateIdAt(50), workflowId: 'outcomes', timeframe: '1m' },
      closeTimeMs: closeTimeOf(50),
    });
    const silent = [`2 revision ${technical}`, `3 ballot ${risk}`];
    const share = (role: string, choice: Vote['choice'], shareBp: number) =>
      ({ role, choice, shareBp, status: 'counted', worthBp: 10_000, why: '' }) as Vote;
    const votes = [
      { ...share(monitor, 'BUY', 6_000), confidenceBp: 1 },
      { ...share(technical, 'SELL', 4_000), confidenceBp: 1 },
      { ...share(risk, 'SELL', 0), status: 'void' as const },
    ];
    const decision = { ...decisionOn(motion, 'aaron', 'BUY'), votes, silent };
    const debate = { debateId: debateIdAt(50), rounds: 3, contested: true };
    const decisions = [decisionOn(motion, 'trader', 'HOLD'), decision];
    await recordDecisions(db, { ...debate, decisions });
    await recordPredictions(db, [
      { eventId, modelHash: model, part: 'challenger', answer: answerOf(model) },
    ]);
    await recordOutcomes(db, [settled(motion)]);
  });

  /** The monitor changed its mind; the technical analyst said so too late; the fundamental analyst
   * had nothing to say; the risk manager's vote came too late. */
  function spoken(): Utterance[] {
    const opinions = [monitor, technical, risk].map((role) => opinionOn(motion, role, 'BUY'));
    const [first] = opinions;
    if (first === undefined) throw new Error('there are opinions');
    const words = (role: string, round: number) => ({
      ...{ ...first, role, round, messageId: hashOf(['outcomes', role, round]) },
    });
    const revised = { ...first.content, movedBy: null, newEvidence: [] };
    const stance = { buyBp: 0, sellBp: 10_000, holdBp: 0 };
    const cast = { confidenceBp: 5_000, veto: null, strikes: [], reason: 'so' };
    return [
      ...opinions,
      { ...words(fundamental, 1), kind: 'opinion', content: null },
      { ...words(monitor, 2), kind: 'revision', content: { ...revised, stance } },
      { ...words(technical, 2), kind: 'revision', content: { ...revised, stance } },
      { ...words(monitor, 3), kind: 'ballot', content: { ...cast, choice: 'SELL' } },
      { ...words(risk, 3), kind: 'ballot', content: { ...cast, choice: 'BUY' } },
    ] as Utterance[];
  }

  function answerOf(model: string) {
    const shares = { buyBp: 5_000, sellBp: 3_000, holdBp: 2_000, confidenceBp: 5_500 };
    return { model, ...shares, magnitudeBps: 40, riskBps: 30, worthBp: 10_000 };
  }

  test('who said what, as far as it was heard in time', async () => {
    const [told] = await readSettledMotions(db, { market: { symbol: 'TOLD/USDT' } });
    const { regime } = motion.snapshot.reading;
    expect(told).toMatchObject({ eventId, closeTimeMs: closeTimeOf(50), regime, venue: 'paper' });
    expect(told?.outcome).toEqual(outcomeAt(closeTimeOf(50)));
    expect(told?.opinions.map(({ role }) => role)).toEqual(ROLES);
    const buy = { buyBp: 8_000, sellBp: 1_000, holdBp: 1_000 };
    const sell = { buyBp: 0, sellBp: 10_000, holdBp: 0 };
    const silent = { first: null, firstConfidenceBp: 0, last: null, choice: null };
    expect(told?.opinions.slice(0, 4)).toEqual([
      { role: monitor, first: buy, firstConfidenceBp: 6_000, last: sell, choice: 'SELL' },
      { role: technical, first: buy, firstConfidenceBp: 6_000, last: buy, choice: null },
      { role: fundamental, ...silent },
      { role: risk, first: buy, firstConfidenceBp: 6_000, last: buy, choice: null },
    ]);
    expect(told?.opinions.slice(4)).toEqual(ROLES.slice(4).map((role) => ({ role, ...silent })));
  });

  test('what was decided for the first user by name, and what models foretold', async () => {
    const [told] = await readSettledMotions(db, { market: { symbol: 'TOLD/USDT' } });
    expect(told?.decision).toEqual({
      ...{ action: 'BUY', verdict: 'consensus', contested: true, rounds: 3 },
      stance: { buyBp: 6_000, sellBp: 4_000, holdBp: 0 },
      arms: decisionOn(motion, 'aaron').arms,
    });
    expect(told?.forecasts).toMatchObject([{ part: 'challenger', forecast: { buyBp: 5_000 } }]);
  });

  test("nothing decided yet, and the champion's words in the snapshot alone", async () => {
    const plain = motionAt(51, 'LONE/USDT');
    const forecast = answerOf(hashOf('a champion'));
    const snapshot = { ...plain.snapshot, forecast };
    await recordMotions(db, [{ ...plain, snapshot }]);
    await recordOutcomes(db, [settled(plain)]);
    const [lone] = await readSettledMotions(db, { market: { symbol: 'LONE/USDT' } });
    expect(lone).toMatchObject({ decision: null, forecasts: [{ part: 'champion', forecast }] });
    expect(lone?.opinions.every(({ first, choice }) => first === null && choice === null)).toBe(
      true,
    );
  });

  test('a champion that had seen what came - has no score, earns nothing, is counted', async () => {
    const market = marketOf('SEEN/USDT');
    // Trained until June 2024.
    const model = await candidate(db, 'a champion that had seen it', { market });
    const inMay = (minute: number) => {
      const one = motionAt(minute, 'SEEN/USDT');
      const closeTimeMs = Date.UTC(2024, 4, 1, 0, minute) - 1;
      return { ...one, snapshot: { ...one.snapshot, closeTimeMs } };
    };
    const motions = [
      { motion: inMay(52), forecast: answerOf(model) },
      { motion: inMay(53), forecast: answerOf(hashOf('of another registry')) },
      { motion: motionAt(54, 'SEEN/USDT'), forecast: answerOf(model) },
    ];
    for (const { motion: one, forecast } of motions) {
      await recordMotions(db, [{ ...one, snapshot: { ...one.snapshot, forecast } }]);
      await recordOutcomes(db, [settled(one)]);
    }
    const fair = await readSettledMotions(db, { market, newest: 9, withoutHindsight: true });
    const ids = motions.map(({ motion: one }) => one.snapshot.eventId);
    expect(fair.map((one) => one.eventId)).toEqual(ids.slice(1));
    expect(await countHindsight(db, { market })).toBe(1);
    expect(await countHindsight(db, { market: { symbol: 'TOLD/USDT' } })).toBe(0);
    const view = await viewRing(db, { market });
    expect(view).toMatchObject({ hindsight: 1, scores: { motions: 2 } });
    expect(assistantsPage(view)).toContain('1 motion settled without a score');
  });

  test('the whole view: scores, what waits, weights; looking settles nothing', async () => {
    const before = await countOutcomes(db);
    const view = await viewRing(db, { market: { symbol: 'TOLD/USDT' } });
    expect(view.scores).toMatchObject({ motions: 1, debate: { motions: 1, contested: 1 } });
    const { assistants, bySymbol, ring } = view.scores;
    expect(assistants.map(({ role }) => role)).toEqual([monitor, technical, risk]);
    expect(assistants.map(({ revisions }) => revisions.pairs)).toEqual([1, 0, 0]);
    expect(bySymbol.map(({ symbol }) => symbol)).toEqual(['TOLD/USDT']);
    expect(ring?.brier).toBeCloseTo(0.4 ** 2 + 0.4 ** 2, 12);
    expect(view.weights.map(({ version }) => version)).toEqual([1]);
    const open = await viewRing(db, { market: { symbol: 'OPEN/USDT' } });
    expect(open.waiting).toMatchObject([{ waiting: 3, never: 1 }]);
    expect(await countOutcomes(db)).toEqual(before);
  });

  test('thousands - in order, each once, whatever is asked of them', async () => {
    const { snapshot, ...rest } = motionAt(60, 'MANY/USDT');
    const lean = { ...snapshot, candles: snapshot.candles.slice(-1) };
    const many = Array.from({ length: 2_500 }, (_, at) => {
      const closeTimeMs = closeTimeOf(100 + Math.floor(at / 2));
      // Two detectors asked at one close.
      const detectorVersion = 1 + (at % 2);
      const event = hashOf(['many', at]);
      return { ...rest, detectorVersion, snapshot: { ...lean, closeTimeMs, eventId: event } };
    });
    for (let at = 0; at < many.length; at += 500) await recordMotions(db, many.slice(at, at + 500));
    expect(
      await recordOutcomes(
        db,
        many.map((one) => settled(one)),
      ),
    ).toBe(many.length);
    const market = { symbol: 'MANY/USDT' };
    const all = await readSettledMotions(db, { market });
    const places = all.map((one) => `${one.closeTimeMs} ${one.eventId}`);
    expect(places).toEqual(places.toSorted());
    expect(new Set(places).size).toBe(many.length);
    const newest = await readSettledMotions(db, { market, newest: 1_201 });
    expect(newest).toEqual(all.slice(-1_201));
    expect(await readSettledMotions(db, { market, newest: 9_999 })).toEqual(all);
    const [fromMs, toMs] = [closeTimeOf(300), closeTimeOf(400)];
    const part = all.filter((one) => one.closeTimeMs >= fromMs && one.closeTimeMs <= toMs);
    expect(part.length).toBe(202);
    expect(await readSettledMotions(db, { market, fromMs, toMs })).toEqual(part);
    const settledToMs = closeTimeOf(303);
    const known = await readSettledMotions(db, { market, settledToMs });
    expect(known.at(-1)?.closeTimeMs).toBe(closeTimeOf(300));
    for await (const one of settledMotions(db, { market })) {
      expect(one).toEqual(all[0]);
      break;
    }
  });
});
