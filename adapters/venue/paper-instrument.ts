import { Decimal } from 'decimal.js';
import { type Instrument, isSymbol } from '../../core/market/instrument.ts';

const PRICE_DIGITS = 5;
const MOST_DECIMALS = 8;
const LEAST_TICK_DECIMALS = 2;

/** Smallest order an exchange takes, by quote asset; anything else is treated as dollars. */
const MIN_NOTIONALS: Readonly<Record<string, string>> = {
  BTC: '0.0001',
  ETH: '0.001',
  BNB: '0.01',
};
const DOLLARS = '5';
/** A lot is worth about this part of the smallest order, or less. */
const LOT_PART = 50;

/** Plausible trading steps for a symbol that only a candle file names, from the size of its prices:
 * what an exchange would list it with (BTC/USDT at 58,000: tick 0.01, lot 0.00001). The middle one
 * of `closes` decides. Throws on a symbol that is not `BASE/QUOTE` and when no close is positive.
 */
export function instrumentFor(symbol: string, closes: readonly number[]): Instrument {
  if (!isSymbol(symbol)) throw new Error(`symbol must look like BTC/USDT, was ${symbol}`);
  const [base = '', quote = ''] = symbol.split('/');
  const magnitude = Math.floor(Math.log10(middleOf(closes)));
  const minNotional = MIN_NOTIONALS[quote] ?? DOLLARS;
  const lotMagnitude = Math.floor(Math.log10(Number(minNotional) / LOT_PART));
  const tickDecimals = Math.max(PRICE_DIGITS - 1 - magnitude, LEAST_TICK_DECIMALS);
  return {
    symbol,
    base,
    quote,
    tickSize: step(tickDecimals),
    lotSize: step(magnitude - lotMagnitude),
    minNotional,
  };
}

function middleOf(closes: readonly number[]): number {
  const prices = closes.filter((close) => Number.isFinite(close) && close > 0);
  const middle = prices.sort((a, b) => a - b)[Math.floor(prices.length / 2)];
  if (middle === undefined) throw new Error('closes must hold at least one positive price');
  return middle;
}

/** 10^-decimals, within 1 … 0.00000001. */
function step(decimals: number): string {
  const bounded = Math.min(Math.max(decimals, 0), MOST_DECIMALS);
  return new Decimal(10).pow(-bounded).toFixed();
}
