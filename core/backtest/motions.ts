import { freezeSnapshot } from '../assistants/freeze.ts';
import { DETECTOR_VERSION } from '../assistants/market-monitor.ts';
import type { Memory, PastCall } from '../assistants/mind.ts';
import { ROLES, type Role } from '../assistants/role.ts';
import type { Snapshot, Trigger } from '../assistants/snapshot.ts';
import type { Opinion } from '../assistants/speech.ts';
import { wantedBy } from '../debate/arms.ts';
import { forEveryRole } from '../debate/weights.ts';
import { READING_PARTS } from '../features/engine.ts';
import { eventId } from '../identity.ts';
import type { Predictions } from '../models/contract.ts';
import { type Forecast, forecastOf } from '../models/forecast.ts';
import { Watch } from './desk.ts';
import type { BooksAtClose, Gear, MarketView } from './strategy.ts';

/** As many past calls as a mind is shown, as live: `actors/memory.ts`. */
const SHOWN_CALLS = 50;

/** What a motion is put on and answered from: nobody in the ring reads a model's vector, and what a
 * model made of it was asked before the run. */
export const RING_READS = READING_PARTS.filter((part) => part !== 'features');

/** One question to the ring, its facts frozen, and what each assistant remembers at that close;
 * until `learn`, which adds to it. */
export interface Motion {
  readonly view: MarketView;
  readonly trigger: Trigger;
  readonly snapshot: Snapshot;
  readonly memories: Readonly<Record<Role, Memory>>;
}

interface Market {
  readonly watch: Watch;
  readonly memories: Readonly<Record<Role, { readonly calls: PastCall[] }>>;
}

export interface MotionsOptions {
  readonly venue: string;
  /** In the lean gear motions have no id: nothing is recorded under one. */
  readonly gear: Gear;
  /** What the model in service foretells, at its whole worth: a backtest measures no drift. */
  readonly predictions?: Predictions | null;
}

/** What of a first opinion is remembered. */
export type First = Pick<Opinion, 'stance' | 'confidenceBp'>;

/** The questions the market monitor puts, and what the assistants remember of their own answers:
 * what the council and everything it is compared with have in common. */
export class Motions {
  readonly #options: MotionsOptions;
  readonly #markets = new Map<string, Market>();

  constructor(options: MotionsOptions) {
    this.#options = options;
  }

  /** The motions of one close, in the order of the markets. Books are valued at the closes of all
   * that are asked about before any facts are frozen. */
  put(closed: readonly MarketView[], books: BooksAtClose): readonly Motion[] {
    let asked: { readonly view: MarketView; readonly trigger: Trigger }[] | null = null;
    for (const view of closed) {
      const trigger = this.#triggerOf(view, books);
      if (trigger === null) continue;
      asked ??= [];
      asked.push({ view, trigger });
    }
    if (asked === null) return NONE;
    books.value(asked.map(({ view }) => view.instrument.symbol));
    return asked.map(({ view, trigger }) => {
      const { memories } = this.#marketOf(view);
      return { view, trigger, snapshot: this.#freeze(view, trigger, books), memories };
    });
  }

  /** Each assistant remembers its first opinion, once the debate is over. */
  learn({ view }: Motion, opinionOf: (role: Role, place: number) => First | null): void {
    const { memories } = this.#marketOf(view);
    const { closeTimeMs, close } = view.candle;
    for (let place = 0; place < ROLES.length; place += 1) {
      const role = ROLES[place] as Role;
      const opinion = opinionOf(role, place);
      if (opinion === null) continue;
      const { calls } = memories[role];
      const { confidenceBp } = opinion;
      calls.push({ closeTimeMs, action: wantedBy(opinion), confidenceBp, close });
      if (calls.length > SHOWN_CALLS) calls.shift();
    }
  }

  #triggerOf(view: MarketView, books: BooksAtClose): Trigger | null {
    const { index, reading, previous, candle, instrument } = view;
    const { watch } = this.#marketOf(view);
    const entryPrice = books.entryPrice(instrument.symbol);
    return watch.judge({ index, reading, previous, close: candle.close }, { entryPrice });
  }

  #freeze(view: MarketView, trigger: Trigger, books: BooksAtClose): Snapshot {
    const { instrument, timeframe, candles, reading } = view;
    const { symbol } = instrument;
    const { venue } = this.#options;
    const holdings = books.holdings(symbol);
    const facts = { venue, symbol, timeframe, trigger, candles, reading, holdings, news: null };
    const forecast = this.#forecastAt(view);
    return freezeSnapshot({ ...facts, eventId: this.#eventIdOf(view, trigger), forecast });
  }

  #forecastAt({ instrument, index }: MarketView): Forecast | undefined {
    const { predictions = null } = this.#options;
    const prediction = predictions?.at(instrument.symbol, index) ?? null;
    if (predictions === null || prediction === null) return undefined;
    return forecastOf(prediction, predictions.model.hash, WHOLE_WORTH_BP);
  }

  #eventIdOf({ instrument: { symbol }, timeframe, candle }: MarketView, kind: Trigger): string {
    const { venue, gear } = this.#options;
    if (gear === 'lean') return '';
    const { closeTimeMs } = candle;
    const detectorVersion = DETECTOR_VERSION;
    return eventId({ venue, symbol, kind, timeframe, closeTimeMs, detectorVersion });
  }

  #marketOf({ instrument: { symbol } }: MarketView): Market {
    let market = this.#markets.get(symbol);
    if (market === undefined) {
      market = { watch: new Watch(), memories: forEveryRole(() => ({ calls: [] })) };
      this.#markets.set(symbol, market);
    }
    return market;
  }
}

const WHOLE_WORTH_BP = 10_000;
const NONE: readonly Motion[] = [];
