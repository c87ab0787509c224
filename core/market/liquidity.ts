import type { Candle } from './candle.ts';

/** What trading costs here, estimated from closed candles alone (docs/adr/0002). */
export interface Liquidity {
  /** Estimated bid-ask spread, basis points of the mid price. */
  readonly spreadBps: number;
  /** Mean volume × close of the candles given, quote units. */
  readonly meanQuoteVolume: number;
}

/** Estimates spread and volume from the `newest` last of these candles, oldest first. The spread is
 * the two-candle estimator of Abdi and Ranaldo, "A Simple Estimation of Bid-Ask Spreads from Daily
 * Close, High, and Low Prices", Review of Financial Studies 30 (2017), eq. 11:
 * s² = 4 (c_t - η_t)(c_t - η_t+1) in log prices, η the mid-range, negative squares counted as zero,
 * averaged over all pairs. */
export function estimateLiquidity(
  candles: readonly Candle[],
  newest: number = candles.length,
): Liquidity {
  let spreads = 0;
  let quoteVolume = 0;
  const from = Math.max(0, candles.length - newest);
  const first = candles[from];
  let mid = first === undefined ? 0 : midRange(first);
  for (let at = from; at < candles.length; at += 1) {
    const candle = candles[at] as Candle;
    const next = candles[at + 1];
    quoteVolume += candle.volume * candle.close;
    if (next === undefined) continue;
    const nextMid = midRange(next);
    spreads += pairSpread(candle, mid, nextMid);
    mid = nextMid;
  }
  const looked = candles.length - from;
  const pairs = Math.max(1, looked - 1);
  return {
    spreadBps: Math.round((spreads / pairs) * 1_000_000) / 100,
    meanQuoteVolume: looked === 0 ? 0 : quoteVolume / looked,
  };
}

function pairSpread(candle: Candle, mid: number, nextMid: number): number {
  const close = Math.log(candle.close);
  const square = 4 * (close - mid) * (close - nextMid);
  return square > 0 ? Math.sqrt(square) : 0;
}

function midRange(candle: Candle): number {
  return (Math.log(candle.high) + Math.log(candle.low)) / 2;
}
