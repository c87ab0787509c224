/** How much past a strategy needs is more than its indicators need to be defined: what feeds on
 * itself forgets its beginning slowly. `corro lookahead` holds these figures against the data. */

/** Wilder's averages (RSI, ATR, ADX) keep (13/14)^n of where they began: after 150 candles less
 * than 2 in 100,000. */
export const AVERAGES_SETTLED = 150;

/** The slow mean of volatility, by which regimes are told, keeps 0.99^n: after 600 candles a
 * quarter of a per cent. And an assistant remembers its last fifty calls, which motions put at most
 * twelve candles apart make 600 candles at most. */
export const RING_SETTLED = 600;
