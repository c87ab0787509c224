import { type Character, MOST_BORROWED, MOST_REASONS } from '../../assistants/character.ts';
import { minds } from '../../assistants/minds.ts';
import { ROLES } from '../../assistants/role.ts';
import { SENSES } from '../../assistants/senses/all.ts';
import type { Sense } from '../../assistants/senses/sense.ts';
import { SPLIT_CONFIDENCE } from '../../assistants/stance.ts';
import type { Regime } from '../../features/reading.ts';
import { AT, CITES, LEAN_SENSES, type LeanReadings, SENSE_COUNT } from './senses.ts';

/** What one assistant watches: places of senses and their weights, side by side. */
interface Watches {
  readonly senses: Int32Array;
  readonly weights: Float64Array;
  readonly total: number;
  /** Weight given to what others show, before it is bounded by what could be read. */
  readonly each: number;
}

function watchesOf({ watches, openness }: Character, regime: Regime, foretold: boolean): Watches {
  const all = watches(regime).filter(({ optional }) => optional !== true || foretold);
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  const placed = all.flatMap(({ sense, weight }) => {
    const place = PLACES.get(sense);
    return place === undefined ? [] : [{ place, weight }];
  });
  return {
    senses: Int32Array.from(placed, ({ place }) => place),
    weights: Float64Array.from(placed, ({ weight }) => weight),
    total,
    each: (openness * total) / Math.max(1, all.length),
  };
}

const PLACES: ReadonlyMap<Sense, number> = new Map(
  LEAN_SENSES.map((name, place) => [SENSES[name], place]),
);

function charactersWhen(foretold: boolean): Readonly<Record<Regime, readonly Watches[]>> {
  const watchesIn = (regime: Regime): readonly Watches[] =>
    ROLES.map((role) => watchesOf(minds[role].character, regime, foretold));
  return {
    trend_up: watchesIn('trend_up'),
    trend_down: watchesIn('trend_down'),
    calm: watchesIn('calm'),
    choppy: watchesIn('choppy'),
    turbulent: watchesIn('turbulent'),
  };
}

/** The characters of core/assistants as numbers, by regime and by place of `ROLES`. */
export const WATCHES = charactersWhen(false);
/** The same where there is a forecast: the one thing that is watched only where it is there. */
export const FORETOLD_WATCHES = charactersWhen(true);

export const BUY = 0;
export const SELL = 1;
export const HOLD = 2;
/** Two actions share the first place. */
export const TORN = -1;

/** One assistant's view as numbers: what core/assistants/character.ts calls a view, without its
 * words. One is filled again for each motion. */
export class LeanView {
  buyBp = 0;
  sellBp = 0;
  holdBp = 10_000;
  confidenceBp = 0;
  /** `BUY`, `SELL`, `HOLD` or `TORN`. */
  top = HOLD;
  /** Subjects its reasons cite. */
  cited = 0;
  /** Senses it was made of, its own first. */
  count = 0;
  readonly senses = new Int32Array(SENSE_COUNT);
  readonly weights = new Float64Array(SENSE_COUNT);

  /** A view that no evidence can move. */
  fix(confidenceBp: number, cited: number): void {
    this.buyBp = 0;
    this.sellBp = 0;
    this.holdBp = 10_000;
    this.confidenceBp = confidenceBp;
    this.top = HOLD;
    this.cited = cited;
    this.count = 0;
  }

  /** The view of the assistant at `place` of `ROLES`, who keeps `keptBp` of its confidence, after
   * it was shown the subjects of `shown`. */
  form(place: number, readings: LeanReadings, given: Given): void {
    const foretold = (readings.present & (1 << AT.foretold)) !== 0;
    const watched = (foretold ? FORETOLD_WATCHES : WATCHES)[given.regime][place] as Watches;
    const read = this.#takeOwn(watched, readings);
    if (given.shown !== 0) this.#borrow(watched, readings, { read, shown: given.shown });
    this.#weigh(readings);
    this.#judge(watched.total === 0 ? 0 : read / watched.total, given.keptBp);
    this.#reason(readings);
  }

  /** Weight of its own senses that could be read. */
  #takeOwn({ senses, weights }: Watches, { present }: LeanReadings): number {
    let read = 0;
    this.count = 0;
    for (let at = 0; at < senses.length; at += 1) {
      const sense = senses[at] as number;
      if ((present & (1 << sense)) === 0) continue;
      const weight = weights[at] as number;
      this.#take(sense, weight);
      read += weight;
    }
    return read;
  }

  #take(sense: number, weight: number): void {
    this.senses[this.count] = sense;
    this.weights[this.count] = weight;
    this.count += 1;
  }

  #borrow(
    { each }: Watches,
    { present }: LeanReadings,
    { read, shown }: { readonly read: number; readonly shown: number },
  ): void {
    let own = 0;
    for (let at = 0; at < this.count; at += 1) own |= 1 << (this.senses[at] as number);
    const foreign = shown & present & ~own;
    if (foreign === 0) return;
    const weight = Math.min(each, (MOST_BORROWED * read) / bitsIn(foreign));
    for (let sense = 0; sense < SENSE_COUNT; sense += 1) {
      if ((foreign & (1 << sense)) !== 0) this.#take(sense, weight);
    }
  }

  #weigh({ lean, caution }: LeanReadings): void {
    let [buy, sell, hold] = [0, 0, 0];
    for (let at = 0; at < this.count; at += 1) {
      const sense = this.senses[at] as number;
      const weight = this.weights[at] as number;
      const leaning = lean[sense] as number;
      if (leaning > 0) buy += weight * leaning;
      else sell += weight * -leaning;
      hold += weight * (caution[sense] as number);
    }
    this.#share(
      Math.round(buy * 1_000_000),
      Math.round(sell * 1_000_000),
      Math.round(hold * 1_000_000),
    );
  }

  /** `allocate` of core/debate/shares.ts for three parts, in doubles: parts stay far below 2^53 /
   * 10,000, so every step is exact. */
  #share(buy: number, sell: number, hold: number): void {
    const total = buy + sell + hold;
    if (total === 0) {
      this.buyBp = 0;
      this.sellBp = 0;
      this.holdBp = 10_000;
      return;
    }
    let buyBp = Math.floor((buy * 10_000) / total);
    let sellBp = Math.floor((sell * 10_000) / total);
    let holdBp = Math.floor((hold * 10_000) / total);
    const buyRest = buy * 10_000 - buyBp * total;
    const sellRest = sell * 10_000 - sellBp * total;
    const holdRest = hold * 10_000 - holdBp * total;
    const missing = 10_000 - buyBp - sellBp - holdBp;
    if (missing === 1) {
      if (buyRest >= sellRest && buyRest >= holdRest) buyBp += 1;
      else if (sellRest >= holdRest) sellBp += 1;
      else holdBp += 1;
    } else if (missing === 2) {
      // All but the smallest rest; of equal ones the later goes without.
      if (holdRest <= buyRest && holdRest <= sellRest) [buyBp, sellBp] = [buyBp + 1, sellBp + 1];
      else if (sellRest <= buyRest) [buyBp, holdBp] = [buyBp + 1, holdBp + 1];
      else [sellBp, holdBp] = [sellBp + 1, holdBp + 1];
    }
    this.buyBp = buyBp;
    this.sellBp = sellBp;
    this.holdBp = holdBp;
  }

  #judge(coverage: number, keptBp: number): void {
    const { buyBp, sellBp, holdBp } = this;
    const first = Math.max(buyBp, sellBp, holdBp);
    const second = 10_000 - first - Math.min(buyBp, sellBp, holdBp);
    const tops =
      (buyBp === first ? 1 : 0) + (sellBp === first ? 1 : 0) + (holdBp === first ? 1 : 0);
    this.top = tops > 1 ? TORN : buyBp === first ? BUY : sellBp === first ? SELL : HOLD;
    const lead = (first - second) / 10_000;
    const sure = SPLIT_CONFIDENCE + (1 - SPLIT_CONFIDENCE) * lead;
    const bound = Math.min(1, Math.max(0, coverage));
    this.confidenceBp = Math.floor((Math.round(10_000 * sure * bound) * keptBp) / 10_000);
  }

  #reason(readings: LeanReadings): void {
    const ranked = this.strongest(this.top === TORN ? HOLD : this.top, readings, RANKED);
    const from = ranked > 0 ? RANKED : this.senses;
    const reasons = Math.min(MOST_REASONS, ranked > 0 ? ranked : this.count);
    this.cited = 0;
    for (let at = 0; at < reasons; at += 1) this.cited |= CITES[from[at] as number] as number;
  }

  /** Its senses that speak for an action, strongest first, equal ones in their order, into
   * `ranked`; how many there are. */
  strongest(action: number, { lean, caution }: LeanReadings, ranked: Int32Array): number {
    let count = 0;
    for (let at = 0; at < this.count; at += 1) {
      const sense = this.senses[at] as number;
      const support =
        action === HOLD
          ? (caution[sense] as number)
          : action === BUY
            ? (lean[sense] as number)
            : -(lean[sense] as number);
      const force = (this.weights[at] as number) * support;
      if (!(force > 0)) continue;
      let place = count;
      while (place > 0 && (FORCES[place - 1] as number) < force) {
        FORCES[place] = FORCES[place - 1] as number;
        ranked[place] = ranked[place - 1] as number;
        place -= 1;
      }
      FORCES[place] = force;
      ranked[place] = sense;
      count += 1;
    }
    return count;
  }
}

/** What a view is formed under. */
export interface Given {
  readonly regime: Regime;
  readonly keptBp: number;
  /** Bits of subjects. */
  readonly shown: number;
}

/** Scratch, overwritten by the next ranking. */
const FORCES = new Float64Array(SENSE_COUNT);
const RANKED = new Int32Array(SENSE_COUNT);

export function bitsIn(mask: number): number {
  let bits = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) bits += 1;
  return bits;
}

/** `distance` of core/assistants/stance.ts. */
export function apart(one: LeanView, other: LeanView): number {
  return (
    (Math.abs(one.buyBp - other.buyBp) +
      Math.abs(one.sellBp - other.sellBp) +
      Math.abs(one.holdBp - other.holdBp)) /
    2
  );
}
