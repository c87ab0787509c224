import { stretchLean } from '../../assistants/senses/strategy.ts';
import { AVERAGES_SETTLED } from '../settled.ts';
import type { Strategy } from '../strategy.ts';
import { ruleStrategy, type Thresholds } from './rule.ts';

export interface ReversionParameters extends Thresholds {
  /** Above this RSI 14 a stretched price is not yet oversold: nothing is bought. */
  readonly rsi: number;
}

/** Mean reversion: bought when the close is stretched far below its 20-candle mean, in ATRs, and
 * the RSI agrees; sold when it has come back. The band of deviations around a mean is Bollinger's
 * ("Bollinger on Bollinger Bands", 2001), the oversold filter Wilder's (1978), the effect itself
 * Poterba and Summers, "Mean reversion in stock prices", Journal of Financial Economics 22 (1988).
 * The lean is the one the strategist reads (core/assistants/senses/strategy.ts). */
export function meanReversion(parameters: ReversionParameters): Strategy {
  const { enter, leave, rsi } = parameters;
  return ruleStrategy({
    name: 'mean-reversion',
    version: 1,
    warmup: AVERAGES_SETTLED,
    reads: ['bollingerMiddle', 'atr14', 'rsi14'],
    parameters: { enter, leave, rsi },
    thresholds: { enter, leave },
    says: {
      BUY: 'stretched far below its mean, and oversold',
      SELL: 'back at its mean',
    },
    sight: ({ reading: { indicators }, candle }) => {
      const { bollingerMiddle, atr14, rsi14 } = indicators;
      if (bollingerMiddle === null || atr14 === null || rsi14 === null) return null;
      const lean = stretchLean(candle.close, bollingerMiddle, atr14);
      return lean > leave && rsi14 > rsi ? null : { lean };
    },
  });
}
