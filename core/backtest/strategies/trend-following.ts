import { trendLean } from '../../assistants/senses/strategy.ts';
import { AVERAGES_SETTLED } from '../settled.ts';
import type { Strategy } from '../strategy.ts';
import { ruleStrategy, type Thresholds } from './rule.ts';

export interface TrendParameters extends Thresholds {
  /** Below this ADX 14 there is no trend to follow: nothing is bought. */
  readonly adx: number;
}

/** Trend following: in the market while the 20-candle mean stands above the 50-candle mean by a
 * band that is measured in ATRs, so that it means the same in every market. The crossing of two
 * means with a band is the variable-length rule of Brock, Lakonishok and LeBaron, "Simple technical
 * trading rules and the stochastic properties of stock returns", Journal of Finance 47 (1992); that
 * a trend must be strong enough to be one is Wilder's ADX (1978). The lean is the one the
 * strategist reads (core/assistants/senses/strategy.ts). */
export function trendFollowing(parameters: TrendParameters): Strategy {
  const { enter, leave, adx } = parameters;
  return ruleStrategy({
    name: 'trend-following',
    version: 1,
    warmup: AVERAGES_SETTLED,
    reads: ['sma20', 'sma50', 'atr14', 'adx14'],
    parameters: { enter, leave, adx },
    thresholds: { enter, leave },
    says: {
      BUY: 'the fast mean is clear of the slow one, and the trend is strong',
      SELL: 'the fast mean has come back to the slow one',
    },
    sight: ({ reading: { indicators } }) => {
      const { sma20, sma50, atr14, adx14 } = indicators;
      if (sma20 === null || sma50 === null || atr14 === null || adx14 === null) return null;
      const lean = trendLean(sma20, sma50, atr14);
      return lean > leave && adx14 < adx ? null : { lean };
    },
  });
}
