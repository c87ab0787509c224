import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { feedPublisher } from '../adapters/bus/feed.ts';
import { listDebates } from '../adapters/store/debates.ts';
import { readDecisions } from '../adapters/store/decisions.ts';
import { findEscalation, openEscalation } from '../adapters/store/escalations.ts';
import { ensureDefaults, setConfig } from '../adapters/store/users.ts';
import { readCandleFile, type Tape } from '../adapters/tape/tape.ts';
import { type PaperControl, paperControl } from '../adapters/venue/paper-control.ts';
import { hashOf } from '../core/hash.ts';
import { Debates } from '../ops/ring/debates.ts';
import { Driver } from '../ops/ring/driver.ts';
import { Guards } from '../ops/ring/guards.ts';
import { readHistory } from '../ops/ring/history.ts';
import { openMarket } from '../ops/ring/opening.ts';
import { Questions } from '../ops/ring/questions.ts';
import { tapeSource } from '../ops/ring/tape-source.ts';
import { verifyDecisions } from '../ops/ring/verify.ts';
import type { Docket } from '../proto/docket-start.ts';
import { type PaperVenueServer, startPaperVenue } from '../workers/paper-venue/server.ts';
import { writeMadeUpTape } from './e2e/tape.ts';
import { type LiveFloor, openLiveFloor } from './live-floor.ts';
import { SECRET, silent } from './venue-floor.ts';

/** A replay that was killed goes on. A failure here is a motion that nobody ever decides, a
 * decision taken twice, a command that cannot be started again, or a question that blocks every
 * other. */

const VENUE = 'paper';
const START_MS = Date.UTC(2024, 7, 5);

/** Dies where it is asked to hold a debate: everything before is on record, nothing is started. */
class Killed extends Debates {
  override hold(docket: Docket): Promise<never> {
    return Promise.reject(new RangeError(`killed before ${docket.debateId}`));
  }
}

describe('resume', { timeout: 300_000 }, () => {
  let floor: LiveFloor;
  let folder: string;
  let venue: PaperVenueServer;
  let paper: PaperControl;
  let questions: Questions;
  let btc: Tape;
  let eth: Tape;

  beforeAll(async () => {
    floor = await openLiveFloor({});
    const { db } = floor.database;
    await ensureDefaults(db);
    // Nobody works on orders here: what would be one becomes a question.
    await setConfig(db, { username: 'trader', customRules: { alwaysAsk: true } });
    folder = mkdtempSync(join(tmpdir(), 'resume-'));
    const directory = join(folder, 'venue');
    venue = await startPaperVenue({ directory, port: 0, secret: SECRET, log: silent });
    paper = paperControl({ url: venue.url, secret: SECRET });
    questions = new Questions({ db, client: floor.client, venue: VENUE });
    btc = await tape('BTC-USDT', 1, 50_000);
    eth = await tape('ETH-USDT', 2, 2_500);
  });

  afterAll(async () => {
    await venue.close();
    await floor.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function tape(name: string, seed: number, price: number): Promise<Tape> {
    const path = join(folder, `binance-${name}-5m.csv`);
    writeMadeUpTape({ path, seed, startMs: START_MS, candles: 200, price });
    return readCandleFile(path);
  }

  async function drive(tapes: readonly Tape[], debates: Debates, decisions: number) {
    const { database, bus, names } = floor;
    const { db } = database;
    const source = tapeSource(tapes, 'max');
    const extents = tapes.map(({ symbol, timeframe, candles }) => {
      return { symbol, timeframe, firstCloseMs: candles.at(0)?.closeTimeMs ?? 0 };
    });
    const history = await readHistory(db, VENUE, extents);
    const market = { venue: VENUE, instruments: source.instruments, marketTimeMs: START_MS };
    await openMarket({ db, paper }, market);
    await questions.refresh();
    const feed = feedPublisher(bus, names);
    const { client } = floor;
    const guards = new Guards({ db, client, wire: names, venue: VENUE, feed: null });
    const ring = { db, bus, wire: names, feed, paper, debates, questions, guards, venue: VENUE };
    const { signal } = new AbortController();
    return new Driver(ring, { source, history, signal, decisions }).run();
  }

  const real = (): Debates => new Debates(floor.client, floor.names);

  test('killed before a candle was stored - the venue takes them again', async () => {
    const { db } = floor.database;
    const closes = tapeSource([btc, eth], 'max').closes(new AbortController().signal);
    const source = tapeSource([btc, eth], 'max');
    await openMarket({ db, paper }, { venue: VENUE, ...source, marketTimeMs: START_MS });
    let told = 0;
    for await (const close of closes) {
      await paper.tape(close);
      told += 1;
      if (told === 10) break;
    }
    const killed = new Killed(floor.client, floor.names);
    await expect(drive([btc, eth], killed, 1)).rejects.toThrow(/^killed before .*2-symbols/);
    expect(await listDebates(db)).toEqual([]);
  });

  test('killed before its debate, then fewer tapes - all is decided where it was put', async () => {
    const { db } = floor.database;
    const driven = await drive([btc], real(), 1);
    expect(driven.ended).toBe('decisions');
    const [debate, ...others] = await listDebates(db);
    expect(others).toEqual([]);
    expect(debate).toMatchObject({ status: 'decided', symbols: ['BTC/USDT', 'ETH/USDT'] });
    const decisions = await readDecisions(db);
    expect(decisions.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'ETH/USDT']);
    expect(decisions.every(({ debateId }) => debateId === debate?.id)).toBe(true);
  });

  test('a decided docket - is waited for and not decided again', async () => {
    const { db } = floor.database;
    const before = await readDecisions(db);
    const driven = await drive([btc, eth], real(), 1);
    expect(driven).toMatchObject({ ended: 'decisions', decidedBefore: 2 });
    const decisions = await readDecisions(db);
    expect(decisions.slice(0, 2)).toEqual(before);
    expect(new Set(decisions.map(({ id }) => id)).size).toBe(decisions.length);
    expect(await readDecisions(db, { fromSeq: 2 })).toEqual(decisions.slice(1));
    expect(await verifyDecisions(db, { ids: [] })).toMatchObject({
      checked: decisions.length,
      equal: true,
    });
  });

  test('a question whose workflow is gone - is closed when its time is over, as HOLD', async () => {
    const { db } = floor.database;
    const [decision] = await readDecisions(db);
    const { id: decisionId, userId } = decision ?? { id: '', userId: '' };
    const deadlineMs = START_MS + 900_000;
    const { escalation } = await openEscalation(db, {
      decisionId,
      userId,
      symbol: 'SOL/USDT',
      workflowId: floor.names.escalationWorkflowId('never-started'),
      question: { text: 'BUY?' },
      askedAtMs: START_MS,
      deadlineMs,
      nonce: hashOf('nonce'),
      parameterHash: hashOf('parameters'),
    });
    await questions.refresh();
    await questions.passed(deadlineMs);
    const { status } = await findEscalation(db, escalation.escalationId);
    expect(status).toBe('expired');
    const signer = { sign: () => expect.unreachable('there is nothing to sign any more') };
    const answered = questions.answer(escalation.escalationId, { verb: 'approve' }, signer);
    await expect(answered).rejects.toThrow('the escalation has its answer already: expired');
  });
});
