import type { Action } from '../assistants/speech.ts';
import type { Candle } from '../market/candle.ts';
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

function requireTerms(terms: OutcomeTerms): void {
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
  /** Candles seen since. */
  readonly candles: number;
}

export interface Outcome {
  /** What would have been right: BUY when the target was reached first and a purchase paid after
   * costs, SELL when the stop was and being out (or short) paid after costs, else HOLD. */
  readonly label: Action;
  readonly reached: 'target' | 'stop' | 'time';
  /** Both barriers lie within one candle, whose inner order nobody knows: taken for the stop. */
  readonly ambiguous: boolean;
  /** Close of the candle that settled it: before that, the label is not known to anybody. */
  readonly settledAtMs: number;
  readonly entryPrice: number;
  readonly exitPrice: number;
  /** Candles it took, 1 … the horizon. */
  readonly candles: number;
  /** Exit / entry − 1, before costs. */
  readonly move: number;
}

export function openCall(closeTimeMs: number, atr: number): OpenCall {
  requirePositive({ atr });
  return { closeTimeMs, atr, entryPrice: null, candles: 0 };
}

/** Triple-barrier label (López de Prado, "Advances in financial machine learning", 2018, chapter
 * 3), one candle at a time: the call as it stands after `candle`, or its outcome. A candle that
 * opened before the call's close changes nothing, so nothing the opinion could have known settles
 * it; nothing after the settling candle is looked at. A gap beyond a barrier settles at the open.
 * When time runs out the label is HOLD, wherever the price is: nothing worth trading came. */
export function step(call: OpenCall, candle: Candle, terms: OutcomeTerms): OpenCall | Outcome {
  if (candle.openTimeMs <= call.closeTimeMs) return call;
  const entryPrice = call.entryPrice ?? candle.open;
  const candles = call.candles + 1;
  const target = entryPrice + terms.targetAtrs * call.atr;
  const stop = entryPrice - terms.stopAtrs * call.atr;
  const settled = { candles, settledAtMs: candle.closeTimeMs, entryPrice };
  const outcome = (
    reached: Outcome['reached'],
    { exitPrice, ambiguous = false }: { exitPrice: number; ambiguous?: boolean },
  ): Outcome => {
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
  return { ...call, entryPrice, candles };
}

function labelOf(reached: Outcome['reached'], move: number, cost: number): Action {
  if (reached === 'target' && move - cost > 0) return 'BUY';
  return reached === 'stop' && -move - cost > 0 ? 'SELL' : 'HOLD';
}

export function isSettled(state: OpenCall | Outcome): state is Outcome {
  return 'label' in state;
}

export interface SettledCall {
  readonly closeTimeMs: number;
  readonly outcome: Outcome;
}

/** Settles the calls of one market as its candles close: O(1) for each open call and candle, and no
 * call is open for longer than the horizon. Each is settled once and then forgotten here. */
export class OutcomeSettler {
  readonly #terms: OutcomeTerms;
  #open: OpenCall[] = [];

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
    this.#open.push(openCall(closeTimeMs, atr));
  }

  /** Shows the next closed candle; returns what it settled. */
  push(candle: Candle): readonly SettledCall[] {
    if (this.#open.length === 0) return [];
    const settled: SettledCall[] = [];
    const waiting: OpenCall[] = [];
    for (const call of this.#open) {
      const state = step(call, candle, this.#terms);
      if (isSettled(state)) settled.push({ closeTimeMs: call.closeTimeMs, outcome: state });
      else waiting.push(state);
    }
    this.#open = waiting;
    return settled;
  }
}
