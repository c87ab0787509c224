import type { Instrument } from '../market/instrument.ts';
import { type AmountValue, basisPointsOf, type Decimal, decimal } from '../market/money.ts';
import type { RiskLimits } from './limits.ts';

export type Side = 'BUY' | 'SELL';

/** One user's books at the moment of judging, amounts in quote units unless said. What an
 * order of this leg has already reserved is not counted against it. */
export interface RiskFacts {
  readonly instrument: Instrument;
  readonly referencePrice: string;
  /** Cash plus positions, reserved or not. */
  readonly equity: AmountValue;
  /** Cash free for a new order. */
  readonly cash: AmountValue;
  /** Base units free to sell. */
  readonly quantity: AmountValue;
  /** Value of this symbol's position and of what its open buys have reserved. */
  readonly positionValue: AmountValue;
  /** The same over all symbols. */
  readonly exposure: AmountValue;
  /** Equity at 00:00 UTC plus what was paid in since. */
  readonly dayStartEquity: AmountValue;
  readonly peakEquity: AmountValue;
  /** Standard deviation of one candle's returns, basis points rounded up; `null` before it is
   * warm. */
  readonly volatilityBps: number | null;
  /** `exposure` of this symbol and of those that correlate with it. */
  readonly correlatedExposure: AmountValue;
  /** What the order is judged at, Unix milliseconds. */
  readonly marketTimeMs: number;
  /** The newest stored candle of the symbol; `null` when there is none. */
  readonly lastCandle: LastCandle | null;
  /** Nothing is bought before; `null` when nothing was closed lately. Unix milliseconds. */
  readonly cooldownUntilMs: number | null;
  /** This user's other purchases asked for in the minute up to `marketTimeMs`. */
  readonly ordersLastMinute: number;
}

export interface LastCandle {
  readonly close: string;
  /** Unix milliseconds. */
  readonly closeTimeMs: number;
  /** One candle, milliseconds. */
  readonly intervalMs: number;
}

/** Why the risk check says no. Stored, counted and shown: codes are stable. */
export const REFUSALS = {
  below_lot: 'less than the smallest quantity the venue trades',
  below_minimum: 'worth less than the smallest order worth sending',
  nothing_to_sell: 'no position to sell',
  no_cash: 'not enough free cash',
  order_too_large: 'above the largest order allowed',
  position_full: 'the position in this symbol is at its limit',
  exposure_full: 'the exposure over all symbols is at its limit',
  daily_loss: 'the loss since midnight is at its limit',
  drawdown: 'the fall from the peak is at its limit',
  volatility: 'the market moves more wildly than allowed',
  correlated_full: 'the exposure to this symbol and those that move with it is at its limit',
  price_band: 'the price is further from the last trade than allowed',
  stale_data: 'the market data is older than allowed',
  cooldown: 'a position in this symbol was closed a short while ago',
  fuse: 'more orders in one minute than allowed',
  halted: 'a halt forbids it',
  given_up: 'the leg was given up before',
  thin_book: 'the book offers nothing within the expected slippage allowed',
  slippage: 'the limit price is further from the reference price than allowed',
  stop_misplaced: 'a stop must be a sale below the price',
  off_step: 'price or quantity is not a multiple of the venue step',
  no_equity: 'no equity to trade with',
  not_decided: 'the decision does not ask for this order',
  not_approved: 'no person has approved this order',
} as const;
export type RefusalCode = keyof typeof REFUSALS;

export interface Refusal {
  readonly refused: RefusalCode;
  /** For people: what was allowed and what was found. */
  readonly text: string;
}

export function refusal(refused: RefusalCode, detail = ''): Refusal {
  return { refused, text: detail ? `${REFUSALS[refused]}: ${detail}` : REFUSALS[refused] };
}

/** The code of a refusal by what it told people; `null` for any other text. */
export function refusalCodeOf(text: string): RefusalCode | null {
  const codes = Object.keys(REFUSALS) as RefusalCode[];
  return codes.find((code) => text.startsWith(REFUSALS[code])) ?? null;
}

/** One purchase more than the fuse allows is no trading, it is a fault. Sales neither blow it nor
 * are kept back by it: one fall of the market asks for one of them per position, at once. */
function blownFuse({ ordersLastMinute }: RiskFacts, limits: RiskLimits): Refusal | null {
  const { maxOrdersPerMinute } = limits;
  if (ordersLastMinute < maxOrdersPerMinute) return null;
  return refusal('fuse', `${ordersLastMinute} before it, allowed ${maxOrdersPerMinute}`);
}

/** What forbids any entry now, whatever its size; `null` when nothing does. Exits are never
 * forbidden by these: closing a position takes risk away. */
export function entryBarrier(facts: RiskFacts, limits: RiskLimits): Refusal | null {
  const blown = blownFuse(facts, limits);
  if (blown) return blown;
  const equity = decimal(facts.equity, 'equity');
  if (equity.lte(0)) return refusal('no_equity', facts.equity.toString());
  const unfit = marketBarrier(facts, limits);
  if (unfit) return unfit;
  if (fallen(facts.dayStartEquity, equity, limits.maxDailyLossBps)) {
    const from = `${facts.dayStartEquity.toString()} to ${facts.equity.toString()}`;
    return refusal('daily_loss', `${from}, allowed ${limits.maxDailyLossBps} bp`);
  }
  if (fallen(facts.peakEquity, equity, limits.maxDrawdownBps)) {
    const from = `${facts.peakEquity.toString()} to ${facts.equity.toString()}`;
    return refusal('drawdown', `${from}, allowed ${limits.maxDrawdownBps} bp`);
  }
  return null;
}

/** What is wrong with the market as it is known: old, away from its last trade, too wild, or left a
 * short while ago. */
function marketBarrier(facts: RiskFacts, limits: RiskLimits): Refusal | null {
  const { marketTimeMs, cooldownUntilMs, lastCandle } = facts;
  if (lastCandle === null) return refusal('stale_data', 'no candle is stored');
  const ageMs = Math.abs(marketTimeMs - lastCandle.closeTimeMs);
  if (ageMs > limits.maxDataAgeIntervals * lastCandle.intervalMs) {
    const allowed = `${limits.maxDataAgeIntervals} × ${lastCandle.intervalMs} ms`;
    return refusal('stale_data', `${ageMs} ms between order and candle, allowed ${allowed}`);
  }
  const close = decimal(lastCandle.close, 'close');
  const away = decimal(facts.referencePrice, 'referencePrice').minus(close).abs();
  if (away.gt(basisPointsOf(close, limits.priceBandBps))) {
    const found = `${facts.referencePrice} against ${lastCandle.close}`;
    return refusal('price_band', `${found}, allowed ${limits.priceBandBps} bp`);
  }
  if (cooldownUntilMs !== null && cooldownUntilMs > marketTimeMs) {
    return refusal('cooldown', `${cooldownUntilMs - marketTimeMs} ms are left`);
  }
  const volatility = facts.volatilityBps ?? 0;
  return volatility > limits.maxVolatilityBps
    ? refusal('volatility', `${volatility} bp, allowed ${limits.maxVolatilityBps}`)
    : null;
}

/** True when `now` is at least `limitBps` below `start`. */
function fallen(start: AmountValue, now: Decimal, limitBps: number): boolean {
  const from = decimal(start, 'start');
  if (limitBps > 0 && now.gte(from)) return false;
  return from.gt(0) && from.minus(now).gte(basisPointsOf(from, limitBps));
}
