import { allocate } from '../debate/shares.ts';
import type { Prediction } from './prediction.ts';

/** A model's answer as a fact of the snapshot: whole numbers, so that it is the same on every
 * machine and in every hash. Everybody in the ring may read it, cite it and dispute it. */
export interface Forecast {
  /** sha256 of the model file. */
  readonly model: string;
  /** Probabilities that BUY, SELL, HOLD will have been right, basis points; sum to 10,000. */
  readonly buyBp: number;
  readonly sellBp: number;
  readonly holdBp: number;
  /** Probability that the likeliest of them is right. */
  readonly confidenceBp: number;
  /** Size of the move until the call settles, basis points of the price. */
  readonly magnitudeBps: number;
  /** Worst move against a purchase until then, basis points of the price. */
  readonly riskBps: number;
  /** What drift has left of its vote, basis points: 10,000 is all of it. */
  readonly worthBp: number;
}

const WHOLE = 10_000;
/** A move of a hundred times the price: nothing a market does is cut off by it. */
export const MOST_FORECAST_BPS = 1_000_000;

/** A prediction in whole numbers. `worthBp`: 0 … 10,000. */
export function forecastOf(prediction: Prediction, model: string, worthBp: number): Forecast {
  const { buy, sell, hold, confidence, magnitude, risk } = prediction;
  const parts = [buy, sell, hold].map((share) => BigInt(Math.round(share * 1_000_000)));
  const [buyBp = 0, sellBp = 0, holdBp = 0] = allocate(parts);
  return {
    model,
    ...{ buyBp, sellBp, holdBp },
    confidenceBp: whole(confidence, WHOLE),
    magnitudeBps: whole(magnitude, MOST_FORECAST_BPS),
    riskBps: whole(risk, MOST_FORECAST_BPS),
    worthBp,
  };
}

function whole(fraction: number, most: number): number {
  return Math.min(most, Math.max(0, Math.round(fraction * WHOLE)));
}
