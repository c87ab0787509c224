import type { Kysely } from 'kysely';
import type { Bus } from '../../adapters/bus/connect.ts';
import type { FeedPublisher } from '../../adapters/bus/feed.ts';
import { tellCandle } from '../../adapters/bus/market.ts';
import { recordForetold, withForecast } from '../../adapters/models/foretell.ts';
import { storeCandles } from '../../adapters/store/candles.ts';
import {
  type Motion,
  type MotionPut,
  motionsOfDebate,
  readMotions,
  recordMotions,
} from '../../adapters/store/motions.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { takeSnapshots } from '../../adapters/store/snapshots.ts';
import type { PaperControl } from '../../adapters/venue/paper-control.ts';
import { DETECTOR_VERSION } from '../../core/assistants/market-monitor.ts';
import type { Snapshot } from '../../core/assistants/snapshot.ts';
import { Desk, type Question } from '../../core/backtest/desk.ts';
import { hashOf } from '../../core/hash.ts';
import { eventId } from '../../core/identity.ts';
import type { Candle } from '../../core/market/candle.ts';
import type { DocketResult } from '../../proto/docket.ts';
import { type Docket, debateIdOf } from '../../proto/docket-start.ts';
import { candleFeed } from '../../proto/feed.ts';
import type { Wire } from '../../proto/subjects.ts';
import { type Counts, DocketCounter } from './counts.ts';
import type { Debates } from './debates.ts';
import { Foretelling } from './foretelling.ts';
import type { Guards } from './guards.ts';
import type { History } from './history.ts';
import { patiently } from './patience.ts';
import type { Questions } from './questions.ts';
import type { Upkeep } from './rebalance.ts';
import type { CandleSource, Close, ReleasedCandle } from './source.ts';

/** What the driver works with; all of it outlives a restart of the servers behind it. */
export interface Ring {
  readonly db: Kysely<Database>;
  readonly bus: Bus;
  readonly wire: Wire;
  readonly feed: FeedPublisher;
  readonly paper: PaperControl;
  readonly debates: Debates;
  readonly questions: Questions;
  readonly guards: Guards;
  /** Left out: no user's hedge or rebalancing is followed. */
  readonly upkeep?: Upkeep;
  readonly venue: string;
}

export interface DriveOptions {
  readonly source: CandleSource;
  /** What an earlier run of the same tape has put to the ring already. */
  readonly history: History;
  readonly signal: AbortSignal;
  /** Stops after this many decisions. */
  readonly decisions?: number;
  readonly onDocket?: (result: DocketResult) => Promise<void> | void;
  readonly onWait?: (what: string, error: unknown) => void;
  /** Told of a model that cannot serve, and of a live close that went without its models. */
  readonly onUnforetold?: (words: string) => void;
}

export interface Driven {
  readonly candles: number;
  readonly motions: number;
  readonly counts: Counts;
  /** Motions that an earlier run had decided. */
  readonly decidedBefore: number;
  /** Why it ended. */
  readonly ended: 'tape' | 'decisions' | 'interrupted';
}

/** Candles are stored in batches this large, and always before a motion is put. */
const STORE_BATCH = 500;

/** Releases candles one close at a time. In lockstep: the motions of a close, the orders that
 * follow, what the guards do and the questions its time has overtaken are finished before the next
 * close is released, so neither speed nor machine changes a decision. */
export class Driver {
  readonly #ring: Ring;
  readonly #options: DriveOptions;
  readonly #desks = new Map<string, Desk>();
  readonly #unstored = new Map<string, Candle[]>();
  readonly #counter = new DocketCounter();
  readonly #foretelling: Foretelling;
  #candles = 0;
  #motions = 0;
  #decidedBefore = 0;
  #guardedAsOf: unknown = null;

  constructor(ring: Ring, options: DriveOptions) {
    this.#ring = ring;
    this.#options = options;
    this.#foretelling = new Foretelling(ring, { ...options, clock: options.source.clock });
  }

  async run(): Promise<Driven> {
    const { source, signal } = this.#options;
    let ended: Driven['ended'] = 'tape';
    try {
      await this.#settleGuards();
      for await (const close of source.closes(signal)) {
        await this.#release(close);
        if (this.#counter.decisions >= (this.#options.decisions ?? Number.POSITIVE_INFINITY)) {
          ended = 'decisions';
          break;
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (signal.aborted) ended = 'interrupted';
    else await this.#settleGuards();
    await this.#store(AbortSignal.timeout(10_000));
    return {
      candles: this.#candles,
      motions: this.#motions,
      counts: this.#counter.counts(),
      decidedBefore: this.#decidedBefore,
      ended,
    };
  }

  async #release(close: Close): Promise<void> {
    const asked: Asked[] = [];
    const past = this.#options.history.covers(close.timeMs);
    if (past) await this.#passGuards(close);
    else await this.#meetMarket(close);
    for (const released of close.candles) {
      const one = await this.#fold(released, past);
      if (one) asked.push(one);
    }
    if (asked.length > 0) await this.#hold(close.timeMs, asked);
    if (!past) await this.#keepUp(close.timeMs);
  }

  /** Has everything done that users' own rules ask for at this close. */
  async #keepUp(timeMs: number): Promise<void> {
    const { upkeep, guards, questions } = this.#ring;
    if (upkeep === undefined) return;
    const store = () => this.#store(this.#options.signal);
    const plans = await this.#patiently('plans', () => upkeep.asked(timeMs, store));
    if (plans.length === 0) return;
    const symbols = new Set(this.#desks.keys());
    await this.#patiently('guards', () => guards.catchUp(symbols));
    await this.#patiently('plans', () => upkeep.carryOut(plans));
    await this.#patiently('positions', () => questions.refresh());
  }

  /** Tells the venue, the outside world and the open questions what time it is now. */
  async #meetMarket(close: Close): Promise<void> {
    const { paper, questions, venue, bus, wire, feed } = this.#ring;
    const { timeMs, candles, prices = [] } = close;
    const tape = { timeMs, candles: [...candles, ...prices] };
    await this.#settleGuards();
    await this.#patiently('paper venue', () => paper.tape(tape));
    for (const { symbol, timeframe, candle } of candles) {
      const event = { venue, symbol, timeframe, candle };
      tellCandle(bus, wire, event);
      feed(candleFeed(event));
    }
    await this.#passGuards(close);
    // Live, the market scan puts questions and trades beside this driver.
    if (this.#options.source.clock === 'live') {
      await this.#patiently('positions', () => questions.refresh());
    }
    await this.#patiently('open questions', () => questions.passed(close.timeMs));
  }

  /** A stop that the tape has reached is booked, and one that it has lifted is moved, before
   * anything else looks at the market. */
  async #passGuards(close: Close): Promise<void> {
    const { guards, questions } = this.#ring;
    const acted = await this.#patiently('guards', () => guards.passed(close));
    if (acted) await this.#patiently('positions', () => questions.refresh());
  }

  /** Every position that was opened or changed is guarded before the market moves on. */
  async #settleGuards(): Promise<void> {
    const { guards, questions } = this.#ring;
    // A new list each time it was read again, after whatever may have traded.
    if (this.#guardedAsOf === questions.open) return;
    await this.#patiently('guards', () => guards.refresh());
    const acted = await this.#patiently('guards', () => guards.settle());
    if (acted) await this.#patiently('positions', () => questions.refresh());
    this.#guardedAsOf = questions.open;
  }

  async #fold(released: ReleasedCandle, past: boolean): Promise<Asked | null> {
    const { symbol, timeframe, candle } = released;
    const desk = this.#deskOf(released);
    desk.fold(candle);
    this.#candles += 1;
    const unstored = this.#unstored.get(symbol) ?? [];
    this.#unstored.set(symbol, unstored);
    if (unstored.push(candle) >= STORE_BATCH) await this.#store(this.#options.signal);
    if (past) {
      const known = this.#options.history.motionAt({ symbol, timeframe }, candle.closeTimeMs);
      const question = known && desk.repeat(known.trigger);
      return question && { question, eventId: known.eventId, known };
    }
    const question = desk.judge({ entryPrice: this.#ring.questions.entryPrice(symbol) });
    return question && { question, eventId: this.#eventIdOf(released, question), known: null };
  }

  #eventIdOf({ symbol, timeframe, candle }: ReleasedCandle, { trigger: kind }: Question): string {
    const { closeTimeMs } = candle;
    const detectorVersion = DETECTOR_VERSION;
    return eventId({
      venue: this.#ring.venue,
      symbol,
      kind,
      timeframe,
      closeTimeMs,
      detectorVersion,
    });
  }

  /** Records the motions of one close, has them debated, and waits for all that follows at once. */
  async #hold(closeTimeMs: number, asked: readonly Asked[]): Promise<void> {
    await this.#store(this.#options.signal);
    const { timeframe } = this.#options.source;
    this.#motions += asked.length;
    const undecided = asked.filter(({ known }) => known?.decided !== true);
    this.#decidedBefore += asked.length - undecided.length;
    if (this.#options.history.endsAt(closeTimeMs)) await this.#awaitEnds(asked);
    if (undecided.length === 0) return;
    const symbols = asked.map(({ question }) => question.symbol);
    await this.#patiently('guards', () => this.#ring.guards.catchUp(new Set(symbols)));
    const hash = hashOf(asked.map((one) => one.eventId));
    const debateId = debateIdOf({ closeTimeMs, timeframe, symbols, hash });
    const results = await this.#patiently('debate', () => this.#debate(debateId, undecided));
    for (const result of results) this.#counter.add(result);
    await this.#patiently('positions', () => this.#ring.questions.refresh());
    for (const result of results) await this.#options.onDocket?.(result);
  }

  /** A run that was cut short may have left orders of its last decisions under way: the market must
   * not move on before they met it. */
  async #awaitEnds(asked: readonly Asked[]): Promise<void> {
    const decided = asked.flatMap(({ known }) => (known?.decided ? [known.debateId] : []));
    for (const debateId of new Set(decided)) {
      await this.#patiently('debate', () => this.#ring.debates.ended(debateId));
    }
    await this.#patiently('positions', () => this.#ring.questions.refresh());
  }

  async #debate(debateId: string, asked: readonly Asked[]): Promise<readonly DocketResult[]> {
    const { db, debates, venue } = this.#ring;
    const { timeframe, clock } = this.#options.source;
    // A motion on record keeps its facts: its models were asked when it was put.
    const fresh = asked.filter(({ known }) => known === null).map(({ question }) => question);
    const foretold = await this.#foretelling.ask({ venue, timeframe, questions: fresh });
    const facts = asked.map(({ question, eventId: id }) =>
      withForecast({ ...question, eventId: id, timeframe, news: null }, foretold),
    );
    const snapshots = await takeSnapshots(db, venue, facts);
    const detectorVersion = DETECTOR_VERSION;
    const motions = snapshots.map((snapshot) => ({ debateId, detectorVersion, snapshot }));
    const results: DocketResult[] = [];
    for (const docket of await recordPut(db, motions)) {
      await recordForetold(db, docket.snapshots, foretold);
      const { closeTimeMs } = docket.snapshots[0] as Snapshot;
      results.push(await debates.hold({ ...docket, venue, timeframe, closeTimeMs, clock }));
    }
    return results;
  }

  async #store(signal: AbortSignal): Promise<void> {
    const { db, venue } = this.#ring;
    const { timeframe } = this.#options.source;
    for (const [symbol, candles] of this.#unstored) {
      if (candles.length === 0) continue;
      const { onWait } = this.#options;
      await patiently(
        'storing candles',
        () => storeCandles(db, { venue, symbol, timeframe, candles }),
        onWait ? { signal, onWait } : { signal },
      );
      candles.length = 0;
    }
  }

  #deskOf({ symbol, timeframe }: ReleasedCandle): Desk {
    const desk = this.#desks.get(symbol) ?? new Desk(symbol, timeframe);
    this.#desks.set(symbol, desk);
    return desk;
  }

  #patiently<T>(what: string, act: () => Promise<T>): Promise<T> {
    const { signal, onWait } = this.#options;
    return patiently(what, act, onWait ? { signal, onWait } : { signal });
  }
}

/** One question as it is put: under a fresh id, or under that of an earlier run's motion. */
interface Asked {
  readonly question: Question;
  readonly eventId: string;
  readonly known: MotionPut | null;
}

type Put = Pick<Docket, 'debateId' | 'snapshots'>;

/** Records motions, and says which debates are to be held. A motion that is on record is debated
 * where it was put, together with whatever was put there beside it: a run that was cut short may
 * have had other tapes. Not held here: a close that another has put by another trigger, as a market
 * scan may. */
async function recordPut(
  db: Kysely<Database>,
  motions: readonly Motion[],
): Promise<readonly Put[]> {
  const snapshots = motions.map((motion) => motion.snapshot);
  const { recorded } = await recordMotions(db, motions);
  const [{ debateId } = { debateId: '' }] = motions;
  if (recorded.length === motions.length) return [{ debateId, snapshots }];
  const ids = snapshots.map((snapshot) => snapshot.eventId);
  const debateIds = new Set((await readMotions(db, ids)).map((motion) => motion.debateId));
  return Promise.all(
    [...debateIds].map(async (id) => {
      const stored = await motionsOfDebate(db, id);
      return { debateId: id, snapshots: stored.map((motion) => motion.snapshot) };
    }),
  );
}
