import { type Candle, candleFault, type Timeframe } from '../market/candle.ts';
import {
  basisPointsOf,
  ceilToStep,
  Decimal,
  decimal,
  floorToStep,
  format,
  fromObservation,
  observedText,
  positive,
} from '../market/money.ts';
import { questionBy } from '../market/prints.ts';
import { type AtrFold, atrOf, foldAtr } from './guard-atr.ts';
import type { RiskLimits } from './limits.ts';

/** What guards one open position; SPEC-guard.md beside this file has the formulas and their
 * sources. Everything here is a value: the workflow that acts and the driver that only watches fold
 * the same candles to the same state. */
export type GuardRules = Pick<
  RiskLimits,
  | 'stopAtrPct'
  | 'targetAtrPct'
  | 'trailBps'
  | 'trailAtrPct'
  | 'trailFromAtrPct'
  | 'timeStopMinutes'
  | 'cooldownMinutes'
  | 'maxVolatilityBps'
>;

/** Prices and quantities are decimal strings; observations of the market are numbers. */
export interface GuardState {
  readonly timeframe: Timeframe;
  readonly tickSize: string;
  /** Base units held. */
  readonly quantity: string;
  /** Average cost, quote per base, fees included. */
  readonly entryPrice: string;
  /** Average true range when the position was opened or last grew, quote per base. */
  readonly entryAtr: string;
  /** Market time of the entry, Unix milliseconds. */
  readonly openedAtMs: number;
  /** The newest candle folded; an older or repeated one changes nothing. */
  readonly lastCloseMs: number;
  readonly atr: AtrFold;
  /** Highest price since the entry. */
  readonly highest: number;
  /** It never falls. */
  readonly stopPrice: string;
  readonly targetPrice: string | null;
  /** True once the profit was large enough; it stays so. */
  readonly trailing: boolean;
  /** What the venue holds for us. */
  readonly resting: RestingStop | null;
  /** Why no stop rests and none is tried again by itself: the guard sells when a candle says so. */
  readonly bare: string | null;
  /** Decided, and repeated with every candle until nothing is left. */
  readonly selling: Selling | null;
}

export interface RestingStop {
  readonly clientOrderId: string;
  readonly stopPrice: string;
  /** How much was held when it was placed; the order itself is a multiple of the lot. */
  readonly covers: string;
}

export interface Selling {
  readonly purpose: 'stop' | 'target';
  readonly why: 'stop' | 'gap' | 'target' | 'time';
}

/** What the shell has to do now. `rest`: have the venue hold a stop at `stopPrice` and no other.
 * `sell`: take back what rests and sell everything; `price` is the market's newest. */
export type GuardEffect =
  | { readonly type: 'rest'; readonly stopPrice: string }
  | ({ readonly type: 'sell'; readonly price: string } & Selling);

export type GuardStep<State> = readonly [State, readonly GuardEffect[]];

/** A stop is moved only by at least this much of ATR and of the price: a venue is not to be flooded
 * with replacements that protect nobody. */
export const MIN_MOVE_ATR_PCT = 10;
export const MIN_MOVE_BPS = 10;

const MINUTE_MS = 60_000;

export function guardRules(limits: RiskLimits): GuardRules {
  const { stopAtrPct, targetAtrPct, trailBps, trailAtrPct, trailFromAtrPct } = limits;
  const { timeStopMinutes, cooldownMinutes, maxVolatilityBps } = limits;
  const trail = { trailBps, trailAtrPct, trailFromAtrPct };
  return {
    ...{ stopAtrPct, targetAtrPct, ...trail },
    ...{ timeStopMinutes, cooldownMinutes, maxVolatilityBps },
  };
}

export interface Entry {
  readonly timeframe: Timeframe;
  readonly tickSize: string;
  readonly quantity: string;
  /** Average cost, quote per base, fees included. */
  readonly entryPrice: string;
  /** Of the newest fill: the market's price, without fees. */
  readonly fillPrice: string;
  /** The market's time of the fill, Unix milliseconds. */
  readonly openedAtMs: number;
  /** The candles before the entry. */
  readonly atr: AtrFold;
}

/** The guard of a position that was just opened. */
export function openGuard(entry: Entry, rules: GuardRules): GuardState {
  const { timeframe, tickSize, quantity, entryPrice, openedAtMs } = entry;
  const entryAtr = atrText(entry.atr, entryPrice, rules);
  const price = decimal(entry.fillPrice, 'fillPrice').toNumber();
  // The entry is newer than the candle before it.
  const atr = { ...entry.atr, close: price };
  return {
    ...{ timeframe, tickSize, quantity, entryPrice, entryAtr, openedAtMs, atr },
    lastCloseMs: openedAtMs,
    highest: price,
    stopPrice: firstStop({ entryPrice, entryAtr, tickSize }, rules),
    targetPrice: targetOf({ entryPrice, entryAtr, tickSize }, rules),
    trailing: false,
    resting: null,
    bare: null,
    selling: null,
  };
}

/** The guard after its position changed. A larger one has a new average price, and so a new target;
 * its stop may rise and never falls. */
export function resizeGuard(
  state: GuardState,
  held: { readonly quantity: string; readonly entryPrice: string },
  rules: GuardRules,
): GuardState {
  const { quantity, entryPrice } = held;
  if (decimal(quantity).lte(state.quantity)) return { ...state, quantity, bare: null };
  const entryAtr = atrText(state.atr, entryPrice, rules);
  const { tickSize, stopPrice } = state;
  const first = firstStop({ entryPrice, entryAtr, tickSize }, rules);
  return {
    ...state,
    ...{ quantity, entryPrice, entryAtr, bare: null },
    stopPrice: decimal(first).gt(stopPrice) ? first : stopPrice,
    targetPrice: targetOf({ entryPrice, entryAtr, tickSize }, rules),
  };
}

/** The guard of a position that was gone and is back before the guard had closed: nothing of the
 * old one counts, and `resizeGuard` then gives it the new one's prices. */
export function renewGuard(state: GuardState, openedAtMs: number): GuardState {
  const { atr, tickSize } = state;
  return {
    ...state,
    ...{ quantity: '0', openedAtMs, stopPrice: tickSize, targetPrice: null },
    highest: atr.close ?? state.highest,
    ...{ trailing: false, resting: null, bare: null, selling: null },
  };
}

/** True when what is held is not worth an order of its own, at this price: then a venue's refusal
 * for its smallness is the last word. A larger holding of which nothing could be sold is promised
 * to somebody else's order, which may still come to nothing. Twice the least, because a limit price
 * lies below the price. */
export function isDust(held: {
  readonly quantity: string;
  readonly price: string;
  readonly minNotional: string;
}): boolean {
  const worth = decimal(held.quantity, 'quantity').times(held.price);
  return worth.lt(decimal(held.minNotional, 'minNotional').times(2));
}

/** One closed candle. One that cannot be believed, or is not newer than the last, changes
 * nothing. Within one candle the stop is assumed to have been reached before the target, because
 * the candle does not say. What a caller remembers beside the state stays as it is. */
export function passCandle<State extends GuardState>(
  state: State,
  told: Candle,
  rules: GuardRules,
): GuardStep<State> {
  if (told.closeTimeMs <= state.lastCloseMs) return [state, []];
  if (candleFault(told, state.timeframe) !== null) return [state, []];
  const candle = believed(told, state.atr);
  const { closeTimeMs, high } = candle;
  const highest = Math.max(state.highest, high);
  const atr = foldAtr(state.atr, candle);
  const seen = { ...state, lastCloseMs: closeTimeMs, atr, highest };
  const selling = state.selling ?? leave(state, candle, rules);
  if (selling) return sell(seen, candle, selling);
  const moved = trail(seen, rules);
  // Too late for this stop: the venue would refuse it.
  if (reachesDown(candle.close, moved.stopPrice)) {
    return sell(moved, candle, { purpose: 'stop', why: 'stop' });
  }
  return [moved, restEffects(moved)];
}

/** The candle without prints that cannot be meant: a spike far from where it opened, closed and
 * came from is no reason to sell. */
function believed(candle: Candle, atr: AtrFold): Candle {
  const range = atrOf(atr);
  if (range === null || atr.close === null) return candle;
  const absurd = questionBy(range / atr.close, candle, { before: atr.close, after: null });
  return absurd === null ? candle : { ...candle, ...absurd.believed };
}

/** What the venue should hold and does not. */
export function restEffects(state: GuardState): readonly GuardEffect[] {
  const { resting, bare, stopPrice, quantity, selling } = state;
  if (bare !== null || selling !== null) return [];
  if (resting?.stopPrice === stopPrice && resting.covers === quantity) return [];
  return [{ type: 'rest', stopPrice }];
}

function sell<State extends GuardState>(
  state: State,
  candle: Candle,
  selling: Selling,
): GuardStep<State> {
  const price = observedText(candle.close);
  return [{ ...state, selling }, [{ type: 'sell', price, ...selling }]];
}

function leave(state: GuardState, candle: Candle, rules: GuardRules): Selling | null {
  const { stopPrice, targetPrice, openedAtMs } = state;
  if (reachesDown(candle.low, stopPrice)) {
    const gap = fromObservation(candle.open).lt(stopPrice);
    return { purpose: 'stop', why: gap ? 'gap' : 'stop' };
  }
  if (targetPrice !== null && reachesUp(candle.high, targetPrice)) {
    return { purpose: 'target', why: 'target' };
  }
  const ageMs = candle.closeTimeMs - openedAtMs;
  const old = rules.timeStopMinutes > 0 && ageMs >= rules.timeStopMinutes * MINUTE_MS;
  return old ? { purpose: 'stop', why: 'time' } : null;
}

/** Two prices further apart than this share are told apart as doubles: a decimal would say the
 * same, and takes a hundred times as long. */
const CLEARLY = 1e-9;

/** Whether the stop that rests at the venue lies at an observed price or above it. */
export function reachesResting({ resting }: Pick<GuardState, 'resting'>, price: number): boolean {
  return resting !== null && reachesDown(price, resting.stopPrice);
}

/** Whether an observed price is at a price or below it. */
function reachesDown(observed: number, price: string): boolean {
  if (observed > Number(price) * (1 + CLEARLY)) return false;
  return fromObservation(observed).lte(decimal(price));
}

function reachesUp(observed: number, price: string): boolean {
  if (observed < Number(price) * (1 - CLEARLY)) return false;
  return fromObservation(observed).gte(decimal(price));
}

/** Whether `trail` would leave everything as it is, as far as doubles can tell. */
function clearlyStays(state: GuardState, rules: GuardRules): boolean {
  const { highest, trailing, entryPrice, entryAtr, stopPrice } = state;
  const unsure = highest * CLEARLY;
  const gain = highest - Number(entryPrice);
  const from = (Number(entryAtr) * rules.trailFromAtrPct) / 100;
  if (!trailing) return gain < from - unsure;
  const atr = atrOf(state.atr) ?? Number(entryAtr);
  const byPrice = rules.trailBps > 0 ? (highest * rules.trailBps) / 10_000 : Infinity;
  const byRange = rules.trailAtrPct > 0 ? (atr * rules.trailAtrPct) / 100 : Infinity;
  const step = Math.max((atr * MIN_MOVE_ATR_PCT) / 100, (highest * MIN_MOVE_BPS) / 10_000);
  return highest - Math.min(byPrice, byRange) - Number(stopPrice) < step - unsure;
}

function trail<State extends GuardState>(state: State, rules: GuardRules): State {
  if (rules.trailBps === 0 && rules.trailAtrPct === 0) return state;
  if (clearlyStays(state, rules)) return state;
  const highest = fromObservation(state.highest);
  const trailing = state.trailing || hasGained(state, highest, rules);
  if (!trailing) return state;
  const atr = currentAtr(state);
  const stop = floorToStep(trailStop(highest, atr, rules), decimal(state.tickSize));
  const rise = stop.minus(decimal(state.stopPrice));
  const least = [percentOf(atr, MIN_MOVE_ATR_PCT), basisPointsOf(highest, MIN_MOVE_BPS)];
  if (least.some((step) => rise.lt(step))) return state.trailing ? state : { ...state, trailing };
  return { ...state, trailing, stopPrice: format(stop) };
}

/** Whether the profit is large enough to trail. */
function hasGained(state: GuardState, highest: Decimal, rules: GuardRules): boolean {
  const gain = highest.minus(decimal(state.entryPrice));
  return gain.gte(percentOf(state.entryAtr, rules.trailFromAtrPct));
}

/** The nearer of the two trails to the highest price. */
function trailStop(highest: Decimal, atr: Decimal, rules: GuardRules): Decimal {
  const stops: Decimal[] = [];
  if (rules.trailBps > 0) stops.push(highest.minus(basisPointsOf(highest, rules.trailBps)));
  if (rules.trailAtrPct > 0) stops.push(highest.minus(percentOf(atr, rules.trailAtrPct)));
  return Decimal.max(...stops);
}

function currentAtr(state: GuardState): Decimal {
  const atr = atrOf(state.atr);
  return atr === null ? decimal(state.entryAtr) : fromObservation(atr);
}

interface Bought {
  readonly entryPrice: string;
  readonly entryAtr: string;
  readonly tickSize: string;
}

/** Never below one tick: a stop at nothing protects nothing, and no venue takes it. */
function firstStop({ entryPrice, entryAtr, tickSize }: Bought, rules: GuardRules): string {
  const tick = positive(tickSize, 'tickSize');
  const stop = positive(entryPrice, 'entryPrice').minus(percentOf(entryAtr, rules.stopAtrPct));
  return format(Decimal.max(tick, floorToStep(stop, tick)));
}

function targetOf({ entryPrice, entryAtr, tickSize }: Bought, rules: GuardRules): string | null {
  if (rules.targetAtrPct === 0) return null;
  const target = decimal(entryPrice).plus(percentOf(entryAtr, rules.targetAtrPct));
  return format(ceilToStep(target, positive(tickSize, 'tickSize')));
}

/** Before ATR is known the wildest market that may be traded is assumed, as in sizing. */
function atrText(atr: AtrFold, entryPrice: string, rules: GuardRules): string {
  const known = atrOf(atr);
  const value =
    known === null || known <= 0
      ? basisPointsOf(positive(entryPrice, 'entryPrice'), rules.maxVolatilityBps)
      : fromObservation(known);
  return format(value.toDecimalPlaces(18));
}

function percentOf(value: Decimal | string, percent: number): Decimal {
  return (typeof value === 'string' ? decimal(value) : value).times(percent).pointMoved(2);
}
