import type { Action } from '../assistants/speech.ts';
import type { Candle } from '../market/candle.ts';
import { closesAfar, questionBy, REMEMBERED_STEPS } from '../market/prints.ts';
import type { OutcomeTerms } from './assessment.ts';

/** Twice the average range either way within twelve candles: a random walk comes that far in about
 * ten, so that time runs out often enough for HOLD to be a real answer. */
export const DEFAULT_BARRIERS = { targetAtrs: 2, stopAtrs: 2, horizonCandles: 12 } as const;

/** The terms with the costs of a market: fee and half the spread, on the way in and on the way out.
 * All in basis points. */
export function outcomeTerms(
  costs: { readonly takerFeeBps: number; readonly halfSpreadBps: number },
  barriers: Omit<OutcomeTerms, 'roundTripCost'> = DEFAULT_BARRIERS,
): OutcomeTerms {
  const roundTripCost = (2 * (costs.takerFeeBps + costs.halfSpreadBps)) / 10_000;
  const terms = { ...barriers, roundTripCost };
  requireTerms(terms);
  return terms;
}

export function requireTerms(terms: OutcomeTerms): void {
  const { targetAtrs, stopAtrs, horizonCandles, roundTripCost } = terms;
  requirePositive({ targetAtrs, stopAtrs, horizonCandles });
  if (!Number.isInteger(horizonCandles)) {
    throw new RangeError(`horizonCandles must be a whole number, was ${horizonCandles}`);
  }
  // Above 1 no call ever pays and every label is HOLD: dear, and a market all the same.
  if (!(roundTripCost >= 0 && Number.isFinite(roundTripCost))) {
    throw new RangeError(`roundTripCost must be 0 or more, was ${roundTripCost}`);
  }
}

function requirePositive(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (value > 0 && Number.isFinite(value)) continue;
    throw new RangeError(`${name} must be positive, was ${value}`);
  }
}

/** An opinion's question to the market while it waits for its answer. JSON-safe: live code may keep
 * it and go on after a restart. */
export interface OpenCall {
  /** Close of the candle the opinion was formed at. */
  readonly closeTimeMs: number;
  /** Average true range of 14 candles at that close, quote units; must be positive. */
  readonly atr: number;
  /** Open of the candle after it: nobody can trade earlier. `null` until that candle is known. */
  readonly entryPrice: number | null;
  /** Candles that counted since. */
  readonly candles: number;
  /** Lowest believed price of these; `null` before the first. */
  readonly lowest: number | null;
  /** The newest candle that counted, the opinion's own at first: what a print is held against.
   * `null`: not known. */
  readonly last: Pick<Candle, 'openTimeMs' | 'close'> | null;
  /** A candle that closed so far from its open that the next one must bear it out. */
  readonly doubted: Candle | null;
}

export interface Outcome {
  /** What would have been right: BUY when the target was reached first and a purchase paid after
   * costs, SELL when the stop was and being out (or short) paid after costs, else HOLD. */
  readonly label: Action;
  readonly reached: 'target' | 'stop' | 'time';
  /** Both barriers lie within one candle, whose inner order nobody knows: taken for the stop. */
  readonly ambiguous: boolean;
  /** Close of the candle that settled it, or of the next one where that had to bear it out: before
   * that, the label is not known to anybody. */
  readonly settledAtMs: number;
  readonly entryPrice: number;
  readonly exitPrice: number;
  /** Candles it took, 1 … the horizon. */
  readonly candles: number;
  /** Exit / entry − 1, before costs. */
  readonly move: number;
}

/** An outcome, and the lowest believed price on the way to it, the settling candle's included. */
export interface Passage extends Outcome {
  readonly lowest: number;
}

/** `own`: the candle the opinion was formed at, if it is there. */
export function openCall(closeTimeMs: number, atr: number, own: OpenCall['last'] = null): OpenCall {
  requirePositive({ atr });
  const untouched = { entryPrice: null, candles: 0, lowest: null, doubted: null };
  return { closeTimeMs, atr, ...untouched, last: own };
}

/** Triple-barrier label (López de Prado, "Advances in financial machine learning", 2018, chapter
 * 3), one candle at a time: the call as it stands after `candle`, or its outcome. A candle that
 * opened before the call's close changes nothing, so nothing the opinion could have known settles
 * it; nothing after the settling candle is looked at. A gap beyond a barrier settles at the open.
 * When time runs out the label is HOLD, wherever the price is: nothing worth trading came.
 *
 * A print that cannot be meant (`core/market/prints.ts`, by the call's own range) settles nothing:
 * a wick, or an open that its candle does not stay at, is cut back to its neighbours. Whether a
 * close far from its open is one shows only the next open: such a candle counts when it is there.
 */
export function step(call: OpenCall, candle: Candle, terms: OutcomeTerms): OpenCall | Passage {
  if (candle.openTimeMs <= call.closeTimeMs) return call;
  const { doubted } = call;
  const clear =
    doubted === null ? call : pass({ ...call, doubted: null }, doubted, { terms, next: candle });
  if (isSettled(clear)) return clear;
  if (closesAfar(candle, usualOf(clear, candle))) return { ...clear, doubted: candle };
  return pass(clear, candle, { terms, next: null });
}

interface Passing {
  readonly terms: OutcomeTerms;
  /** The candle after it, where that is needed to know what to believe. */
  readonly next: Candle | null;
}

function pass(call: OpenCall, told: Candle, { terms, next }: Passing): OpenCall | Passage {
  const candle = believed(call, told, next);
  const entryPrice = call.entryPrice ?? candle.open;
  const candles = call.candles + 1;
  const lowest = Math.min(call.lowest ?? candle.low, candle.low);
  const target = entryPrice + terms.targetAtrs * call.atr;
  const stop = entryPrice - terms.stopAtrs * call.atr;
  const settled = { candles, settledAtMs: (next ?? candle).closeTimeMs, entryPrice, lowest };
  const outcome = (
    reached: Outcome['reached'],
    { exitPrice, ambiguous = false }: { exitPrice: number; ambiguous?: boolean },
  ): Passage => {
    const move = exitPrice / entryPrice - 1;
    const label = labelOf(reached, move, terms.roundTripCost);
    return { label, reached, ambiguous, ...settled, exitPrice, move };
  };
  if (candle.open >= target) return outcome('target', { exitPrice: candle.open });
  if (candle.open <= stop) return outcome('stop', { exitPrice: candle.open });
  const above = candle.high >= target;
  if (candle.low <= stop) return outcome('stop', { exitPrice: stop, ambiguous: above });
  if (above) return outcome('target', { exitPrice: target });
  if (candles >= terms.horizonCandles) return outcome('time', { exitPrice: candle.close });
  return { ...call, entryPrice, candles, lowest, last: candle };
}

/** What a candle of this market usually covers, a share of its price. */
function usualOf({ atr, last }: OpenCall, candle: Candle): number {
  return atr / (last?.close ?? candle.open);
}

/** The candle without what cannot be meant. */
function believed(call: OpenCall, candle: Candle, next: Candle | null): Candle {
  const lengthMs = candle.closeTimeMs - candle.openTimeMs + 1;
  const { last } = call;
  const isRecent =
    last !== null && candle.openTimeMs - last.openTimeMs <= REMEMBERED_STEPS * lengthMs;
  const neighbours = { before: isRecent ? last.close : null, after: next?.open ?? null };
  const absurd = questionBy(usualOf(call, candle), candle, neighbours);
  if (absurd === null) return candle;
  const { open, high, low } = absurd.believed;
  // A close beyond what is left of the candle was the print.
  return { ...candle, open, high, low, close: Math.min(high, Math.max(low, candle.close)) };
}

function labelOf(reached: Outcome['reached'], move: number, cost: number): Action {
  if (reached === 'target' && move - cost > 0) return 'BUY';
  return reached === 'stop' && -move - cost > 0 ? 'SELL' : 'HOLD';
}

/** What an action would have made of a move, after the costs of getting in and out: a purchase the
 * move itself, SELL (being out, or short) the opposite. Fractions of the price. */
export function netReturn(action: Action, move: number, roundTripCost: number): number {
  if (action === 'HOLD') return 0;
  return (action === 'BUY' ? move : -move) - roundTripCost;
}

export function isSettled(state: OpenCall | Passage): state is Passage {
  return 'label' in state;
}

/** A passage told apart: what came of the call, and what it went through. */
export function settledCall(closeTimeMs: number, { lowest, ...outcome }: Passage): SettledCall {
  return { closeTimeMs, outcome, lowest };
}

export interface SettledCall {
  readonly closeTimeMs: number;
  readonly outcome: Outcome;
  /** Lowest believed price from the entry to its end. */
  readonly lowest: number;
}

/** Settles the calls of one market as its candles close: O(1) for each open call and candle, and no
 * call is open for longer than the horizon. Each is settled once and then forgotten here. */
export class OutcomeSettler {
  readonly #terms: OutcomeTerms;
  #open: OpenCall[] = [];
  #last: Candle | null = null;

  /** `open`: calls kept from before a restart. */
  constructor(terms: OutcomeTerms, open: readonly OpenCall[] = []) {
    requireTerms(terms);
    this.#terms = terms;
    this.#open = [...open];
  }

  /** Calls still waiting, in the order they were made. */
  get open(): readonly OpenCall[] {
    return this.#open;
  }

  /** A question put at the close of a candle. All opinions of one close share one call: what comes
   * of the market is the same for all of them. */
  add(closeTimeMs: number, atr: number): void {
    const own = this.#last?.closeTimeMs === closeTimeMs ? this.#last : null;
    this.#open.push(openCall(closeTimeMs, atr, own));
  }

  /** Shows the next closed candle; returns what it settled. */
  push(candle: Candle): readonly SettledCall[] {
    this.#last = candle;
    if (this.#open.length === 0) return [];
    const settled: SettledCall[] = [];
    const waiting: OpenCall[] = [];
    for (const call of this.#open) {
      const state = step(call, candle, this.#terms);
      if (isSettled(state)) settled.push(settledCall(call.closeTimeMs, state));
      else waiting.push(state);
    }
    this.#open = waiting;
    return settled;
  }
}
