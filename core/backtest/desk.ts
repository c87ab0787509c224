import { SNAPSHOT_CANDLES } from '../assistants/freeze.ts';
import { trigger } from '../assistants/market-monitor.ts';
import type { Trigger } from '../assistants/snapshot.ts';
import { FeatureEngine } from '../features/engine.ts';
import type { Reading, ReadingPart } from '../features/reading.ts';
import type { Candle, Timeframe } from '../market/candle.ts';
import type { Instrument } from '../market/instrument.ts';
import { CandleWindow } from '../market/window.ts';
import type { MarketView } from './strategy.ts';

/** A question the market monitor wants put, with what it saw. */
export interface Question {
  readonly symbol: string;
  readonly trigger: Trigger;
  readonly reading: Reading;
  /** The newest closed candles, oldest first. */
  readonly candles: readonly Candle[];
}

/** What the ring holds of one symbol, as far as the monitor must know it. */
export interface Stake {
  readonly entryPrice: number | null;
}

/** What is known of one market when one of its candles has closed. */
interface Closed {
  /** Place of the candle in what was folded, from 0. */
  readonly index: number;
  readonly reading: Reading;
  readonly previous: Reading | null;
  readonly close: number;
}

/** The market monitor's eye on one market: when it last put a motion is all it remembers. */
export class Watch {
  #lastAsked: number | null = null;

  /** Why this close deserves a debate; `null` when it does not. */
  judge({ index, reading, previous, close }: Closed, { entryPrice }: Stake): Trigger | null {
    const candlesSinceMotion = this.#lastAsked === null ? null : index - this.#lastAsked;
    const why = trigger(reading, previous, { candlesSinceMotion, close, entryPrice });
    if (why !== null) this.#lastAsked = index;
    return why;
  }

  /** A motion was put at this candle by whoever came before. */
  repeat(index: number): void {
    this.#lastAsked = index;
  }
}

/** One symbol's market state: features folded candle by candle, and when a motion was last put. */
export class Desk {
  readonly symbol: string;
  readonly #engine: FeatureEngine;
  readonly #window = new CandleWindow(SNAPSHOT_CANDLES);
  readonly #watch = new Watch();
  #previous: Reading | null = null;
  #reading: Reading | null = null;
  #index = -1;

  /** `parts`: what of the readings anybody will look at; left out: everything. */
  constructor(symbol: string, timeframe: Timeframe, parts?: readonly ReadingPart[]) {
    this.symbol = symbol;
    this.#engine = new FeatureEngine({ timeframe, parts });
  }

  /** Place of the newest candle in what was folded, from 0; -1 before the first. */
  get index(): number {
    return this.#index;
  }

  /** Folds one closed candle; every candle must pass here, in order. Throws a `RangeError` on one
   * that is not sound or not after the last one. */
  fold(candle: Candle): Reading {
    const reading = this.#engine.push(candle, null);
    this.#previous = this.#reading;
    this.#reading = reading;
    this.#window.push(candle);
    this.#index += 1;
    return reading;
  }

  /** Features one candle earlier; `null` at the first. */
  get previous(): Reading | null {
    return this.#previous;
  }

  /** The newest closed candles, oldest first: a list of the caller's own. */
  candles(): readonly Candle[] {
    return this.#window.candles();
  }

  /** Whether the candle just folded deserves a debate, by the market monitor's own rule. */
  judge(stake: Stake): Question | null {
    const [index, reading, previous] = [this.#index, this.#reading, this.#previous];
    if (reading === null) return null;
    const close = this.#window.newest?.close ?? 0;
    const why = this.#watch.judge({ index, reading, previous, close }, stake);
    return why === null ? null : this.#ask(why, reading);
  }

  /** The question a run before this one put at this candle; its trigger is on record. */
  repeat(recorded: Trigger): Question | null {
    if (this.#reading === null) return null;
    this.#watch.repeat(this.#index);
    return this.#ask(recorded, this.#reading);
  }

  #ask(why: Trigger, reading: Reading): Question {
    return { symbol: this.symbol, trigger: why, reading, candles: this.candles() };
  }
}

/** One market at one close, as a strategy sees it. The list of candles is made when it is first
 * asked for, which must be before the next candle is folded. */
export class DeskView implements MarketView {
  readonly instrument: Instrument;
  readonly timeframe: Timeframe;
  readonly index: number;
  readonly reading: Reading;
  readonly previous: Reading | null;
  readonly candle: Candle;
  readonly #desk: Desk;
  #candles: readonly Candle[] | null = null;

  constructor(
    desk: Desk,
    market: { readonly instrument: Instrument; readonly timeframe: Timeframe },
    at: { readonly candle: Candle; readonly reading: Reading },
  ) {
    this.instrument = market.instrument;
    this.timeframe = market.timeframe;
    this.index = desk.index;
    this.reading = at.reading;
    this.previous = desk.previous;
    this.candle = at.candle;
    this.#desk = desk;
  }

  get candles(): readonly Candle[] {
    if (this.#candles !== null) return this.#candles;
    if (this.#desk.index !== this.index) {
      throw new RangeError(`candles must be read at their own close, ${this.candle.closeTimeMs}`);
    }
    this.#candles = this.#desk.candles();
    return this.#candles;
  }
}
