import type { Stance } from '../../assistants/speech.ts';
import { allocate } from '../../debate/shares.ts';
import type { Prediction, Predictions } from '../../models/contract.ts';
import { RING_SETTLED } from '../settled.ts';
import type { Strategy } from '../strategy.ts';
import { ruleStrategy, type Sight, type Thresholds } from './rule.ts';

export interface ModelParameters extends Thresholds {
  /** Less sure of its likeliest direction than this, the model is not followed into a position. */
  readonly confidence: number;
}

/** A model alone: in the market while the probability that buying will have been right exceeds the
 * one that selling will by a margin (the labels are the triple barrier's, see
 * core/models/contract.ts). What it foretells is scored like an assistant's opinion. */
export function modelStrategy(parameters: ModelParameters, predictions: Predictions): Strategy {
  const { enter, leave, confidence } = parameters;
  const { hash, card } = predictions.model;
  return ruleStrategy({
    name: 'ml',
    version: 1,
    warmup: RING_SETTLED,
    reads: [],
    parameters: { enter, leave, confidence, model: hash, runId: card.runId },
    thresholds: { enter, leave },
    says: {
      BUY: 'the model expects a rise',
      SELL: 'the model no longer expects a rise',
    },
    sight: ({ instrument: { symbol }, index }) => {
      const prediction = predictions.at(symbol, index);
      if (prediction === null) return null;
      const sight = sightOf(prediction);
      return sight.lean > leave && prediction.confidence < confidence ? null : sight;
    },
  });
}

/** The margin of buying over selling, and the model's own confidence. */
export function sightOf(prediction: Prediction): Required<Sight> {
  const { buy, sell, confidence } = prediction;
  return { lean: buy - sell, sure: confidence, stance: stanceOf(prediction) };
}

/** Probabilities as whole basis points that sum to 10,000. */
function stanceOf({ buy, sell, hold }: Prediction): Stance {
  const parts = [buy, sell, hold].map((share) => BigInt(Math.round(share * 1_000_000)));
  const [buyBp = 0, sellBp = 0, holdBp = 0] = allocate(parts);
  return { buyBp, sellBp, holdBp };
}
