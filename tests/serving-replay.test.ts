import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { feedPublisher } from '../adapters/bus/feed.ts';
import { loadModel } from '../adapters/models/load.ts';
import { predictSeries } from '../adapters/models/predict-series.ts';
import { readDecisions } from '../adapters/store/decisions.ts';
import { changeModel } from '../adapters/store/model-changes.ts';
import { readMotions } from '../adapters/store/motions.ts';
import { predictionsOf } from '../adapters/store/predictions.ts';
import { ensureDefaults, setConfig } from '../adapters/store/users.ts';
import { readUtterances } from '../adapters/store/utterances.ts';
import { readCandleFile, type Tape } from '../adapters/tape/tape.ts';
import { type PaperControl, paperControl } from '../adapters/venue/paper-control.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import type { Market } from '../core/learning/contract.ts';
import { TIMEFRAMES } from '../core/market/candle.ts';
import { forecastOf } from '../core/models/forecast.ts';
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
import { superuser } from './audit-floor.ts';
import { writeMadeUpTape } from './e2e/tape.ts';
import { type LiveFloor, openLiveFloor } from './live-floor.ts';
import { type MadeModel, madeUpSeries, makeModel, PYTHON_TIMEOUT_MS } from './models-maker.ts';
import { bytesOf, enterModel, promote, rollback, variantOf } from './models-served.ts';
import { SECRET, silent } from './venue-floor.ts';

/** A replay with models in service. A failure here is a motion whose facts change when it is taken
 * up again, a promotion inside a debate, or a replay that goes on without its champion. */

const VENUE = 'paper';
const SYMBOL = 'BTC/USDT';
const START_MS = Date.UTC(2024, 7, 5);
const market: Market = { venue: VENUE, symbol: SYMBOL, timeframe: '5m' };

/** Dies where it is asked to hold a debate: everything before is on record, nothing is started. */
class Killed extends Debates {
  override hold(docket: Docket): Promise<never> {
    return Promise.reject(new RangeError(`killed before ${docket.debateId}`));
  }
}

describe('replay with models', { timeout: 300_000 }, () => {
  let made: MadeModel;
  let floor: LiveFloor;
  let folder: string;
  let venue: PaperVenueServer;
  let paper: PaperControl;
  let tape: Tape;
  let first: string;
  let second: string;
  let challenger: string;
  const told: string[] = [];

  beforeAll(async () => {
    const [series] = madeUpSeries(1_500);
    if (series === undefined) throw new Error('no series');
    const instrument = { ...series.instrument, symbol: SYMBOL, base: 'BTC' };
    made = await makeModel([{ ...series, instrument }]);
  }, PYTHON_TIMEOUT_MS);

  beforeAll(async () => {
    floor = await openLiveFloor({});
    const { db } = floor.database;
    await ensureDefaults(db);
    // Nobody works on orders here: what would be one becomes a question.
    await setConfig(db, { username: 'trader', customRules: { alwaysAsk: true } });
    folder = mkdtempSync(join(tmpdir(), 'serving-'));
    const directory = join(folder, 'venue');
    venue = await startPaperVenue({ directory, port: 0, secret: SECRET, log: silent });
    paper = paperControl({ url: venue.url, secret: SECRET });
    const path = join(folder, 'binance-BTC-USDT-5m.csv');
    writeMadeUpTape({ path, seed: 1, startMs: START_MS, candles: 200, price: 50_000 });
    tape = await readCandleFile(path);
    const enter = (name: string): Promise<string> => {
      return enterModel(db, { made, bytes: variantOf(bytesOf(made), name), market });
    };
    [first, second, challenger] = [await enter('a'), await enter('b'), await enter('c')];
    await promote(db, first, market);
    const change = { to: 'shadow', reason: 'a test', evidence: {}, by: 'ana' } as const;
    await changeModel(db, { hash: challenger, ...change });
  });

  afterAll(async () => {
    await venue.close();
    await floor.close();
    rmSync(folder, { recursive: true, force: true });
    made.remove();
  });

  async function drive(debates: Debates, decisions: number) {
    const { database, bus, names, client } = floor;
    const { db } = database;
    const source = tapeSource([tape], 'max');
    const { symbol, timeframe } = tape;
    const firstCloseMs = tape.candles.at(0)?.closeTimeMs ?? 0;
    const history = await readHistory(db, VENUE, [{ symbol, timeframe, firstCloseMs }]);
    const opening = { venue: VENUE, instruments: source.instruments, marketTimeMs: START_MS };
    await openMarket({ db, paper }, opening);
    const questions = new Questions({ db, client, venue: VENUE });
    await questions.refresh();
    const feed = feedPublisher(bus, names);
    const guards = new Guards({ db, client, wire: names, venue: VENUE, feed: null });
    const ring = { db, bus, wire: names, feed, paper, debates, questions, guards, venue: VENUE };
    const { signal } = new AbortController();
    const onUnforetold = (words: string): void => void told.push(words);
    return new Driver(ring, { source, history, signal, decisions, onUnforetold }).run();
  }

  const real = (): Debates => new Debates(floor.client, floor.names);

  /** Facts of everything decided so far, in that order. */
  async function decided(): Promise<readonly Snapshot[]> {
    const { db } = floor.database;
    const ids = (await readDecisions(db)).map(({ eventId }) => eventId);
    return (await readMotions(db, ids)).map(({ snapshot }) => snapshot);
  }

  test('killed, promoted, resumed - it keeps its champion, the next has the new', async () => {
    const { db } = floor.database;
    const killed = new Killed(floor.client, floor.names);
    await expect(drive(killed, 1)).rejects.toThrow(/^killed before /);
    await promote(db, second, market);
    expect((await drive(real(), 2)).ended).toBe('decisions');
    const [one, two] = await decided();
    expect([one?.forecast?.model, two?.forecast?.model]).toEqual([first, second]);
    const ids = [one?.eventId ?? '', two?.eventId ?? ''];
    const said = (await readUtterances(db, ids)).filter(({ role }) => role === 'strategist');
    const opinions = said.filter(({ kind, round }) => kind === 'opinion' && round === 1);
    expect(opinions).toHaveLength(2);
    [first, second].forEach((model, at) => {
      const opinion = opinions.find(({ eventId }) => eventId === ids[at]);
      expect(JSON.stringify(opinion?.content)).toContain(`model ${model.slice(0, 8)}`);
    });
    // Another file of the same graph: what it says differs from the champion's in the name alone.
    const answer = { ...one?.forecast, model: challenger };
    const predictions = await predictionsOf(db, challenger);
    expect(predictions.map(({ eventId }) => eventId)).toEqual(ids);
    expect(predictions[0]).toMatchObject({ part: 'challenger', answer });
    expect(await predictionsOf(db, first)).toMatchObject([{ part: 'champion', eventId: ids[0] }]);
    expect(JSON.stringify(await decided())).not.toContain(challenger);
  });

  test('rolled back - the next motion has the one before again; all of it verifies', async () => {
    const { db } = floor.database;
    await rollback(db, market);
    expect((await drive(real(), 1)).ended).toBe('decisions');
    expect((await decided()).map(({ forecast }) => forecast?.model)).toEqual([
      first,
      second,
      first,
    ]);
    expect(told).toEqual([]);
    expect(await verifyDecisions(db, { ids: [] })).toMatchObject({ checked: 3, equal: true });
  });

  test('what was foretold - is what a backtest over the same candles hears', async () => {
    const { timeframe, candles } = tape;
    const [instrument] = tapeSource([tape], 'max').instruments;
    if (instrument === undefined) throw new Error('no instrument');
    const model = await loadModel(made.model);
    const predictions = await predictSeries(model, [{ instrument, timeframe, candles }]);
    const snapshots = await decided();
    expect(snapshots).toHaveLength(3);
    for (const { forecast, closeTimeMs } of snapshots) {
      const index = (closeTimeMs + 1 - START_MS) / TIMEFRAMES[timeframe] - 1;
      const prediction = predictions.at(SYMBOL, index);
      if (prediction === null) throw new Error(`no prediction at ${index}`);
      expect(forecast).toEqual(forecastOf(prediction, forecast?.model ?? '', 10_000));
    }
  });

  test('a champion whose bytes were exchanged - rules decide, and it is told', async () => {
    const { db, url } = floor.database;
    const broken = await enterModel(db, { made, bytes: variantOf(bytesOf(made), 'd'), market });
    await promote(db, broken, market);
    await superuser(url, `update blobs set bytes = 'another' where hash = '${broken}'`);
    expect((await drive(real(), 2)).ended).toBe('decisions');
    const snapshots = (await decided()).slice(3);
    expect(snapshots).toHaveLength(2);
    for (const snapshot of snapshots) expect(snapshot).not.toHaveProperty('forecast');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(new RegExp(`^model ${broken.slice(0, 16)} .*\\(bad_model\\)`));
    expect((await predictionsOf(db, challenger)).length).toBe(5);
  });
});
