import { driftLean } from '../../assistants/senses/flow.ts';
import { stretchLean, trendLean } from '../../assistants/senses/strategy.ts';
import { ENSEMBLE } from '../../assistants/strategist.ts';
import type { ReadingPart } from '../../features/reading.ts';
import type { Predictions } from '../../models/contract.ts';
import { RING_SETTLED } from '../settled.ts';
import type { MarketView, Strategy } from '../strategy.ts';
import { ruleStrategy, type Thresholds } from './rule.ts';

export interface EnsembleParameters extends Thresholds {
  /** Weight of the model beside the rules, whose weights sum to 3 … 5; without one it is 0. */
  readonly model: number;
}

/** Several rules, mixed by regime: trend following, momentum over twelve candles, mean reversion
 * with the strategist's own weights (core/assistants/strategist.ts), and a model's margin where one
 * is given. A mean of forecasts errs less than most of its members (Bates and Granger, "The
 * combination of forecasts", Operational Research Quarterly 20, 1969). */
export function ensemble(
  parameters: EnsembleParameters,
  predictions: Predictions | null,
): Strategy {
  const { enter, leave } = parameters;
  const model = predictions === null ? 0 : parameters.model;
  const named = predictions === null ? {} : { modelHash: predictions.model.hash };
  return ruleStrategy({
    name: 'ensemble',
    version: 1,
    warmup: RING_SETTLED,
    reads: ENSEMBLE_READS,
    parameters: { enter, leave, model, ...named },
    thresholds: { enter, leave },
    says: {
      BUY: 'the mixed rules lean towards buying',
      SELL: 'the mixed rules lean towards selling',
    },
    sight: (view) => {
      const rules = rulesLean(view);
      if (rules === null) return null;
      const answer = predictions?.at(view.instrument.symbol, view.index) ?? null;
      if (answer === null || model === 0) return { lean: rules.sum / rules.weight };
      const sum = rules.sum + model * (answer.buy - answer.sell);
      return { lean: sum / (rules.weight + model) };
    },
  });
}

const ENSEMBLE_READS = [
  ...(['sma20', 'sma50', 'bollingerMiddle', 'atr14', 'change12', 'volatility20'] as const),
  'regime',
] as const satisfies readonly ReadingPart[];

function rulesLean({ reading, candle }: MarketView) {
  const { sma20, sma50, bollingerMiddle, atr14, change12, volatility20 } = reading.indicators;
  if (sma20 === null || sma50 === null || bollingerMiddle === null || atr14 === null) return null;
  if (change12 === null || volatility20 === null) return null;
  const { trend, momentum, reversion } = ENSEMBLE[reading.regime];
  const sum =
    trend * trendLean(sma20, sma50, atr14) +
    momentum * driftLean(change12, volatility20) +
    reversion * stretchLean(candle.close, bollingerMiddle, atr14);
  return { sum, weight: trend + momentum + reversion };
}
